"""The Cashfree gateway: what the core calls, and where it is done."""

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
from kartify_cashfree import bulk, callbacks, ids, onboarding, opening, refunds, signing, webhooks
from kartify_cashfree.api import Api, UnknownId
from kartify_cashfree.authorising import authorise
from kartify_cashfree.lookup import Lookup, fetch_order
from kartify_cashfree.settings import CashfreeSettings

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PROBE = "kartify-test-connection"


class CashfreeGateway(Gateway):
    slug = "cashfree"
    name = "Cashfree"
    setup = onboarding.STEPS
    Settings = CashfreeSettings
    can = Capabilities(capture=True, void=True, refund=True, find=True, bulk_from=500, close=True)
    # A session is payable for a day at most; a bank may take three more to confirm what was begun in it.
    plan = LookupPlan(
        steps=((10 * _MINUTE, 3 * _MINUTE), (45 * _MINUTE, 15 * _MINUTE), (2 * _HOUR, 30 * _MINUTE),
               (6 * _HOUR, _HOUR), (_DAY, 3 * _HOUR), (5 * _DAY, _DAY)),
        first=2 * _MINUTE,
        lifetime=_DAY,
        late_window=4 * _DAY,
        knows_after=15 * _MINUTE,
    )
    # Attempts may be asked for 100 times a minute; a quarter is left for the checkout.
    rate = 1.25
    # One call may take 8 seconds, and a paid order takes three.
    deadline = 24.0
    # Repeated after up to 30 minutes, longer by a policy of the account's own; older ones are told by the look-up.
    tolerance = timedelta(days=3)

    @property
    def _own(self) -> CashfreeSettings:
        return cast(CashfreeSettings, self.settings)

    def _api(self, client: Client) -> Api:
        return Api(client, self._own, self.deadline / 3)

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
        return self._own.dashboard.replace("{cf_payment_id}", ids.payment_of(gateway_payment_id)) or None

    def test(self, client: Client) -> str:
        """Asks for an order that nobody made: an answer in Cashfree's own words shows that the keys are right."""
        with suppress(UnknownId):
            fetch_order(self._api(client), PROBE)
        return f"Cashfree knows these keys ({self._own.environment})."

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        return opening.open_order(self._api(client), request, self._own)

    def find(self, client: Client, request: PaymentRequest) -> Opened | None:
        return opening.find_order(self._api(client), request, self._own)

    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        return Lookup(self._api(client), self._own, payment).ask()

    def ask_many(self, client: Client, payments: Sequence[PaymentRef]) -> Iterator[tuple[str, PaymentAnswer]]:
        return bulk.ask_many(self._api(client), self._own, payments)

    def close(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        """A refusal is no answer: the order may have been paid meanwhile, so it is asked about in any case."""
        try:
            opening.terminate(self._api(client), ids.require_order(payment.gateway_order_id or payment.reference))
        except Denied:
            raise
        except Permanent:
            pass
        return self.ask(client, payment)

    def capture(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        return authorise(self._api(client), gateway_payment_id, "CAPTURE", amount=amount, settings=self._own)

    def void(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        """The whole of what is held."""
        return authorise(self._api(client), gateway_payment_id, "VOID", amount=None, settings=self._own)

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        return refunds.refund(self._api(client), gateway_payment_id, amount, key=key, settings=self._own)

    def refund_status(
        self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
    ) -> RefundAnswer | None:
        return refunds.refund_status(self._api(client), gateway_payment_id, key=key)
