"""The browser's return: a form whose hash proves status, sum and txnid, and nothing else.

Whether the money is captured or only authorised, what was paid in the end, and PayU's own id are outside of the hash.
So it is never a report: it tells what the customer may be shown, and the look-up tells the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from kartify.plugin import Callback, CallbackKey, Inbound, Invalid, PaymentRef, Refused, Unreadable, from_major
from kartify_payu import ids, inbound
from kartify_payu.settings import PayUSettings
from kartify_payu.wire import CURRENCY

Outcome = Literal["success", "failure", "cancelled", "unknown"]
_OUTCOMES: Final[dict[str, Outcome]] = {"success": "success", "failure": "failure"}
_CANCELLED: Final = "usercancelled"


def callback_key(message: Inbound, settings: PayUSettings) -> CallbackKey:
    """By the txnid, unproved. Raises ``Unreadable``."""
    order = ids.txnid(inbound.fields_of(message).get("txnid"))
    if order is None:
        raise Unreadable("the return names no payment")
    ours = order.removeprefix(settings.id_prefix) if order.startswith(settings.id_prefix) else ""
    return CallbackKey(gateway_order_id=order, reference=ours if ids.OURS.match(ours) else None)


def read_callback(message: Inbound, payment: PaymentRef, settings: PayUSettings) -> Callback:
    """Raises ``Refused`` where the hash is wrong, or where it is about another payment."""
    told = inbound.fields_of(message)
    if told.get("txnid") != (payment.gateway_order_id or settings.id_prefix + payment.reference):
        raise Refused("the return is about another payment")
    if not told.get("hash"):
        return Callback(proved=False, outcome="unknown")
    inbound.check(told, settings)
    if not _fits(told, payment):
        return Callback(proved=False, outcome="unknown")
    return Callback(proved=True, outcome=_outcome(told))


def _outcome(told: Mapping[str, str]) -> Outcome:
    """By the status, which is proved; that the customer left by himself only colours a proved failure."""
    outcome = _OUTCOMES.get(told.get("status", ""), "unknown")
    left = outcome == "failure" and told.get("unmappedstatus", "").lower() == _CANCELLED
    return "cancelled" if left else outcome


def _fits(told: Mapping[str, str], payment: PaymentRef) -> bool:
    """Whether the sum that was asked for is our payment's. What was paid in the end is not proved."""
    try:
        asked = from_major(told.get("amount", ""), CURRENCY)
    except Invalid:
        return False
    return (asked, CURRENCY) == (payment.amount.minor, payment.amount.currency)
