"""An OMS made for tests: a real subclass of the contract in front of a ledger that remembers every sale order."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import SecretStr

from kartify.plugin import (
    Client,
    Denied,
    Found,
    Inbound,
    Kind,
    Mode,
    NewsKind,
    Oms,
    OmsCapabilities,
    OmsNews,
    OmsOrder,
    PartnerRoute,
    PartnerSettings,
    Permanent,
    Presence,
    Receipt,
    Refused,
    Temporary,
    Throttled,
    hookimpl,
    read_json,
)


class LedgerSettings(PartnerSettings):
    api_base: str = "http://127.0.0.1:1"
    merchant: str = "m"
    way: Literal["push", "confirm", "feed"] = "push"
    unpaid: bool = False
    lookup: bool = True
    look_first: bool = False
    idempotent: bool = False
    cancels: bool = True
    receipt: Literal["id", "ack", "news", "served"] = "id"
    secret_word: SecretStr = SecretStr("word")

    def identity(self) -> str:
        return self.merchant

    def mode(self) -> Mode:
        return "test"


class Ledger:
    """The OMS's side. ``script``: what the next deliveries do; ``told``: what the next look-ups do; then honest."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.orders: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str, str]] = []
        self.script: deque[str | Callable[[], None]] = deque()
        self.told: deque[str | Found | Exception | Callable[[], Found]] = deque()
        self.pace = 0.0

    def of(self, number: str) -> list[dict[str, Any]]:
        return [one for one in self.orders if one["number"] == number]

    def sent(self, number: str, kind: str = "push") -> int:
        return self.calls.count(("deliver", kind, number))

    def accept(self, kind: Kind, order: OmsOrder, *, idempotent: bool = False) -> Receipt:
        with self.lock:
            known = self.of(order.number)
            if kind is Kind.CANCEL:
                return self._cancel(known)
            if kind is Kind.HOLD:
                return Receipt(id=known[0]["id"])
            if kind is Kind.CONFIRM:
                known[0]["confirmed"] = known[0].get("confirmed", 0) + 1
                return Receipt(id=known[0]["id"])
            if known and idempotent:
                return Receipt(id=known[0]["id"])
            made = {"id": f"OMS{len(self.orders) + 1}", "number": order.number, "total": order.total, "state": "new"}
            self.orders.append(made)
            return Receipt(id=made["id"])

    def _cancel(self, known: list[dict[str, Any]]) -> Receipt:
        if not known or known[0]["state"] == "shipped":
            raise Permanent("It is too late to cancel." if known else "There is no such order.")
        known[0]["state"] = "cancelled"
        return Receipt(id=known[0]["id"])


class LedgerOms(Oms):
    slug = "ledger"
    name = "Ledger OMS"
    Settings = LedgerSettings
    can: ClassVar[OmsCapabilities] = OmsCapabilities()
    routes = (PartnerRoute(method="POST", path="news", name="news"),)
    rate = 100_000.0
    deadline = 5.0
    ledger: Ledger
    settings: LedgerSettings

    def __init__(self, settings: PartnerSettings) -> None:
        super().__init__(settings)
        mine = self.settings
        self.can = OmsCapabilities(  # type: ignore[misc]
            lookup=mine.lookup, look_first=mine.look_first, idempotent=mine.idempotent, push_unpaid=mine.unpaid,
            cancel=mine.cancels, hold=True,
        )
        self.receipt = mine.receipt  # type: ignore[misc]

    def delivery_kind(self) -> Kind:
        return Kind(self.settings.way)

    def pushes_unpaid(self) -> bool:
        return self.settings.unpaid

    def check(self, kind: Kind, order: OmsOrder) -> None:
        if order.customer.get("name") == "":
            raise Permanent("A name is needed.", field="customer.name")

    def deliver(self, client: Client, kind: Kind, order: OmsOrder) -> Receipt:
        with self.ledger.lock:
            self.ledger.calls.append(("deliver", kind, order.number))
            todo = self.ledger.script.popleft() if self.ledger.script else "accept"
        time.sleep(self.ledger.pace)
        if callable(todo):
            todo()
            todo = "accept"
        if todo not in ("accept", "drop", "boom", "none", "hang"):
            raise _REFUSALS[todo]()
        receipt = self.ledger.accept(kind, order, idempotent=self.settings.idempotent)
        if todo == "hang":
            time.sleep(self.deadline + 0.3)
        if todo == "boom":
            raise RuntimeError("the plugin broke after the OMS had accepted")
        if todo == "drop":
            raise Temporary("the connection was lost before the whole answer came")
        return None if todo == "none" else receipt  # type: ignore[return-value]

    def find(self, client: Client, kind: Kind, order: OmsOrder) -> Found:
        with self.ledger.lock:
            self.ledger.calls.append(("find", kind, order.number))
            told = self.ledger.told.popleft() if self.ledger.told else "honest"
        if callable(told):
            told = told()
        if isinstance(told, Found):
            return told
        if isinstance(told, Exception):
            raise told
        if told == "untold":
            return Found(presence=Presence.UNTOLD, detail="the list cannot be read")
        return _honest(kind, self.ledger.of(order.number))

    def authenticate(self, message: Inbound) -> None:
        if message.header("x-word") != self.settings.secret("secret_word"):
            raise Refused("the word is wrong")

    def read_news(self, route: PartnerRoute, message: Inbound) -> tuple[OmsNews, ...]:
        told = read_json(message.body)
        return tuple(_news(one) for one in (told if isinstance(told, list) else [told]))


_REFUSALS: dict[str, Callable[[], Exception]] = {
    "lose": lambda: Temporary("no whole answer in time"),
    "down": lambda: Temporary("the connection was refused", sent=False),
    "invalid": lambda: Permanent("The postcode is not served.", field="shipping_address.postcode"),
    "throttle": lambda: Throttled("the partner asks for fewer calls (429)", retry_after=120.0),
    "deny": lambda: Denied("the partner refused our keys or rights (401)"),
}


def _honest(kind: Kind, known: list[dict[str, Any]]) -> Found:
    if not known:
        absent = Presence.ABSENT if kind in (Kind.PUSH, Kind.PUSH_UNPAID) else Presence.DEAD
        return Found(presence=absent)
    one = known[0]
    told = {"receipt": Receipt(id=one["id"]), "number": one["number"], "amount": one["total"]}
    wanted = {Kind.CONFIRM: "confirmed" in one, Kind.CANCEL: one["state"] == "cancelled"}
    if kind is not Kind.CANCEL and one["state"] == "cancelled":
        return Found(presence=Presence.DEAD, detail="The OMS has it, cancelled.", **told)
    return Found(presence=Presence.DONE if wanted.get(kind, True) else Presence.ABSENT, **told)


def _news(told: dict[str, Any]) -> OmsNews:
    return OmsNews(
        key=told.get("id", json.dumps(told, sort_keys=True)[:80]), kind=NewsKind(told["kind"]), word=told["kind"],
        number=told.get("number"), oms_order_id=told.get("order"), whole=told.get("whole", True),
        at=datetime.fromisoformat(told["at"]) if "at" in told else None, detail=told.get("detail", ""),
    )


class LedgerPlugin:
    """Registers an OMS class of its own for each test, bound to its ledger."""

    def __init__(self, ledger: Ledger, **changes: Any) -> None:
        self.kind = type("BoundLedgerOms", (LedgerOms,), {"ledger": ledger, **changes})

    @hookimpl
    def register_oms(self) -> list[type[Oms]]:
        return [self.kind]
