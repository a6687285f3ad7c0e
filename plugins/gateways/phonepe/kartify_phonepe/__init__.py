"""PhonePe for kartify: Standard Checkout v2 with OAuth."""

from kartify.plugin import Gateway, Simulator, hookimpl
from kartify_phonepe.gateway import PhonePeGateway
from kartify_phonepe.simulator import PhonePeSimulator

__all__ = ["PhonePeGateway", "PhonePeSimulator", "register_gateways", "register_simulators"]


@hookimpl
def register_gateways() -> list[type[Gateway]]:
    return [PhonePeGateway]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [PhonePeSimulator]
