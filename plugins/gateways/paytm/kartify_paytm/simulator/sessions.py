"""Initiate Transaction and the order status, as the stand-in answers them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

from flask import Response, request

from kartify.plugin import to_major
from kartify.simulation import Charge, Session
from kartify_paytm.moments import write_date
from kartify_paytm.simulator.desk import Desk, Wrong
from kartify_paytm.simulator.messages import CODES, txn_id
from kartify_paytm.wire import paise

TOKEN_LIFE: Final = timedelta(minutes=15)
_ORDER: Final = re.compile(r"[A-Za-z0-9@._-]{1,50}\Z")
_AMOUNT: Final = re.compile(r"[0-9]+\.[0-9]{2}\Z")
_CODES: Final = {"checksum": "2005", "mid": "2006"}


def initiate(desk: Desk) -> Response:
    try:
        body, text = desk.read()
        session, repeated = _session(desk, body, text)
    except Wrong as wrong:
        return desk.answer({}, status="F", code=_CODES.get(wrong.code, wrong.code), text=wrong.text)
    told = {"txnToken": session.data["token"], "isPromoCodeValid": False, "authenticated": False}
    word = ("0002", "Success Idempotent") if repeated else ("0000", "Success")
    return desk.answer(told, status="S", code=word[0], text=word[1])


def _session(desk: Desk, body: dict[str, Any], text: str) -> tuple[Session, bool]:
    _check(desk, body)
    order = body["orderId"]
    known = desk.book.sessions.get(order)
    if known is not None:
        # An order id is single use: not for other data, not once a transaction was made, not when its token died.
        stale = desk.book.now() - known.created_at > TOKEN_LIFE
        if desk.used.get(order) != text or stale or desk.book.charges_of(order):
            raise Wrong("2023", "Repeat Request Inconsistent")
        return known, True
    desk.used[order] = text
    made = Session(
        id=order, reference=order, amount=paise(body["txnAmount"]["value"]), currency="INR",
        callback_url=body["callbackUrl"], created_at=desk.book.now(), data={"token": desk.book.new_id("tok", 32)},
    )
    return desk.book.open(made), False


def _check(desk: Desk, body: dict[str, Any]) -> None:
    """Raises ``Wrong``, in the order in which Paytm looks."""
    if request.args.get("mid") != desk.mid:
        raise Wrong("2013", "Mid in the query param doesn't match with the Mid send in the request")
    if request.args.get("orderId") != body.get("orderId"):
        raise Wrong("2014", "OrderId in the query param doesn't match with the OrderId send in the request")
    amount = body.get("txnAmount")
    if not isinstance(amount, dict) or amount.get("currency") != "INR":
        raise Wrong("2007", "Txn amount is invalid")
    if not _AMOUNT.match(str(amount.get("value"))) or paise(amount["value"]) <= 0:
        raise Wrong("2007", "Txn amount is invalid")
    if not _ORDER.match(str(body.get("orderId"))) or body.get("requestType") != "Payment":
        raise Wrong("1001", "Request parameters are not valid")
    if not body.get("callbackUrl") or not (body.get("userInfo") or {}).get("custId"):
        raise Wrong("1007", "Missing mandatory element")
    if body.get("websiteName") != "WEBSTAGING":
        raise Wrong("501", "System Error")


def order_status(desk: Desk) -> Response:
    try:
        body, _ = desk.read()
    except Wrong as wrong:
        code = {"checksum": "330", "mid": "335"}.get(wrong.code, "334")
        return desk.answer({}, status="TXN_FAILURE", code=code, text=wrong.text)
    order = str(body.get("orderId"))
    if not _ORDER.match(order):
        return desk.answer({"mid": desk.mid}, status="TXN_FAILURE", code="334", text="Invalid Order ID")
    shown = shown_charge(desk, order)
    if shown is None:
        return desk.answer({}, status="NO_RECORD_FOUND", code="331", text="No Record Found")
    word, code, text, kind = CODES[shown.state]
    return desk.answer(
        {**_transaction(desk, shown, order), "txnType": shown.data.get("txn_type", kind)},
        status=shown.data.get("word", word), code=shown.data.get("result_code", code), text=text,
    )


def shown_charge(desk: Desk, order: str) -> Charge | None:
    """One order, one payment: money where there is any, else the last attempt."""
    charges = desk.book.charges_of(order)
    held = [one for one in charges if one.state in ("captured", "authorized", "voided")]
    return held[0] if held else charges[-1] if charges else None


def _transaction(desk: Desk, charge: Charge, order: str) -> dict[str, str]:
    return {
        "txnId": txn_id(charge),
        "bankTxnId": str(charge.data.get("bank_txn_id", "")),
        "orderId": order,
        "txnAmount": to_major(charge.amount, charge.currency),
        "gatewayName": "PPBLC",
        "bankName": "",
        "mid": desk.mid,
        "paymentMode": charge.method.upper(),
        "refundAmt": to_major(charge.refunded, charge.currency),
        "txnDate": write_date(charge.created_at),
    }
