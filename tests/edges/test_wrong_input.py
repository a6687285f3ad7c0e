"""What cannot be taken is named; nothing a caller sends is answered 500."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from doors import COD, Door, Till, order_body

from kartify.flows.people import stores

DEEP = b'{"number": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"


def changed(path: str, value: Any) -> dict[str, Any]:
    body: Any = deepcopy(order_body())
    found = body
    *parents, last = path.split(".")
    for part in parents:
        found = found[int(part)] if part.isdigit() else found[part]
    found[int(last) if last.isdigit() else last] = value
    return body


FIELDS = [
    ("total", 254901, "total"), ("total", 254900.0, "total"), ("total", "254900", "total"), ("total", True, "total"),
    ("total", None, "total"), ("total", -1, "total"), ("total", 10**30, "total"), ("number", "", "number"),
    ("number", "K 1", "number"), ("number", "K" * 65, "number"), ("number", "K1\n", "number"),
    ("number", "../K1", "number"), ("number", 5, "number"), ("currency", "inr", "currency"),
    ("currency", "INRX", "currency"), ("lines", [], "lines"), ("lines", None, "lines"), ("lines", {}, "lines"),
    ("lines.0.quantity", 0, "lines.0.quantity"), ("lines.0.quantity", 1.5, "lines.0.quantity"),
    ("lines.0.unit_price", -5, "lines.0.unit_price"), ("lines.0.sku", "", "lines.0.sku"),
    ("lines.0.sku", "x" * 201, "lines.0.sku"), ("lines.0.colour", "red", "lines.0.colour"),
    ("lines.0.tax", {"rate": "abc"}, "lines.0.tax.rate"), ("lines.0.tax", {"rate": "NaN"}, "lines.0.tax.rate"),
    ("lines.0.discount", 249901, "total"), ("fees.0.kind", "bribe", "fees.0.kind"),
    ("fees.0.amount", 5000.5, "fees.0.amount"), ("tenders.0.amount", 254901, "tenders"),
    ("tenders.0.amount", -1, "tenders.0.amount"), ("customer", None, "customer"), ("customer", [], "customer"),
    ("customer.age", 7, "customer.age"), ("colour", "red", "colour"), ("payment.method", "barter", "payment.method"),
    ("payment.gateway", "nobody", "payment.gateway"), ("payment.gateway", "x" * 81, "payment.gateway"),
    ("payment.extra", 1, "payment.extra"), ("return_url", "https://evil.example/", "return_url"),
    ("return_url", "javascript:alert(1)", "return_url"), ("return_url", "//evil.example", "return_url"),
    ("return_url", "https://127.0.0.1@evil.example/", "return_url"), ("return_url", "http://[::1", "return_url"),
    ("return_url", "http://127.0.0.1\\@evil.example", "return_url"),
    ("return_url", "http://127.0.0.1:x/", "return_url"),
    ("shipping_address.country", "India", "shipping_address.country"), ("metadata", [], "metadata"),
    ("metadata", {"a": "x" * 9000}, "metadata"), ("metadata", {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}, "metadata"),
    ("metadata", {"zero": "a\u0000b"}, "body"), ("customer.name", "a\u0000b", "body"),
    ("oms_order_id", "x" * 81, "oms_order_id"),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_wrong_field_is_422_and_named(door: Door, rows: Any) -> None:
    for path, value, named in FIELDS:
        answer = door.post("", changed(path, value))
        assert answer.status_code == 422, (path, value, answer.data)
        assert answer.content_type == "application/problem+json"
        assert (answer.json["field"], answer.json["errors"][0]["field"]) == (named, named), (path, value)
    assert rows("orders") == []


BODIES = [
    (b"", "application/json", 422), (b"{", "application/json", 400), (b"[]", "application/json", 422),
    (b"null", "application/json", 422), (b'"x"', "application/json", 422), (b"\xff\xfe", "application/json", 400),
    (b'{"number": NaN}', "application/json", 400), (b'{"number": 1e999}', "application/json", 400),
    (b'{"number": "\\ud800"}', "application/json", 400), (DEEP, "application/json", 400),
    (b"{}", "text/plain", 415), (b"number=K1", "application/x-www-form-urlencoded", 415), (b"{}", "", 415),
    (b" " * (1024 * 1024 + 1), "application/json", 413), (b"x" * (5 * 1024 * 1024), "text/plain", 413),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sc_13_bodies_that_cannot_be_read_are_4xx(door: Door) -> None:
    for path in ("", "/K1/payments", "/K1/cancel", "/K1/place"):
        for body, kind, status in BODIES:
            answer = door.client.post(f"/api/v1/orders{path}", data=body, content_type=kind, headers=door.headers)
            # Elsewhere nothing has to be said: an empty body only finds that there is no such order.
            wanted = 404 if path and not body else status
            assert (answer.status_code, answer.content_type) == (wanted, "application/problem+json"), (path, body[:20])


def test_wrong_query_is_422(door: Door) -> None:
    for query in QUERIES:
        assert door.get("", query_string=query).status_code == 422, query


QUERIES = [
    {"status": "lost"}, {"since": "yesterday"}, {"since": "2026-01-01T00:00:00"}, {"cursor": "!"}, {"cursor": "AAAA"},
    {"cursor": "\u0000"}, {"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"colour": "red"},
]


def test_wrong_number_in_the_path_is_4xx(door: Door) -> None:
    for number in ("K 1", "K%00", "%FF%FE", "K" * 65, "K1%0A"):
        for answer in (door.get(f"/{number}"), door.post(f"/{number}/cancel"), door.post(f"/{number}/place")):
            assert answer.status_code in (404, 422), number


def test_wrong_method_is_405_with_what_is_allowed(door: Door) -> None:
    answer = door.client.delete("/api/v1/orders", headers=door.headers)
    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
    assert "POST" in answer.headers["Allow"]


def test_all_wrong_fields_are_listed_at_once(door: Door) -> None:
    answer = door.post("", changed("currency", "x") | {"colour": 1, "shape": 2})
    assert {error["field"] for error in answer.json["errors"]} == {"currency", "colour", "shape"}


def test_total_names_what_the_lines_come_to(door: Door) -> None:
    assert "254900" in door.post("", changed("total", 254800)).json["detail"]


def test_two_lines_with_one_id_are_refused(door: Door) -> None:
    line = order_body()["lines"][0]
    answer = door.post("", order_body(lines=[line, line], total=504800))
    assert answer.json["field"] == "lines"


def test_cod_with_a_gateway_session_is_refused(door: Door) -> None:
    answer = door.post("", order_body(payment={**COD, "gateway_order_id": "x"}))
    assert answer.json["field"] == "payment.gateway_order_id"


def test_paused_account_takes_no_order(door: Door, till: Till) -> None:
    account = door.post("", order_body()).json["payment"]["account"]
    stores.pause_account(door.shop.house, UUID(account), by="test", reason="test")
    answer = door.post("", order_body("K2"))
    assert (answer.status_code, answer.json["field"]) == (422, "payment.gateway")
    assert len(till.opened) == 1


ORIGINS = [
    ("https://shop.example", "https://shop.example/thanks?a=1", 201),
    ("https://shop.example", "https://SHOP.example:443/thanks", 201),
    ("https://shop.example", "http://shop.example/thanks", 422),
    ("https://shop.example", "https://shop.example:8443/", 422),
    ("https://shop.example", "https://shop.example.evil.example/", 422),
    ("https://shop.example", "http://localhost:3000/thanks", 201),
    ("", "https://shop.example/thanks", 422),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_return_url_is_of_an_allowed_origin(door: Door) -> None:
    for index, (origins, url, status) in enumerate(ORIGINS):
        stores.set_store(door.shop.house, door.shop.code, {"return_origins": origins})
        assert door.post("", order_body(f"K{index}", return_url=url)).status_code == status, url
