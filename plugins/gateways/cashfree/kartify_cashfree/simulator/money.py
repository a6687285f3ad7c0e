"""Held money, and money that goes back."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final, Literal

from kartify.plugin import Invalid, from_major
from kartify.simulation import Charge, Refund
from kartify_cashfree.simulator.desk import Desk, error, sent
from kartify_cashfree.simulator.entities import attempt_of, refund_of
from kartify_cashfree.simulator.orders import known

RefundState = Literal["pending", "processed", "failed"]
_REFUND_ID: Final = re.compile(r"[A-Za-z0-9_-]{3,40}\Z")
# The sandbox lets the note decide.
_BY_NOTE: Final[dict[str, RefundState]] = {
    "SUCCESS": "processed", "FAILED": "failed", "PENDING": "pending", "ACTIVE": "pending",
}  # fmt: skip


def authorize(desk: Desk, order_id: str) -> dict[str, Any]:
    wanted, session = sent(), known(desk, order_id)
    held = [one for one in desk.book.charges_of(session.id) if one.state == "authorized"]
    if wanted.get("action") not in ("CAPTURE", "VOID"):
        raise error(400, "action : invalid value", "action_invalid")
    if not held:
        raise error(400, "no payment of this order can be captured or voided", "request_invalid")
    charge = held[-1]
    if wanted["action"] == "VOID":
        desk.book.move(charge.id, "voided")
        return attempt_of(charge)
    amount = _amount(wanted.get("amount"), charge.currency)
    if not 0 < amount <= charge.amount:
        raise error(400, "amount : more than was authorised", "amount_invalid")
    desk.book.move(charge.id, "captured")
    charge.captured = amount
    return attempt_of(charge)


def refund(desk: Desk, order_id: str, *, takes: RefundState) -> dict[str, Any]:
    wanted, session = sent(), known(desk, order_id)
    name = wanted.get("refund_id")
    if not isinstance(name, str) or not _REFUND_ID.match(name):
        raise error(400, "refund_id : invalid value", "refund_id_invalid")
    if any(one.key == name for one in _refunds(desk, session.id)):
        raise error(409, "refund with same id is already present", "refund_already_exists")
    charge = next((one for one in desk.book.charges_of(session.id) if one.captured), None)
    if charge is None:
        raise error(400, "the order is not paid", "order_status_invalid")
    amount = _amount(wanted.get("refund_amount"), charge.currency)
    if not 0 < amount <= charge.refundable:
        raise error(400, "refund_amount : more than is left", "refund_amount_invalid")
    note = str(wanted.get("refund_note") or "")
    made = Refund(
        id=desk.book.new_id("", 6), charge=charge, amount=amount, key=name, state=_BY_NOTE.get(note, takes),
        created_at=desk.book.now(), data={"note": note},
    )
    return refund_of(desk.book.refund(made))


def refunds(desk: Desk, order_id: str) -> list[dict[str, Any]]:
    return [refund_of(one) for one in _refunds(desk, known(desk, order_id).id)]


def refund_by_id(desk: Desk, order_id: str, refund_id: str) -> dict[str, Any]:
    found = [one for one in refunds(desk, order_id) if one["refund_id"] == refund_id]
    if not found:
        raise error(404, "refund not found", "refund_not_found")
    return found[0]


def _refunds(desk: Desk, session_id: str) -> list[Refund]:
    charges: list[Charge] = desk.book.charges_of(session_id)
    return [refund for charge in charges for refund in charge.refunds]


def _amount(value: object, currency: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise error(400, "amount : invalid value", "amount_invalid")
    try:
        return from_major(value, currency)
    except Invalid:
        raise error(400, "amount : invalid value", "amount_invalid") from None
