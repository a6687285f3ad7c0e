"""A running sandbox, an account at it, and a shop that hears its webhooks."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kartify_sandbox import SandboxGateway, SandboxSimulator
from kartify_sandbox.settings import SandboxSettings

from kartify.http import HttpClient
from kartify.plugin import Inbound, Money, PaymentRef, PaymentRequest
from kartify.testing.serve import serving, simulating

SAMPLES = Path(__file__).with_name("samples")


class Shop:
    """Answers 200 unless told otherwise, and keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[Inbound] = []
        self.answers: deque[int] = deque()
        self.url = ""
        self._changed = threading.Condition()

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        headers = {
            name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        message = Inbound(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"],
            headers=headers,
            body=environ["wsgi.input"].read(length),
        )
        with self._changed:
            self.heard.append(message)
            status = self.answers.popleft() if self.answers else 200
            self._changed.notify_all()
        start_response(f"{status} -", [("Content-Length", "0")])
        return [b""]

    def wait(self, count: int, timeout: float = 5.0) -> list[Inbound]:
        with self._changed:
            self._changed.wait_for(lambda: len(self.heard) >= count, timeout)
            return list(self.heard)


@pytest.fixture(scope="session")
def client():
    client = HttpClient()
    yield client
    client.close()


@pytest.fixture
def server():
    with simulating(SandboxSimulator) as (_, simulator):
        yield simulator
        simulator.close()


@pytest.fixture
def shop():
    shop = Shop()
    with serving(shop) as url:
        shop.url = url
        yield shop


@pytest.fixture
def account(server):
    """Makes an account at the sandbox; its settings may be overridden."""

    def make(**overrides):
        return SandboxGateway(SandboxSettings(**{**server.settings(), **overrides}))

    return make


@pytest.fixture
def gateway(account):
    return account()


@pytest.fixture
def wanted(shop):
    """Makes the request for a payment."""

    def make(reference="PAY1", minor=254900, currency="INR"):
        return PaymentRequest(
            reference=reference,
            order_number="K1001",
            amount=Money(minor, currency),
            customer={"name": "Asha Rao", "email": "asha@example.com"},
            callback_url=f"{shop.url}/callbacks/1",
            webhook_url=f"{shop.url}/webhooks/1",
            description="Shirt, size M",
        )

    return make


@pytest.fixture
def opened(gateway, client, wanted):
    return gateway.open(client, wanted())


@pytest.fixture
def ref():
    """Makes our own record of a payment."""

    def make(opened, reference="PAY1", minor=254900, age=0):
        session = opened if opened is None or isinstance(opened, str) else opened.gateway_order_id
        return PaymentRef(
            reference=reference,
            gateway_order_id=session,
            amount=Money(minor, "INR"),
            created_at=datetime.now(UTC) - timedelta(seconds=age),
        )

    return make


@pytest.fixture
def inbound():
    """Makes a webhook as it reaches us."""

    def make(body, headers=None):
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        return Inbound(method="POST", path="/webhooks/1", headers=lowered, body=body)

    return make


@pytest.fixture
def sample():
    """Reads the bytes of a sample."""
    return lambda name: (SAMPLES / f"{name}.json").read_bytes()


@pytest.fixture
def alone():
    """An account with no server behind it, for what is pure."""

    def make(**overrides):
        given = {
            "api_base": "https://sandbox.example",
            "merchant": "sandbox-shop",
            "key_secret": "the-key",
            "webhook_secret": "the-new-secret",
        }
        return SandboxGateway(SandboxSettings(**{**given, **overrides}))

    return make
