"""What is to be done in PayU's dashboard, and a message that tests the way to our webhook."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from kartify.plugin import Inbound, SetupStep
from kartify_payu import hashing, inbound
from kartify_payu.settings import PayUSettings

STEPS: Final = (
    SetupStep(
        text="Developers, API Details: copy merchant key and salt, whole. Test and live have a pair each.",
        settings=("key", "salt"),
    ),
    SetupStep(
        text="Developers, Webhooks, Create Webhook, type Payment: paste this address, once for each of these "
        "events. The "
        "salt proves them.",
        address="webhook", events=("Successful", "Failed"),
        unsure="PayU does not publish how often it repeats a webhook that failed.",
    ),
    SetupStep(
        text="To hear of refunds that somebody makes at PayU: set the webhook token here, append ?token= and "
        "the token to "
        "the address, and make a webhook for each of these events too. PayU signs neither: without the token they are "
        "refused, and refusals raise an alarm.",
        address="webhook", events=("Refund", "Dispute"), settings=("webhook_token",),
    ),
    SetupStep(text="The return address travels with each payment: nothing is to be pasted for it."),
)


def probe(settings: PayUSettings, nonce: str) -> Inbound:
    fields = {"key": settings.key, "status": "selftest", "udf1": nonce, "udf2": "170.00 \u20b9"}
    body = urlencode({**fields, "hash": hashing.of_answer(fields, settings.signing_salt)}).encode()
    return Inbound(method="POST", path="", headers={"content-type": inbound.FORM}, body=body)
