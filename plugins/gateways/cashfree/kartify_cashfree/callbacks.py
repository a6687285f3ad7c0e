"""The browser's return: nothing in it is signed, so it proves nothing and names only what to ask about."""

from __future__ import annotations

from kartify.plugin import Callback, CallbackKey, Inbound, PaymentRef, Refused, Unreadable
from kartify_cashfree import ids
from kartify_cashfree.reports import REFERENCE


def fields_of(message: Inbound) -> dict[str, str]:
    form = message.form() if message.method.upper() == "POST" else {}
    return {**form, **message.params()}


def callback_key(message: Inbound) -> CallbackKey:
    """Raises ``Unreadable`` where it names no order. A placeholder that was not filled in is no id."""
    fields = fields_of(message)
    order, reference = ids.order_id(fields.get("order_id")), ids.reference(fields.get(REFERENCE))
    if not (order or reference):
        raise Unreadable("the return names no order")
    return CallbackKey(gateway_order_id=order, reference=reference)


def read_callback(message: Inbound, payment: PaymentRef) -> Callback:
    """Success, failure and cancel come to the same address. Raises ``Refused`` where it names another order."""
    key = callback_key(message)
    if key.gateway_order_id not in (None, payment.gateway_order_id or payment.reference):
        raise Refused("the return is about another order")
    if key.reference not in (None, payment.reference):
        raise Refused("the return is about another payment")
    return Callback(proved=False, outcome="unknown")
