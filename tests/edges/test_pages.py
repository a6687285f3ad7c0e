"""What a customer who comes back from the gateway sees."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import time_machine
from doors import Door, order_body
from fakes import Bank, sign
from flask.testing import FlaskClient

from kartify.flows.people import stores


def come_back(door: Door, order: Any, **params: str) -> Any:
    session = order.json["payment"]["gateway_order_id"]
    signature = sign(f"{session}|pay_1".encode())
    query = {"order": session, "payment": "pay_1", "signature": signature, **params}
    return door.client.get(f"/callbacks/{order.json['payment']['account']}", query_string=query)


@pytest.fixture
def listed(door: Door) -> str:
    stores.set_store(door.shop.house, door.shop.code, {"return_origins": "https://shop.example"})
    return "https://shop.example/thanks?lang=en"


def test_return_goes_on_to_the_store_by_303(door: Door, bank: Bank, listed: str) -> None:
    order = door.post("", order_body(return_url=listed))
    bank.paid(order.json["payment"]["gateway_order_id"], amount=254900)
    answer = come_back(door, order)
    assert answer.status_code == 303
    target = urlsplit(answer.headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == "https://shop.example/thanks"
    assert parse_qs(target.query) == {"lang": ["en"], "order": ["K1001"], "status": ["processing"]}


def test_return_without_a_return_url_shows_our_page(door: Door, bank: Bank) -> None:
    order = door.post("", order_body())
    bank.paid(order.json["payment"]["gateway_order_id"], amount=254900)
    answer = come_back(door, order)
    assert answer.status_code == 303
    page = door.client.get(answer.headers["Location"])
    assert page.status_code == 200
    assert "Your order is confirmed" in page.text
    assert "K1001" in page.text
    assert "Asha" not in page.text
    assert "http-equiv" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_sc_22_forged_return_settles_nothing_and_the_page_checks_on(door: Door) -> None:
    order = door.post("", order_body())
    answer = come_back(door, order, signature="forged")
    page = door.client.get(answer.headers["Location"])
    assert "We are checking your payment" in page.text
    assert 'http-equiv="refresh"' in page.text
    assert door.get("/K1001").json["status"] == "missing"


def test_sc_24_reloaded_return_settles_once(door: Door, bank: Bank, rows: Any) -> None:
    order = door.post("", order_body())
    bank.paid(order.json["payment"]["gateway_order_id"], amount=254900)
    assert [come_back(door, order).status_code for _ in range(10)] == [303] * 10
    assert len(rows("settlements")) == 1


def test_return_by_a_cross_site_form_needs_no_token(door: Door) -> None:
    order = door.post("", order_body())
    session = order.json["payment"]["gateway_order_id"]
    answer = door.client.post(f"/callbacks/{order.json['payment']['account']}?order={session}", data={"a": "b"},
                              headers={"Origin": "https://till.example"})
    assert answer.status_code == 303


def test_return_that_names_nothing_of_ours_is_a_page(door: Door) -> None:
    account = door.post("", order_body()).json["payment"]["account"]
    for path in (f"/callbacks/{account}", f"/callbacks/{account}?order=foreign", f"/callbacks/{uuid4()}?order=x"):
        answer = door.client.get(path)
        assert answer.status_code == 404
        assert answer.content_type.startswith("text/html")
    big = door.client.post(f"/callbacks/{account}", data=b"x" * (1024 * 1024 + 1))
    assert big.status_code == 413


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "InNvbWV0aGluZyI.aaaa.bbbb"])
def test_status_page_needs_our_signature(client: FlaskClient, token: str) -> None:
    answer = client.get(f"/orders/status/{token}")
    assert answer.status_code == 404
    assert answer.content_type.startswith("text/html")


def test_status_page_ends_after_a_month(door: Door) -> None:
    from datetime import UTC, datetime, timedelta

    with time_machine.travel(datetime.now(UTC), tick=False) as travel:
        order = door.post("", order_body())
        where = come_back(door, order, signature="forged").headers["Location"]
        travel.shift(timedelta(days=31))
        assert door.client.get(where).status_code == 404
