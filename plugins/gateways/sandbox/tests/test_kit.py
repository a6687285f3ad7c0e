"""The sandbox passes the conformance kit."""

from pathlib import Path

from kartify_sandbox import SandboxGateway
from kartify_sandbox.desk import SandboxStandIn

from kartify.testing.kit import GatewayKit


class TestKit(GatewayKit):
    gateway = SandboxGateway
    simulator = SandboxStandIn
    samples = Path(__file__).parent / "kit_samples"
    cannot = {"second_payment": "A session that is paid takes no further payment."}
