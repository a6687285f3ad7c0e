"""Paytm Payment Gateway (India) for kartify: initiate transaction, JS checkout or form, order status."""

from kartify.plugin import Gateway, Simulator, hookimpl
from kartify_paytm.gateway import PaytmGateway
from kartify_paytm.simulator import PaytmSimulator

__all__ = ["PaytmGateway", "PaytmSimulator", "register_gateways", "register_simulators"]


@hookimpl
def register_gateways() -> list[type[Gateway]]:
    return [PaytmGateway]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [PaytmSimulator]
