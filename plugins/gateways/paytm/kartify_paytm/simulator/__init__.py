"""A stand-in for Paytm, for ``kartify simulate paytm`` and for tests: the real paths, fields, checksums and errors."""

from kartify_paytm.simulator.stand_in import PaytmSimulator

__all__ = ["PaytmSimulator"]
