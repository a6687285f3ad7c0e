"""What is to be done in CCAvenue's panel, and a message that tests the way to our webhook."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from kartify.plugin import Inbound, SetupStep
from kartify_ccavenue import crypto, fields
from kartify_ccavenue.inbound import FIELD
from kartify_ccavenue.settings import CCAvenueSettings
from kartify_ccavenue.webhooks import FORM

STEPS: Final = (
    SetupStep(
        text="Register the shop's website address and this server's public IP address at CCAvenue; calls from "
        "another IP "
        "address are refused.",
    ),
    SetupStep(
        text="Settings, API Keys: copy the merchant id, and access code and working key of the website address "
        "(and those "
        "of the IP address, where they differ).",
        settings=("merchant_id", "access_code", "working_key"),
    ),
    SetupStep(
        text="Ask CCAvenue for Dynamic Event Notifications, or set them in the M.A.R.S. panel: this address for "
        "each of "
        "these events.",
        address="webhook",
        events=("Order Status Echo", "Order Status", "Order Reconciliation Status", "Order Risk Status"),
        unsure="What CCAvenue expects as an answer, and whether it repeats a notification, is not published. The order "
        "lookup cron finds what is missed.",
    ),
    SetupStep(text="The return address travels with each payment: nothing is to be pasted for it."),
)


def probe(settings: CCAvenueSettings, nonce: str) -> Inbound:
    """Encrypted as CCAvenue does it; the mark stands outside once more, since inside nobody can see it."""
    hidden = crypto.encrypt(fields.join({"selftest": nonce, "note": "170.00 \u20b9"}), settings.key)
    body = urlencode({FIELD: hidden, "nonce": nonce}).encode()
    return Inbound(method="POST", path="", headers={"content-type": FORM}, body=body)
