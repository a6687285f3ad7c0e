"""The sales orders that the sandbox OMS has, and what may happen to them. Knows no HTTP."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from kartify_sandbox_oms.wire import bad_postcode

Duplicates = Literal["second", "same", "conflict"]
DUPLICATES: tuple[str, ...] = get_args(Duplicates)

MOVES: dict[str, frozenset[str]] = {
    "accepted": frozenset({"on_hold", "shipped", "delivered", "cancelled"}),
    "on_hold": frozenset({"accepted", "cancelled"}),
    "shipped": frozenset({"delivered", "returned"}),
    "delivered": frozenset({"returned"}),
    "cancelled": frozenset(),
    "returned": frozenset(),
}


class Unfit(Exception):
    """A validation error: the field and a sentence."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TooLate(Exception):
    """The order is in a state that does not allow this."""


class Unknown(Exception):
    """There is no such order."""


@dataclass(kw_only=True)
class SalesOrder:
    """One sales order; ``document`` is what was sent."""

    id: str
    number: str
    total: int
    currency: str
    document: Mapping[str, Any]
    state: str = "accepted"
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "number": self.number,
            "total": self.total,
            "currency": self.currency,
            "state": self.state,
            "created_at": self.created_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Booked:
    """What became of an order that was sent: a new sales order, or the one there was."""

    order: SalesOrder
    fresh: bool


class Book:
    """Ids are new in every run, so that an OMS that was started again never gives one twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: dict[str, SalesOrder] = {}
        self._numbers: dict[str, list[SalesOrder]] = {}
        self._run = secrets.token_hex(3).upper()

    def orders(self) -> list[SalesOrder]:
        with self._lock:
            return list(self._orders.values())

    def of_number(self, number: str) -> list[SalesOrder]:
        with self._lock:
            return list(self._numbers.get(number, ()))

    def by_number(self) -> Counter[str]:
        """How many sales orders each number has: 2 is an order that goes out twice."""
        with self._lock:
            return Counter({number: len(orders) for number, orders in self._numbers.items()})

    def get(self, order_id: str) -> SalesOrder:
        with self._lock:
            return self._get(order_id)

    def _get(self, order_id: str) -> SalesOrder:
        try:
            return self._orders[order_id]
        except KeyError:
            raise Unknown("The OMS has no such order.") from None

    def add(self, document: object, *, duplicates: Duplicates) -> Booked:
        """Books an order. A known number makes a second sales order, unless the server is told to recognise it."""
        checked = _checked(document)
        number = checked["number"]
        with self._lock:
            known = self._numbers.setdefault(number, [])
            if known and duplicates != "second":
                return Booked(known[0], fresh=False)
            order = SalesOrder(
                id=f"SO-{self._run}-{len(self._orders) + 1:04}",
                number=number,
                total=checked["total"],
                currency=checked["currency"],
                document=checked,
            )
            self._orders[order.id] = order
            known.append(order)
            return Booked(order, fresh=True)

    def move(self, order_id: str, state: str) -> SalesOrder:
        """Changes the state; the same again changes nothing. Raises ``TooLate``."""
        with self._lock:
            order = self._get(order_id)
            if order.state != state:
                if state not in MOVES[order.state]:
                    raise TooLate(f"Too late: the order is {order.state}.")
                order.state = state
            return order

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()
            self._numbers.clear()
            self._run = secrets.token_hex(3).upper()


def _checked(document: object) -> dict[str, Any]:
    """What a careful OMS looks at before it takes an order. Raises ``Unfit``."""
    if not isinstance(document, dict):
        raise Unfit("body", "Expected an object.")
    for name, kind in (("number", str), ("currency", str), ("total", int), ("lines", list), ("fees", list)):
        value = document.get(name, [] if name == "fees" else None)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise Unfit(name, f"Expected {'text' if kind is str else 'a whole number' if kind is int else 'a list'}.")
    if not document["number"]:
        raise Unfit("number", "The order needs a number.")
    if not document["lines"]:
        raise Unfit("lines", "The order has no lines.")
    goods = sum(_line_sum(place, line) for place, line in enumerate(document["lines"]))
    if goods + sum(_fee(place, fee) for place, fee in enumerate(document.get("fees", []))) != document["total"]:
        raise Unfit("total", "The lines and fees do not add up to the total.")
    address = document.get("shipping_address")
    if address is not None and not isinstance(address, dict):
        raise Unfit("shipping_address", "Expected an object.")
    if bad_postcode(address):
        raise Unfit("shipping_address.postcode", "The postcode is not one that can be served.")
    return document


def _line_sum(place: int, line: object) -> int:
    if not isinstance(line, dict):
        raise Unfit(f"lines[{place}]", "Expected an object.")
    sku = line.get("sku")
    if not isinstance(sku, str) or not sku or sku.startswith("BAD-"):
        raise Unfit(f"lines[{place}].sku", "The SKU is not known.")
    sums = {name: line.get(name, 0) for name in ("quantity", "unit_price", "discount")}
    for name, value in sums.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unfit(f"lines[{place}].{name}", "Expected a whole number.")
    if sums["quantity"] < 1:
        raise Unfit(f"lines[{place}].quantity", "Expected at least 1.")
    return sums["quantity"] * sums["unit_price"] - sums["discount"]


def _fee(place: int, fee: object) -> int:
    amount = fee.get("amount") if isinstance(fee, dict) else None
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise Unfit(f"fees[{place}].amount", "Expected a whole number.")
    return amount
