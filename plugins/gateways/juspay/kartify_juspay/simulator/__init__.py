"""A stand-in for Juspay."""

from kartify_juspay.simulator.stand_in import JuspaySimulator

__all__ = ["JuspaySimulator"]
