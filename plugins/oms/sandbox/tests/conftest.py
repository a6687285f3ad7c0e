"""One running OMS per test, an account at it, and an order of two lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from kartify_sandbox_oms import SandboxOms, SandboxOmsSimulator

from kartify.http import HttpClient
from kartify.plugin import OmsLine, OmsOrder, OmsPayment
from kartify.testing.serve import simulating

ORDER = OmsOrder(
    number="K1001",
    store="demo",
    currency="INR",
    total=254900,
    due=254900,
    method="prepaid",
    created_at=datetime(2026, 9, 1, 10, 0, tzinfo=UTC),
    lines=(
        OmsLine(line_id="1", sku="SHIRT-M", name="Shirt", quantity=2, unit_price=100000, discount=100),
        OmsLine(line_id="2", sku="CAP-1", name="Cap", quantity=1, unit_price=50000, tax={"rate": "5.00"}),
    ),
    fees=({"kind": "shipping", "amount": 5000},),
    payments=(OmsPayment(kind="gateway", amount=254900, name="Razorpay", gateway_payment_id="pay_1"),),
    customer={"name": "Asha Rao", "phone": "+919000000000"},
    shipping_address={"line1": "1 Main", "city": "Pune", "state": "MH", "postcode": "411001", "country": "IN"},
)


@pytest.fixture(scope="session")
def client():
    client = HttpClient()
    yield client
    client.close()


@pytest.fixture
def server():
    with simulating(SandboxOmsSimulator) as (_, simulator):
        yield simulator
        simulator.release()


@pytest.fixture
def account(server):
    """Makes an account at the server; its settings may be overridden."""

    def make(**overrides):
        return SandboxOms(SandboxOms.Settings(**{**server.settings(), **overrides}))

    return make


@pytest.fixture
def oms(account):
    return account()


@pytest.fixture
def order():
    return ORDER


@pytest.fixture
def known(order):
    """The same order once its OMS id is recorded."""
    return lambda oms_order_id: replace(order, oms_order_id=oms_order_id)


@pytest.fixture
def control(client, server):
    """Sends a control message to the server."""

    def send(**wish):
        return client.request("POST", f"{server.base_url}/control", json=wish)

    return send
