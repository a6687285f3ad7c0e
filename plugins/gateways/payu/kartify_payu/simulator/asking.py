"""The look-ups: by the merchant's ids, by PayU's, and what was done to a payment."""

from __future__ import annotations

from typing import Any, Final

from kartify.simulation import Charge, Refund
from kartify_payu.simulator.desk import Desk, Wrong, entry, rupees
from kartify_payu.wire import NOT_FOUND

_STATES: Final = {"processed": "success", "pending": "queued", "failed": "failure"}
_NONE: Final = "No action status found"


def verify(desk: Desk, form: dict[str, str]) -> dict[str, Any]:
    asked = form["var1"].split("|")
    if desk.most_ids is not None and len(asked) > desk.most_ids:
        raise Wrong("Parameter missing")
    found = {one: desk.shown(one) for one in asked}
    known = sum(charge is not None for charge in found.values())
    return {
        "status": 1 if known else 0,
        "msg": f"{known} out of {len(asked)} Transactions Fetched Successfully",
        "transaction_details": {
            one: entry(desk, charge) if charge else {"mihpayid": NOT_FOUND, "status": NOT_FOUND}
            for one, charge in found.items()
        },
    }


def check(desk: Desk, form: dict[str, str]) -> dict[str, Any]:
    """Of one payment as it is, without its id around it."""
    charge = desk.book.charges.get(form["var1"])
    if charge is None:
        return {
            "status": 0, "msg": "0 out of 1 Transactions Fetched Successfully",
            "transaction_details": {form["var1"]: {"mihpayid": NOT_FOUND, "status": NOT_FOUND}},
        }
    return {
        "status": 1, "msg": "Transaction Fetched Successfully",
        # This one call gives the number as a number.
        "transaction_details": {**entry(desk, charge), "mihpayid": int(charge.id)},
    }


def actions(desk: Desk, form: dict[str, str]) -> dict[str, Any]:
    """Of a payment where the second variable says so, else of a request."""
    asked = form["var1"]
    if form.get("var2") == "payuid":
        charge = desk.book.charges.get(asked)
        listed = done_to(charge) if charge else {}
    else:
        listed = {
            number: one for charge in desk.book.charges.values() for number, one in done_to(charge).items()
            if number == asked
        }
    found = bool(listed)
    return {
        "status": int(found), "msg": f"{int(found)} out of 1 Transactions Fetched Successfully",
        "transaction_details": {asked: listed or _NONE},
    }


def done_to(charge: Charge) -> dict[str, dict[str, Any]]:
    """By the number of each request."""
    found = {}
    if charge.captured:
        number = str(charge.data.get("capture_request", "131278418"))
        found[number] = _action(charge, number, "capture", charge.captured, token="", status="SUCCESS")
    for number, kind, amount, token, status in charge.data.get("held", ()):
        found[number] = _action(charge, number, kind, amount, token=token, status=status)
    for one in charge.refunds:
        found[one.id] = _refunded(one)
    return found


def _refunded(one: Refund) -> dict[str, Any]:
    word = str(one.data.get("word", _STATES[one.state]))
    return _action(one.charge, one.id, "refund", one.amount, token=one.key, status=word)


def _action(
    charge: Charge, number: str, kind: str, amount: int, *, token: str, status: str
) -> dict[str, Any]:
    return {
        "mihpayid": charge.id, "bank_ref_num": "527013524405", "request_id": number, "amt": rupees(amount),
        "mode": "UPI", "action": kind, "token": token, "status": status, "bank_arn": None, "settlement_id": None,
        "amount_settled": None, "UTR_no": None, "value_date": None, "refund_mode": "Back to Source",
    }
