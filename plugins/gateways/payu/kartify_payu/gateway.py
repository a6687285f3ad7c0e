"""The PayU gateway: what the core calls, and where it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import cast
from urllib.parse import quote

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
    Permanent,
    Proof,
    RefundAnswer,
    Report,
    Webhook,
)
from kartify_payu import bulk, callbacks, holds, inbound, lookup, onboarding, opening, refunds, webhooks
from kartify_payu.api import Api
from kartify_payu.settings import PayUSettings

# A payment that nobody makes: "Not Found" is said only to a call that PayU accepts.
PROBE = "KARTIFYCONNECTION"


class PayUGateway(Gateway):
    slug = "payu"
    name = "PayU"
    setup = onboarding.STEPS
    Settings = PayUSettings
    # Opening makes no call and its id is our reference, so nothing is ever looked for; nothing ends a session.
    can = Capabilities(capture=True, void=True, refund=True, bulk_from=10)
    # PayU does not know a payment before its form is posted, so "Not Found" of a young one says little. A late success
    # may follow a failure; how long is not published, and three days are kept.
    plan = LookupPlan(lifetime=timedelta(hours=24), knows_after=timedelta(hours=1), late_window=timedelta(days=3))
    content_types = (inbound.FORM, inbound.JSON)
    # No limit is published.
    rate = 5.0
    # One call may take 8 seconds, and a capture or a refund is three at most: list, call, list.
    deadline = 24.0

    @property
    def _own(self) -> PayUSettings:
        return cast(PayUSettings, self.settings)

    def _api(self, client: Client) -> Api:
        return Api(client, self._own, self.deadline / 3)

    def verify(self, message: Inbound) -> Proof:
        return webhooks.verify(message, self._own)

    def read_webhook(self, message: Inbound) -> Webhook:
        return webhooks.read_webhook(message)

    def probe(self, nonce: str, at: datetime) -> Inbound:
        return onboarding.probe(self._own, nonce)

    def callback_key(self, message: Inbound) -> CallbackKey:
        return callbacks.callback_key(message, self._own)

    def read_callback(self, message: Inbound, payment: PaymentRef) -> Callback:
        return callbacks.read_callback(message, payment, self._own)

    def dashboard_url(self, gateway_payment_id: str) -> str | None:
        return self._own.dashboard_link.replace("{mihpayid}", quote(gateway_payment_id, safe="")) or None

    def test(self, client: Client) -> str:
        found = lookup.verified(self._api(client), [PROBE]).get(PROBE)
        if found is None or not found.unknown:
            raise Permanent("PayU answered, but not as it does to a payment that it does not know")
        return f"PayU knows this key ({self._own.environment})."

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        return opening.open_session(request, self._own)

    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        return lookup.ask(self._api(client), self._own, payment)

    def ask_many(self, client: Client, payments: Sequence[PaymentRef]) -> Iterator[tuple[str, PaymentAnswer]]:
        return bulk.ask_many(self._api(client), self._own, payments)

    def capture(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        """Once, the whole or a part."""
        return holds.move(self._api(client), "capture", gateway_payment_id, amount)

    def void(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        return holds.move(self._api(client), "cancel", gateway_payment_id, amount)

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        return refunds.refund(self._api(client), gateway_payment_id, amount, key=key)

    def refund_status(
        self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
    ) -> RefundAnswer | None:
        return refunds.refund_status(
            self._api(client), gateway_payment_id, key=key, gateway_refund_id=gateway_refund_id
        )
