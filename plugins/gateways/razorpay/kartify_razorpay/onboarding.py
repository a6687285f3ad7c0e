"""What is to be done in Razorpay's dashboard, and a message that tests the way to our webhook."""

from __future__ import annotations

from typing import Final

from kartify.plugin import SELF_TEST, Inbound, NoSecret, SetupStep, self_test_body
from kartify_razorpay.settings import RazorpaySettings
from kartify_razorpay.signing import SIGNATURE_HEADER, sign

STEPS: Final = (
    SetupStep(text="Pick Test Mode or Live Mode: each has keys and webhooks of its own."),
    SetupStep(
        text="Account & Settings, API keys, Generate key: copy key id and key secret. The secret is shown once.",
        settings=("key_id", "key_secret"),
    ),
    SetupStep(
        text="Account & Settings, Webhooks, Add new webhook: paste this address, type a secret of your own (not "
        "the key "
        "secret), and tick these events. Ports 80 and 443 only; no address of a private network.",
        address="webhook", settings=("webhook_secret",),
        events=(
            "order.paid", "payment.captured", "payment.authorized", "payment.failed", "refund.created",
            "refund.processed", "refund.failed", "refund.speed_changed", "payment.dispute.created",
            "payment.dispute.under_review", "payment.dispute.action_required", "payment.dispute.won",
            "payment.dispute.lost", "payment.dispute.closed",
        ),
    ),
    SetupStep(text="The return address travels with each checkout: nothing is to be pasted for it."),
    SetupStep(
        text="A webhook that fails for 24 hours is switched off by Razorpay and must be switched on again there "
        "by hand."
    ),
)


def probe(settings: RazorpaySettings, nonce: str) -> Inbound:
    secret = settings.secret("webhook_secret")
    if secret is None:
        raise NoSecret("no webhook secret is set for this Razorpay account")
    body = self_test_body({"event": SELF_TEST, "nonce": nonce})
    headers = {"content-type": "application/json", SIGNATURE_HEADER: sign(body, secret)}
    return Inbound(method="POST", path="", headers=headers, body=body)
