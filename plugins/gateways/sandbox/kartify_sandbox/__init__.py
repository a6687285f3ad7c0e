"""The practice gateway: announces the plugin and the server that plays it."""

from __future__ import annotations

from kartify.plugin import Gateway, Simulator, hookimpl
from kartify_sandbox.gateway import SandboxGateway
from kartify_sandbox.simulator import SandboxSimulator


@hookimpl
def register_gateways() -> list[type[Gateway]]:
    return [SandboxGateway]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [SandboxSimulator]
