"""Asking about one payment: Juspay answers with the order and with the one attempt that counts, the successful one or
else the last."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from kartify.plugin import ChargeState, PaymentAnswer, PaymentRef, Permanent, Report, Temporary, Unreadable
from kartify_juspay.api import Api, UnknownOrder
from kartify_juspay.ids import require_order
from kartify_juspay.reports import report_of
from kartify_juspay.statuses import NOT_FOUND, UNTRIED, state_of
from kartify_juspay.wire import Order

NOT_KNOWN = PaymentAnswer(found=False, word="unknown to Juspay")


def fetch(api: Api, order_id: str) -> Order:
    """Raises ``UnknownOrder``, and what a call raises."""
    order = api.get(Order, f"/orders/{quote(require_order(order_id), safe='')}")
    if order.status == NOT_FOUND or order.status_id == 40:
        raise UnknownOrder("Juspay knows no such order", code=NOT_FOUND, field="order_id")
    if order.order_id != order_id:
        raise Temporary("Juspay answered about another order than it was asked for")
    return order


def ask(api: Api, payment: PaymentRef, *, release_after: timedelta) -> PaymentAnswer:
    order_id = payment.gateway_order_id or payment.reference
    try:
        order = fetch(api, order_id)
    except UnknownOrder:
        return _missing(payment)
    return PaymentAnswer(reports=_reports(order, payment, release_after), word=order.status or "no word")


def _missing(payment: PaymentRef) -> PaymentAnswer:
    """An order that brought charges cannot be unknown: then the keys are of another merchant or world."""
    if payment.gateway_payment_ids:
        raise Permanent("these keys do not know an order that has payments", field="gateway_order_id")
    return NOT_KNOWN


def _reports(order: Order, payment: PaymentRef, release_after: timedelta) -> tuple[Report, ...]:
    found = told(order, payment.reference, due=payment.amount.minor, release_after=release_after)
    if found is not None:
        return (found,)
    if order.status in UNTRIED:
        return ()
    # A word about an attempt, and no attempt: money without a name cannot be settled.
    state = state_of(order.status, order.status_id)
    quiet = state if state in (ChargeState.PENDING, ChargeState.FAILED) else ChargeState.UNKNOWN
    return (
        Report(state=quiet, word=order.status, gateway_order_id=order.order_id, reference=payment.reference,
               detail="Juspay names no transaction"),
    )  # fmt: skip


def told(order: Order, reference: str, *, due: int | None, release_after: timedelta) -> Report | None:
    """Raises ``Temporary`` where a sum in the answer is none."""
    try:
        return report_of(order, reference=reference, due=due, release_after=release_after)
    except Unreadable as problem:
        raise Temporary(f"Juspay's answer cannot be read: {problem}") from None
