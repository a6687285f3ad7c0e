"""A running stand-in, a client, accounts that point at it, and orders to send."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from kartify_sap import Sap, SapSimulator
from kartify_sap.settings import SapSettings

from kartify.http import HttpClient
from kartify.plugin import HttpAnswer, Inbound, OmsLine, OmsOrder, OmsPayment
from kartify.testing.serve import simulating

PASSWORD = "comm-password-of-tests"
GIVEN = {
    "api_base": "https://my300000-api.example", "username": "COMM", "password": PASSWORD,
    "sales_organization": "1710", "sold_to_party": "17100001",
}
ADDRESS = {"name": "Asha Rao", "line1": "12 MG Road", "line2": "2nd floor", "city": "Bengaluru", "state": "KA",
           "postcode": "560001", "country": "IN", "phone": "+919000000000"}
AT = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


class Clock:
    """Stands still until it is set forward."""

    def __init__(self):
        self.at = AT

    def __call__(self):
        return self.at

    def forward(self, **by):
        self.at += timedelta(**by)


class Canned:
    """Gives answers in order and keeps what was asked; the log-on at the service root is answered by itself."""

    def __init__(self, *answers, cookies="SAP_SESSIONID_X_100=abc; path=/"):
        self.answers = deque(answers)
        self.cookies = cookies
        self.asked = []
        self.log_ons = 0

    def request(self, method, url, **given):
        if url.split("?")[0].endswith("_SRV/"):
            self.log_ons += 1
            headers = {"x-csrf-token": f"token-{self.log_ons}", "set-cookie": self.cookies}
            return reply(200, {"d": {"EntitySets": []}}, headers)
        self.asked.append((method, url, given))
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return reply(*answer)


def reply(status, body, headers=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpAnswer(status=status, headers=headers or {}, body=content)


def refusal(*details, code="V1/000", text="An exception was raised"):
    """SAP's error envelope."""
    rows = [{"code": "", "message": "", "severity": "error", "target": "", "propertyref": "", **one} for one in details]
    return {"error": {"code": code, "message": {"lang": "en", "value": text}, "innererror": {"errordetails": rows}}}


def row(order_id="1001", **changes):
    """A sales order as the service tells it."""
    items = changes.pop("items", [{"SalesOrderItem": "10", "TaxAmount": "47.57"}])
    told = {
        "__metadata": {"etag": f"W/\"{order_id}-1\""}, "SalesOrder": order_id, "PurchaseOrderByCustomer": "K1001",
        "TransactionCurrency": "INR", "TotalNetAmount": "951.43", "OverallTotalDeliveryStatus": "A",
        "OverallSDDocumentRejectionSts": "A", "HeaderBillingBlockReason": "", "DeliveryBlockReason": "",
        "LastChangeDateTime": "/Date(1795422600000+0000)/",
        "to_Item": {"results": [{"HigherLevelItem": "0", "SalesDocumentRjcnReason": "", **one} for one in items]},
    }
    return {**told, **changes}


def listed(*rows, **more):
    return (200, {"d": {"results": list(rows), "__count": str(len(rows)), **more}})


def make_order(number="K1001", **changes):
    """Two units of one thing, paid at a gateway: 2 × 499.50."""
    line = OmsLine(line_id="1", sku="SHIRT-M", name="Shirt", quantity=2, unit_price=49950,
                   tax={"rate": "5.00", "amount": 4757})
    paid = OmsPayment(kind="gateway", amount=99900, name="Razorpay", gateway="razorpay", gateway_payment_id="pay_1",
                      method="upi", paid_at=AT)
    whole = {
        "number": number, "store": "demo", "currency": "INR", "total": 99900, "due": 99900, "method": "prepaid",
        "created_at": AT, "lines": [line], "payments": [paid],
        "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"},
        "shipping_address": dict(ADDRESS), "billing_address": dict(ADDRESS),
    }
    return OmsOrder(**{**whole, **changes})


@pytest.fixture
def sap():
    """The makers of what SAP says."""
    return SimpleNamespace(row=row, listed=listed, refusal=refusal, canned=Canned)


@pytest.fixture
def order():
    return make_order


@pytest.fixture
def given():
    return dict(GIVEN)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def plugin(clock):
    """A plugin object that needs no server; settings can be given by name."""
    return lambda **more: Sap(SapSettings(**{**GIVEN, **more}), now=clock)


@pytest.fixture
def client():
    made = HttpClient(deadline=5)
    yield made
    made.close()


@pytest.fixture
def simulator():
    with simulating(SapSimulator) as (_, running):
        yield running


@pytest.fixture
def account(simulator):
    """The plugin with an account at the running stand-in."""
    return lambda **more: Sap(SapSettings(**{**simulator.settings(), **more}))


@pytest.fixture
def message():
    """A call at one of our doors."""
    def make(method="POST", path="idocs/news", body=b"", query=(), **headers):
        return Inbound(method=method, path=f"/partners/a/{path}", headers=headers, body=body, query=query)

    return make
