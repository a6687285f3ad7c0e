"""The base of a stand-in gateway: one way to drive it, whatever its API looks like.

A subclass gives its API (``rules``), its webhook (``told``), its browser return (``comeback``) and its ``settings``; a
pay page for people, and calls for other programs, come with it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import Flask

from kartify.plugin.simulator import SimulatorOptions, WsgiApp
from kartify.simulation.book import Book, Charge, Refund, Session, State
from kartify.simulation.courier import Courier, Parcel
from kartify.simulation.faults import Faults
from kartify.simulation.messages import Return, Told
from kartify.simulation.paypage import pay_page
from kartify.simulation.serving import Rules, Served, serve


def door_beside(callback_url: str) -> str:
    """The webhook's address beside the one that the browser comes back to; empty where it is none of kartify's."""
    found = re.sub(r"/callbacks/([^/?]+).*\Z", r"/webhooks/\1", callback_url)
    return found if "/webhooks/" in found else ""


class StandIn(ABC):
    """Set ``slug`` and ``charge_prefix``, fill the abstract methods. ``calls`` counts what was asked, by rule."""

    slug: ClassVar[str]
    charge_prefix: ClassVar[str] = "pay_"
    throttled: ClassVar[Any] = {"error": "too many requests"}
    broken: ClassVar[Any] = {"error": "something broke"}

    def __init__(self, options: SimulatorOptions) -> None:
        self.options = options
        self.book = Book()
        self.faults = Faults(options.faults)
        self.courier = Courier()
        served = Served(faults=self.faults, lock=self.book.lock, throttled=self.throttled, broken=self.broken)
        self.calls: Counter[str] = served.calls
        self._app = Flask(f"kartify.simulation.{self.slug}")
        serve(self._app, self.rules(), served)
        self._app.register_blueprint(pay_page(self))

    def app(self) -> WsgiApp:
        return self._app

    @abstractmethod
    def settings(self) -> dict[str, str]:
        """Settings of an account that talks to this simulator, its own secrets included."""

    @abstractmethod
    def rules(self) -> Rules:
        """The API: "METHOD /path" and what answers it. Called once, from the constructor."""

    @abstractmethod
    def told(self, charge: Charge, *, refund: Refund | None = None) -> Sequence[Told]:
        """The webhooks that this gateway sends about the charge as it stands now, signed; of a refund where given."""

    @abstractmethod
    def comeback(self, charge: Charge) -> Return:
        """The browser's return after this attempt, signed as the gateway does."""

    def charge_data(self, session: Session | None, state: State) -> dict[str, Any]:
        """What this gateway keeps of a charge besides."""
        return {}

    # Driving it.

    def arrive(self, step: Mapping[str, Any]) -> None:  # noqa: B027
        """The customer's browser follows the shop's next step (as ``NextStep.as_dict`` gives it). Nothing to do where
        opening the payment made the session; a gateway that has no such call hears of it only here."""

    def pay(
        self, session_id: str, *, state: State = "captured", amount: int | None = None, method: str = "upi", **data: Any
    ) -> Charge:
        """A customer's attempt at a session; ``amount`` is the session's unless it is given. Sends nothing."""
        with self.book.lock:
            session = self.book.sessions[session_id]
            at = self.book.now()
            charge = Charge(
                id=self.book.new_id(self.charge_prefix), session=session, currency=session.currency, state=state,
                amount=session.amount if amount is None else amount, created_at=at, updated_at=at, method=method,
                data={**self.charge_data(session, state), **data},
            )
            return self.book.attempt(session, charge)

    def late(self, charge_id: str, state: State = "captured") -> Charge:
        """The bank answers after all."""
        return self.book.move(charge_id, state)

    def refund_outside(self, charge_id: str, *, amount: int | None = None) -> Refund:
        """Somebody refunds in the gateway's dashboard."""
        with self.book.lock:
            charge = self.book.charges[charge_id]
            refund = Refund(
                id=self.book.new_id("rfnd_"), charge=charge, key="", state="processed", created_at=self.book.now(),
                amount=charge.refundable if amount is None else amount,
            )
            return self.book.refund(refund)

    def webhook_url(self, charge: Charge) -> str:
        """Where webhooks go: what the session named, else the door beside the one that the browser comes back to."""
        session = charge.session
        if session is None:
            return ""
        return session.webhook_url or door_beside(session.callback_url)

    def send(
        self, charge: Charge, *, refund: Refund | None = None, url: str = "", delay: float = 0.0, copies: int = 1
    ) -> None:
        """Sends the webhooks from the background, again after a failure."""
        address = url or self.webhook_url(charge)
        for told in self.told(charge, refund=refund) if address else ():
            self.courier.send(Parcel(url=address, body=told.body, headers=told.headers), delay=delay, copies=copies)
