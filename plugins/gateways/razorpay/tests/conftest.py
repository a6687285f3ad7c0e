import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kartify_razorpay import RazorpayGateway
from kartify_razorpay.settings import RazorpaySettings
from kartify_razorpay.simulator import RazorpaySimulator

from kartify.plugin import Inbound, Money, PaymentRef, PaymentRequest
from kartify.testing.partners import canned, client
from kartify.testing.serve import simulating

__all__ = ["canned", "client"]

SAMPLES = Path(__file__).parent / "samples"
SECRET = "whsec-current"
PREVIOUS = "whsec-previous"
KEY_SECRET = "key-secret-of-tests"
VALUES = {
    "key_id": "rzp_test_KARTIFY0000001",
    "key_secret": KEY_SECRET,
    "webhook_secret": SECRET,
    "webhook_secret_previous": PREVIOUS,
}


def hexmac(message: bytes, secret: str) -> str:
    """As Razorpay documents it, written apart from the plugin."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


@pytest.fixture
def make_gateway() -> Callable[..., RazorpayGateway]:
    return lambda **changes: RazorpayGateway(RazorpaySettings(**{**VALUES, **changes}))


@pytest.fixture
def gateway(make_gateway) -> RazorpayGateway:
    return make_gateway()


@pytest.fixture
def sample() -> Callable[[str], dict[str, Any]]:
    """The body of a written webhook."""
    return lambda name: json.loads(json.loads((SAMPLES / "webhooks" / f"{name}.json").read_bytes())["body"])


@pytest.fixture
def hook() -> Callable[..., Inbound]:
    """A webhook with a genuine signature."""

    def make(body: Any, *, secret: str = SECRET, event_id: str = "EVT0000000001", **headers: str) -> Inbound:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"x-razorpay-signature": hexmac(raw, secret), "x-razorpay-event-id": event_id, **headers}
        return Inbound(method="POST", path="/webhooks/a", headers=given, body=raw)

    return make


@pytest.fixture
def ref() -> Callable[..., PaymentRef]:
    def make(**changes: Any) -> PaymentRef:
        given = {
            "reference": "R7Q2M9",
            "gateway_order_id": "order_KART0000000001",
            "amount": Money(129900, "INR"),
            "created_at": datetime.now(UTC),
        }
        return PaymentRef(**{**given, **changes})

    return make


@pytest.fixture
def wish() -> Callable[..., PaymentRequest]:
    def make(**changes: Any) -> PaymentRequest:
        given = {
            "reference": "R7Q2M9",
            "order_number": "K1007",
            "amount": Money(129900, "INR"),
            "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"},
            "callback_url": "https://kartify.example/callbacks/a",
            "webhook_url": "https://kartify.example/webhooks/a",
        }
        return PaymentRequest(**{**given, **changes})

    return make


@pytest.fixture
def live(client, ref, wish) -> Iterator[SimpleNamespace]:
    """A gateway that talks to a running simulator."""
    with simulating(RazorpaySimulator) as (url, simulator):
        gateway = RazorpayGateway(RazorpaySettings(**simulator.settings()))

        def opened(reference: str = "R7Q2M9", minor: int = 129900, currency: str = "INR", age: int = 0) -> PaymentRef:
            """A payment opened ``age`` seconds ago."""
            simulator.ledger.offset = -age
            made = gateway.open(client, wish(reference=reference, amount=Money(minor, currency)))
            simulator.ledger.offset = 0
            return ref(
                reference=reference,
                gateway_order_id=made.gateway_order_id,
                amount=Money(minor, currency),
                created_at=datetime.now(UTC) - timedelta(seconds=age),
            )

        yield SimpleNamespace(url=url, simulator=simulator, gateway=gateway, client=client, opened=opened)
