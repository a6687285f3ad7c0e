"""Juspay passes the conformance kit."""

from pathlib import Path

from kartify_juspay import JuspayGateway, JuspaySimulator

from kartify.testing.kit import GatewayKit


class TestKit(GatewayKit):
    gateway = JuspayGateway
    simulator = JuspaySimulator
    samples = Path(__file__).parent / "samples"
    webhook_secrets = ("webhook_password",)
    cannot = {
        "signed_body": "Webhooks carry a user and a password, which say nothing about the body.",
        "several_attempts": "An order tells of one attempt: the successful one, else the last.",
        "second_payment": "Of two successful attempts an order tells of one.",
    }
