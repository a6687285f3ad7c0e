"""What is to be done in Juspay's dashboard, and a message that tests the way to our webhook."""

from __future__ import annotations

from typing import Final

from kartify.plugin import SELF_TEST, Inbound, NoSecret, SetupStep, self_test_body
from kartify_juspay.settings import JuspaySettings
from kartify_juspay.signing import token

STEPS: Final = (
    SetupStep(
        text="Settings, Security: make an API key; switch Use signed response on and copy the Response Key (it "
        "is not the "
        "API key).",
        settings=("api_key", "response_key"),
    ),
    SetupStep(
        text="Settings, General, Webhook: paste this address (https), choose a user name (letters and digits "
        "only) and a "
        "password, type the same two here, take the newest version, and tick these events.",
        address="webhook", settings=("webhook_user", "webhook_password"),
        events=(
            "ORDER_SUCCEEDED", "ORDER_FAILED", "TXN_CREATED", "TXN_CHARGED", "TXN_FAILED", "REFUND_INITIATED",
            "ORDER_REFUNDED", "ORDER_REFUND_FAILED", "REFUND_MANUAL_REVIEW_NEEDED", "AUTO_REFUND_SUCCEEDED",
            "AUTO_REFUND_FAILED",
        ),
        unsure="How often Juspay repeats a webhook that failed is not published for this product.",
    ),
    SetupStep(
        text="Payments, Settings, Conflict: switch on the automatic refund of multiple charged transactions. Of two "
        "successes on one order, Juspay's answer tells one only."
    ),
    SetupStep(text="The return address travels with each session: nothing is to be pasted for it."),
)


def probe(settings: JuspaySettings, nonce: str) -> Inbound:
    password = settings.secret("webhook_password")
    if password is None:
        raise NoSecret("no webhook user and password are set for this Juspay account")
    body = self_test_body({"event_name": SELF_TEST, "nonce": nonce})
    headers = {
        "content-type": "application/json", "authorization": f"Basic {token(settings.webhook_user, password)}",
    }
    return Inbound(method="POST", path="", headers=headers, body=body)
