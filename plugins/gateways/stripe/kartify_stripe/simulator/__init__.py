"""A stand-in for Stripe, for ``kartify simulate stripe`` and for tests."""

from kartify_stripe.simulator.stand_in import StripeSimulator

__all__ = ["StripeSimulator"]
