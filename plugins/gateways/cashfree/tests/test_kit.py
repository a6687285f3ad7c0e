"""Cashfree passes the conformance kit."""

from pathlib import Path

from kartify_cashfree import CashfreeGateway, CashfreeSimulator

from kartify.testing.kit import GatewayKit


class TestKit(GatewayKit):
    gateway = CashfreeGateway
    simulator = CashfreeSimulator
    samples = Path(__file__).parent / "samples"
    webhook_secrets = ("client_secret",)
    cannot = {
        "signed_callback": "Cashfree's return carries an order id and no signature.",
        "retired_secret": "The client secret signs webhooks; Cashfree has no second one beside it.",
    }
