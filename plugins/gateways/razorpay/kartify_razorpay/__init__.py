"""Razorpay for kartify: Orders API with Checkout."""

from kartify.plugin import Gateway, Simulator, hookimpl
from kartify_razorpay.desk import RazorpayStandIn
from kartify_razorpay.gateway import RazorpayGateway

__all__ = ["RazorpayGateway", "RazorpayStandIn", "register_gateways", "register_simulators"]


@hookimpl
def register_gateways() -> list[type[Gateway]]:
    return [RazorpayGateway]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [RazorpayStandIn]
