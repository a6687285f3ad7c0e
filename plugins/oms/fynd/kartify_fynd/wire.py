"""What FYND answers, read; and the values both directions share. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import orjson

from kartify.plugin import HttpAnswer, Invalid, Unreadable, from_major, read_json, to_major

_LONGEST: Final = 300
_UNKEEPABLE: Final = re.compile("[\x00\ud800-\udfff]")


def amount(minor: int, currency: str, *, unit: str = "rupees") -> Decimal:
    """An amount as FYND takes it: the one place where minor units become FYND's unit."""
    return Decimal(minor) if unit == "paise" else Decimal(to_major(minor, currency))


def dump(value: Any) -> bytes:
    """JSON bytes, decimals with exactly their digits (1499.00, no float between)."""
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError


def text(value: Any) -> str:
    """Text and whole numbers as text; anything else, and what no database takes, is not told."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or _UNKEEPABLE.search(value):
        return ""
    return value.strip()


def table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def moment(value: Any) -> datetime | None:
    """An ISO moment; FYND's times without a zone are UTC."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def message(answer: HttpAnswer) -> str:
    """FYND's own words for a refusal, from any of its error bodies; short, on one line."""
    try:
        found = _words(read_json(answer.body))
    except Unreadable:
        found = ""
    line = "".join(sign if sign.isprintable() else " " for sign in found)
    return " ".join(line.split())[:_LONGEST] or f"answer {answer.status} without a message"


def _words(body: Any) -> str:
    """``{error: {code, description}}``, ``{code, description}``, ``{message}`` and ``{errors}``."""
    if not isinstance(body, dict):
        return text(body)
    inner = body.get("error")
    for part in (table(inner), body):
        said = [text(part.get("code")), text(part.get("description")) or text(part.get("message"))]
        if any(said):
            return ": ".join(word for word in said if word)
    errors = body.get("errors")
    if errors:
        return errors if isinstance(errors, str) else orjson.dumps(errors, default=str).decode()
    return text(inner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """``state`` is FYND's current word, ``history`` every word it ever had."""

    id: str
    state: str
    history: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Order details. ``amount`` is None where FYND told none that can be read."""

    order_id: str
    number: str
    shipments: tuple[Shipment, ...]
    amount: int | None

    @property
    def states(self) -> str:
        return ", ".join(sorted({shipment.state or "unknown" for shipment in self.shipments})) or "no shipment"


def read_details(body: Any, currency: str) -> Details | None:
    """The order that ``order-details`` told of; None where it told none."""
    order, shipments = table(table(body).get("order")), table(body).get("shipments")
    order_id = text(order.get("fynd_order_id"))
    if not order_id or not isinstance(shipments, list) or body.get("success") is False:
        return None
    return Details(
        order_id=order_id,
        number=text(order.get("external_order_id")) or text(order.get("affiliate_order_id")),
        # Whatever is no shipment counts as one in an unknown state, so that nothing is concluded from the rest.
        shipments=tuple(_shipment(table(item)) for item in shipments),
        amount=_told_amount(table(order.get("prices")).get("amount_paid"), currency),
    )


def _told_amount(value: Any, currency: str) -> int | None:
    try:
        return from_major(value, currency)
    except Invalid:
        return None


def _shipment(item: Mapping[str, Any]) -> Shipment:
    history = rows(item.get("bag_status_history"))
    words = tuple(text(entry.get("status")) for entry in history)
    status = item.get("status")
    told = text(table(status).get("status")) or text(status)
    return Shipment(id=text(item.get("shipment_id")), state=told or _latest(history), history=words)


def _latest(history: Sequence[Mapping[str, Any]]) -> str:
    """The newest word of a history in any order; unknown where two share a newest time, or none has one."""
    dated = [(at, text(entry.get("status"))) for entry in history if (at := moment(entry.get("updated_at")))]
    if len(dated) < len(history) or not dated:
        return text(history[0].get("status")) if len(history) == 1 else ""
    newest = max(at for at, _ in dated)
    words = {word for at, word in dated if at == newest}
    return words.pop() if len(words) == 1 else ""


def listed_orders(body: Any, number: str) -> set[str] | None:
    """FYND ids of the orders that a listing by our number shows; None where the answer is no listing."""
    items = table(body).get("items")
    if not isinstance(items, list) or len(rows(items)) != len(items) or table(body).get("success") is False:
        return None
    return {_order_id(item) for item in rows(items) if _is_ours(item, number)}


def _order_id(item: Mapping[str, Any]) -> str:
    return text(item.get("order_id")) or text(item.get("fynd_order_id"))


def _is_ours(item: Mapping[str, Any], number: str) -> bool:
    """A listing that tells the store's number must tell ours; one that does not is believed: we searched by it."""
    told = text(item.get("external_order_id")) or text(item.get("affiliate_order_id"))
    return told in ("", number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A shipment that a status change left as it was, though the whole was answered with 200."""

    shipment: str
    status: int
    words: str


def read_transition(body: Any, asked: Iterable[str]) -> list[Refusal] | None:
    """The shipments that were refused; None unless the answer tells of every shipment that was asked for."""
    results = [item for status in rows(table(body).get("statuses")) for item in rows(status.get("shipments"))]
    told = {text(item.get("identifier")) or text(item.get("shipment_id")): item for item in results}
    if not set(asked) <= set(told):
        return None
    return [
        Refusal(shipment=name, status=_status(item), words=text(item.get("message")) or text(item.get("exception")))
        for name, item in told.items()
        if _status(item) != 200
    ]


def _status(item: Mapping[str, Any]) -> int:
    value = text(item.get("status"))
    return int(value) if value.isascii() and value.isdigit() else 0

