"""Disputes: a bank takes money back, or may. Told by webhooks only."""

from __future__ import annotations

from typing import Final

from kartify.plugin import ChargeState, Dispute, Report
from kartify_cashfree import ids
from kartify_cashfree.news import DisputeTold, Event
from kartify_cashfree.wire import minor

DISPUTES: Final = frozenset({"DISPUTE_CREATED", "DISPUTE_UPDATED", "DISPUTE_CLOSED"})
_LOST: Final = ("_MERCHANT_LOST", "_MERCHANT_ACCEPTED", "_INSUFFICIENT_EVIDENCE")
# The bank only asks for papers: no money moves.
_HARMLESS: Final = "RETRIEVAL"


def disputed(event: Event) -> Report | None:
    """None where the message does not name the charge with its sum."""
    dispute, told = event.data.dispute, event.data.order_details
    order = ids.order_id(told.order_id)
    if dispute is None or order is None or told.cf_payment_id is None:
        return None
    if told.payment_currency is None or not told.payment_amount:
        return None
    captured = minor(told.payment_amount, told.payment_currency)
    closed = event.type == "DISPUTE_CLOSED"
    return Report(
        state=ChargeState.DISPUTED,
        word=dispute.dispute_status,
        gateway_order_id=order,
        gateway_payment_id=ids.charge_id(told.cf_payment_id, order),
        reference=ids.reference(order),
        currency=told.payment_currency,
        captured=captured,
        at=event.event_time,
        detail=dispute.reason_description,
        dispute=Dispute(
            deadline=None if closed else dispute.respond_by,
            lost=_lost(dispute, captured, told.payment_currency) if closed else 0,
            closed=closed,
        ),
    )


def _lost(dispute: DisputeTold, captured: int, currency: str) -> int:
    """What the bank took; in another currency than the payment's it is taken for all of it until a person looked."""
    if not dispute.dispute_status.endswith(_LOST) or dispute.dispute_type.upper() == _HARMLESS:
        return 0
    if dispute.dispute_amount_currency not in (None, currency):
        return captured
    return min(captured, minor(dispute.dispute_amount, currency))
