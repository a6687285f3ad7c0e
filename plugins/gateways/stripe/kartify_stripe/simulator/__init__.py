"""A stand-in for Stripe."""

from kartify_stripe.simulator.stand_in import StripeSimulator

__all__ = ["StripeSimulator"]
