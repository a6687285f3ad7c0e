"""Razorpay for kartify: Orders API with Checkout."""

from kartify.plugin import Gateway, Simulator, hookimpl
from kartify_razorpay.gateway import RazorpayGateway
from kartify_razorpay.simulator import RazorpaySimulator

__all__ = ["RazorpayGateway", "RazorpaySimulator", "register_gateways", "register_simulators"]


@hookimpl
def register_gateways() -> list[type[Gateway]]:
    return [RazorpayGateway]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [RazorpaySimulator]
