"""What is to be done in Cashfree's dashboard, and a message that tests the way to our webhook."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from kartify.plugin import SELF_TEST, Inbound, NoSecret, SetupStep, self_test_body
from kartify_cashfree.settings import CashfreeSettings
from kartify_cashfree.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign

STEPS: Final = (
    SetupStep(
        text="Test or Production, Developers, API Keys: make a key; copy App ID and secret key. The secret key "
        "signs the "
        "webhooks too.",
        settings=("client_id", "client_secret"),
    ),
    SetupStep(text="Developers, Whitelisting: register the shop's domain."),
    SetupStep(
        text="Developers, Webhooks, Add endpoint: paste this address (https only in live), choose version "
        "2025-01-01 and "
        "the longest retry policy, and tick these events.",
        address="webhook",
        events=(
            "PAYMENT_SUCCESS_WEBHOOK", "PAYMENT_FAILED_WEBHOOK", "PAYMENT_USER_DROPPED_WEBHOOK",
            "REFUND_STATUS_WEBHOOK", "AUTO_REFUND_STATUS_WEBHOOK", "DISPUTE_CREATED", "DISPUTE_UPDATED",
            "DISPUTE_CLOSED",
        ),
        unsure="The exact name of the auto-refund event is not published; its form reads auto refund.",
    ),
    SetupStep(text="The return address travels with each order: nothing is to be pasted for it."),
)


def probe(settings: CashfreeSettings, nonce: str, at: datetime) -> Inbound:
    secret = settings.secret("webhook_secret") or settings.secret("client_secret")
    if secret is None:
        raise NoSecret("no secret key is set for this Cashfree account")
    body = self_test_body({"type": SELF_TEST, "nonce": nonce})
    moment = str(int(at.timestamp()) * 1000)
    headers = {
        "content-type": "application/json", TIMESTAMP_HEADER: moment, SIGNATURE_HEADER: sign(moment, body, secret),
    }
    return Inbound(method="POST", path="", headers=headers, body=body)
