"""The sandbox OMS without its doors: what it has, how it is told to behave, the news it sends."""

from __future__ import annotations

import itertools
import json
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import urllib3

from kartify.plugin import SimulatorOptions
from kartify_sandbox_oms.book import DUPLICATES, Book, Duplicates, SalesOrder, Unfit, Unknown
from kartify_sandbox_oms.faults import Behaviour, Call, Faults
from kartify_sandbox_oms.wire import SIGNATURE, sign

ALL: tuple[str, ...] = tuple(Call)
LONGEST_STALL = 60.0
MOVING_NEWS = frozenset({"shipped", "delivered", "cancelled", "returned"})


@dataclass(frozen=True, slots=True)
class Told:
    """News that was sent: ``status`` is what the receiver answered, None when there was no answer."""

    kind: str
    number: str
    status: int | None


class Desk:
    """Keeps its orders in memory. All methods may be called while it serves.

    ``api_key``, ``webhook_secret``, ``news_url``, ``duplicates``, ``stall_seconds`` and ``retry_after`` may be set at
    any time. ``duplicates`` says what a repeated number makes: a *second* sales order, the *same* one again (200), or
    a *conflict* (409 with the one there is).
    """

    def __init__(self, options: SimulatorOptions) -> None:
        self.base_url = options.base_url.rstrip("/")
        self.merchant = "sandbox"
        self.api_key = "sandbox-oms-key"
        self.webhook_secret = "sandbox-oms-webhook-secret"
        self.news_url: str | None = None
        self.duplicates: Duplicates = "second"
        self.stall_seconds = 12.0
        self.retry_after = 1
        self.book = Book()
        self.faults = Faults(options.faults)
        self.calls: Counter[str] = Counter()
        self.told: list[Told] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._run = secrets.token_hex(3)
        self._news_ids = itertools.count(1)
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(5.0))

    def settings(self) -> dict[str, str]:
        return {
            "api_base": self.base_url,
            "merchant": self.merchant,
            "api_key": self.api_key,
            "webhook_secret": self.webhook_secret,
        }

    @property
    def orders(self) -> list[SalesOrder]:
        return self.book.orders()

    @property
    def by_number(self) -> Counter[str]:
        """How many sales orders each number has: 2 is an order that goes out twice."""
        return self.book.by_number()

    # How it behaves.

    def mode(self, behaviour: str, *, times: int | None = None, on: Iterable[str] = (Call.PUSH,)) -> None:
        """From now on, or for the next ``times`` calls of the kinds in ``on`` (``ALL``: every kind)."""
        self.faults.order(Behaviour(behaviour), times=times, on=[Call(call) for call in on])

    def stall(self) -> None:
        self._wake.wait(min(max(self.stall_seconds, 0.0), LONGEST_STALL))

    def release(self) -> None:
        """Ends the stalls that are running."""
        running, self._wake = self._wake, threading.Event()
        running.set()

    def reset(self) -> None:
        """Forgets orders, counts and commands."""
        self.release()
        self.faults.clear()
        self.book.clear()
        with self._lock:
            self.calls.clear()
            self.told.clear()

    def count(self, call: Call) -> None:
        with self._lock:
            self.calls[call.value] += 1

    def state(self) -> dict[str, Any]:
        """What a test in another process looks at."""
        with self._lock:
            calls = dict(self.calls)
            told = [{"kind": one.kind, "number": one.number, "status": one.status} for one in self.told]
        return {
            "orders": [order.as_dict() for order in self.orders],
            "by_number": dict(self.by_number),
            "calls": calls,
            "told": told,
            "behaviour": self.faults.describe(),
            "duplicates": self.duplicates,
            "news_url": self.news_url,
            "stall_seconds": self.stall_seconds,
        }

    # News.

    def ship(self, number: str, *, partial: bool = False) -> int | None:
        return self.tell("shipped", number, partial=partial)

    def deliver(self, number: str, *, partial: bool = False) -> int | None:
        return self.tell("delivered", number, partial=partial)

    def cancel(self, number: str, *, partial: bool = False) -> int | None:
        return self.tell("cancelled", number, partial=partial)

    def tell(self, kind: str, number: str, *, partial: bool = False) -> int | None:
        """Moves the order (a part moves nothing) and sends signed news: the receiver's status, None without answer or
        without ``news_url``. Raises ``Unknown`` and ``TooLate``."""
        order = self._one(number)
        if kind in MOVING_NEWS and not partial:
            self.book.move(order.id, kind)
        body, headers = self._message(kind, number, order, partial=partial)
        return self._send(Told(kind, number, None), body, headers)

    def news(self, kind: str, number: str, *, partial: bool = False) -> tuple[bytes, dict[str, str]]:
        """The signed message, unsent; the order need not be known and is not moved."""
        known = self.book.of_number(number)
        return self._message(kind, number, self._one(number) if known else None, partial=partial)

    def _message(
        self, kind: str, number: str, order: SalesOrder | None, *, partial: bool
    ) -> tuple[bytes, dict[str, str]]:
        document = {
            "id": f"EV-{self._run}-{next(self._news_ids):04}",
            "kind": kind,
            "number": number,
            "order": order.id if order else None,
            "at": datetime.now(UTC).isoformat(),
            "partial": partial,
        }
        body = json.dumps(document).encode()
        return body, {"Content-Type": "application/json", SIGNATURE: sign(self.webhook_secret, body)}

    def _one(self, number: str) -> SalesOrder:
        """The living sales order of a number; where there are two, the first."""
        known = self.book.of_number(number)
        if not known:
            raise Unknown(f"The OMS has no order with the number {number}.")
        return next((order for order in known if order.state != "cancelled"), known[0])

    def _send(self, news: Told, body: bytes, headers: dict[str, str]) -> int | None:
        if self.news_url is None:
            return None
        status: int | None = None
        with suppress(urllib3.exceptions.HTTPError):
            status = self._http.request("POST", self.news_url, body=body, headers=headers).status
        with self._lock:
            self.told.append(Told(news.kind, news.number, status))
        return status


