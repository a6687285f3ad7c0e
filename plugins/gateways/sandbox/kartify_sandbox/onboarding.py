"""What is to be done at the sandbox, and a message that tests the way to our webhook."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from kartify.plugin import SELF_TEST, Inbound, NoSecret, SetupStep, self_test_body
from kartify_sandbox.settings import SandboxSettings
from kartify_sandbox.signing import WEBHOOK_HEADER, webhook_header

STEPS: Final = (
    SetupStep(
        text="Start the stand-in (kartify simulate sandbox) and give its address here; merchant and key are "
        "what you like.",
        settings=("merchant", "key_secret"),
    ),
    SetupStep(
        text="Give the merchant our webhook address and a webhook secret; kartify up --demo does it by itself.",
        address="webhook", settings=("webhook_secret",),
        events=("charge.captured", "charge.failed", "refund.processed", "dispute.opened", "session.expired"),
    ),
    SetupStep(text="The return address travels with each session: nothing is to be pasted for it."),
)


def probe(settings: SandboxSettings, nonce: str, at: datetime) -> Inbound:
    secret = settings.secret("webhook_secret")
    if secret is None:
        raise NoSecret("this sandbox account has no webhook secret")
    told = {"id": nonce, "type": SELF_TEST, "merchant": settings.merchant, "mode": settings.mode()}
    body = self_test_body(told)
    signature = webhook_header(secret, int(at.timestamp()), body)
    headers = {"content-type": "application/json", WEBHOOK_HEADER.lower(): signature}
    return Inbound(method="POST", path="", headers=headers, body=body)
