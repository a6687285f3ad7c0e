"""The Stripe gateway: what the core calls, and where it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
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
from kartify_stripe import bulk, callbacks, ids, onboarding, opening, refunds, signing, webhooks
from kartify_stripe.api import Api, Said
from kartify_stripe.holds import hold
from kartify_stripe.lookup import SESSIONS, Lookup
from kartify_stripe.settings import StripeSettings

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_CALL = 8.0


class StripeGateway(Gateway):
    slug = "stripe"
    name = "Stripe"
    setup = onboarding.STEPS
    Settings = StripeSettings
    # A lost opening needs no search: the same call under the same key gives the same session.
    can = Capabilities(capture=True, void=True, refund=True, bulk_from=50, close=True)
    # A session is payable for a day and then over for good; a delayed method may take days to confirm.
    plan = LookupPlan(
        steps=((2 * _MINUTE, timedelta(seconds=30)), (15 * _MINUTE, 3 * _MINUTE), (2 * _HOUR, 10 * _MINUTE),
               (25 * _HOUR, _HOUR), (14 * _DAY, 12 * _HOUR)),
        lifetime=_DAY,
        late_window=2 * _DAY,
        knows_after=15 * _MINUTE,
    )
    # 25 a second at an endpoint; the rest is left for the checkout.
    rate = 10.0
    # A refund is three calls.
    deadline = 3 * _CALL
    # Each delivery, a repeated one too, is signed at its own moment.
    tolerance = timedelta(seconds=300)

    @property
    def _own(self) -> StripeSettings:
        return cast(StripeSettings, self.settings)

    def _api(self, client: Client) -> Api:
        return Api(client, self._own, _CALL)

    def verify(self, message: Inbound) -> Proof:
        return signing.verify(message, self._own)

    def read_webhook(self, message: Inbound) -> Webhook:
        return webhooks.read_webhook(message, self._own)

    def probe(self, nonce: str, at: datetime) -> Inbound:
        return onboarding.probe(self._own, nonce, at)

    def callback_key(self, message: Inbound) -> CallbackKey:
        return callbacks.callback_key(message)

    def read_callback(self, message: Inbound, payment: PaymentRef) -> Callback:
        return callbacks.read_callback(message, payment)

    def dashboard_url(self, gateway_payment_id: str) -> str | None:
        if not ids.is_id(gateway_payment_id):
            return None
        mode = "" if self._own.livemode else "test/"
        filled = self._own.dashboard.replace("{mode}", mode).replace("{payment_intent}", gateway_payment_id)
        return filled or None

    def test(self, client: Client) -> str:
        """Lists one session: shows that the key is right and may do what a look-up does."""
        self._api(client).rows(SESSIONS, [("limit", "1")])
        return f"Stripe knows this key ({self._own.mode()})."

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        return opening.open_session(self._api(client), request, self._own)

    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        return Lookup(self._api(client), self._own, payment).ask()

    def ask_many(self, client: Client, payments: Sequence[PaymentRef]) -> Iterator[tuple[str, PaymentAnswer]]:
        return bulk.ask_many(self._api(client), self._own, payments)

    def close(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        """A refusal is no answer: it may have been paid meanwhile, so it is asked about in any case."""
        if payment.gateway_order_id is not None:
            with suppress(Said):
                opening.close(self._api(client), payment.gateway_order_id)
        return self.ask(client, payment)

    def capture(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        return hold(self._api(client), gateway_payment_id, "capture", amount, settings=self._own)

    def void(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        """The whole of what is held."""
        return hold(self._api(client), gateway_payment_id, "cancel", amount, settings=self._own)

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        return refunds.refund(self._api(client), gateway_payment_id, amount, key=key)

    def refund_status(
        self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
    ) -> RefundAnswer | None:
        return refunds.refund_status(self._api(client), gateway_payment_id, key=key, refund_id=gateway_refund_id)
