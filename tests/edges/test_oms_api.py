"""A pulling OMS tells how an order stands, by the API or at an address of its plugin."""

from __future__ import annotations

from uuid import uuid4

import pytest
from doors import COD, Door, order_body
from flask.testing import FlaskClient

from kartify.flows.keys import create_key
from kartify.testing.builder import make_shop


@pytest.fixture
def oms(door: Door) -> Door:
    """The same store, as its OMS calls."""
    return Door(door.client, create_key(door.shop.house, door.shop.code, "oms"), door.shop)


def tell(oms: Door, number: str, **body: object) -> object:
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
    assert tell(oms, "K1001", status="shipped").status_code == 409


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
