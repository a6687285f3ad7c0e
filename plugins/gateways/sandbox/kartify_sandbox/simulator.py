"""The stand-in server: what ``kartify simulate sandbox`` runs, and what tests drive by the methods of ``House``."""

from __future__ import annotations

from typing import ClassVar

from kartify.plugin.simulator import WsgiApp
from kartify_sandbox.server.application import make_app
from kartify_sandbox.server.house import House


class SandboxSimulator(House):
    slug: ClassVar[str] = "sandbox"

    def app(self) -> WsgiApp:
        return make_app(self)
