"""The Paytm gateway: what the core calls, and where it is done."""

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
    Proof,
    RefundAnswer,
    Reply,
    Temporary,
    Webhook,
)
from kartify_paytm import bulk, callbacks, ids, lookup, onboarding, opening, refunds, webhooks
from kartify_paytm.api import Api
from kartify_paytm.settings import PaytmSettings

# An order that nobody makes: Paytm answers "no record" to a call that it accepts.
_NOWHERE = "KARTIFYCONNECTION"


class PaytmGateway(Gateway):
    slug = "paytm"
    name = "Paytm"
    setup = onboarding.STEPS
    Settings = PaytmSettings
    # No call captures, releases or ends a session; and a session is never looked for: its id is our reference.
    can = Capabilities(refund=True, bulk_from=20)
    # The token lives for 15 minutes, and who is on the page by then may still finish there. UPI and net banking are
    # reconciled for up to 3 days; asked for 5, to be safe.
    plan = LookupPlan(
        lifetime=timedelta(minutes=30), knows_after=timedelta(minutes=30), late_window=timedelta(hours=72)
    )
    content_types = (webhooks.FORM, webhooks.JSON)

    @property
    def _own(self) -> PaytmSettings:
        return cast(PaytmSettings, self.settings)

    def _api(self, client: Client) -> Api:
        return Api(client, self._own, self.deadline)

    def verify(self, message: Inbound) -> Proof:
        return webhooks.verify(message, self._own)

    def read_webhook(self, message: Inbound) -> Webhook:
        return webhooks.read_webhook(message, self._own)

    def probe(self, nonce: str, at: datetime) -> Inbound:
        return onboarding.probe(self._own, nonce)

    def callback_key(self, message: Inbound) -> CallbackKey:
        return callbacks.callback_key(message)

    def read_callback(self, message: Inbound, payment: PaymentRef) -> Callback:
        return callbacks.read_callback(message, payment, self._own)

    def reply(self, accepted: bool) -> Reply:
        body = b"ok" if accepted else b"refused"
        return Reply(status=200 if accepted else 400, body=body, headers={"Content-Type": "text/plain"})

    def dashboard_url(self, gateway_payment_id: str) -> str | None:
        transaction, _, order = gateway_payment_id.partition(ids.SEPARATOR)
        link = self._own.dashboard_link.replace("{txn_id}", quote(transaction, safe=""))
        return link.replace("{order_id}", quote(order, safe="")) or None

    def test(self, client: Client) -> str:
        api = self._api(client)
        told = lookup.status(api, _NOWHERE)
        if not lookup.is_unknown(told) and not told.txn_id:
            raise api.mistake(told.result) or Temporary(f"{api.said(told.result)}: that is no clear answer")
        return f"Paytm knows this merchant and its key ({self._own.mode()} mode)."

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        return opening.open_session(self._api(client), request, self._own)

    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        return lookup.ask(self._api(client), payment)

    def ask_many(self, client: Client, payments: Sequence[PaymentRef]) -> Iterator[tuple[str, PaymentAnswer]]:
        return bulk.ask_many(self._api(client), self._own, payments)

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        return refunds.refund(self._api(client), gateway_payment_id, amount, key=key)

    def refund_status(
        self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
    ) -> RefundAnswer | None:
        return refunds.refund_status(self._api(client), gateway_payment_id, key=key)
