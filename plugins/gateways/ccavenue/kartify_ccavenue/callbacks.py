"""The browser's return: a form, encrypted and unsigned.

Such a text can be put together from pieces of genuine ones (the customer's own, say), so it is never a report. It tells
what the customer may be shown; the status call tells the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from kartify.plugin import Callback, CallbackKey, Inbound, Invalid, PaymentRef, Refused, Unreadable, from_major
from kartify_ccavenue import ids, inbound
from kartify_ccavenue.settings import CCAvenueSettings

Outcome = Literal["success", "failure", "cancelled", "unknown"]
_OUTCOMES: Final[dict[str, Outcome]] = {
    "Success": "success", "Failure": "failure", "Aborted": "cancelled", "Invalid": "failure", "Timeout": "failure",
}
_KNOWN: Final = frozenset({
    "order_id", "tracking_id", "bank_ref_no", "order_status", "failure_message", "payment_mode", "card_name",
    "status_code", "status_message", "currency", "amount", "mer_amount", "vault", "offer_type", "offer_code",
    "discount_value", "eci_value", "retry", "response_code", "trans_date", "bin_country", "bin_supported",
    "billing_notes", "trans_fee", "service_tax", "customer_card_id", "sub_account_id", "auth_ref_num",
})  # fmt: skip
_ECHOED: Final = ("billing_", "delivery_", "merchant_param")


def callback_key(message: Inbound, settings: CCAvenueSettings) -> CallbackKey:
    """By the number in clear, else by the one inside: unproved both. Raises ``Unreadable``."""
    order = ids.order_id(inbound.clear(message, "orderNo", "order_no"))
    if order is None:
        try:
            order = ids.order_id(inbound.opened(message, settings)[0].get("order_id"))
        except Refused:
            order = None
    if order is None:
        raise Unreadable("the return names no order")
    return CallbackKey(gateway_order_id=order, reference=order if ids.OURS.match(order) else None)


def read_callback(message: Inbound, payment: PaymentRef, settings: CCAvenueSettings) -> Callback:
    """Raises ``Refused`` where it does not decrypt, or is about another order."""
    told, _ = inbound.opened(message, settings)
    order = payment.gateway_order_id or payment.reference
    outside = inbound.clear(message, "orderNo", "order_no")
    if told.get("order_id") != order or outside not in ("", order):
        raise Refused("the return is about another order")
    outcome = _OUTCOMES.get(told.get("order_status", ""), "unknown")
    if not _fits(told, payment) or not _familiar(told):
        outcome = "unknown"
    return Callback(proved=False, outcome=outcome, gateway_payment_id=ids.charge_id(told.get("tracking_id")))


def _familiar(told: Mapping[str, str]) -> bool:
    """A name that CCAvenue never gave is a sign of a text that was put together."""
    return all(name in _KNOWN or name.startswith(_ECHOED) for name in told)


def _fits(told: Mapping[str, str], payment: PaymentRef) -> bool:
    """Whether the sum that was asked for is our payment's: ``mer_amount``, else what was paid and the discount."""
    currency = payment.amount.currency
    if told.get("currency") != currency:
        return False
    try:
        if told.get("mer_amount"):
            asked = from_major(told["mer_amount"], currency)
        else:
            discount = from_major(told.get("discount_value") or "0", currency)
            asked = from_major(told.get("amount", ""), currency) + discount
    except Invalid:
        return False
    return asked == payment.amount.minor
