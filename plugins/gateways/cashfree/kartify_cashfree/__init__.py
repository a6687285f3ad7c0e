"""Cashfree Payments (India) for kartify: orders with Cashfree's hosted checkout."""

from kartify.plugin import Gateway, Simulator, hookimpl
from kartify_cashfree.gateway import CashfreeGateway
from kartify_cashfree.simulator import CashfreeSimulator

__all__ = ["CashfreeGateway", "CashfreeSimulator", "register_gateways", "register_simulators"]


@hookimpl
def register_gateways() -> list[type[Gateway]]:
    return [CashfreeGateway]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [CashfreeSimulator]
