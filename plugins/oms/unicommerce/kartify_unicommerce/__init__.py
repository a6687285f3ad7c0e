"""Unicommerce (Uniware) for kartify: orders are pushed there, or Uniware fetches them from addresses served here."""

from kartify.plugin import Oms, Simulator, hookimpl
from kartify_unicommerce.oms import Unicommerce
from kartify_unicommerce.simulator import UnicommerceSimulator

__all__ = ["Unicommerce", "UnicommerceSimulator", "register_oms", "register_simulators"]


@hookimpl
def register_oms() -> list[type[Oms]]:
    return [Unicommerce]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [UnicommerceSimulator]
