"""PhonePe passes the conformance kit."""

from pathlib import Path

from kartify_phonepe import PhonePeGateway, PhonePeSimulator

from kartify.testing.kit import GatewayKit


class TestKit(GatewayKit):
    gateway = PhonePeGateway
    simulator = PhonePeSimulator
    samples = Path(__file__).parent / "samples"
    webhook_secrets = ("webhook_password",)
    cannot = {
        "signed_body": "The Authorization header names who sent it and covers no body.",
        "signed_callback": "The browser comes back with nothing that is signed.",
        "outside_refunds": "No answer of PhonePe tells of a refund that is not asked for by its id.",
        "captures": "Standard Checkout captures by itself.",
    }
