"""A stand-in for PayU, for ``kartify simulate payu`` and for tests: the real page, commands, hashes and errors."""

from kartify_payu.simulator.stand_in import PayUSimulator

__all__ = ["PayUSimulator"]
