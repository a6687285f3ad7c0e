"""A running simulator, a client, and orders to send."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from kartify_fynd.oms import Fynd
from kartify_fynd.settings import FyndSettings
from kartify_fynd.simulator import FyndSimulator

from kartify.http import HttpClient
from kartify.plugin import HttpAnswer, OmsLine, OmsOrder, OmsPayment
from kartify.testing.partners import CannedClient, canned_by
from kartify.testing.serve import simulating

FYND_ID = "FY637CFCC00177713D47"
GIVEN = {
    "api_base": "https://api.fynd.com", "company_id": "42", "application_id": "65a1b2c3d4e5f60718293a4b",
    "client_id": "client", "client_secret": "very-secret-client", "webhook_secret": "very-secret-hook",
}


class Clock:
    """Real until it is set forward."""

    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.ahead

    def forward(self, seconds):
        self.ahead += timedelta(seconds=seconds)


class Canned(CannedClient):
    """The token call is answered by itself."""

    def request(self, method, url, **given):
        if url.endswith("/oauth/token"):
            body = json.dumps({"access_token": "very-secret-token", "expires_in": 3600}).encode()
            return HttpAnswer(status=200, headers={}, body=body)
        return super().request(method, url, **given)


@pytest.fixture
def canned():
    return canned_by(Canned)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def given():
    return dict(GIVEN)


@pytest.fixture
def fynd():
    """A plugin object that needs no server; settings can be given by name."""
    return lambda **more: Fynd(FyndSettings.model_validate({**GIVEN, **more}))


@pytest.fixture
def simulator():
    with simulating(FyndSimulator) as (_, running):
        yield running


@pytest.fixture
def client():
    made = HttpClient()
    yield made
    made.close()


@pytest.fixture
def account(simulator, clock):
    """The plugin with an account at the running simulator."""

    def make(**more):
        simulator.way = more.get("way", "a")
        return Fynd(FyndSettings.model_validate({**simulator.settings(), **more}), now=clock)

    return make


@pytest.fixture
def payment():
    def make(**more):
        plain = {
            "kind": "gateway", "amount": 149900, "name": "UPI", "gateway": "razorpay",
            "gateway_payment_id": "pay_Nx1", "method": "upi",
        }
        return OmsPayment(**{**plain, **more})

    return make


@pytest.fixture
def order(payment):
    def make(**more):
        line = OmsLine(line_id="1", sku="SHIRT-M", name="Shirt", quantity=1, unit_price=149900)
        plain = {
            "number": "K1001", "store": "demo", "currency": "INR", "total": 149900, "due": 149900,
            "method": "prepaid", "created_at": datetime.now(UTC), "lines": [line], "payments": [payment()],
            "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"},
            "shipping_address": {
                "line1": "1 Road", "city": "Pune", "state": "MH", "postcode": "411001", "country": "IN",
            },
            "oms_order_id": FYND_ID,
        }
        return OmsOrder(**{**plain, **more})

    return make
