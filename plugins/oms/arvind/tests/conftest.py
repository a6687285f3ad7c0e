"""Accounts, orders, and a client that gives answers in order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from kartify_arvind.oms import Arvind
from kartify_arvind.settings import ArvindSettings

from kartify.plugin import Inbound, OmsLine, OmsOrder, OmsPayment
from kartify.testing.partners import canned

__all__ = ["canned"]

GIVEN = {
    "api_base": "https://oms.test/api", "merchant": "demo", "hmac_secret": "very-secret-hmac",
    "inbound_secret": "very-secret-news",
}
IST = timezone(timedelta(hours=5, minutes=30))
NOW = datetime(2025, 1, 2, 3, 10, tzinfo=UTC)
ADDRESS = {
    "name": "Asha Rao", "line1": "12 MG Road", "city": "Bengaluru", "state": "KA", "postcode": "560001",
    "country": "IN", "phone": "+919999999999",
}


@pytest.fixture
def given():
    return dict(GIVEN)


@pytest.fixture
def arvind():
    """The plugin with an account; settings by name."""

    def make(**more):
        return Arvind(ArvindSettings.model_validate({**GIVEN, **more}), now=lambda: NOW)

    return make


@pytest.fixture
def order():
    def make(**more):
        line = OmsLine(
            line_id="1", sku="SKU-1", name="Shirt", quantity=2, unit_price=49950, list_price=79900, hsn="6205",
            tax={"rate": "5", "amount": 4757},
        )
        paid = OmsPayment(
            kind="gateway", amount=104900, name="Razorpay", gateway="razorpay", gateway_payment_id="pay_Nx1",
            method="upi", paid_at=datetime(2025, 1, 2, 8, 35, 8, tzinfo=IST),
        )
        plain = {
            "number": "K1001", "store": "demo", "currency": "INR", "total": 104900, "due": 104900,
            "method": "prepaid", "created_at": datetime(2025, 1, 2, 8, 34, 5, tzinfo=IST), "lines": [line],
            "payments": [paid], "fees": [{"kind": "shipping", "amount": 5000}],
            "customer": {"name": "Asha Rao", "email": "a@b.in", "phone": "+919999999999"},
            "shipping_address": dict(ADDRESS), "billing_address": dict(ADDRESS),
        }
        return OmsOrder(**{**plain, **more})

    return make


@pytest.fixture
def inbound():
    """A message of theirs; the account's prefix is put before the path."""

    def make(method, path, body=b"", *, headers=None, query=(), query_string="", at=NOW):
        named = {name.lower(): value for name, value in (headers or {}).items()}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Inbound(
            method=method, path=f"/partners/acc/{path}", headers=named, query=query, body=content, at=at,
            query_string=query_string,
        )

    return make
