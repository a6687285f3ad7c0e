"""A local PhonePe: OAuth, Standard Checkout v2 and refunds at the sandbox's paths."""

from kartify_phonepe.simulator.stand_in import PhonePeSimulator

__all__ = ["PhonePeSimulator"]
