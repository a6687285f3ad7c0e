"""From Cashfree's attempt to a kartify report.

``payment_status`` tells, never ``is_captured`` alone (documented samples hold a failed attempt with ``is_captured:
true``). SUCCESS with ``is_captured: false`` is money held, not money taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kartify.plugin import ChargeState, Report
from kartify_cashfree import ids
from kartify_cashfree.wire import Authorization, Payment, minor

REFERENCE: Final = "kartify_reference"
# CANCELLED: also a success that came after the time limit and went back by itself.
QUIET: Final = {
    "PENDING": ChargeState.PENDING,
    "NOT_ATTEMPTED": ChargeState.PENDING,
    "FAILED": ChargeState.FAILED,
    "USER_DROPPED": ChargeState.FAILED,
    "CANCELLED": ChargeState.FAILED,
    "VOID": ChargeState.VOIDED,
}
PRE_AUTH: Final = "PRE_AUTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known besides the attempt. ``refunded``: minor units that surely went back. ``at``: the moment of the
    news; None where the answer only describes the present. ``ended``: the order takes no new attempts."""

    order_id: str
    reference: str | None = None
    at: datetime | None = None
    refunded: int = 0
    fee: int = 0
    ended: bool = False
    release_after: timedelta = timedelta(hours=168)


def currency_of(payment: Payment) -> str | None:
    return payment.payment_currency or payment.order_currency


def amount_of(payment: Payment) -> int:
    """What the customer was asked for in this attempt, in minor units; 0 where it is not told."""
    currency = currency_of(payment)
    return minor(payment.payment_amount, currency) if currency and payment.payment_amount is not None else 0


def state_of(payment: Payment) -> ChargeState:
    """Without the refunds, which stand apart. An unknown word is never paid; neither is money without an id or sum."""
    if payment.payment_status != "SUCCESS":
        return QUIET.get(payment.payment_status, ChargeState.UNKNOWN)
    if payment.cf_payment_id is None or not amount_of(payment):
        return ChargeState.UNKNOWN
    done = payment.authorization or Authorization()
    if done.action == "VOID" and done.status == "SUCCESS":
        return ChargeState.VOIDED
    # A capture that is still under way is not one.
    held = payment.is_captured is False or done.status == "PENDING"
    unsaid = payment.is_captured is None and payment.authorization is not None and done.action != "CAPTURE"
    return ChargeState.AUTHORIZED if held or unsaid else ChargeState.CAPTURED


def captured_of(payment: Payment) -> int:
    """Minor units that were captured: of held money perhaps a part. 0 where nothing was."""
    if state_of(payment) is not ChargeState.CAPTURED:
        return 0
    done, whole, currency = payment.authorization, amount_of(payment), currency_of(payment)
    if done is None or done.captured_amount is None or done.action != "CAPTURE" or currency is None:
        return whole
    return min(whole, minor(done.captured_amount, currency)) or whole


def fee_of(payment: Payment) -> int:
    """What Cashfree declares the customer paid on top of the order's amount (its service-fee model), in an answer of
    its API that names both sums."""
    same = payment.order_currency in (None, currency_of(payment))
    if payment.order_amount is None or not same or captured_of(payment) != amount_of(payment):
        return 0
    currency = currency_of(payment)
    return max(0, amount_of(payment) - minor(payment.order_amount, currency)) if currency else 0


def report_of(payment: Payment, told: Told) -> Report:
    state, captured = state_of(payment), captured_of(payment)
    if captured and told.refunded:
        state = ChargeState.REFUNDED if told.refunded >= captured else ChargeState.PARTIALLY_REFUNDED
    if told.ended and payment.payment_status == "NOT_ATTEMPTED":
        state = ChargeState.FAILED  # never begun, and it can begin no more
    charge = payment.cf_payment_id and ids.charge_id(payment.cf_payment_id, told.order_id)
    held = state is ChargeState.AUTHORIZED
    return Report(
        state=state,
        word=_word(payment),
        gateway_order_id=told.order_id,
        gateway_payment_id=charge,
        reference=told.reference,
        currency=currency_of(payment),
        authorized=amount_of(payment) if held else 0,
        captured=captured,
        refunded=told.refunded if captured else 0,
        fee=told.fee if captured else 0,
        at=told.at or _at(payment, state),
        method=payment.payment_group,
        detail=_detail(payment, state),
        release_at=_release(payment, told.release_after) if held else None,
    )


def _word(payment: Payment) -> str:
    done = payment.authorization
    if done is None or not done.action:
        return payment.payment_status
    return f"{payment.payment_status}, {done.action} {done.status}".strip()


def _at(payment: Payment, state: ChargeState) -> datetime | None:
    if state is ChargeState.PENDING:
        return payment.payment_time
    if state is ChargeState.VOIDED and payment.authorization is not None:
        return payment.authorization.action_time or payment.payment_completion_time
    return payment.payment_completion_time or payment.payment_time


def _release(payment: Payment, after: timedelta) -> datetime | None:
    """When the bank gives held money back: told for UPI, else so long after the payment."""
    if payment.authorization is not None and payment.authorization.end_time is not None:
        return payment.authorization.end_time
    begun = payment.payment_completion_time or payment.payment_time
    return begun + after if begun else None


def _detail(payment: Payment, state: ChargeState) -> str | None:
    if state is ChargeState.FAILED:
        error = payment.error_details
        return (error and (error.error_description or error.error_reason)) or payment.payment_message
    if state is ChargeState.UNKNOWN and payment.payment_status != "SUCCESS":
        return f"unknown status '{payment.payment_status}'"
    return "a successful attempt without its id or its sum" if state is ChargeState.UNKNOWN else None


def going_back(report: Report) -> Report:
    """All of it is on its way back: not money to send goods for, not yet money returned. Asked again."""
    return Report(
        state=ChargeState.UNKNOWN,
        word=f"{report.word}, refund pending",
        gateway_order_id=report.gateway_order_id,
        gateway_payment_id=report.gateway_payment_id,
        reference=report.reference,
        currency=report.currency,
        method=report.method,
        detail="a refund of the whole is under way",
    )
