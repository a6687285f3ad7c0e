"""A stand-in for Cashfree: real paths, fields, words, errors and signatures."""

from kartify_cashfree.simulator.stand_in import CashfreeSimulator

__all__ = ["CashfreeSimulator"]
