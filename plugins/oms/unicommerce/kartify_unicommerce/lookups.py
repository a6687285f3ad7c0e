"""An order as Uniware has it, and what that means for a delivery of ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kartify.plugin import Found, Kind, OmsOrder, Presence, Receipt
from kartify_unicommerce.settings import UnicommerceSettings
from kartify_unicommerce.units import count
from kartify_unicommerce.wire import minor, moment, rows, table, text

CANCELLED: Final = "CANCELLED"
DISPATCHED: Final = frozenset({"DISPATCHED", "SHIPPED"})
DELIVERED: Final = frozenset({"DELIVERED"})
RETURNED: Final = frozenset({
    "RETURN_EXPECTED", "RETURNED", "RETURN_ACKNOWLEDGED", "COURIER_RETURN", "RETURN_REQUESTED", "REVERSE_PICKUP",
})
GONE: Final = DISPATCHED | DELIVERED | RETURNED
_SUMS: Final = ("sellingPrice", "shippingCharges", "shippingMethodCharges", "cashOnDeliveryCharges", "giftWrapCharges")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One unit there. ``words``: what its own status and that of its package say."""

    code: str
    words: frozenset[str]
    on_hold: bool | None
    amount: int | None

    @property
    def cancelled(self) -> bool:
        return CANCELLED in self.words and not self.words & GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """A sale order. ``amount`` is None where the units' sums cannot be read."""

    code: str
    channel: str
    status: str
    pieces: tuple[Piece, ...]
    amount: int | None
    updated: datetime | None

    @property
    def cancelled(self) -> bool:
        return self.status == CANCELLED or bool(self.pieces and all(one.cancelled for one in self.pieces))

    @property
    def live(self) -> list[Piece]:
        return [one for one in self.pieces if not one.cancelled]


def read_details(body: Mapping[str, Any], code: str, currency: str) -> Details | None:
    """None where the answer is not about this order, or not readable as one."""
    order, items = table(body.get("saleOrderDTO")), table(body.get("saleOrderDTO")).get("saleOrderItems")
    if text(order.get("code")) != code or not text(order.get("status")) or not isinstance(items, list):
        return None
    packages = {text(one.get("code")): text(one.get("status")) for one in rows(order.get("shippingPackages"))}
    pieces = tuple(_piece(one, packages, currency) for one in rows(items))
    known = [one.amount for one in pieces if one.amount is not None]
    whole = len(known) == len(items) and bool(items)
    return Details(
        code=code, channel=text(order.get("channel")), status=text(order.get("status")).upper(), pieces=pieces,
        amount=sum(known) if whole else None, updated=moment(order.get("updated")),
    )


def _piece(item: Mapping[str, Any], packages: Mapping[str, str], currency: str) -> Piece:
    package = text(item.get("shippingPackageCode"))
    said = (item.get("statusCode"), item.get("shippingPackageStatus"), packages.get(package) if package else "")
    held = item.get("onHold")
    return Piece(
        code=text(item.get("code")), words=frozenset(word.upper() for one in said if (word := text(one))),
        on_hold=held if isinstance(held, bool) else None, amount=_amount(item, currency),
    )


def _amount(item: Mapping[str, Any], currency: str) -> int | None:
    if item.get("totalPrice") is not None:
        return minor(item["totalPrice"], currency)
    if item.get("sellingPrice") is None:
        return None
    parts = [minor(item[name], currency) for name in _SUMS if item.get(name) is not None]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def judge(settings: UnicommerceSettings, kind: Kind, order: OmsOrder, details: Details) -> Found:
    """Number and sum are compared by the core; what it cannot see is decided here."""
    receipt = Receipt(id=details.code, detail="Uniware has it already")
    where = f"Uniware's order {details.code}"
    if details.channel and details.channel != settings.channel:
        return _dead(f"{where} is of the channel {details.channel}: two shops have the same number")
    if kind is Kind.PUSH:
        return _pushed(order, details, receipt, where)
    if kind is Kind.CANCEL:
        if details.cancelled:
            return Found(presence=Presence.DONE, receipt=receipt)
        if any(one.words & GONE for one in details.pieces):
            return _dead(f"{where} is dispatched: it cannot be cancelled any more")
        return Found(presence=Presence.ABSENT, detail=f"{where} is not cancelled")
    if details.cancelled:
        return _dead(f"{where} is cancelled")
    wanted = kind is Kind.HOLD
    if details.live and all(one.on_hold is wanted for one in details.live):
        return Found(presence=Presence.DONE, receipt=receipt)
    return Found(presence=Presence.ABSENT, detail=f"{where} is not {'held' if wanted else 'released'}")


def _pushed(order: OmsOrder, details: Details, receipt: Receipt, where: str) -> Found:
    if details.cancelled:
        return _dead(f"{where} is cancelled there: decide about the order and its refund")
    if details.amount is None:
        return _dead(f"{where} is there, and its sum cannot be read: compare it by hand")
    if len(details.pieces) != count(order):
        return _dead(f"{where} has {len(details.pieces)} units, the order has {count(order)}: compare them by hand")
    return Found(presence=Presence.DONE, receipt=receipt, number=order.number, amount=details.amount)


def _dead(detail: str) -> Found:
    return Found(presence=Presence.DEAD, detail=detail)
