"""The contract of a simulator: a small server that stands in for a partner (``kartify simulate SLUG``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """``base_url``: where it will listen. ``faults``: a seed; None plays no faults."""

    base_url: str
    faults: int | None = None


class Simulator(Protocol):
    """``slug`` is the partner it stands in for; ``settings`` makes an account that points at it."""

    slug: ClassVar[str]

    def __init__(self, options: SimulatorOptions) -> None: ...

    def app(self) -> WsgiApp: ...

    def settings(self) -> dict[str, str]:
        """Settings (secrets included: they are the simulator's own) for an account that talks to this simulator."""
        ...
