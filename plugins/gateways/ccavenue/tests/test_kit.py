"""CCAvenue passes the conformance kit."""

from pathlib import Path

from kartify_ccavenue import CCAvenueGateway, CCAvenueSimulator

from kartify.testing.kit import GatewayKit


class TestKit(GatewayKit):
    gateway = CCAvenueGateway
    simulator = CCAvenueSimulator
    samples = Path(__file__).parent / "samples"
    webhook_secrets = ("working_key",)
    cannot = {
        "signed_body": "Notifications are encrypted without a MAC: pieces of genuine ones can be joined, so they prove "
        "nothing.",
        "signed_callback": "The return is encrypted and not signed: it proves nothing of state or amount.",
    }
