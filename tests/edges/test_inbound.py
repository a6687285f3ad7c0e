"""Webhooks over HTTP: what is answered, what is stored."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.fernet import Fernet
from doors import Door, close, make_app, order_body
from fakes import SECRET, sign, webhook
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, TestResponse

from kartify.database import Database, make_engine
from kartify.flows.people import stores
from kartify.house import House, build
from kartify.http import HttpClient
from kartify.registry import Registry
from kartify.testing.builder import Shop
from kartify.vault import Vault
from kartify.web.bodies import LimitedRequest, inbound


@pytest.fixture
def account(shop: Shop) -> str:
    return str(shop.account("plain", {"webhook_secret": SECRET}))


def send(client: FlaskClient, account: str, body: bytes, kind: str = "application/json", **headers: str) -> Any:
    signed = {"X-Signature": sign(body), "Content-Type": kind, **headers}
    return client.post(f"/webhooks/{account}", data=body, headers=signed)


def test_signed_webhook_makes_the_order_processing(door: Door, shop: Shop, account: str, rows: Any) -> None:
    order = door.post("", order_body(payment={"method": "prepaid", "gateway": "plain"}))
    message = webhook("e1", {"order": order.json["payment"]["gateway_order_id"], "amount": 254900})
    assert send(door.client, account, message.body).status_code == 200
    assert door.get("/K1001").json["status"] == "processing"
    assert send(door.client, account, message.body).status_code == 200
    assert [row["duplicates"] for row in rows("inbox")] == [1]


def test_sc_08_wrong_signature_is_401_and_only_counted(client: FlaskClient, account: str, rows: Any) -> None:
    body = webhook("e1", {"order": "o"}).body
    answer = send(client, account, body, **{"X-Signature": sign(body, "guess")})
    assert answer.status_code == 401
    assert rows("inbox") == []
    assert [row["count"] for row in rows("refusals")] == [1]
    assert rows("refusals")[0]["last_network"] == "127.0.0.0/24"


def test_peer_cannot_be_forged_by_a_header(client: FlaskClient, account: str, rows: Any) -> None:
    send(client, account, b"{}", **{"X-Signature": "no", "X-Kartify-Peer": "8.8.8.8"})
    assert rows("refusals")[0]["last_network"] == "127.0.0.0/24"


def test_header_sent_twice_is_no_proof(client: FlaskClient, account: str) -> None:
    body = webhook("e1").body
    headers = [("X-Signature", sign(body)), ("X-Signature", sign(body)), ("Content-Type", "application/json")]
    assert client.post(f"/webhooks/{account}", data=body, headers=headers).status_code == 401


def test_sc_11_no_secret_configured_is_503(client: FlaskClient, shop: Shop, house: House, account: str) -> None:
    stores.set_account(house, UUID(account), {"webhook_secret": ""})
    answer = send(client, account, b"{}")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", [f"/webhooks/{UUID(int=7)}", "/webhooks/nonsense", "/webhooks/"])
def test_unknown_account_is_404(client: FlaskClient, path: str) -> None:
    assert client.post(path, data=b"{}").status_code == 404


@pytest.mark.parametrize(("body", "kind", "status", "kept"), [
    (b"", "application/json", 400, 1), (b"{", "application/json", 400, 1), (b"[]", "application/json", 400, 1),
    (b"[" * 10_000 + b"]" * 10_000, "application/json", 400, 1), (b"{}", "text/plain", 415, 1),
    (b"x" * (1024 * 1024), "application/json", 400, 1), (b"x" * (1024 * 1024 + 1), "application/json", 413, 0),
    (b"x" * (5 * 1024 * 1024), "application/json", 413, 0),
])
def test_sc_13_what_cannot_be_read_is_4xx_and_kept_if_authentic(
    client: FlaskClient, account: str, rows: Any, body: bytes, kind: str, status: int, kept: int
) -> None:
    assert send(client, account, body, kind).status_code == status
    assert [row["state"] for row in rows("inbox")] == ["ignored"] * kept


def test_sc_14_unknown_event_is_2xx(client: FlaskClient, account: str, rows: Any) -> None:
    assert send(client, account, webhook("e1", event="unknown").body).status_code == 200
    assert rows("inbox")[0]["state"] == "ignored"


def test_sc_15_unknown_order_is_2xx_and_waits(client: FlaskClient, account: str, rows: Any) -> None:
    assert send(client, account, webhook("e1", {"order": "nobody"}).body).status_code == 200
    assert rows("inbox")[0]["state"] == "waiting"


def test_get_of_a_webhook_is_405(client: FlaskClient, account: str) -> None:
    assert client.get(f"/webhooks/{account}").status_code == 405


def test_zero_character_in_a_signed_message_is_no_500(client: FlaskClient, account: str) -> None:
    body = b'{"id": "a\\u0000b", "reports": [{"order": "o\\u0000", "payment": "p\\u0000"}]}'
    assert send(client, account, body).status_code < 500


def signing_in(client: FlaskClient) -> TestResponse:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/admin/login").text)
    values = {"email": "a@shop.example", "password": "long enough a word", "csrf_token": token and token[1]}
    return client.post("/admin/login", data=values)


def test_sc_17_database_out_of_reach_is_503_with_retry_after() -> None:
    gone = "postgresql+psycopg://nobody@127.0.0.1:1/gone"
    vault = Vault([Fernet.generate_key().decode()])
    house = build(Database(make_engine(gone)), Registry(), vault, client=HttpClient(), public_url="http://x")
    app = make_app(house)
    client = app.test_client()
    answers = [
        client.post(f"/webhooks/{uuid4()}", data=b"{}"),
        client.get(f"/callbacks/{uuid4()}"),
        client.get("/api/v1/orders", headers={"Authorization": "Bearer kf_storefront_" + "x" * 43}),
    ]
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    people = signing_in(client)
    assert (people.status_code, people.mimetype, int(people.headers["Retry-After"]) > 0) == (503, "text/html", True)
    assert "kartify cannot reach its database at the moment." in people.text
    assert b"kartify_database_up 0.0" in client.get("/metrics").data
    close(app)


def test_a_plugin_sees_the_query_as_it_was_sent() -> None:
    """Signatures cover what was sent, and the same pairs can be written in many ways."""
    request = LimitedRequest({**EnvironBuilder("/partners/a/orders").get_environ(), "QUERY_STRING": "a=x%2by&b=1+2"})
    message = inbound(request)
    assert message.query_string == "a=x%2by&b=1+2"
    assert message.query == (("a", "x+y"), ("b", "1 2"))
