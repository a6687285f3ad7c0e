"""From a webhook's bytes to reports, or to a reason to ask.

The signature covers the whole body, so what the body says of an attempt is proved. It is only a reason to ask where the
body says too little: held money, a sum that differs from the order's, any refund (it names neither the payment's sum
nor the other refunds).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from kartify.plugin import Inbound, Report, Unreadable, Webhook, event_key, read_json
from kartify_cashfree import ids
from kartify_cashfree.disputes import DISPUTES, disputed
from kartify_cashfree.news import Data, Event, PaymentTold
from kartify_cashfree.reports import PRE_AUTH, QUIET, REFERENCE, Told, amount_of, currency_of, report_of
from kartify_cashfree.settings import CashfreeSettings
from kartify_cashfree.wire import clean, minor, read

KEY_HEADER: Final = "x-idempotency-key"
# Which word of the attempt each event must bring; another known word is a contradiction, and a reason to ask.
PAYMENTS: Final = {
    "PAYMENT_SUCCESS_WEBHOOK": "SUCCESS",
    "PAYMENT_FAILED_WEBHOOK": "FAILED",
    "PAYMENT_USER_DROPPED_WEBHOOK": "USER_DROPPED",
}
REFUNDS: Final = frozenset({"REFUND_STATUS_WEBHOOK", "AUTO_REFUND_STATUS_WEBHOOK"})


def read_webhook(message: Inbound, settings: CashfreeSettings) -> Webhook:
    """Reads a verified webhook. Raises ``Unreadable``."""
    data = read_json(message.body)
    if not isinstance(data, Mapping):
        raise Unreadable("a webhook is a JSON object")
    name = clean(data.get("type"))
    if not name:
        raise Unreadable("the webhook names no type")
    webhook = Webhook(key=event_key(message.header(KEY_HEADER), message.body), event=name)
    if name in PAYMENTS:
        return _payment(webhook, read(Event, data), settings)
    if name in DISPUTES:
        return _disputed(webhook, read(Event, data))
    if name in REFUNDS:
        return _refund(webhook, read(Event, data))
    return replace(webhook, ignored=f"event '{name}' is not one that kartify acts on")


def _payment(webhook: Webhook, event: Event, settings: CashfreeSettings) -> Webhook:
    order_id = ids.order_id(event.data.order.order_id)
    payment = event.data.payment
    if order_id is None or payment is None:
        return _ask(webhook, order_id)
    whole = _with_order(payment, event.data)
    if _doubt(webhook.event, whole, event.data, settings):
        return _ask(webhook, order_id)
    reference = _reference(event.data, order_id)
    told = Told(order_id=order_id, reference=reference, at=event.event_time, fee=_surcharge(whole))
    return replace(webhook, reports=(report_of(whole, told),))


def _with_order(payment: PaymentTold, data: Data) -> PaymentTold:
    """The order's sum and the error stand beside the attempt here, in the API's answers inside it."""
    return payment.model_copy(
        update={
            "order_amount": payment.order_amount if payment.order_amount is not None else data.order.order_amount,
            "order_currency": payment.order_currency or data.order.order_currency,
            "error_details": payment.error_details or data.error_details,
        }
    )


def _doubt(event: str, payment: PaymentTold, data: Data, settings: CashfreeSettings) -> bool:
    """Whether this message alone proves too little."""
    word = payment.payment_status
    if word != PAYMENTS[event] and (word in QUIET or word == "SUCCESS"):
        return True
    if payment.cf_payment_id is None or currency_of(payment) is None:
        return True
    return word == "SUCCESS" and (_may_be_held(payment, settings) or _sum_is_unclear(payment, data))


def _may_be_held(payment: PaymentTold, settings: CashfreeSettings) -> bool:
    """Held money comes as SUCCESS too, and not every version of the webhook says which it is."""
    if payment.is_captured is False or payment.authorization is not None:
        return True
    if (payment.payment_message or "").startswith(PRE_AUTH):
        return True
    return settings.pre_authorisation and payment.is_captured is not True


def _sum_is_unclear(payment: PaymentTold, data: Data) -> bool:
    """Offers take off and fees come on top: only a surcharge that explains the whole difference is taken as told."""
    if not amount_of(payment) or payment.order_amount is None or data.payment_offers:
        return True
    if payment.order_currency != currency_of(payment):
        return True
    ordered = minor(payment.order_amount, payment.order_currency or "")
    return amount_of(payment) != ordered + _surcharge(payment)


def _surcharge(payment: PaymentTold) -> int:
    """Minor units that the webhook declares as paid on top, where the two sums differ at all."""
    extra, currency = payment.payment_surcharge, currency_of(payment)
    if extra is None or currency is None or payment.payment_amount in (None, payment.order_amount):
        return 0
    parts = (extra.payment_surcharge_service_charge, extra.payment_surcharge_service_tax)
    return sum(minor(part, currency) for part in parts if part is not None)


def _reference(data: Data, order_id: str) -> str | None:
    """What our server gave to the order; an order id that can be a reference of ours is one."""
    return ids.reference(data.order.order_tags.get(REFERENCE)) or ids.reference(order_id)


def _refund(webhook: Webhook, event: Event) -> Webhook:
    told = event.data.refund or event.data.auto_refund
    return _ask(webhook, ids.order_id(told.order_id) if told else None)


def _disputed(webhook: Webhook, event: Event) -> Webhook:
    report: Report | None = disputed(event)
    if report is not None:
        return replace(webhook, reports=(report,))
    return _ask(webhook, ids.order_id(event.data.order_details.order_id))


def _ask(webhook: Webhook, order_id: str | None) -> Webhook:
    if order_id is None:
        return replace(webhook, ignored="it names no order to ask about")
    return replace(webhook, ask=(order_id,))
