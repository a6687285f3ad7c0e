"""Asking about one payment: its order, every attempt on it, and what went back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kartify.plugin import ChargeState, PaymentAnswer, PaymentRef, Permanent, Report, Temporary
from kartify_cashfree import ids
from kartify_cashfree.api import Api, UnknownId, reading
from kartify_cashfree.reports import Told, captured_of, fee_of, going_back, report_of
from kartify_cashfree.settings import CashfreeSettings
from kartify_cashfree.wire import Order, Payment, Refund, minor

ENDED: Final = frozenset({"EXPIRED", "TERMINATED"})
_REFUND_UNDER_WAY: Final = frozenset({"PENDING", "ONHOLD"})
_OVER_WITH: Final = frozenset({ChargeState.FAILED, ChargeState.VOIDED})


class Lookup:
    """One payment of ours, one account's API."""

    def __init__(self, api: Api, settings: CashfreeSettings, payment: PaymentRef) -> None:
        self._api = api
        self._settings = settings
        self._ours = payment
        # We choose the order id, and it is our reference: an order whose opening was never answered has it too.
        self._id = ids.require_order(payment.gateway_order_id or payment.reference)

    def ask(self) -> PaymentAnswer:
        """Two calls; three where money came. Raises ``PartnerError``."""
        try:
            order = fetch_order(self._api, self._id)
        except UnknownId:
            return self._missing()
        if order.order_status == "ACTIVE" and self._settings.attempts == "when_paid":
            return PaymentAnswer(word="ACTIVE")
        attempts = self._api.list(Payment, f"/orders/{self._id}/payments")
        return self.answer(order, [one for one in attempts if one.order_id in (None, self._id)])

    def answer(self, order: Order, attempts: Sequence[Payment]) -> PaymentAnswer:
        with reading():
            refunds = self._refunds(attempts)
            reports = tuple(self._report(one, refunds, order) for one in attempts)
        words = ", ".join([order.order_status, *(report.word for report in reports)])[:200]
        if order.order_status == "PAID" and not _tells_of_success(attempts):
            # The two answers are of two moments: asked again soon, and never taken for "not paid".
            reports += (self._unsure("PAID, but no attempt succeeded yet"),)
        over = order.order_status in ENDED and all(report.state in _OVER_WITH for report in reports)
        return PaymentAnswer(reports=reports, over=over, word=words)

    def _report(self, payment: Payment, refunds: Sequence[Refund], order: Order) -> Report:
        through, under_way = refunded(payment, refunds)
        captured = captured_of(payment)
        told = Told(
            order_id=self._id,
            reference=self._ours.reference,
            refunded=min(captured, through),
            fee=fee_of(payment),
            ended=order.order_status in ENDED,
            release_after=self._settings.release_after,
        )
        report = report_of(payment, told)
        return going_back(report) if captured and through < captured <= through + under_way else report

    def _refunds(self, attempts: Sequence[Payment]) -> tuple[Refund, ...]:
        """The order stays PAID when its money went back: only this list tells."""
        if not self._settings.check_refunds or not any(captured_of(one) for one in attempts):
            return ()
        return self._api.list(Refund, f"/orders/{self._id}/refunds")

    def _unsure(self, word: str) -> Report:
        return Report(
            state=ChargeState.UNKNOWN, word=word, gateway_order_id=self._id, reference=self._ours.reference
        )

    def _missing(self) -> PaymentAnswer:
        """An order that brought charges cannot be unknown: then the keys are of another merchant or mode."""
        if self._ours.gateway_payment_ids:
            raise Permanent("these keys do not know an order that has payments: check App ID and environment",
                            field="gateway_order_id")
        return PaymentAnswer(found=False, word="unknown to Cashfree")


def fetch_order(api: Api, order_id: str) -> Order:
    """Raises ``UnknownId``, and ``Temporary`` where the answer is of another order."""
    order = api.get(Order, f"/orders/{order_id}")
    if order.order_id != order_id:
        raise Temporary("Cashfree answered with another order than the one that was asked for")
    return order


def refunded(payment: Payment, refunds: Sequence[Refund]) -> tuple[int, int]:
    """(through, under way) of one attempt, in minor units; cancelled and failed refunds are neither. A refund that
    names no attempt counts for each: too much money returned is seen by a person, too little by nobody."""
    mine = [one for one in refunds if one.cf_payment_id in (None, payment.cf_payment_id)]
    currency = payment.payment_currency or payment.order_currency or "INR"
    through = sum(minor(one.refund_amount, currency) for one in mine if one.refund_status == "SUCCESS")
    under_way = sum(minor(one.refund_amount, currency) for one in mine if one.refund_status in _REFUND_UNDER_WAY)
    return through, under_way


def _tells_of_success(attempts: Sequence[Payment]) -> bool:
    return any(one.payment_status == "SUCCESS" for one in attempts)
