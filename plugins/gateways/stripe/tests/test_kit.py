"""Stripe passes the conformance kit."""

from pathlib import Path

from kartify_stripe import StripeGateway, StripeSimulator

from kartify.testing.kit import GatewayKit


class TestKit(GatewayKit):
    gateway = StripeGateway
    simulator = StripeSimulator
    samples = Path(__file__).parent / "samples"
    cannot = {
        "signed_callback": "Nothing signs the browser's return.",
        "several_attempts": "One intent is one charge to kartify, however often it was tried.",
        "second_payment": "A session that is paid takes no further payment.",
    }
