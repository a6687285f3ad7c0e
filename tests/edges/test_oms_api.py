"""A pulling OMS tells how an order stands, by the API or at an address of its plugin."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from uuid import uuid4

import pytest
from doors import COD, Door, order_body
from flask.testing import FlaskClient

from kartify.flows.people.keys import create_key
from kartify.testing.builder import make_shop


@pytest.fixture
def oms(door: Door) -> Door:
    """The same store, as its OMS calls."""
    return Door(door.client, create_key(door.shop.house, door.shop.code, "oms"), door.shop)


def pull(oms: Door, **query: Any) -> Any:
    return oms.client.get("/api/v1/oms/orders", query_string=query, headers=oms.headers)


def acknowledge(oms: Door, number: str, **body: Any) -> Any:
    return oms.client.post(f"/api/v1/oms/orders/{number}/ack", json=body, headers=oms.headers)


@pytest.fixture
def pulling(oms: Door) -> Door:
    """Its OMS fetches orders by itself."""
    oms.shop.account("till-feed", {})
    return oms


def test_pulled_order_is_whole_and_listed_until_it_is_acknowledged(door: Door, pulling: Door, rows: Any) -> None:
    door.post("", order_body(payment=COD))
    assert pull(pulling).json["orders"] == []
    door.post("/K1001/place")
    page = pull(pulling).json
    (order,) = page["orders"]
    assert (order["number"], order["total"], order["position"], order["acknowledged"]) == ("K1001", 254900, 1, False)
    assert order["lines"][0]["tax"] == {"amount": 11900, "rate": "5.00"}
    assert [(one["kind"], one["amount"]) for one in order["payments"]] == [("cod", 254900)]
    assert pull(pulling).json["orders"] == page["orders"]
    assert acknowledge(pulling, "K1001", oms_order_id="SO-1").json == {"number": "K1001", "receipt": "SO-1"}
    assert acknowledge(pulling, "K1001").status_code == 200
    assert acknowledge(pulling, "K1001", oms_order_id="SO-2").status_code == 409
    assert pull(pulling, unacknowledged="true").json["orders"] == []
    assert pull(pulling, cursor="0").json["orders"][0]["acknowledged"] is True
    assert rows("outbox")[0]["state"] == "done"
    assert door.get("/K1001").json["oms_order_id"] == "SO-1"


def test_cursor_skips_nothing(door: Door, pulling: Door) -> None:
    seen, cursor = [], "0"
    for index in range(5):
        door.post("", order_body(f"K{index}", payment=COD))
        door.post(f"/K{index}/place")
    while True:
        page = pull(pulling, cursor=cursor, limit=2).json
        seen += [order["number"] for order in page["orders"]]
        cursor = page["next_cursor"]
        if not page["more"]:
            break
    assert seen == [f"K{index}" for index in range(5)]
    assert pull(pulling, cursor=cursor).json["orders"] == []


def test_cancel_of_an_order_that_was_listed_asks_the_oms_first(door: Door, pulling: Door) -> None:
    for number in ("K1", "K2"):
        door.post("", order_body(number, payment=COD))
        door.post(f"/{number}/place")
        if number == "K1":
            pull(pulling)
    assert door.post("/K1/cancel").status_code == 202
    assert door.get("/K1").json["status"] == "processing"
    assert door.post("/K2/cancel").status_code == 200
    assert door.get("/K2").json["status"] == "cancelled"
    assert acknowledge(pulling, "K2").status_code == 409


def test_wrong_cursor_is_422_and_a_store_without_a_feed_404(oms: Door) -> None:
    assert pull(oms).status_code == 404
    assert pull(oms, cursor="x").json["field"] == "cursor"
    assert pull(oms, cursor="-1").json["field"] == "cursor"
    assert pull(oms, limit="0").json["field"] == "limit"
    assert acknowledge(oms, "K9").status_code == 404


def tell(oms: Door, number: str, **body: Any) -> Any:
    return oms.client.post(f"/api/v1/oms/orders/{number}/status", json=body, headers=oms.headers)


def test_shipped_and_delivered_move_the_order_forward(door: Door, oms: Door) -> None:
    door.post("", order_body(payment=COD))
    door.post("/K1001/place")
    shipped = tell(oms, "K1001", status="shipped", oms_order_id="SO-1")
    assert (shipped.status_code, shipped.json["status"]) == (200, "shipped")
    assert tell(oms, "K1001", status="delivered").json["status"] == "delivered"
    assert door.get("/K1001").json["status"] == "delivered"


def test_wrong_news_is_named(door: Door, oms: Door) -> None:
    door.post("", order_body(payment=COD))
    assert tell(oms, "K1001", status="lost").json["field"] == "status"
    assert tell(oms, "K1001", status="shipped", at="yesterday").json["field"] == "at"
    assert tell(oms, "K1001", status="shipped", colour=1).json["field"] == "colour"
    assert tell(oms, "K9", status="shipped").status_code == 404
    assert tell(oms, "K1001", status="shipped").json["status"] == "missing"


def test_key_of_a_storefront_may_not_tell(door: Door) -> None:
    assert tell(door, "K1001", status="shipped").status_code == 403


def test_key_of_another_store_finds_nothing(door: Door) -> None:
    door.post("", order_body(payment=COD))
    make_shop(door.shop.house, "other")
    other = Door(door.client, create_key(door.shop.house, "other", "oms"), door.shop)
    assert tell(other, "K1001", status="shipped").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_address_that_no_plugin_declares_is_404(client: FlaskClient, method: str) -> None:
    assert client.open(f"/partners/{uuid4()}/orders/status", method=method, data=b"{}").status_code == 404
    assert client.open(f"/partners/{uuid4()}/%00", method=method).status_code == 404


def test_big_message_of_a_partner_is_413(client: FlaskClient) -> None:
    answer = client.post(f"/partners/{uuid4()}/news", data=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413


def test_the_feed_as_csv_has_a_row_for_each_line_and_the_same_cursor(door: Door, pulling: Door) -> None:
    two = [{"line_id": str(number), "sku": f"S{number}", "name": 'A "large", blue\nshirt', "quantity": number,
            "unit_price": 1000} for number in (1, 2)]
    door.post("", order_body(lines=two, fees=[], total=3000, payment=COD))
    door.post("/K1001/place")
    answer = pulling.client.get("/api/v1/oms/orders.csv", query_string={"cursor": "0"}, headers=pulling.headers)
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [(row["number"], row["line_id"], row["quantity"], row["line_name"]) for row in rows] == [
        ("K1001", "1", "1", 'A "large", blue\nshirt'), ("K1001", "2", "2", 'A "large", blue\nshirt'),
    ]
    assert {row["total"] for row in rows} == {"3000"}
    assert rows[0]["shipping_city"] == "Pune"
    assert json.loads(rows[0]["payments"])[0]["kind"] == "cod"
    assert answer.headers["X-Next-Cursor"] == pull(pulling, cursor="0").json["next_cursor"]
    assert answer.headers["X-More"] == "false"


def test_the_csv_feed_takes_the_same_questions_and_refuses_the_same(pulling: Door) -> None:
    answer = pulling.client.get("/api/v1/oms/orders.csv", query_string={"limit": "0"}, headers=pulling.headers)
    assert answer.status_code == 422
    assert pulling.client.get("/api/v1/oms/orders.csv").status_code == 401
