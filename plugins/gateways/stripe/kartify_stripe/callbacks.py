"""The browser's return: nothing signs it, so it proves nothing, and the gateway is asked."""

from __future__ import annotations

from kartify.plugin import Callback, CallbackKey, Inbound, PaymentRef, Refused, Unreadable
from kartify_stripe import ids
from kartify_stripe.opening import CANCELLED, SESSION_ID

# Where the shop's own page confirmed an intent, Stripe's script adds this.
_INTENT = "payment_intent"


def callback_key(message: Inbound) -> CallbackKey:
    given = message.params()
    name, reference = _name(given), ids.reference(given.get(ids.REFERENCE))
    if name is None and reference is None:
        raise Unreadable("the return names no payment")
    return CallbackKey(gateway_order_id=name, reference=reference)


def read_callback(message: Inbound, payment: PaymentRef) -> Callback:
    """Raises ``Refused`` where it names another session than the payment's."""
    given = message.params()
    name = _name(given)
    if name is not None and payment.gateway_order_id is not None and name != payment.gateway_order_id:
        raise Refused("the return is about another session")
    if ids.reference(given.get(ids.REFERENCE)) not in (None, payment.reference):
        raise Refused("the return is about another payment")
    # The page stays open behind the customer who went back: only "do not wait" follows from it.
    cancelled = name is None and given.get(CANCELLED) == "1"
    return Callback(proved=False, outcome="cancelled" if cancelled else "unknown")


def _name(given: dict[str, str]) -> str | None:
    found = given.get(SESSION_ID) or given.get(_INTENT)
    return found if ids.is_id(found) else None
