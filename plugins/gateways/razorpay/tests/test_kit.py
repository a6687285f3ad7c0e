"""Razorpay passes the conformance kit."""

from pathlib import Path

from kartify_razorpay import RazorpayGateway
from kartify_razorpay.desk import RazorpayStandIn

from kartify.testing.kit import GatewayKit


class TestKit(GatewayKit):
    gateway = RazorpayGateway
    simulator = RazorpayStandIn
    samples = Path(__file__).parent / "samples"
    cannot = {"second_payment": "An order that is paid takes no further payment at Razorpay."}
