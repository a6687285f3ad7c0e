"""What the server refuses, and the page that shows what it has."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from kartify.plugin import Kind


@pytest.mark.parametrize(
    ("wish", "status", "field"),
    [
        ({"modus": "stall"}, 422, "modus"),
        ({"mode": "explode"}, 422, "mode"),
        ({"mode": ["stall"]}, 422, "mode"),
        ({"mode": "stall", "times": -1}, 422, "times"),
        ({"mode": "stall", "times": "2"}, 422, "times"),
        ({"mode": "stall", "on": ["lunch"]}, 422, "on"),
        ({"mode": "stall", "on": "push"}, 422, "on"),
        ({"duplicates": "third"}, 422, "duplicates"),
        ({"stall_seconds": True}, 422, "stall_seconds"),
        ({"news_url": "file:///etc/passwd"}, 422, "news_url"),
        ({"news": {"kind": "shipped"}}, 422, "news"),
        ({"news": {"kind": "shipped", "number": "K9"}}, 404, "id"),
    ],
)
def test_control_refuses_what_it_does_not_understand(control, server, wish, status, field):
    answer = control(**wish)
    assert (answer.status, answer.json()["field"]) == (status, field)
    assert server.faults.describe() == ["accept"]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "body"),
        ({}, "number"),
        ({"number": ""}, "currency"),
        ({"number": "", "currency": "INR", "total": 1, "lines": [1]}, "number"),
        ({"number": "K1", "currency": "INR", "total": True, "lines": []}, "total"),
        ({"number": "K1", "currency": "INR", "total": 1.5, "lines": []}, "total"),
        ({"number": "K1", "currency": "INR", "total": 1, "lines": []}, "lines"),
        ({"number": "K1", "currency": "INR", "total": 1, "lines": [1]}, "lines[0]"),
        ({"number": "K1", "currency": "INR", "total": 1, "lines": [{"sku": "A", "quantity": 0}]}, "lines[0].quantity"),
        ({"number": "K1", "currency": "INR", "total": 1, "lines": [{"sku": "A", "quantity": 1}]}, "total"),
        (
            {"number": "K1", "currency": "INR", "total": 0, "lines": [{"sku": "A", "quantity": 1}], "fees": [{}]},
            "fees[0].amount",
        ),
        (
            {
                "number": "K1",
                "currency": "INR",
                "total": 0,
                "lines": [{"sku": "A", "quantity": 1}],
                "shipping_address": "here",
            },
            "shipping_address",
        ),
    ],
)
def test_the_api_names_the_field_that_is_wrong(client, server, document, field):
    headers = {"Authorization": f"Bearer {server.api_key}", "Sandbox-Oms-Merchant": server.merchant}
    answer = client.request("POST", f"{server.base_url}/orders", json=document, headers=headers)
    assert (answer.status, answer.json()["field"]) == (422, field)
    assert server.orders == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"x" * 1_000_001, "application/json", 413),
    ],
)
def test_a_body_that_is_not_an_order_is_refused(client, server, body, kind, status):
    headers = {
        "Authorization": f"Bearer {server.api_key}",
        "Sandbox-Oms-Merchant": server.merchant,
        "Content-Type": kind,
    }
    assert client.request("POST", f"{server.base_url}/orders", body=body, headers=headers).status == status


class Cells(HTMLParser):
    """The text of the page, and every tag."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def page_of(client, server):
    answer = client.request("GET", server.base_url)
    assert answer.status == 200
    assert "script-src" not in answer.headers["content-security-policy"]
    return Cells(answer.body.decode())


def test_the_page_shows_number_id_sum_and_state(oms, client, server, order):
    assert "No order has arrived yet." in page_of(client, server).text
    receipt = oms.deliver(client, Kind.PUSH, order)
    oms.deliver(client, Kind.HOLD, replace(order, oms_order_id=receipt.id))
    shown = page_of(client, server)
    for words in ("K1001", receipt.id, "₹2,549.00", "on hold", "1 sales order"):
        assert words in shown.text
    assert "duplicate" not in shown.text
    assert oms.order_url(receipt.id).partition("#")[2] in [attributes.get("id") for _, attributes in shown.tags]
    assert "script" not in {tag for tag, _ in shown.tags}


def test_the_page_marks_a_number_that_has_two_sales_orders(oms, client, server, order):
    oms.deliver(client, Kind.PUSH, order)
    oms.deliver(client, Kind.PUSH, order)
    assert page_of(client, server).text.count("duplicate") == 2


def test_the_page_shows_hostile_text_as_text(oms, client, server, order):
    oms.deliver(client, Kind.PUSH, replace(order, number="<script>alert(1)</script>"))
    shown = page_of(client, server)
    assert "<script>alert(1)</script>" in shown.text
    assert "script" not in {tag for tag, _ in shown.tags}
