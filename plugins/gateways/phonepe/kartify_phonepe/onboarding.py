"""What is to be done in PhonePe's dashboard, and a message that tests the way to our webhook."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from kartify.plugin import SELF_TEST, Inbound, NoSecret, SetupStep, self_test_body
from kartify_phonepe.settings import PhonePeSettings
from kartify_phonepe.signing import HEADER, static_hash

STEPS: Final = (
    SetupStep(
        text="Choose Test Mode (sandbox) or live, then Developer Settings, API Keys: copy client id, client "
        "version and "
        "client secret.",
        settings=("client_id", "client_version", "client_secret"),
    ),
    SetupStep(
        text="Developer Settings, Webhook, Create Webhook: paste this address, choose user name and password "
        "(SHA), type "
        "the same two here, and tick these events (the attempt's only where it is offered).",
        address="webhook", settings=("webhook_username", "webhook_password"),
        events=(
            "checkout.order.completed", "checkout.order.failed", "checkout.transaction.attempt.failed",
            "pg.refund.completed", "pg.refund.failed",
        ),
        unsure="Some accounts are offered HMAC instead; PhonePe's documents do not agree on its header and encoding. "
        "Choose SHA where you can.",
    ),
    SetupStep(text="The return address travels with each order: nothing is to be pasted for it."),
)


def probe(settings: PhonePeSettings, nonce: str) -> Inbound:
    body = self_test_body({"event": SELF_TEST, "nonce": nonce})
    name, value = _static(settings) if settings.webhook_auth == "sha256" else _signed(settings, body)
    headers = {"content-type": "application/json", name: value}
    return Inbound(method="POST", path="", headers=headers, body=body)


def _static(settings: PhonePeSettings) -> tuple[str, str]:
    password = settings.secret("webhook_password")
    if password is None:
        raise NoSecret("no webhook user and password are set for this PhonePe account")
    return HEADER, static_hash(settings.webhook_username, password)


def _signed(settings: PhonePeSettings, body: bytes) -> tuple[str, str]:
    secret = settings.secret("webhook_secret")
    if secret is None:
        raise NoSecret("no webhook secret key is set for this PhonePe account")
    return settings.webhook_header, hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
