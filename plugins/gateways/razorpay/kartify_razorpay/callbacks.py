"""The browser's return: a signature proves that a payment belongs to our order and was authorised, never its amount.

Failures and cancellations are unsigned: hints, and a reason to ask.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kartify.plugin import Callback, CallbackKey, Inbound, PaymentRef, Refused, Unreadable, read_json
from kartify_razorpay.reports import REFERENCE
from kartify_razorpay.settings import RazorpaySettings
from kartify_razorpay.signing import check

_ID = re.compile(r"[A-Za-z0-9_]{1,64}\Z")
_LINK = ("razorpay_payment_link_id", "razorpay_payment_link_reference_id", "razorpay_payment_link_status")
_CANCELLED = frozenset({"payment_cancelled", "payment_canceled"})


def fields_of(message: Inbound) -> dict[str, str]:
    """Query and form together; the form wins, since our own parameters stand in the query."""
    form = message.form() if message.method.upper() == "POST" else {}
    return {**message.params(), **form}


def callback_key(message: Inbound) -> CallbackKey:
    fields = fields_of(message)
    order_id = _id(fields.get("razorpay_order_id")) or _metadata(fields).get("order_id")
    reference = _id(fields.get("razorpay_payment_link_reference_id")) or _id(fields.get(REFERENCE))
    if not (order_id or reference):
        raise Unreadable("the return names no order")
    return CallbackKey(gateway_order_id=order_id, reference=reference)


def read_callback(message: Inbound, payment: PaymentRef, settings: RazorpaySettings) -> Callback:
    """Raises ``Refused`` when a signature is there and wrong, or when it is about another order."""
    fields = fields_of(message)
    payment_id = _id(fields.get("razorpay_payment_id"))
    if "razorpay_signature" not in fields:
        return _hint(message, fields, payment_id)
    if payment_id is None:
        raise Refused("a signed return without a payment id")
    signed = _signed_link(fields, payment, payment_id) if _LINK[0] in fields else _signed(fields, payment, payment_id)
    if signed is None:
        return Callback(proved=False, outcome="unknown", gateway_payment_id=payment_id)
    check(signed.encode(), fields["razorpay_signature"], settings.key_secret.get_secret_value())
    return Callback(proved=True, outcome="success", gateway_payment_id=payment_id)


def _signed(fields: Mapping[str, str], payment: PaymentRef, payment_id: str) -> str | None:
    """What must have been signed, with the order id of *our* row; None while we have none."""
    ours = payment.gateway_order_id
    if ours is not None and fields.get("razorpay_order_id", ours) != ours:
        raise Refused("the return is about another order")
    return None if ours is None else f"{ours}|{payment_id}"


def _signed_link(fields: Mapping[str, str], payment: PaymentRef, payment_id: str) -> str:
    link_id, reference, status = (fields.get(name, "") for name in _LINK)
    if reference != payment.reference or status != "paid":
        raise Refused("the return is about another payment link, or one that is not paid")
    return f"{link_id}|{reference}|{status}|{payment_id}"


def _hint(message: Inbound, fields: Mapping[str, str], payment_id: str | None) -> Callback:
    failed = "error[code]" in fields or "error[reason]" in fields
    named = payment_id or _metadata(fields).get("payment_id")
    if failed:
        cancelled = fields.get("error[reason]") in _CANCELLED
        return Callback(proved=False, outcome="cancelled" if cancelled else "failure", gateway_payment_id=named)
    left = message.method.upper() == "GET" and named is None
    return Callback(proved=False, outcome="cancelled" if left else "unknown", gateway_payment_id=named)


def _metadata(fields: Mapping[str, str]) -> dict[str, str]:
    """The ids of a failed attempt: fields of their own, or JSON in one field."""
    found: dict[str, str | None] = {
        name: _id(fields.get(f"error[metadata][{name}]")) for name in ("order_id", "payment_id")
    }
    try:
        packed = read_json(fields.get("error[metadata]", "{}").encode("utf-8", "replace"))
    except Unreadable:
        packed = {}
    for name in found:
        if found[name] is None and isinstance(packed, Mapping):
            found[name] = _id(packed.get(name))
    return {name: value for name, value in found.items() if value}


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and _ID.match(value) else None
