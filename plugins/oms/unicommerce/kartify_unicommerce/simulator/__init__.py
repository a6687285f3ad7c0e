"""A stand-in for a tenant of Uniware."""

from kartify_unicommerce.simulator.stand_in import UnicommerceSimulator

__all__ = ["UnicommerceSimulator"]
