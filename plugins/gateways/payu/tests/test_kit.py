"""PayU passes the conformance kit."""

from pathlib import Path

from kartify_payu import PayUGateway, PayUSimulator

from kartify.testing.kit import GatewayKit


class TestKit(GatewayKit):
    gateway = PayUGateway
    simulator = PayUSimulator
    samples = Path(__file__).parent / "samples"
    webhook_secrets = ("salt",)
    cannot = {
        "signed_body": "The hash leaves out PayU's id, captured or authorised, and the sum paid; news of refunds has "
        "none: a webhook is only a reason to ask.",
        "second_payment": "PayU refuses a txnid that was paid already, and its look-up tells one payment of each.",
    }
