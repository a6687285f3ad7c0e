"""Refunds, releases and captures, as the stand-in does them: a token once, and never more than there is."""

from __future__ import annotations

from typing import Any, Final

from kartify.plugin import Invalid, from_major
from kartify.simulation import Charge, Refund
from kartify_payu.simulator.asking import done_to
from kartify_payu.simulator.desk import Desk, Wrong

LONGEST_TOKEN: Final = 23
_STATES: Final = {"processed": "SUCCESS", "pending": "QUEUED", "failed": "FAILURE"}


def cancel_or_refund(desk: Desk, form: dict[str, str]) -> dict[str, Any]:
    """Releases what is authorised, refunds what is captured."""
    charge, token, amount = _asked(desk, form)
    if charge.state == "authorized":
        return _release(desk, charge, token, amount)
    if charge.state != "captured":
        raise Wrong("Invalid transaction status", error_code=111)
    if not 0 < amount <= charge.refundable:
        raise Wrong("Invalid amount", error_code=105)
    made = desk.book.refund(Refund(
        id=str(next(desk.requests)), charge=charge, amount=amount, key=token, state=desk.takes,
        created_at=desk.book.now(),
    ))  # fmt: skip
    return _queued("Refund Request Queued", made.id, charge)


def _release(desk: Desk, charge: Charge, token: str, amount: int) -> dict[str, Any]:
    if amount != charge.amount:
        raise Wrong("The amount does not match", error_code=117)
    if desk.holds_take == "processed":
        desk.book.move(charge.id, "voided")
    return _queued("Cancel Request Queued", _hold(desk, charge, "cancel", token, amount), charge)


def capture(desk: Desk, form: dict[str, str]) -> dict[str, Any]:
    charge, token, amount = _asked(desk, form)
    if charge.state == "captured":
        raise Wrong("Capture already successful for this transaction", error_code=301)
    if charge.state != "authorized":
        raise Wrong("Invalid transaction status", error_code=111)
    if not 0 < amount <= charge.amount:
        raise Wrong("Amount greater than maximum capturable amount", error_code=303)
    if desk.holds_take != "processed":
        return _queued("Capture Request Queued", _hold(desk, charge, "capture", token, amount), charge)
    desk.book.move(charge.id, "captured")
    charge.captured = amount
    charge.data["capture_request"] = number = str(next(desk.requests))
    return _queued("Capture Request Queued", number, charge)


def _hold(desk: Desk, charge: Charge, kind: str, token: str, amount: int) -> str:
    number = str(next(desk.requests))
    charge.data.setdefault("held", []).append((number, kind, amount, token, _STATES[desk.holds_take]))
    return number


def _asked(desk: Desk, form: dict[str, str]) -> tuple[Charge, str, int]:
    charge, token = desk.book.charges.get(form["var1"]), form.get("var2", "")
    if charge is None:
        raise Wrong("Transaction Not Found", error_code=116)
    if not token or len(token) > LONGEST_TOKEN:
        raise Wrong("token is empty", error_code=124)
    if any(one["token"] == token for one in done_to(charge).values()):
        raise Wrong("Token already exists.", error_code=106)
    try:
        return charge, token, from_major(form.get("var3", ""), "INR")
    except Invalid:
        raise Wrong("Invalid amount", error_code=105) from None


def _queued(msg: str, number: str, charge: Charge) -> dict[str, Any]:
    return {
        "status": 1, "msg": msg, "request_id": number, "bank_ref_num": None, "mihpayid": int(charge.id),
        "error_code": 102,
    }
