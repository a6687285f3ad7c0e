"""A stand-in for CCAvenue, for ``kartify simulate ccavenue`` and for tests: the real page, commands, encryption and
errors."""

from kartify_ccavenue.simulator.stand_in import CCAvenueSimulator

__all__ = ["CCAvenueSimulator"]
