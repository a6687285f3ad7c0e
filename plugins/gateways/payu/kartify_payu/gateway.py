"""The PayU gateway: what the core calls, and where it is done."""

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
from kartify_payu import ids, inbound, lookup, opening, refunds
from kartify_payu.api import Api
from kartify_payu.settings import PayUSettings

# An order that nobody makes: PayU answers that it does not know it.
_NOWHERE = "KARTIFYCONNECTION"


class PayUGateway(Gateway):
    slug = "payu"
    name = "PayU"
    Settings = PayUSettings
    # Opening makes no call and its id is our reference, so nothing is ever looked for; nothing ends a session.
    can = Capabilities(capture=True, refund=True, bulk_from=2)
    # How long a late success may follow a failure PayU does not publish: 72 hours are kept. A payment that it does not
    # know after a day never reached its page.
    plan = LookupPlan(lifetime=timedelta(hours=24), knows_after=timedelta(hours=24), late_window=timedelta(days=3))
    content_types = (inbound.FORM, inbound.JSON)
    # No limit is published.
    rate = 5.0
    # One call may take 8 seconds, and a refund takes three.
    deadline = 24.0

    @property
    def _own(self) -> PayUSettings:
        return cast(PayUSettings, self.settings)

    def _api(self, client: Client) -> Api:
        return Api(client, self._own, self.deadline / 3)

    def verify(self, message: Inbound) -> Proof:
        return inbound.verify(message, self._own)

    def read_webhook(self, message: Inbound) -> Webhook:
        return inbound.read_webhook(message, self._own)

    def callback_key(self, message: Inbound) -> CallbackKey:
        return inbound.callback_key(message)

    def read_callback(self, message: Inbound, payment: PaymentRef) -> Callback:
        return inbound.read_callback(message, payment, self._own)

    def dashboard_url(self, gateway_payment_id: str) -> str | None:
        known = ids.charge_id(gateway_payment_id)
        return self._own.dashboard_link.replace("{mihpayid}", known) or None if known else None

    def test(self, client: Client) -> str:
        self._api(client).call(lookup.VERIFY, _NOWHERE)
        return f"PayU knows the key {self._own.key} and its salt ({self._own.mode()} mode)."

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        return opening.open_session(request, self._own)

    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        return lookup.ask(self._api(client), payment)

    def ask_many(self, client: Client, payments: Sequence[PaymentRef]) -> Iterator[tuple[str, PaymentAnswer]]:
        return lookup.ask_many(self._api(client), payments, self._own.verify_batch_size)

    def capture(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        return refunds.capture(self._api(client), gateway_payment_id, amount)

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        return refunds.refund(self._api(client), gateway_payment_id, amount, key=key)

    def refund_status(
        self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
    ) -> RefundAnswer | None:
        return refunds.refund_status(
            self._api(client), gateway_payment_id, key=key, gateway_refund_id=gateway_refund_id
        )
