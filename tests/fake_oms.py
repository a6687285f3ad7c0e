"""An OMS made for tests: a real subclass of the contract in front of a ledger that remembers every sale order."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import SecretStr

from kartify.plugin import (
    Ack,
    Acked,
    Client,
    Denied,
    FeedWish,
    Found,
    Inbound,
    Kind,
    Known,
    Listing,
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
    Reply,
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
    holds: bool = True
    lets_go: bool = True
    poll: bool = False
    parked: bool = False
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
            if kind in (Kind.HOLD, Kind.UNHOLD):
                known[0]["held"] = kind is Kind.HOLD
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
    can = OmsCapabilities()
    routes = (
        PartnerRoute(method="POST", path="news", name="news"),
        PartnerRoute(method="GET", path="token", name="token", use="own"),
        PartnerRoute(method="GET", path="orders", name="orders", use="feed"),
        PartnerRoute(method="POST", path="orders/{number}", name="ack", use="ack"),
    )
    rate = 100_000.0
    deadline = 5.0
    ledger: Ledger
    settings: LedgerSettings

    def __init__(self, settings: PartnerSettings) -> None:
        super().__init__(settings)
        mine = self.settings
        self.can = OmsCapabilities(
            lookup=mine.lookup, look_first=mine.look_first, idempotent=mine.idempotent, push_unpaid=mine.unpaid,
            cancel=mine.cancels, hold=mine.holds, unhold=mine.lets_go, poll=mine.poll,
        )
        self.receipt = mine.receipt
        self.lists_parked = mine.parked

    def test(self, client: Client) -> str:
        return "the OMS is there"

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


    def answer(self, route: PartnerRoute, message: Inbound) -> Reply:
        return Reply(body=f"token of {message.at:%Y-%m-%d}".encode())

    def read_feed(self, route: PartnerRoute, message: Inbound) -> FeedWish:
        asked = {name: int(value) for name, value in message.params().items() if value.isdigit()}
        since = datetime.fromisoformat(message.params()["since"]) if "since" in message.params() else None
        return FeedWish(**{"limit": 2, **asked}, since=since)

    def write_feed(self, route: PartnerRoute, message: Inbound, wish: FeedWish, listing: Listing) -> Reply:
        rows = [[one.order.number, one.status, one.acknowledged] for one in listing.items]
        return Reply(body=json.dumps({"rows": rows, "cursor": listing.cursor, "more": listing.more}).encode())

    def read_acks(self, route: PartnerRoute, message: Inbound) -> tuple[Ack, ...]:
        told = read_json(message.body)
        return (Ack(number=message.path.rpartition("/")[2], oms_order_id=told.get("id"), refused=told.get("refused")),)

    def write_acks(self, route: PartnerRoute, message: Inbound, acked: Sequence[Acked]) -> Reply:
        return Reply(status=200 if acked[0].problem is None else 409, body=(acked[0].receipt or acked[0].text).encode())

    def poll(self, client: Client, orders: Sequence[Known], since: datetime | None) -> Iterator[OmsNews]:
        self.ledger.calls.append(("poll", "since" if since else "all", " ".join(one.number for one in orders)))
        for one in orders:
            for told in self.ledger.of(one.number):
                word = told["state"]
                if word == "broken":
                    raise Temporary("the OMS broke in the middle")
                kind = NewsKind(word) if word in set(NewsKind) else NewsKind.OTHER
                yield OmsNews(key=f"{one.number}:{word}", kind=kind, word=word, number=one.number)


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
    wanted = {
        Kind.CONFIRM: "confirmed" in one, Kind.CANCEL: one["state"] == "cancelled",
        Kind.HOLD: one.get("held", False), Kind.UNHOLD: not one.get("held", False),
    }
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
