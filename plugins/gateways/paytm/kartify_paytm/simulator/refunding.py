"""Refunds, as the stand-in makes them: once per refId, never more than was paid."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response

from kartify.plugin import to_major
from kartify.simulation import Charge, Refund
from kartify_paytm.ids import charge_id
from kartify_paytm.simulator.desk import Desk, Wrong
from kartify_paytm.simulator.messages import REFUND_WORDS, txn_id
from kartify_paytm.wire import paise

_CODES = {"checksum": "330", "mid": "335"}


def apply(
    desk: Desk, *, takes: Literal["pending", "processed", "failed"], duplicates: Literal["same", "refused"]
) -> Response:
    try:
        body, _ = desk.read()
        return _applied(desk, body, takes, duplicates)
    except Wrong as wrong:
        return desk.answer({}, status="TXN_FAILURE", code=_CODES.get(wrong.code, wrong.code), text=wrong.text)


def _applied(
    desk: Desk, body: dict[str, Any], takes: Literal["pending", "processed", "failed"], duplicates: str
) -> Response:
    charge = desk.book.charges.get(charge_id(body.get("txnId"), str(body.get("orderId"))) or "")
    if charge is None or body.get("txnType") != "REFUND":
        raise Wrong("605", "Original transaction not found")
    key, amount = str(body.get("refId")), paise(body.get("refundAmount"))
    known = _known(charge, key)
    if known is not None and (duplicates == "refused" or known.amount != amount):
        raise Wrong("602", "Duplicate refId")
    if known is None and not 0 < amount <= charge.refundable:
        raise Wrong("617", "Refund amount is more than what is left of the transaction")
    made = known or desk.book.refund(Refund(
        id=desk.book.new_id("2026060211121280", 12), charge=charge, amount=amount, key=key, state=takes,
        created_at=desk.book.now(),
    ))  # fmt: skip
    return _told(desk, made)


def refund_state(desk: Desk) -> Response:
    try:
        body, _ = desk.read()
    except Wrong as wrong:
        return desk.answer({}, status="TXN_FAILURE", code=_CODES.get(wrong.code, wrong.code), text=wrong.text)
    for charge in desk.book.charges_of(str(body.get("orderId"))):
        known = _known(charge, str(body.get("refId")))
        if known is not None:
            return _told(desk, known)
    return desk.answer({"mid": desk.mid}, status="TXN_FAILURE", code="631", text="Record not found")


def _known(charge: Charge, key: str) -> Refund | None:
    return next((one for one in charge.refunds if one.key == key), None)


def _told(desk: Desk, refund: Refund) -> Response:
    charge = refund.charge
    word, code, text = REFUND_WORDS[refund.state]
    told = {
        "mid": desk.mid, "orderId": charge.session.id if charge.session else "", "txnId": txn_id(charge),
        "refId": refund.key, "refundId": refund.id, "txnAmount": to_major(charge.amount, charge.currency),
        "refundAmount": to_major(refund.amount, charge.currency),
        "totalRefundAmount": to_major(charge.refunded, charge.currency),
    }
    return desk.answer(told, status=refund.data.get("word", word), code=code, text=text)
