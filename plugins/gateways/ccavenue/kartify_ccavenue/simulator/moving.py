"""Confirming, cancelling and refunding, as the stand-in does them: once, and never more than there is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Literal

from kartify.plugin import Invalid, from_major, to_major
from kartify.simulation import Charge, Refund
from kartify_ccavenue.moments import write_moment
from kartify_ccavenue.simulator.asking import wrong
from kartify_ccavenue.simulator.desk import Desk, Wrong, number, word

RefundState = Literal["pending", "processed", "failed"]
_REF: Final = re.compile(r"[A-Za-z0-9]{1,30}\Z")
_STATES: Final = {"processed": "TS-REFC", "pending": "TS-REFA", "failed": "TS-REFF"}


def confirm(desk: Desk, body: dict[str, Any]) -> dict[str, Any]:
    return _each(body, lambda item: _confirm(desk, item))


def cancel(desk: Desk, body: dict[str, Any]) -> dict[str, Any]:
    return _each(body, lambda item: _cancel(desk, item))


def _each(body: dict[str, Any], act: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    items = body.get("order_List")
    if not isinstance(items, list) or not items:
        return wrong("51205", "Order List: Invalid Parameter", success_count=0, failed_List=[])
    failed, done = [], 0
    for item in items:
        try:
            act(item)
            done += 1
        except Wrong as problem:
            # Blanks around code and text: so they stand in the documents.
            failed.append({
                "reference_no": str(item.get("reference_no")), "reason": f" {problem.text}\n",
                "error_code": f"{problem.code} ",
            })
    return {"failed_List": failed, "error_desc": "", "success_count": number(str(done)), "error_code": ""}


def _charge(desk: Desk, reference: Any) -> Charge:
    found = desk.book.charges.get(str(reference))
    if found is None:
        raise Wrong("51304", "Invalid order/tracking id")
    return found


def _sum(value: Any, currency: str) -> int:
    try:
        return from_major(value, currency)
    except Invalid:
        raise Wrong("51015", "Amount: Invalid Parameter") from None


def _confirm(desk: Desk, item: dict[str, Any]) -> None:
    charge = _charge(desk, item.get("reference_no"))
    if charge.state == "captured":
        raise Wrong("51301", "Order is already confirmed")
    if charge.state != "authorized":
        raise Wrong("51303", "Invalid order status")
    amount = _sum(item.get("amount"), charge.currency)
    if not 0 < amount <= charge.amount:
        raise Wrong("51306", "Order Amt Mismatch")
    desk.book.move(charge.id, "captured")
    charge.captured = amount


def _cancel(desk: Desk, item: dict[str, Any]) -> None:
    charge = _charge(desk, item.get("reference_no"))
    if charge.state == "voided":
        raise Wrong("51302", "Order is already Cancelled")
    if charge.state != "authorized":
        raise Wrong("51303", "Invalid order status")
    desk.book.move(charge.id, "voided")


def refund(desk: Desk, body: dict[str, Any], takes: RefundState) -> dict[str, Any]:
    try:
        _refund(desk, body, takes)
    except Wrong as problem:
        return {"reason": problem.text, "error_code": problem.code, "refund_status": number("1")}
    return {"reason": "", "error_code": "", "refund_status": number("0")}


def _refund(desk: Desk, body: dict[str, Any], takes: RefundState) -> None:
    charge = desk.book.charges.get(str(body.get("reference_no")))
    ref = str(body.get("refund_ref_no"))
    if charge is None:
        raise Wrong("51308", "Order List: Invalid Parameter")
    if not _REF.match(ref) or any(one.key == ref for one in desk.book.refunds.values()):
        raise Wrong("51309", "Reference number: Invalid Parameter")
    if not charge.captured:
        raise Wrong("51310", "Reference number: Invalid Parameter")
    amount = _sum(body.get("refund_amount"), charge.currency)
    if not 0 < amount <= charge.refundable:
        raise Wrong("51314", "Reference number: Invalid Parameter")
    desk.book.refund(Refund(
        id=desk.book.new_id("RF"), charge=charge, amount=amount, key=ref, state=takes, created_at=desk.book.now()
    ))  # fmt: skip


def refund_details(desk: Desk, body: dict[str, Any]) -> dict[str, Any]:
    reference = str(body.get("reference_no"))
    charge = desk.book.charges.get(reference)
    if charge is None or not charge.refunds:
        empty = {"reference_no": reference, "order_no": "", "order_amt": "", "order_curr": "", "order_status": ""}
        return {**empty, **wrong("51419", "Enc_request: No record found for given criteria.")}
    return {
        "refund_list": [_listed(one) for one in charge.refunds], "reference_no": reference,
        "order_no": charge.session.id if charge.session else "", "order_curr": charge.currency,
        "order_amt": to_major(charge.amount, charge.currency), "order_status": word(desk, charge),
        "error_desc": "", "error_code": "",
    }


def _listed(one: Refund) -> dict[str, str]:
    done = write_moment(one.created_at) if one.state == "processed" else ""
    return {
        "refund_amt": to_major(one.amount, one.charge.currency), "refund_issue_date": write_moment(one.created_at),
        "refund_processed_on": "", "refund_completion_date": done, "refund_bank_ref_no": "2492",
        "refund_mer_ref_no": one.key or one.id, "refund_status": str(one.data.get("word", _STATES[one.state])),
    }
