"""Refunds: once per key. Juspay keeps ``unique_request_id``; it is at most 20 letters and digits, so a longer key goes
by its digest."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

from kartify.plugin import Money, Permanent, RefundAnswer, Temporary, Unreadable, to_major
from kartify_juspay import ids
from kartify_juspay.api import Api, Said
from kartify_juspay.lookup import fetch
from kartify_juspay.reports import attempt_of, minor
from kartify_juspay.wire import Order, Refund

_KEY = re.compile(r"[A-Za-z0-9_-]{10,40}\Z")
_SHORT = re.compile(r"[A-Za-z0-9]{10,20}\Z")
_SMALLEST = 100
_TWICE = "duplicate.call"
_PAUSE = 6.0


def name_of(key: str) -> str:
    if not _KEY.match(key):
        raise Permanent("a refund key is 10 to 40 of letters, digits, - and _", field="key")
    return key if _SHORT.match(key) else "K" + hashlib.sha256(key.encode()).hexdigest()[:19]


def refund(api: Api, charge_id: str, amount: Money, *, key: str) -> RefundAnswer:
    name, (txn_id, order_id) = name_of(key), ids.parts(charge_id)
    if amount.minor < _SMALLEST:
        raise Permanent("Juspay refunds nothing below one rupee", field="amount")
    order = fetch(api, order_id)
    if order.currency != amount.currency:
        raise Permanent(f"this order is in {order.currency}, not in {amount.currency}", field="currency")
    known = _named(order, name)
    return known or _made(_call(api, order, txn_id, name=name, amount=amount), name)


def refund_status(api: Api, charge_id: str, *, key: str) -> RefundAnswer | None:
    name, (txn_id, order_id) = name_of(key), ids.parts(charge_id)
    order = fetch(api, order_id)
    found = _named(order, name)
    if found is None and not _tells_of(order, txn_id):
        # The list of refunds is that of the attempt that is told of.
        raise Permanent("Juspay now tells of another attempt of this order: look for the refund in its dashboard",
                        field="gateway_payment_id")
    return found


def _call(api: Api, order: Order, txn_id: str, *, name: str, amount: Money) -> Order:
    """By order where it tells of this attempt; else by transaction, so that no other one is refunded instead."""
    form = {"unique_request_id": name, "amount": to_major(amount.minor, amount.currency)}
    try:
        if _tells_of(order, txn_id):
            return api.post_form(Order, f"/orders/{order.order_id}/refunds", form)
        return api.post_form(Order, "/refunds", {**form, "txn_id": txn_id})
    except Said as problem:
        if problem.code != _TWICE:
            raise
    again = fetch(api, order.order_id)
    if _named(again, name) is None:
        raise Temporary("Juspay takes one refund of a sum within 5 seconds: this one is asked for again later",
                        sent=False, retry_after=_PAUSE)
    return again


def _tells_of(order: Order, txn_id: str) -> bool:
    attempt = attempt_of(order)
    return attempt is not None and attempt.txn_id == txn_id


def _made(order: Order, name: str) -> RefundAnswer:
    found = _named(order, name)
    if found is None:
        raise Temporary("Juspay's answer does not tell of the refund that was asked for")
    return found


def _named(order: Order, name: str) -> RefundAnswer | None:
    found = next((one for one in order.refunds if one.unique_request_id == name), None)
    return None if found is None else _answer(found, name, order.currency or "INR")


def _answer(told: Refund, name: str, currency: str) -> RefundAnswer:
    try:
        amount = minor(told.amount, currency)
    except Unreadable as problem:
        raise Temporary(f"Juspay's answer cannot be read: {problem}") from None
    said = f"{told.status}: {told.error_message}" if told.status == "FAILURE" and told.error_message else told.status
    return RefundAnswer(gateway_refund_id=name, state=_state(told.status), amount=amount, word=said)


def _state(word: str) -> Literal["pending", "processed", "failed"]:
    """MANUAL_REVIEW is Juspay's to solve; an unknown word is not money back."""
    if word == "SUCCESS":
        return "processed"
    return "failed" if word == "FAILURE" else "pending"
