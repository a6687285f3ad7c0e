"""The base of a stand-in OMS: one way to drive it, whatever its API looks like.

A subclass gives its API (``rules``) and its ``settings``, and, as far as the real one has them, the messages that it
sends (``news``) and the way in which it fetches orders (``fetch``).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from flask import Flask, Response, abort, jsonify

from kartify import clock
from kartify.plugin.partner import HttpAnswer
from kartify.plugin.simulator import SimulatorOptions, WsgiApp
from kartify.simulation.faults import Faults
from kartify.simulation.serving import Rules, Served, serve

OrderState = Literal["accepted", "on_hold", "shipped", "delivered", "cancelled", "returned"]


@dataclass
class SaleOrder:
    """An order as the OMS has it. ``amount``: its total in minor units, as the OMS reckons it. ``confirmed``: it may go
    on to fulfilment. ``data``: what this OMS keeps besides."""

    number: str
    id: str
    amount: int
    currency: str
    created_at: datetime
    updated_at: datetime
    state: OrderState = "accepted"
    confirmed: bool = True
    data: dict[str, Any] = field(default_factory=dict)


class OmsBook:
    """Every order that was accepted, duplicates too: that nobody made one is what tests look for. Hand the same book to
    a new stand-in and the OMS has restarted."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.orders: list[SaleOrder] = []
        self._by_number: dict[str, list[SaleOrder]] = {}
        self._by_id: dict[str, SaleOrder] = {}

    def add(self, order: SaleOrder) -> SaleOrder:
        with self.lock:
            self.orders.append(order)
            self._by_number.setdefault(order.number, []).append(order)
            self._by_id[order.id] = order
            return order

    def of(self, number: str) -> list[SaleOrder]:
        with self.lock:
            return list(self._by_number.get(number, ()))

    def by_id(self, order_id: str) -> SaleOrder | None:
        with self.lock:
            return self._by_id.get(order_id)

    def next_id(self, prefix: str = "", digits: int = 6) -> str:
        with self.lock:
            return f"{prefix}{len(self.orders) + 1:0{digits}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """A call of the OMS at our door: ``path`` is what follows /partners/{account}/."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Sequence[tuple[str, str]] = ()
    body: bytes = b""


class OmsStandIn(ABC):
    """Set ``slug``, fill the abstract methods. ``calls`` counts what was asked, by rule; ``tokens`` are what it
    handed out and still takes. ``weakest``: settings of an account that may rely on nothing, neither look-up nor
    idempotency, where the plugin can have such a one."""

    slug: ClassVar[str]
    weakest: ClassVar[Mapping[str, str] | None] = None
    throttled: ClassVar[Any] = {"error": "too many requests"}
    broken: ClassVar[Any] = {"error": "something broke"}

    def __init__(self, options: SimulatorOptions, book: OmsBook | None = None) -> None:
        self.options = options
        self.book = book or OmsBook()
        self.faults = Faults(options.faults)
        self.tokens: dict[str, Any] = {}
        served = Served(faults=self.faults, lock=self.book.lock, throttled=self.throttled, broken=self.broken)
        self.calls: Counter[str] = served.calls
        self._app = Flask(f"kartify.simulation.{self.slug}")
        serve(self._app, self.rules(), served)
        _control(self._app, self)

    def app(self) -> WsgiApp:
        return self._app

    @abstractmethod
    def settings(self) -> dict[str, str]:
        """Settings of an account that talks to this simulator, its own secrets included."""

    @abstractmethod
    def rules(self) -> Rules:
        """The API: "METHOD /path" and what answers it. Called once, from the constructor."""

    def expire(self) -> None:
        """Every token and session that was handed out is over."""
        with self.book.lock:
            self.tokens.clear()

    def move(self, number: str, state: OrderState) -> SaleOrder:
        """The warehouse, or a person there, does something."""
        with self.book.lock:
            order = self.book.of(number)[-1]
            order.state, order.updated_at = state, clock.now()
            return order

    def news(self, number: str) -> Sequence[Knock]:
        """The messages, with their proof, that this OMS sends about the order as it stands now."""
        return ()

    def fetch(self, knock: Callable[[Knock], HttpAnswer]) -> list[str]:
        """Plays the OMS that pulls: logs in, reads every page, acknowledges as it does. The numbers that it read; new
        ones are in the book afterwards. Only where it pulls."""
        return []


def _control(app: Flask, stand_in: OmsStandIn) -> None:
    """``GET /_control/orders/<number>``: how many the OMS has. ``POST …/<state>``: something happens there."""

    def count(number: str) -> Response:
        found = stand_in.book.of(number)
        return jsonify({"number": number, "count": len(found), "states": [one.state for one in found]})

    def move(number: str, state: str) -> Response:
        states = {"accepted", "on_hold", "shipped", "delivered", "cancelled", "returned"}
        if state not in states or not stand_in.book.of(number):
            abort(404, "there is no such order or state")
        stand_in.move(number, state)  # type: ignore[arg-type]
        return count(number)

    app.add_url_rule("/_control/orders/<number>", "_control.count", count, methods=["GET"])
    app.add_url_rule("/_control/orders/<number>/<state>", "_control.move", move, methods=["POST"])
