"""FYND (Fynd Commerce) as a kartify OMS: Confirm payment, orders pushed unpaid, news back."""

from kartify.plugin import Oms, Simulator, hookimpl
from kartify_fynd.oms import Fynd
from kartify_fynd.simulator import FyndSimulator


@hookimpl
def register_oms() -> list[type[Oms]]:
    return [Fynd]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [FyndSimulator]
