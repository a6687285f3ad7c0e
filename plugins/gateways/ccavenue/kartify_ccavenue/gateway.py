"""The CCAvenue gateway: what the core calls, and where it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
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
    Proof,
    RefundAnswer,
    Reply,
    Report,
    Webhook,
)
from kartify_ccavenue import bulk, callbacks, confirming, lookup, onboarding, opening, refunds, webhooks
from kartify_ccavenue.api import Api, NoRecord
from kartify_ccavenue.settings import CCAvenueSettings

# An order that nobody makes: CCAvenue answers "no record" to a call that it accepts.
_NOWHERE = "KARTIFYCONNECTION"


class CCAvenueGateway(Gateway):
    slug = "ccavenue"
    name = "CCAvenue"
    setup = onboarding.STEPS
    Settings = CCAvenueSettings
    # Opening makes no call and its id is our reference, so nothing is ever looked for; nothing ends a session.
    can = Capabilities(capture=True, void=True, refund=True, bulk_from=20)
    # An order that CCAvenue does not know counts as not paid after a day: its page was never opened. What a bank did
    # not answer is found by the reconciliation, the next day or the one after.
    plan = LookupPlan(lifetime=timedelta(hours=24), knows_after=timedelta(hours=24), late_window=timedelta(days=3))
    content_types = (webhooks.FORM,)
    # No limit is published.
    rate = 5.0
    # One call may take 8 seconds, and a payment takes three at most: status, list, refunds.
    deadline = 24.0

    @property
    def _own(self) -> CCAvenueSettings:
        return cast(CCAvenueSettings, self.settings)

    def _api(self, client: Client) -> Api:
        return Api(client, self._own, self.deadline / 3)

    def verify(self, message: Inbound) -> Proof:
        return webhooks.verify(message, self._own)

    def read_webhook(self, message: Inbound) -> Webhook:
        return webhooks.read_webhook(message, self._own)

    def probe(self, nonce: str, at: datetime) -> Inbound:
        return onboarding.probe(self._own, nonce)

    def callback_key(self, message: Inbound) -> CallbackKey:
        return callbacks.callback_key(message, self._own)

    def read_callback(self, message: Inbound, payment: PaymentRef) -> Callback:
        return callbacks.read_callback(message, payment, self._own)

    def reply(self, accepted: bool) -> Reply:
        body = b"ok" if accepted else b"refused"
        return Reply(status=200 if accepted else 400, body=body, headers={"Content-Type": "text/plain"})

    def dashboard_url(self, gateway_payment_id: str) -> str | None:
        return self._own.dashboard_link.replace("{reference_no}", quote(gateway_payment_id, safe="")) or None

    def test(self, client: Client) -> str:
        with suppress(NoRecord):
            lookup.status(self._api(client), order_no=_NOWHERE)
        return f"CCAvenue's API knows this access code, its key and this server's address ({self._own.mode()} mode)."

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        return opening.open_session(request, self._own)

    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        return lookup.Lookup(self._api(client), self._own, payment).ask()

    def ask_many(self, client: Client, payments: Sequence[PaymentRef]) -> Iterator[tuple[str, PaymentAnswer]]:
        return bulk.ask_many(self._api(client), self._own, payments)

    def capture(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        """Once, the whole or a part: the rest is released."""
        return confirming.move(self._api(client), confirming.CONFIRM, gateway_payment_id, amount, self._own)

    def void(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        return confirming.move(self._api(client), confirming.CANCEL, gateway_payment_id, amount, self._own)

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        return refunds.refund(self._api(client), gateway_payment_id, amount, key=key, settings=self._own)

    def refund_status(
        self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
    ) -> RefundAnswer | None:
        return refunds.refund_status(self._api(client), gateway_payment_id, key=key)
