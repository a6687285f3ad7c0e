"""CCAvenue (India) for kartify: the billing page by form post, and the server API for everything that is believed."""

from kartify.plugin import Gateway, Simulator, hookimpl
from kartify_ccavenue.gateway import CCAvenueGateway
from kartify_ccavenue.simulator import CCAvenueSimulator

__all__ = ["CCAvenueGateway", "CCAvenueSimulator", "register_gateways", "register_simulators"]


@hookimpl
def register_gateways() -> list[type[Gateway]]:
    return [CCAvenueGateway]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [CCAvenueSimulator]
