"""The hooks: they announce classes, the core calls objects of them."""

from __future__ import annotations

import pluggy

from kartify.plugin.gateway import Gateway
from kartify.plugin.oms import Oms
from kartify.plugin.simulator import Simulator

hookspec = pluggy.HookspecMarker("kartify")
hookimpl = pluggy.HookimplMarker("kartify")


@hookspec
def register_gateways() -> list[type[Gateway]]:  # type: ignore[empty-body]
    """Gateway classes of this package."""


@hookspec
def register_oms() -> list[type[Oms]]:  # type: ignore[empty-body]
    """OMS classes of this package."""


@hookspec
def register_simulators() -> list[type[Simulator]]:  # type: ignore[empty-body]
    """Stand-ins for ``kartify simulate``."""
