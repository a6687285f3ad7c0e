"""Refunds: once per key, which is the merchant refund id. They belong to the order, not to the attempt that paid."""

from __future__ import annotations

import re
from typing import Literal

from kartify.plugin import Denied, Money, Permanent, RefundAnswer
from kartify_phonepe.api import Api, segment
from kartify_phonepe.orders import REFERENCE, check_amount
from kartify_phonepe.problems import UnknownRefund
from kartify_phonepe.wire import ID, Order, Refunded

_KEY = re.compile(r"[A-Za-z0-9_-]{10,40}\Z")


def refund(api: Api, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
    """There is no document of what a repeated id is answered: where PhonePe refuses, its refund of that id is read."""
    check_amount(amount)
    merchant_order_id = _order_of(api, gateway_payment_id)
    body = {"merchantRefundId": _checked(key), "originalMerchantOrderId": merchant_order_id, "amount": amount.minor}
    try:
        return _answer(api.post(Refunded, "/payments/v2/refund", body), key)
    except Denied:
        raise
    except Permanent:
        known = _known(api, key)
        if known is None or known.original_merchant_order_id not in ("", merchant_order_id):
            raise
        return _answer(known, key)


def refund_status(api: Api, *, key: str) -> RefundAnswer | None:
    known = _status(api, key)
    return None if known is None else _answer(known, key)


def _known(api: Api, key: str) -> Refunded | None:
    """None where its status cannot be told: the refusal itself says more then."""
    try:
        return _status(api, key)
    except Denied:
        raise
    except Permanent:
        return None


def _status(api: Api, key: str) -> Refunded | None:
    """None where PhonePe surely has no such refund."""
    try:
        found = api.get(Refunded, f"/payments/v2/refund/{_checked(key)}/status")
    except UnknownRefund:
        return None
    if found.merchant_refund_id not in ("", key):
        raise Permanent("PhonePe answered about another refund than the one it was asked about", field="key")
    return found


def _order_of(api: Api, gateway_payment_id: str) -> str:
    """The merchant order id of an attempt: in newer answers by name, in all as the note that we gave to the order."""
    path = f"/checkout/v2/transaction/{segment(gateway_payment_id, 'gateway_payment_id')}/status"
    order = api.get(Order, path)
    if any(one.transaction_id != gateway_payment_id for one in order.payment_details):
        raise Permanent("PhonePe answered about another payment", field="gateway_payment_id")
    found = order.merchant_order_id or order.meta_info.get(REFERENCE, "")
    if not ID.match(found):
        raise Permanent(
            "PhonePe does not say to which order this payment belongs: refund it in its dashboard",
            field="gateway_payment_id",
        )
    return found


def _checked(key: str) -> str:
    if not _KEY.match(key):
        raise Permanent("a refund key is 10 to 40 of letters, digits, - and _", field="key")
    return key


def _answer(told: Refunded, key: str) -> RefundAnswer:
    name = told.refund_id or key
    return RefundAnswer(gateway_refund_id=name, state=_state(told.state), amount=told.amount, word=told.state)


def _state(word: str) -> Literal["pending", "processed", "failed"]:
    """CONFIRMED is not final; an unknown word is not money back."""
    if word == "COMPLETED":
        return "processed"
    return "failed" if word == "FAILED" else "pending"
