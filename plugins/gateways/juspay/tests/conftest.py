import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from kartify_juspay import JuspayGateway, JuspaySimulator
from kartify_juspay.settings import JuspaySettings

from kartify.plugin import Inbound, Money, PaymentRef, PaymentRequest, SimulatorOptions
from kartify.testing.partners import canned, client, door

__all__ = ["canned", "client", "door"]

API_KEY, RESPONSE_KEY = "api-key-of-tests", "response-key-of-tests"
PASSWORD, PREVIOUS = "hook-password", "hook-password-before"
VALUES = {
    "environment": "sandbox", "merchant_id": "kartify", "api_key": API_KEY, "client_id": "kartify",
    "response_key": RESPONSE_KEY, "webhook_user": "kartifyhook", "webhook_password": PASSWORD,
    "webhook_password_previous": PREVIOUS,
}  # fmt: skip
TXN = "kartify-R7Q2M9-1"


def documented(fields: dict[str, str], key: str = RESPONSE_KEY) -> str:
    """The signature as Juspay's page describes it, step by step, written apart from the plugin."""
    kept = {name: text for name, text in fields.items() if name not in ("signature", "signature_algorithm")}
    encoded = {quote(name, safe=""): quote(text, safe="") for name, text in kept.items()}
    output = ""
    for name in sorted(encoded):
        output += ("&" if output else "") + name + "=" + encoded[name]
    made = hmac.new(key.encode("ascii"), quote(output, safe="").encode("ascii"), hashlib.sha256)
    return base64.b64encode(made.digest()).decode("ascii")


def order(status: str = "CHARGED", number: Any = 21, **changes: Any) -> dict[str, Any]:
    """An order with one attempt, as the status call answers."""
    txn = {
        "txn_id": TXN, "txn_uuid": "moz0000000000000001", "order_id": "R7Q2M9", "status": status, "txn_amount": 1299,
        "net_amount": 1299, "surcharge_amount": None, "tax_amount": None, "currency": "INR", "gateway": "RAZORPAY",
        "error_code": "", "error_message": "", "created": "2026-06-01T06:21:30Z", **changes.pop("txn", {}),
    }  # fmt: skip
    return {
        "order_id": "R7Q2M9", "id": "ordeh_0000000000000000000000000000001", "merchant_id": "kartify",
        "status": status, "status_id": number, "amount": 1299, "effective_amount": 1299, "currency": "INR",
        "amount_refunded": 0, "refunded": False, "txn_id": TXN, "txn_uuid": "moz0000000000000001",
        "payment_method_type": "UPI", "payment_method": "UPI", "bank_error_message": "", "offers": [],
        "payment_gateway_response": {"resp_message": "SUCCESS", "created": "2026-06-01T06:21:49Z"},
        "payment_links": {"web": "https://sandbox.juspay.in/merchant/pay/ordeh_1"}, "unheard_of": {"x": [1]},
        "txn_detail": txn, **changes,
    }  # fmt: skip


def untried(**changes: Any) -> dict[str, Any]:
    gone = ("txn_id", "txn_uuid", "txn_detail", "payment_gateway_response")
    return {name: value for name, value in order("NEW", 10, **changes).items() if name not in gone}


def row(status: str, amount: Any = 1299, name: str = "K1", **more: Any) -> dict[str, Any]:
    return {"unique_request_id": name, "status": status, "amount": amount, "ref": None, "error_message": "", **more}


@pytest.fixture
def make_gateway() -> Callable[..., JuspayGateway]:
    return lambda **changes: JuspayGateway(JuspaySettings(**{**VALUES, **changes}))


@pytest.fixture
def gateway(make_gateway) -> JuspayGateway:
    return make_gateway()


@pytest.fixture
def hook() -> Callable[..., Inbound]:
    def make(body: Any, *, user: str = "kartifyhook", password: str = PASSWORD, **headers: str) -> Inbound:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        given = {"authorization": f"Basic {token}", "content-type": "application/json", **headers}
        return Inbound(method="POST", path="/webhooks/a", headers=given, body=raw)

    return make


@pytest.fixture
def back() -> Callable[..., Inbound]:
    """A browser return with a genuine signature unless ``signature`` says otherwise."""

    def make(*, method: str = "GET", key: str = RESPONSE_KEY, more: tuple = (), **fields: str) -> Inbound:
        given = {"order_id": "R7Q2M9", "status": "CHARGED", "status_id": "21", "signature_algorithm": "HMAC-SHA256"}
        given |= fields
        given.setdefault("signature", quote(documented(given, key), safe=""))
        pairs = [(name, text) for name, text in given.items() if text != "-"] + list(more)
        if method == "GET":
            return Inbound(method="GET", path="/callbacks/a", headers={}, query=pairs)
        return Inbound(method="POST", path="/callbacks/a", headers={}, body=urlencode(pairs).encode())

    return make


@pytest.fixture
def ref() -> Callable[..., PaymentRef]:
    def make(**changes: Any) -> PaymentRef:
        given = {
            "reference": "R7Q2M9", "gateway_order_id": "R7Q2M9", "amount": Money(129900, "INR"),
            "created_at": datetime(2026, 6, 1, 6, 20, tzinfo=UTC),
        }
        return PaymentRef(**{**given, **changes})

    return make


@pytest.fixture
def wish() -> Callable[..., PaymentRequest]:
    def make(**changes: Any) -> PaymentRequest:
        given = {
            "reference": "R7Q2M9", "order_number": "K1007", "amount": Money(129900, "INR"),
            "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+91 90000 00001"},
            "callback_url": "https://kartify.example/callbacks/a",
            "webhook_url": "https://kartify.example/webhooks/a",
        }
        return PaymentRequest(**{**given, **changes})

    return make


@pytest.fixture
def live(client, door, ref, wish) -> SimpleNamespace:
    """A gateway that talks to a running stand-in."""
    simulator = JuspaySimulator(SimulatorOptions(base_url=door.url))
    door.app = simulator.app()
    gateway = JuspayGateway(JuspaySettings(**simulator.settings()))

    def opened(reference: str = "R7Q2M9", minor: int = 129900, age: int = 0) -> PaymentRef:
        simulator.book.offset = timedelta(seconds=-age)
        made = gateway.open(client, wish(reference=reference, amount=Money(minor, "INR")))
        simulator.book.offset = timedelta()
        return ref(reference=reference, gateway_order_id=made.gateway_order_id, amount=Money(minor, "INR"))

    return SimpleNamespace(url=door.url, simulator=simulator, gateway=gateway, client=client, opened=opened)


@pytest.fixture
def juspay() -> SimpleNamespace:
    """The makers of what Juspay says."""
    return SimpleNamespace(order=order, untried=untried, row=row, documented=documented, txn=TXN)
