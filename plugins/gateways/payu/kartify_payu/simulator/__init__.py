"""A stand-in for PayU (India), for ``kartify simulate payu`` and for tests."""

from kartify_payu.simulator.stand_in import PayUSimulator

__all__ = ["PayUSimulator"]