def obey(desk: Desk, wish: object) -> None:
    """Does what a control message says. Raises ``Unfit`` naming the field."""
    if not isinstance(wish, dict):
        raise Unfit("body", "Expected an object.")
    if unknown := set(wish) - {*CONTROLS, "times", "on"}:
        raise Unfit(min(unknown), f"Not known here. Known are {', '.join([*CONTROLS, 'times', 'on'])}.")
    for name, control in CONTROLS.items():
        if name in wish:
            control(desk, wish)


def _reset(desk: Desk, wish: dict[str, Any]) -> None:
    if wish["reset"] is True:
        desk.reset()


def _release(desk: Desk, wish: dict[str, Any]) -> None:
    if wish["release"] is True:
        desk.release()


def _news_url(desk: Desk, wish: dict[str, Any]) -> None:
    url = wish["news_url"]
    if url is not None and not (isinstance(url, str) and url.startswith(("http://", "https://"))):
        raise Unfit("news_url", "Expected an address, or null.")
    desk.news_url = url


def _duplicates(desk: Desk, wish: dict[str, Any]) -> None:
    if wish["duplicates"] not in DUPLICATES:
        raise Unfit("duplicates", f"Expected one of {', '.join(DUPLICATES)}.")
    desk.duplicates = wish["duplicates"]


def _stall_seconds(desk: Desk, wish: dict[str, Any]) -> None:
    desk.stall_seconds = _number(wish, "stall_seconds", whole=False)


def _retry_after(desk: Desk, wish: dict[str, Any]) -> None:
    desk.retry_after = int(_number(wish, "retry_after"))


def _number(wish: dict[str, Any], name: str, *, whole: bool = True) -> float:
    value = wish[name]
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or value < 0:
        raise Unfit(name, f"Expected a {'whole ' if whole else ''}number that is not negative.")
    return value


def _mode(desk: Desk, wish: dict[str, Any]) -> None:
    times, calls = wish.get("times"), wish.get("on", [Call.PUSH])
    if times is not None:
        _number(wish, "times")
    if wish["mode"] not in list(Behaviour):
        raise Unfit("mode", f"Expected one of {', '.join(Behaviour)}.")
    if not isinstance(calls, list) or not calls or any(call not in ALL for call in calls):
        raise Unfit("on", f"Expected a list of {', '.join(ALL)}.")
    desk.mode(wish["mode"], times=times, on=calls)


def _news(desk: Desk, wish: dict[str, Any]) -> None:
    news = wish["news"]
    if not isinstance(news, dict) or not all(isinstance(news.get(name), str) for name in ("kind", "number")):
        raise Unfit("news", "Expected an object with kind and number.")
    desk.tell(news["kind"], news["number"], partial=news.get("partial") is True)


# What POST /control obeys, in this order; ``times`` and ``on`` belong to ``mode``.
CONTROLS: dict[str, Callable[[Desk, dict[str, Any]], None]] = {
    "reset": _reset,
    "release": _release,
    "news_url": _news_url,
    "duplicates": _duplicates,
    "stall_seconds": _stall_seconds,
    "retry_after": _retry_after,
    "mode": _mode,
    "news": _news,
}
