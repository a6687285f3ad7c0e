"""The Stripe gateway: what the core calls, and where it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import cast

from kartify.plugin import (
    Callback,
    CallbackKey,
    Capabilities,
    Client,
    Gateway,
    Inbound,
    LookupPlan,
    Money,
    Opened,
    PaymentAnswer,
    PaymentRef,
    PaymentRequest,
    Proof,
    RefundAnswer,
    Report,
    Webhook,
)
from kartify_stripe import bulk, callbacks, holds, ids, opening, refunds, signing, webhooks
from kartify_stripe.api import Api, Said
from kartify_stripe.lookup import SESSIONS, Lookup
from kartify_stripe.settings import StripeSettings


class StripeGateway(Gateway):
    slug = "stripe"
    name = "Stripe"
    Settings = StripeSettings
    # A lost opening is opened again under the same key, which gives the same session for a day; the look-up finds it
    # by our reference.
    can = Capabilities(capture=True, void=True, refund=True, bulk_from=20, close=True)
    # A session lives for a day; delayed methods tell days later.
    plan = LookupPlan(lifetime=timedelta(hours=24), late_window=timedelta(days=4), knows_after=timedelta(minutes=30))
    tolerance = timedelta(minutes=5)
    rate = 10.0
    # One call may take 8 seconds, and a refund takes three.
    deadline = 24.0

    @property
    def _own(self) -> StripeSettings:
        return cast(StripeSettings, self.settings)

    def _api(self, client: Client) -> Api:
        return Api(client, self._own, self.deadline / 3)

    def verify(self, message: Inbound) -> Proof:
        return signing.verify(message, self._own)

    def read_webhook(self, message: Inbound) -> Webhook:
        return webhooks.read_webhook(message, self._own)

    def callback_key(self, message: Inbound) -> CallbackKey:
        return callbacks.callback_key(message)

    def read_callback(self, message: Inbound, payment: PaymentRef) -> Callback:
        return callbacks.read_callback(message, payment)

    def dashboard_url(self, gateway_payment_id: str) -> str | None:
        if not self._own.dashboard or not ids.is_id(gateway_payment_id):
            return None
        world = "" if self._own.livemode else "test/"
        return self._own.dashboard.replace("{mode}", world).replace("{payment_intent}", gateway_payment_id)

    def test(self, client: Client) -> str:
        self._api(client).rows(SESSIONS, [("limit", "1")])
        return f"Stripe knows this key ({self._own.mode()} mode) and lets it read Checkout sessions."

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        return opening.open_session(self._api(client), request, self._own)

    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        return Lookup(self._api(client), self._own, payment).ask()

    def ask_many(self, client: Client, payments: Sequence[PaymentRef]) -> Iterator[tuple[str, PaymentAnswer]]:
        return bulk.ask_many(self._api(client), self._own, payments)

    def close(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        """A session that ended before refuses, and the answer tells how it ended."""
        api = self._api(client)
        if payment.gateway_order_id is not None:
            try:
                opening.close(api, payment.gateway_order_id)
            except Said as problem:
                answer = Lookup(api, self._own, payment).ask()
                if answer.found and not answer.over and not answer.reports:
                    raise problem from None
                return answer
        return Lookup(api, self._own, payment).ask()

    def capture(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        form = {"amount_to_capture": str(amount.minor)}
        return holds.hold(self._api(client), gateway_payment_id, "capture", form, settings=self._own)

    def void(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        return holds.hold(self._api(client), gateway_payment_id, "cancel", {}, settings=self._own)

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        return refunds.refund(self._api(client), gateway_payment_id, amount, key=key)

    def refund_status(
        self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
    ) -> RefundAnswer | None:
        return refunds.refund_status(self._api(client), gateway_payment_id, key=key, refund_id=gateway_refund_id)
