"""The PhonePe gateway: what the core calls, and where it is done."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, cast
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
    PartnerSettings,
    PaymentAnswer,
    PaymentRef,
    PaymentRequest,
    Proof,
    RefundAnswer,
    Webhook,
)
from kartify_phonepe import callbacks, lookup, onboarding, orders, refunds, signing, webhooks
from kartify_phonepe.api import Api
from kartify_phonepe.problems import UnknownOrder
from kartify_phonepe.settings import PhonePeSettings
from kartify_phonepe.tokens import TokenBook

# PhonePe's go-live check asks for this pace: first after 20 to 25 s, then ever slower until the order is final.
PRESCRIBED: Final = (
    (timedelta(seconds=55), timedelta(seconds=3)),
    (timedelta(seconds=115), timedelta(seconds=6)),
    (timedelta(seconds=175), timedelta(seconds=10)),
    (timedelta(seconds=235), timedelta(seconds=30)),
    # The longest expiry is an hour; an order may stay PENDING a while longer.
    (timedelta(minutes=75), timedelta(seconds=60)),
)
# Not prescribed: for news that came late, or never.
AFTERWARDS: Final = (
    (timedelta(hours=6), timedelta(minutes=15)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=5), timedelta(hours=6)),
)
NO_ORDER: Final = "KARTIFYTEST0"


class PhonePeGateway(Gateway):
    slug = "phonepe"
    name = "PhonePe"
    setup = onboarding.STEPS
    Settings = PhonePeSettings
    # No list of orders, no call that ends one, and payments are captured at once.
    can = Capabilities(refund=True, find=True)
    # No document says how late a failed order may still be paid: the widest guess.
    plan = LookupPlan(
        first=timedelta(seconds=22), steps=PRESCRIBED + AFTERWARDS, lifetime=timedelta(minutes=75),
        late_window=timedelta(days=3), knows_after=timedelta(minutes=15),
    )

    def __init__(self, settings: PartnerSettings) -> None:
        super().__init__(settings)
        self._tokens = TokenBook()

    @property
    def _own(self) -> PhonePeSettings:
        return cast(PhonePeSettings, self.settings)

    def _api(self, client: Client) -> Api:
        return Api(client, self._own, self._tokens, self.deadline)

    def verify(self, message: Inbound) -> Proof:
        return signing.verify(message, self._own)

    def read_webhook(self, message: Inbound) -> Webhook:
        return webhooks.read_webhook(message, self._own)

    def probe(self, nonce: str, at: datetime) -> Inbound:
        return onboarding.probe(self._own, nonce)

    def callback_key(self, message: Inbound) -> CallbackKey:
        return callbacks.callback_key(message)

    def read_callback(self, message: Inbound, payment: PaymentRef) -> Callback:
        return callbacks.read_callback(message, payment)

    def dashboard_url(self, gateway_payment_id: str) -> str | None:
        return self._own.dashboard_link.replace("{id}", quote(gateway_payment_id, safe="")) or None

    def test(self, client: Client) -> str:
        """Asks for an order that nobody made: that PhonePe does not know it shows that the keys are good."""
        with suppress(UnknownOrder):
            orders.order_of(self._api(client), NO_ORDER)
        return f"PhonePe knows this client id ({self._own.mode()} mode)."

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        return orders.open_order(self._api(client), request, self._own)

    def find(self, client: Client, request: PaymentRequest) -> Opened | None:
        return orders.find_order(self._api(client), request, self._own)

    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        return lookup.ask(self._api(client), payment, self._own)

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        return refunds.refund(self._api(client), gateway_payment_id, amount, key=key)

    def refund_status(
        self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
    ) -> RefundAnswer | None:
        return refunds.refund_status(self._api(client), key=key)
