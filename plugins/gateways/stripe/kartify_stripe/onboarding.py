"""What is to be done in Stripe's dashboard, and a message that tests the way to our webhook."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from kartify.plugin import SELF_TEST, Inbound, NoSecret, SetupStep, self_test_body
from kartify_stripe.settings import StripeSettings
from kartify_stripe.signing import HEADER, sign

STEPS: Final = (
    SetupStep(
        text="Developers, API keys, in test or in live mode: the secret key, or a restricted one that may write "
        "Checkout "
        "Sessions, PaymentIntents, Charges and Refunds and read Disputes. Settings, Account details: the account id.",
        settings=("secret_key", "account_id"),
    ),
    SetupStep(
        text="Developers, Webhooks, Add endpoint (newer: Workbench, Event destinations): paste this address, "
        "choose the "
        "API version that stands in this account's settings and the payload style snapshot, and tick these events.",
        address="webhook",
        events=(
            "checkout.session.completed", "checkout.session.async_payment_succeeded",
            "checkout.session.async_payment_failed", "checkout.session.expired", "payment_intent.succeeded",
            "payment_intent.payment_failed", "payment_intent.canceled", "payment_intent.amount_capturable_updated",
            "charge.refunded", "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.updated",
            "charge.dispute.closed", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
        ),
        unsure="Stripe does not say whether, and after how many days, it switches a failing endpoint off.",
    ),
    SetupStep(
        text="Copy the endpoint's signing secret, whsec_ and all. Each endpoint has its own, test and live too.",
        settings=("webhook_secret",),
    ),
    SetupStep(text="Leave automatic tax, promotion codes, tips and adaptive pricing off: they change the sum."),
    SetupStep(text="The return address travels with each session: nothing is to be pasted for it."),
)


def probe(settings: StripeSettings, nonce: str, at: datetime) -> Inbound:
    secret = settings.secret("webhook_secret")
    if secret is None:
        raise NoSecret("no webhook signing secret is set for this Stripe account")
    body, moment = self_test_body({"id": f"evt_{nonce}", "type": SELF_TEST, "nonce": nonce}), str(int(at.timestamp()))
    headers = {"content-type": "application/json", HEADER: f"t={moment},v1={sign(moment, body, secret)}"}
    return Inbound(method="POST", path="", headers=headers, body=body)
