"""What is to be done in Paytm's dashboard, and a message that tests the way to our webhook."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from kartify.plugin import Inbound, SetupStep
from kartify_paytm import checksum
from kartify_paytm.settings import PaytmSettings

FORM: Final = "application/x-www-form-urlencoded"
STEPS: Final = (
    SetupStep(
        text="Developer Settings, API Keys, Test data or Live data: copy MID, merchant key (whole) and website name.",
        settings=("mid", "merchant_key", "website_name"),
    ),
    SetupStep(
        text="Developer Settings, Webhook URL: paste this address as payment notification URL (port 443), and "
        "the same for "
        "refunds where the dashboard offers it. There are no events to tick; the merchant key signs.",
        address="webhook",
        unsure="Paytm's documents describe two forms of the webhook, a form and JSON: both are taken. What refund news "
        "looks like they do not say.",
    ),
    SetupStep(text="The return address travels with each transaction: nothing is to be pasted for it."),
)


def probe(settings: PaytmSettings, nonce: str) -> Inbound:
    fields = {"MID": settings.mid, "NONCE": nonce, "STATUS": "SELFTEST", "TXNTYPE": "SELFTEST", "NOTE": "170.00 \u20b9"}
    body = urlencode({**fields, checksum.FIELD: checksum.sign_fields(fields, settings.key)}).encode()
    return Inbound(method="POST", path="", headers={"content-type": FORM}, body=body)
