"""Stripe passes the conformance kit."""

from pathlib import Path

from kartify_stripe import StripeGateway, StripeSimulator

from kartify.testing.kit import GatewayKit


class TestKit(GatewayKit):
    gateway = StripeGateway
    simulator = StripeSimulator
    samples = Path(__file__).parent / "samples"
    webhook_secrets = ("webhook_secret",)
    cannot = {
        "signed_callback": "Stripe signs no return of the browser: it is a reason to ask.",
        "several_attempts": "Every attempt of a session is one intent's, which is paid once: it is one charge.",
        "second_payment": "A session is paid once; a second session is another payment, asked about by itself.",
    }
