"""Asking about one payment: every attempt of its order."""

from __future__ import annotations

from dataclasses import replace

from kartify.plugin import ChargeState, PaymentAnswer, PaymentRef, Permanent, Report
from kartify_razorpay.api import Api, UnknownId, segment
from kartify_razorpay.orders import by_receipt
from kartify_razorpay.refunds import refunds_of
from kartify_razorpay.reports import Told, declared, is_money, is_void, report_of, returned
from kartify_razorpay.settings import RazorpaySettings
from kartify_razorpay.wire import Order, Payment, Payments

UNDER_WAY = frozenset({"pending", "created"})
NOT_KNOWN = PaymentAnswer(found=False, word="unknown to Razorpay")


class Lookup:
    """One payment of ours, one account's API."""

    def __init__(self, api: Api, settings: RazorpaySettings, payment: PaymentRef) -> None:
        self._api = api
        self._settings = settings
        self._ours = payment

    def ask(self) -> PaymentAnswer:
        if self._ours.gateway_order_id is None:
            return self._by_receipt()
        order_id = segment(self._ours.gateway_order_id, "gateway_order_id")
        try:
            found = self._api.get(Payments, f"/v1/orders/{order_id}/payments")
        except UnknownId:
            return self._missing()
        attempts = tuple(item for item in found.items if item.order_id in (None, order_id))
        return self.answer(attempts, self._order_if_needed(attempts, order_id))

    def _missing(self) -> PaymentAnswer:
        """An order that brought charges cannot be unknown: then the keys are of another merchant or mode."""
        if self._ours.gateway_payment_ids:
            raise Permanent("these keys do not know an order that has payments", field="gateway_order_id")
        return NOT_KNOWN

    def _by_receipt(self) -> PaymentAnswer:
        orders = by_receipt(self._api, self._ours.reference, payments=True)
        if not orders:
            return NOT_KNOWN
        answers = [self.answer(order.payments.items if order.payments else (), order) for order in orders]
        reports = tuple(report for answer in answers for report in answer.reports)
        return PaymentAnswer(reports=reports, word=", ".join(order.status for order in orders)[:200])

    def _order_if_needed(self, attempts: tuple[Payment, ...], order_id: str) -> Order | None:
        """One more call, only where a captured sum is not ours: the order tells why."""
        differs = any(is_money(item) and item.amount != self._ours.amount.minor for item in attempts)
        return self._api.get(Order, f"/v1/orders/{order_id}") if differs else None

    def answer(self, attempts: tuple[Payment, ...], order: Order | None) -> PaymentAnswer:
        reports = tuple(self._report(item, attempts, order) for item in attempts)
        words = ", ".join(item.status for item in attempts)
        return PaymentAnswer(reports=reports, word=words[:200] or "no attempt")

    def _report(self, item: Payment, attempts: tuple[Payment, ...], order: Order | None) -> Report:
        fee, discount = declared(order, item, attempts, self._ours.amount.minor) if order else (0, 0)
        told = Told(
            reference=self._ours.reference,
            release_after=self._settings.release_after,
            fee=fee,
            discount=discount,
        )
        report = fresh_report(self._api, item, told)
        asked = order.id if order else self._ours.gateway_order_id
        return report if report.gateway_order_id else replace(report, gateway_order_id=asked)


def fresh_report(api: Api, payment: Payment, told: Told) -> Report:
    """The report of a payment as the API has just told it, its refunds looked up where it has any."""
    through, under_way = _refunded(api, payment)
    report = report_of(payment, replace(told, refunded=through))
    if is_money(payment) and through < payment.amount <= through + under_way:
        return _going_back(report)
    return report


def _refunded(api: Api, payment: Payment) -> tuple[int, int]:
    """(through, under way). The payment counts both as refunded; only its list of refunds tells them apart."""
    total = returned(payment)
    if not total or is_void(payment):
        return 0, 0
    refunds = refunds_of(api, payment.id)
    under_way = min(total, sum(refund.amount for refund in refunds if refund.status in UNDER_WAY))
    return total - under_way, under_way


def needs_more(payments: tuple[Payment, ...]) -> bool:
    """Whether the list alone cannot answer: refunds under way do not show in it."""
    return any(returned(item) and not is_void(item) for item in payments)


def _going_back(report: Report) -> Report:
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
