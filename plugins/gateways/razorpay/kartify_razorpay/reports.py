"""From a Razorpay payment to a kartify report.

``status`` tells, never the flag ``captured`` (documented samples hold a failed payment with ``captured: true``); but a
refunded payment that was never captured is an authorisation given back, not money that came and went.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from kartify.plugin import ChargeState, Report
from kartify_razorpay.wire import Order, Payment

REFERENCE = "kartify_reference"
AMOUNT = "kartify_amount"
_REFERENCE = re.compile(r"[A-Za-z0-9]{1,20}\Z")
_QUIET = {"created": ChargeState.PENDING, "failed": ChargeState.FAILED}
_PAID = frozenset({"captured", "refunded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known besides the payment. ``refunded``: what surely went back; None takes the payment's own word.
    ``at``: the moment of the news; None where the answer only describes the present."""

    reference: str | None = None
    at: datetime | None = None
    refunded: int | None = None
    release_after: timedelta = timedelta(hours=72)
    fee: int = 0
    discount: int = 0


def returned(payment: Payment) -> int:
    """What the payment itself says was refunded; refunds under way are in it."""
    whole = payment.status == "refunded" or payment.refund_status == "full"
    return payment.amount if whole else min(payment.amount, payment.amount_refunded)


def is_void(payment: Payment) -> bool:
    return payment.status == "refunded" and payment.captured is False


def is_money(payment: Payment) -> bool:
    """Captured, whatever went back since."""
    return payment.status in _PAID and not is_void(payment) and payment.amount > 0


def state_of(payment: Payment, refunded: int) -> ChargeState:
    """An unknown word is never paid."""
    if is_void(payment):
        return ChargeState.VOIDED
    if is_money(payment):
        if not refunded:
            return ChargeState.CAPTURED
        return ChargeState.REFUNDED if refunded >= payment.amount else ChargeState.PARTIALLY_REFUNDED
    if payment.status == "authorized" and payment.amount:
        return ChargeState.AUTHORIZED
    return _QUIET.get(payment.status, ChargeState.UNKNOWN)


def report_of(payment: Payment, told: Told) -> Report:
    refunded = returned(payment) if told.refunded is None else told.refunded
    state = state_of(payment, refunded)
    money = is_money(payment)
    return Report(
        state=state,
        word=payment.status,
        gateway_order_id=payment.order_id,
        gateway_payment_id=payment.id,
        reference=told.reference,
        currency=payment.currency,
        authorized=payment.amount if state is ChargeState.AUTHORIZED else 0,
        captured=payment.amount if money else 0,
        refunded=refunded if money else 0,
        fee=told.fee if money else 0,
        discount=told.discount if money else 0,
        at=told.at or _created(payment, state),
        method=payment.method,
        detail=_detail(payment, state),
        release_at=_release(payment, state, told.release_after),
    )


def _created(payment: Payment, state: ChargeState) -> datetime | None:
    """An answer gives no moment but the payment's creation. It stands for *failed* and *pending*, so that neither
    looks newer than a capture that came between the asking and our clock; money has no moment, our clock stands in."""
    return payment.created_at if state in (ChargeState.FAILED, ChargeState.PENDING) else None


def _release(payment: Payment, state: ChargeState, after: timedelta) -> datetime | None:
    return payment.created_at + after if state is ChargeState.AUTHORIZED and payment.created_at else None


def _detail(payment: Payment, state: ChargeState) -> str | None:
    if state is ChargeState.FAILED:
        return payment.error_description or payment.error_reason
    if state is ChargeState.VOIDED:
        return "authorised, never captured, given back"
    return f"unknown status '{payment.status}'" if state is ChargeState.UNKNOWN else None


def reference_of(payment: Payment | None, order: Order | None, other: Mapping[str, str | None]) -> str | None:
    """Our reference. What our server gave to the order counts before what came through the browser."""
    found = (
        order.notes.get(REFERENCE) if order else None,
        order.receipt if order else None,
        payment.notes.get(REFERENCE) if payment else None,
        other.get(REFERENCE),
        other.get("reference_id"),
    )
    return next((text for text in found if text and _REFERENCE.match(text)), None)


def declared(order: Order, payment: Payment, others: tuple[Payment, ...], due: int) -> tuple[int, int]:
    """(fee, discount) that Razorpay declares, where its own order makes it certain; else nothing.

    Certain: the order asks for what we asked, Razorpay calls it paid, and this is its only captured payment. Then a
    higher payment is the customer-pays-fee model when the order's own sum is paid, and a lower one is an offer when
    the order names one. An underpayment without an offer stays one.
    """
    alone = [other.id for other in others if is_money(other)] == [payment.id]
    paid = order.status == "paid" and order.amount == due and order.currency == payment.currency
    if not (alone and paid and payment.order_id in (None, order.id)):
        return 0, 0
    difference = payment.amount - order.amount
    if difference > 0 and order.amount_paid == order.amount and not order.amount_due:
        return difference, 0
    if difference < 0 and order.offer_id and order.amount_paid in (order.amount, payment.amount):
        return 0, -difference
    return 0, 0
