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
        "raw_body": "PayU's hash covers values, not the raw bytes.",
        "signed_body": "The hash covers neither PayU's id nor whether the money was captured.",
        "several_attempts": "verify_payment tells of one attempt of a transaction id.",
        "second_payment": "A transaction id that is paid takes no further payment.",
    }
