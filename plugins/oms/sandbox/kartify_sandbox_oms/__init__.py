"""The practice OMS: announces the plugin and the server that plays it."""

from __future__ import annotations

from kartify.plugin import Oms, Simulator, hookimpl
from kartify_sandbox_oms.oms import SandboxOms
from kartify_sandbox_oms.simulator import SandboxOmsSimulator


@hookimpl
def register_oms() -> list[type[Oms]]:
    return [SandboxOms]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [SandboxOmsSimulator]
