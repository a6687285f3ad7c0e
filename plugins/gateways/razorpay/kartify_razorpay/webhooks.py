"""From a webhook's bytes to reports, or to a reason to ask.

A webhook is a snapshot of its moment. Where it cannot prove the whole of what a report says (a refund under way, a sum
that differs from the order's, another merchant's account), it is only a reason to ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kartify.plugin import ChargeState, Dispute, Inbound, Report, Unreadable, Webhook, event_key, read_json
from kartify_razorpay.reports import (
    AMOUNT,
    REFERENCE,
    Told,
    is_money,
    is_void,
    reference_of,
    report_of,
    returned,
)
from kartify_razorpay.settings import RazorpaySettings
from kartify_razorpay.wire import DisputeEntity, Event, Order, Payment, clean, read

EVENT_ID_HEADER = "x-razorpay-event-id"

EVENTS = frozenset(
    {
        "payment.authorized", "payment.captured", "payment.failed", "order.paid",
        "refund.created", "refund.processed", "refund.failed", "refund.speed_changed",
        "payment.dispute.created", "payment.dispute.under_review", "payment.dispute.action_required",
        "payment.dispute.won", "payment.dispute.lost", "payment.dispute.closed",
        "payment_link.paid", "payment_link.partially_paid", "payment_link.cancelled", "payment_link.expired",
    }
)  # fmt: skip
_CLOSED = frozenset({"won", "lost", "closed"})


def read_webhook(message: Inbound, settings: RazorpaySettings) -> Webhook:
    """Reads a verified webhook. Raises ``Unreadable``."""
    data = read_json(message.body)
    if not isinstance(data, Mapping):
        raise Unreadable("a webhook is a JSON object")
    name = clean(data.get("event"))
    if not name:
        raise Unreadable("the webhook names no event")
    key = event_key(message.header(EVENT_ID_HEADER), message.body)
    if name not in EVENTS:
        return Webhook(key=key, event=name, ignored=f"event '{name}' is not one that kartify acts on")
    return _follow(Webhook(key=key, event=name), read(Event, data), settings)


def _follow(webhook: Webhook, event: Event, settings: RazorpaySettings) -> Webhook:
    payment, order = event.payload.payment, _order_of(event)
    reference = _reference(event, order)
    doubt = _doubt(event, payment, order, settings)
    if payment is None or doubt:
        return _ask(webhook, event, reference, doubt or "it names no payment")
    return replace(webhook, reports=(_report(event, payment, reference, settings),))


def _report(event: Event, payment: Payment, reference: str | None, settings: RazorpaySettings) -> Report:
    told = Told(reference=reference, at=event.created_at, release_after=settings.release_after)
    report = report_of(payment, told)
    if report.gateway_order_id is None and event.payload.order is not None:
        report = replace(report, gateway_order_id=event.payload.order.id)
    return report if event.payload.dispute is None else _disputed(report, payment, event.payload.dispute)


def _ask(webhook: Webhook, event: Event, reference: str | None, why: str) -> Webhook:
    parts = event.payload
    ids = (
        parts.payment.order_id if parts.payment else None,
        parts.order.id if parts.order else None,
        parts.payment_link.order_id if parts.payment_link else None,
    )
    found = next(filter(None, ids), None) or reference
    return replace(webhook, ask=(found,)) if found else replace(webhook, ignored=f"nothing to ask about: {why}")


def _order_of(event: Event) -> Order | None:
    """The order, unless it is another one than the payment's."""
    payment, order = event.payload.payment, event.payload.order
    if order is None or payment is None or payment.order_id in (None, order.id):
        return order
    return None


def _reference(event: Event, order: Order | None) -> str | None:
    link = event.payload.payment_link
    other = {REFERENCE: link.notes.get(REFERENCE), "reference_id": link.reference_id} if link else {}
    return reference_of(event.payload.payment, order, other)


def _doubt(event: Event, payment: Payment | None, order: Order | None, settings: RazorpaySettings) -> str | None:
    """Why this message alone proves too little."""
    if settings.merchant_id and event.account_id and event.account_id != settings.merchant_id:
        return "it is of another merchant's account"
    if payment is None:
        return None
    if event.payload.order is not None and order is None:
        return "its payment is of another order"
    # No answer of the API tells of disputes: what this message says of one must not wait for one.
    if is_void(payment) or event.payload.dispute is not None:
        return None
    about_refund = event.event.startswith("refund.") or is_money(payment)
    return (_refund_doubt(event, payment) if about_refund else None) or _amount_doubt(payment, order)


def _refund_doubt(event: Event, payment: Payment) -> str | None:
    """``amount_refunded`` counts refunds under way: it is certain only where one processed refund is all of it."""
    refund = event.payload.refund
    if refund is None:
        return "something was refunded, and this does not say if it is through" if returned(payment) else None
    through = refund.status == "processed" and refund.payment_id in (None, payment.id)
    return None if through and refund.amount == returned(payment) else "a refund is not the whole story"


def _amount_doubt(payment: Payment, order: Order | None) -> str | None:
    """Offers and the customer-pays-fee model make the payment differ from its order: only an answer of the API declares
    which. Without the order in the message, the sum that we noted on it stands in."""
    if not is_money(payment) and payment.status != "authorized":
        return None
    noted = payment.notes.get(AMOUNT, "")
    asked = order.amount if order else int(noted) if noted.isascii() and noted.isdigit() and len(noted) < 17 else None
    return None if asked in (None, payment.amount) else "its sum differs from the order's"


def _disputed(report: Report, payment: Payment, dispute: DisputeEntity) -> Report:
    state = ChargeState.DISPUTED if is_money(payment) and not report.refunded else report.state
    lost = _lost(payment, dispute) if dispute.status == "lost" else 0
    closed = dispute.status in _CLOSED
    told = Dispute(deadline=None if closed else dispute.respond_by, lost=lost, closed=closed)
    word = f"{payment.status}, dispute {dispute.status}"
    return replace(report, state=state, word=word, dispute=told, detail=dispute.reason_code or report.detail)


def _lost(payment: Payment, dispute: DisputeEntity) -> int:
    """What the bank took; in another currency than the payment's it is taken for all of it until a person looked."""
    if dispute.currency != payment.currency:
        return payment.amount
    return min(payment.amount, dispute.amount_deducted or dispute.amount)
