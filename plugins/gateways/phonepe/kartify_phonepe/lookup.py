"""From PhonePe's answer about an order to reports: every attempt, and the order where no attempt tells how it stands.

The order's state rules: an attempt is money only where both say COMPLETED. Words that nobody knows are never paid.
"""

from __future__ import annotations

from collections.abc import Iterator

from kartify.plugin import ChargeState, Denied, PaymentAnswer, PaymentRef, Permanent, Report
from kartify_phonepe.api import Api
from kartify_phonepe.orders import order_of
from kartify_phonepe.problems import UnknownOrder
from kartify_phonepe.settings import PhonePeSettings
from kartify_phonepe.wire import Attempt, Order

_FINAL = frozenset({"COMPLETED", "FAILED", "EXPIRED"})
_QUIET = {"PENDING": ChargeState.PENDING, "FAILED": ChargeState.FAILED}
_UNDECIDED = frozenset({ChargeState.PENDING, ChargeState.UNKNOWN})


def ask(api: Api, payment: PaymentRef, settings: PhonePeSettings) -> PaymentAnswer:
    try:
        order = order_of(api, payment.gateway_order_id or payment.reference)
    except UnknownOrder:
        return _missing(payment)
    if settings.merchant_id and order.merchant_id not in ("", settings.merchant_id):
        raise Denied("these credentials are of another merchant than merchant_id says", field="merchant_id")
    return answer_of(order, payment)


def _missing(payment: PaymentRef) -> PaymentAnswer:
    """An order that brought charges cannot be unknown: then the credentials are of another merchant or environment."""
    if payment.gateway_payment_ids:
        raise Permanent("these credentials do not know an order that has payments", field="gateway_order_id")
    return PaymentAnswer(found=False, word="unknown to PhonePe")


def answer_of(order: Order, payment: PaymentRef) -> PaymentAnswer:
    reports = [_of_attempt(order, one, payment) for one in order.payment_details]
    reports.extend(_of_order(order, reports, payment))
    undecided = any(report.state in _UNDECIDED for report in reports)
    over = order.state in _FINAL and not undecided
    return PaymentAnswer(reports=tuple(reports), over=over, word=_why(order)[:200])


def _of_attempt(order: Order, attempt: Attempt, payment: PaymentRef) -> Report:
    state, captured = state_of(order, attempt), _captured(attempt)
    return Report(
        state=state,
        word=attempt.state if state is not ChargeState.UNKNOWN else f"{attempt.state}, order {order.state}",
        gateway_order_id=payment.gateway_order_id or payment.reference,
        gateway_payment_id=attempt.transaction_id,
        reference=payment.reference,
        currency=order.currency,
        captured=captured if state is ChargeState.CAPTURED else 0,
        at=attempt.timestamp,
        method=attempt.payment_mode.lower() or None,
        detail=_detail(order, attempt, state),
    )


def state_of(order: Order, attempt: Attempt) -> ChargeState:
    if attempt.state == "COMPLETED":
        paid = order.state == "COMPLETED" and _captured(attempt) > 0
        return ChargeState.CAPTURED if paid else ChargeState.UNKNOWN
    return _QUIET.get(attempt.state, ChargeState.UNKNOWN)


def _captured(attempt: Attempt) -> int:
    """The attempt's amount. A fee that PhonePe takes from the customer is not in it and not the merchant's; where less
    was payable, no document says who bears the difference, so only that much counts."""
    payable = attempt.payable_amount
    return attempt.amount if payable is None else min(attempt.amount, payable)


def _of_order(order: Order, attempts: list[Report], payment: PaymentRef) -> Iterator[Report]:
    """What no attempt shows: the order is still open, paid by an attempt that is not listed, or of an unknown state."""
    states = {report.state for report in attempts}
    still = order.state == "PENDING" and not states & _UNDECIDED
    untold = order.state == "COMPLETED" and not states & {ChargeState.CAPTURED, ChargeState.UNKNOWN}
    strange = order.state not in _FINAL | {"PENDING"}
    if still or untold or strange:
        yield Report(
            state=ChargeState.PENDING if still else ChargeState.UNKNOWN,
            word=order.state,
            gateway_order_id=payment.gateway_order_id or payment.reference,
            reference=payment.reference,
            currency=order.currency,
            detail="PhonePe lists no attempt that paid" if untold else None,
        )


def _detail(order: Order, attempt: Attempt, state: ChargeState) -> str | None:
    if state is ChargeState.FAILED:
        context = order.error_context
        told = context.description if context and context.error_code in ("", attempt.error_code) else ""
        return " ".join(part for part in (attempt.error_code, attempt.detailed_error_code, told) if part) or None
    return f"unknown status '{attempt.state}'" if state is ChargeState.UNKNOWN else None


def _why(order: Order) -> str:
    return " ".join(part for part in (order.state, order.error_code, order.detailed_error_code) if part)
