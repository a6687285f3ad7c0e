"""Arvind (Omuni) as a kartify OMS: a contract made of settings, push, pull or both, presets as data."""

from kartify.plugin import Oms, Simulator, hookimpl
from kartify_arvind.oms import Arvind
from kartify_arvind.simulator import ArvindSimulator


@hookimpl
def register_oms() -> list[type[Oms]]:
    return [Arvind]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [ArvindSimulator]
