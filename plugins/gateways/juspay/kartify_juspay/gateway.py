"""The Juspay gateway: what the core calls, and where it is done."""

from __future__ import annotations

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
    Permanent,
    Proof,
    RefundAnswer,
    Report,
    Webhook,
)
from kartify_juspay import callbacks, ids, lookup, onboarding, opening, refunds, signing, webhooks
from kartify_juspay.api import Api, UnknownOrder
from kartify_juspay.holds import hold
from kartify_juspay.settings import JuspaySettings

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_CALL = 8.0
PROBE = "kartifytestconnect"


class JuspayGateway(Gateway):
    slug = "juspay"
    name = "Juspay"
    setup = onboarding.STEPS
    Settings = JuspaySettings
    # There is no list for an API key, and no call that closes an order.
    can = Capabilities(capture=True, void=True, refund=True, find=True)
    # Juspay ends no order by itself: a page left open stays payable until our own clock has it. A late success comes
    # within three days, and is sent back or charged.
    plan = LookupPlan(
        steps=((2 * _MINUTE, timedelta(seconds=30)), (15 * _MINUTE, 3 * _MINUTE), (2 * _HOUR, 10 * _MINUTE),
               (_DAY, _HOUR), (4 * _DAY, 12 * _HOUR)),
        lifetime=_DAY,
        late_window=3 * _DAY,
        knows_after=15 * _MINUTE,
    )
    # Not published.
    rate = 5.0
    # A capture or a refund is three calls.
    deadline = 3 * _CALL

    @property
    def _own(self) -> JuspaySettings:
        return cast(JuspaySettings, self.settings)

    @property
    def _release_after(self) -> timedelta:
        return timedelta(hours=self._own.release_after_hours)

    def _api(self, client: Client, order_id: str) -> Api:
        return Api(client, self._own, _CALL, routing=ids.require_order(order_id))

    def _api_of(self, client: Client, gateway_payment_id: str) -> Api:
        return self._api(client, ids.parts(gateway_payment_id)[1])

    def verify(self, message: Inbound) -> Proof:
        return signing.verify(message, self._own)

    def read_webhook(self, message: Inbound) -> Webhook:
        return webhooks.read_webhook(message)

    def probe(self, nonce: str, at: datetime) -> Inbound:
        return onboarding.probe(self._own, nonce)

    def callback_key(self, message: Inbound) -> CallbackKey:
        return callbacks.callback_key(message)

    def read_callback(self, message: Inbound, payment: PaymentRef) -> Callback:
        return callbacks.read_callback(message, payment, self._own)

    def dashboard_url(self, gateway_payment_id: str) -> str | None:
        with suppress(Permanent):
            txn_id, order_id = ids.parts(gateway_payment_id)
            filled = self._own.dashboard.replace("{order_id}", order_id).replace("{txn_id}", txn_id)
            return filled or None
        return None

    def test(self, client: Client) -> str:
        """Asks for an order that nobody made: an answer in Juspay's own words shows that the key is right."""
        with suppress(UnknownOrder):
            lookup.fetch(self._api(client, PROBE), PROBE)
        return f"Juspay knows this key ({self._own.environment})."

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        return opening.open_order(self._api(client, request.reference), request, self._own)

    def find(self, client: Client, request: PaymentRequest) -> Opened | None:
        return opening.find_order(self._api(client, request.reference), request)

    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        api = self._api(client, payment.gateway_order_id or payment.reference)
        return lookup.ask(api, payment, release_after=self._release_after)

    def capture(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        api = self._api_of(client, gateway_payment_id)
        return hold(api, gateway_payment_id, "capture", amount=amount, release_after=self._release_after)

    def void(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        """The whole of what is held."""
        api = self._api_of(client, gateway_payment_id)
        return hold(api, gateway_payment_id, "void", amount=amount, release_after=self._release_after)

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        return refunds.refund(self._api_of(client, gateway_payment_id), gateway_payment_id, amount, key=key)

    def refund_status(
        self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
    ) -> RefundAnswer | None:
        return refunds.refund_status(self._api_of(client, gateway_payment_id), gateway_payment_id, key=key)
