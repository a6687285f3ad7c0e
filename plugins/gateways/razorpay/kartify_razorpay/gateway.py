"""The Razorpay gateway: what the core calls, and where it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import cast

from kartify.plugin import (
    Callback,
    CallbackKey,
    Capabilities,
    Client,
    Denied,
    Gateway,
    Inbound,
    LookupPlan,
    Money,
    Opened,
    PaymentAnswer,
    PaymentRef,
    PaymentRequest,
    Permanent,
    Proof,
    RefundAnswer,
    Report,
    Webhook,
)
from kartify_razorpay import bulk, callbacks, onboarding, orders, refunds, signing, webhooks
from kartify_razorpay.api import Api, segment
from kartify_razorpay.lookup import Lookup, fresh_report
from kartify_razorpay.reports import Told, is_money, reference_of
from kartify_razorpay.settings import RazorpaySettings
from kartify_razorpay.wire import Orders, Payment


class RazorpayGateway(Gateway):
    slug = "razorpay"
    name = "Razorpay"
    setup = onboarding.STEPS
    Settings = RazorpaySettings
    # One call each is cheaper for up to 50; a list's cost depends on how many orders lie between.
    can = Capabilities(capture=True, refund=True, find=True, bulk_from=51)
    # A failed attempt may be authorised for 3 days; asked for 5, to be safe.
    plan = LookupPlan(late_window=timedelta(days=3))

    @property
    def _own(self) -> RazorpaySettings:
        return cast(RazorpaySettings, self.settings)

    def _api(self, client: Client) -> Api:
        return Api(client, self._own, self.deadline)

    def verify(self, message: Inbound) -> Proof:
        return signing.verify(message, self._own)

    def read_webhook(self, message: Inbound) -> Webhook:
        return webhooks.read_webhook(message, self._own)

    def probe(self, nonce: str, at: datetime) -> Inbound:
        return onboarding.probe(self._own, nonce)

    def callback_key(self, message: Inbound) -> CallbackKey:
        return callbacks.callback_key(message)

    def read_callback(self, message: Inbound, payment: PaymentRef) -> Callback:
        return callbacks.read_callback(message, payment, self._own)

    def dashboard_url(self, gateway_payment_id: str) -> str | None:
        return f"https://dashboard.razorpay.com/app/payments/{gateway_payment_id}"

    def test(self, client: Client) -> str:
        self._api(client).get(Orders, "/v1/orders", [("count", "1")])
        return f"Razorpay knows these keys ({self._own.mode()} mode)."

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        return orders.open_order(self._api(client), request, self._own)

    def find(self, client: Client, request: PaymentRequest) -> Opened | None:
        return orders.find_order(self._api(client), request, self._own)

    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        return Lookup(self._api(client), self._own, payment).ask()

    def ask_many(self, client: Client, payments: Sequence[PaymentRef]) -> Iterator[tuple[str, PaymentAnswer]]:
        return bulk.ask_many(self._api(client), self._own, payments)

    def capture(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        """There is no idempotency key: a refused capture may be one that is already done, so the payment is read."""
        api, path = self._api(client), f"/v1/payments/{segment(gateway_payment_id, 'gateway_payment_id')}"
        try:
            body = {"amount": amount.minor, "currency": amount.currency}
            payment = api.post(Payment, f"{path}/capture", body)
        except Denied:
            raise
        except Permanent:
            payment = api.get(Payment, path)
            if not is_money(payment):
                raise
        told = Told(reference=reference_of(payment, None, {}), release_after=self._own.release_after)
        return fresh_report(api, payment, told)

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        return refunds.refund(self._api(client), gateway_payment_id, amount, key=key, settings=self._own)

    def refund_status(
        self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
    ) -> RefundAnswer | None:
        return refunds.refund_status(
            self._api(client), gateway_payment_id, key=key, gateway_refund_id=gateway_refund_id
        )
