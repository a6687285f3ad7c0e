"""Paytm passes the conformance kit."""

from pathlib import Path

from kartify_paytm import PaytmGateway
from kartify_paytm.simulator import PaytmSimulator

from kartify.testing.kit import GatewayKit


class TestKit(GatewayKit):
    gateway = PaytmGateway
    simulator = PaytmSimulator
    samples = Path(__file__).parent / "samples"
    webhook_secrets = ("merchant_key",)
    cannot = {
        "raw_body": "Paytm's checksum covers the values of the fields, not the raw bytes.",
        "signed_body": "The join of the values is ambiguous, so a checksum proves less than it seems.",
        "captures": "The sheet names no call that captures.",
        "several_attempts": "Order status shows one transaction of an order.",
        "second_payment": "Order status shows one transaction of an order.",
    }
