"""PayU (India) for kartify: the hosted checkout by form post, and the server API for everything that is believed."""

from kartify.plugin import Gateway, Simulator, hookimpl
from kartify_payu.gateway import PayUGateway
from kartify_payu.simulator import PayUSimulator

__all__ = ["PayUGateway", "PayUSimulator", "register_gateways", "register_simulators"]


@hookimpl
def register_gateways() -> list[type[Gateway]]:
    return [PayUGateway]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [PayUSimulator]
