"""Stripe for kartify: Checkout's hosted page, and payment intents that a shop's own page made."""

from kartify.plugin import Gateway, Simulator, hookimpl
from kartify_stripe.gateway import StripeGateway
from kartify_stripe.simulator import StripeSimulator

__all__ = ["StripeGateway", "StripeSimulator", "register_gateways", "register_simulators"]


@hookimpl
def register_gateways() -> list[type[Gateway]]:
    return [StripeGateway]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [StripeSimulator]
