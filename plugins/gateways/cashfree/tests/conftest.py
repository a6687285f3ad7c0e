import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from kartify_cashfree import CashfreeGateway, CashfreeSimulator
from kartify_cashfree.settings import CashfreeSettings

from kartify.plugin import Inbound, Money, PaymentRef, PaymentRequest, SimulatorOptions
from kartify.testing.partners import canned, client, door

__all__ = ["canned", "client", "door"]

SECRET = "made-up-client-secret"
PREVIOUS = "made-up-retired-secret"
STAMP = "1795421561000"  # 2026-11-23T08:12:41Z
VALUES = {
    "environment": "sandbox",
    "client_id": "TESTKARTIFY000000000000000000000001",
    "client_secret": SECRET,
    "webhook_secret_previous": PREVIOUS,
}
ORDER = "R7Q2M9"


def mac(timestamp: str, body: bytes, secret: str = SECRET) -> str:
    """As the fact sheet says it, written apart from the plugin: no separator, standard base64."""
    made = hmac.new(secret.encode("utf-8"), digestmod=hashlib.sha256)
    made.update(timestamp.encode("ascii"))
    made.update(body)
    return base64.standard_b64encode(made.digest()).decode("ascii")


@pytest.fixture
def make_gateway() -> Callable[..., CashfreeGateway]:
    return lambda **changes: CashfreeGateway(CashfreeSettings(**{**VALUES, **changes}))


@pytest.fixture
def gateway(make_gateway) -> CashfreeGateway:
    return make_gateway()


@pytest.fixture
def hook() -> Callable[..., Inbound]:
    """A webhook with a genuine signature over exactly these bytes."""

    def make(body: Any, *, secret: str = SECRET, timestamp: str = STAMP, **headers: str) -> Inbound:
        raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        given = {
            "x-webhook-signature": mac(timestamp, raw, secret), "x-webhook-timestamp": timestamp,
            "x-idempotency-key": "made-up-event-key=", **headers,
        }
        return Inbound(method="POST", path="/webhooks/a", headers=given, body=raw)

    return make


@pytest.fixture
def ref() -> Callable[..., PaymentRef]:
    def make(**changes: Any) -> PaymentRef:
        given = {
            "reference": ORDER, "gateway_order_id": ORDER, "amount": Money(129900, "INR"),
            "created_at": datetime.now(UTC),
        }
        return PaymentRef(**{**given, **changes})

    return make


@pytest.fixture
def wish() -> Callable[..., PaymentRequest]:
    def make(**changes: Any) -> PaymentRequest:
        given = {
            "reference": ORDER, "order_number": "K1007", "amount": Money(129900, "INR"),
            "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+91 90000 00000"},
            "callback_url": "https://kartify.example/callbacks/a",
            "webhook_url": "https://kartify.example/webhooks/a",
            "description": "Order K1007",
        }
        return PaymentRequest(**{**given, **changes})

    return make


@pytest.fixture
def simulator(door) -> Callable[..., CashfreeSimulator]:
    """Puts a new simulator behind the door."""

    def make(faults: int | None = None) -> CashfreeSimulator:
        made = CashfreeSimulator(SimulatorOptions(base_url=door.url, faults=faults))
        door.app = made.app()
        return made

    return make


@pytest.fixture
def live(client, ref, wish, simulator, door) -> SimpleNamespace:
    """A gateway that talks to a running simulator. ``gateway_with`` makes another with some settings changed."""
    running = simulator()

    def gateway_with(**changes: Any) -> CashfreeGateway:
        return CashfreeGateway(CashfreeSettings(**{**running.settings(), **changes}))

    gateway = gateway_with()

    def opened(reference: str = ORDER, minor: int = 129900, age: timedelta = timedelta()) -> PaymentRef:
        """A payment opened some time ago."""
        running.book.offset = -age
        made = gateway.open(client, wish(reference=reference, amount=Money(minor, "INR")))
        running.book.offset = timedelta()
        return ref(
            reference=reference, gateway_order_id=made.gateway_order_id, amount=Money(minor, "INR"),
            created_at=datetime.now(UTC) - age,
        )

    return SimpleNamespace(
        url=door.url, simulator=running, gateway=gateway, client=client, opened=opened, gateway_with=gateway_with
    )


@pytest.fixture
def order() -> Callable[..., dict[str, Any]]:
    """An order as the API tells it."""

    def make(**changes: Any) -> dict[str, Any]:
        given = {
            "cf_order_id": "2149460581", "order_id": ORDER, "entity": "order", "order_currency": "INR",
            "order_amount": 1299, "order_status": "PAID", "payment_session_id": "session_made-up",
            "order_expiry_time": "2026-11-24T13:41:00+05:30", "order_tags": {"kartify_reference": ORDER},
        }
        return {**given, **changes}

    return make


@pytest.fixture
def attempt() -> Callable[..., dict[str, Any]]:
    """An attempt as the API tells it."""

    def make(**changes: Any) -> dict[str, Any]:
        given = {
            "cf_payment_id": "5114910000001", "order_id": ORDER, "entity": "payment", "payment_currency": "INR",
            "payment_amount": 1299, "order_amount": 1299, "order_currency": "INR", "payment_status": "SUCCESS",
            "is_captured": True, "authorization": None, "payment_group": "upi",
            "payment_message": "00::Transaction success", "payment_time": "2026-11-23T13:41:20+05:30",
            "payment_completion_time": "2026-11-23T13:42:20+05:30", "error_details": None,
        }
        return {**given, **changes}

    return make
