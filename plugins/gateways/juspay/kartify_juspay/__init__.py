"""Juspay for kartify: HyperCheckout's hosted page, behind which other gateways move the money."""

from kartify.plugin import Gateway, Simulator, hookimpl
from kartify_juspay.gateway import JuspayGateway
from kartify_juspay.simulator import JuspaySimulator

__all__ = ["JuspayGateway", "JuspaySimulator", "register_gateways", "register_simulators"]


@hookimpl
def register_gateways() -> list[type[Gateway]]:
    return [JuspayGateway]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [JuspaySimulator]
