"""The storefront's contract, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from doors import COD, Door, Till, open_door, order_body
from fakes import Bank, webhook
from flask import Flask
from flask.testing import FlaskClient

from kartify.domain.errors import Permanent, Temporary
from kartify.flows.people.keys import create_key, revoke_key
from kartify.house import House
from kartify.testing.builder import Shop, make_shop

NEXT = {"type": "redirect"}


def pay(door: Door, order: Any, payment: str = "pay_1", amount: int = 254900) -> None:
    """The gateway's signed webhook."""
    charge = {"order": order.json["payment"]["gateway_order_id"], "payment": payment, "amount": amount}
    message = webhook(f"e-{payment}", charge)
    answer = door.client.post(f"/webhooks/{order.json['payment']['account']}", data=message.body,
                              headers=dict(message.headers))
    assert answer.status_code == 200


def test_confirm_order_makes_it_missing_and_tells_the_next_step(door: Door, till: Till) -> None:
    answer = door.post("", order_body())
    assert answer.status_code == 201
    told = answer.json
    assert (told["number"], told["status"], told["due"]) == ("K1001", "missing", 254900)
    assert told["payment"]["state"] == "open"
    assert told["payment"]["next"]["type"] == "redirect"
    assert till.opened[0].amount.minor == 254900
    assert len(till.opened[0].reference) == 20
    assert till.opened[0].reference.isalnum()
    assert "Retry-After" not in answer.headers


def test_tenders_lower_what_is_due(door: Door, till: Till) -> None:
    body = order_body(tenders=[{"kind": "store_credit", "amount": 54900, "reference": "SC-1"}])
    answer = door.post("", body)
    assert answer.json["due"] == 200000
    assert till.opened[0].amount.minor == 200000


def test_only_the_required_fields_are_required(door: Door) -> None:
    body = {
        "number": "K1", "currency": "INR", "total": 100, "customer": {},
        "lines": [{"sku": "A", "name": "A", "quantity": 1, "unit_price": 100}], "payment": {"method": "prepaid"},
    }
    answer = door.post("", body)
    assert answer.status_code == 201
    assert answer.json["lines"][0]["line_id"] == "1"
    assert answer.json["payment"]["gateway"] == "till"


def test_all_that_was_sent_is_read_back(door: Door) -> None:
    body = order_body(metadata={"cart": 7}, return_url="http://127.0.0.1/thanks", oms_order_id="FY1")
    assert door.post("", body).status_code == 201
    read = door.get("/K1001")
    assert read.status_code == 200
    for name in ("number", "currency", "total", "customer", "return_url", "oms_order_id", "metadata"):
        assert read.json[name] == body[name]
    assert read.json["lines"][0]["tax"] == {"rate": "5.0000", "amount": 11900}
    assert read.json["fees"] == [{"kind": "shipping", "amount": 5000, "tax": None}]
    assert read.json["tenders"] == body["tenders"]
    assert read.json["shipping_address"]["city"] == "Pune"


def test_repetition_is_200_and_opens_nothing_more(door: Door, till: Till, rows: Any) -> None:
    first = door.post("", order_body())
    again = door.post("", order_body())
    assert again.status_code == 200
    assert again.json["payment"] == first.json["payment"]
    assert len(till.opened) == 1
    assert len(rows("orders")) == len(rows("payments")) == len(rows("order_moves")) == 1


def test_repetition_written_differently_is_the_same_order(door: Door) -> None:
    body = order_body()
    assert door.post("", body).status_code == 201
    body.pop("billing_address")
    body["lines"][0].pop("discount")
    assert door.post("", dict(reversed(body.items()))).status_code == 200


def test_another_body_under_a_known_number_is_409(door: Door, rows: Any) -> None:
    door.post("", order_body())
    changed = order_body()
    changed["customer"]["name"] = "Somebody Else"
    answer = door.post("", changed)
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert rows("orders")[0]["customer"]["name"] == "Asha Rao"


def test_silent_gateway_is_201_and_the_repetition_opens(door: Door, till: Till) -> None:
    till.fail_before(Temporary("connection refused", sent=False))
    first = door.post("", order_body())
    assert first.status_code == 201
    assert (first.json["payment"]["state"], first.json["payment"]["next"]) == ("unknown", None)
    assert int(first.headers["Retry-After"]) > 0
    again = door.post("", order_body())
    assert (again.status_code, again.json["payment"]["state"]) == (200, "open")
    assert till.looked_up == [till.opened[0].reference]


def test_lost_answer_is_looked_up_not_repeated(door: Door, till: Till) -> None:
    till.lose_answer(Temporary("read timed out", sent=True))
    assert door.post("", order_body()).json["payment"]["state"] == "unknown"
    again = door.post("", order_body())
    assert again.json["payment"]["next"]["url"].endswith(f"ses_{till.opened[0].reference}")
    assert len(till.opened) == 1


def test_refusing_gateway_leaves_an_order_that_can_be_paid_again(door: Door, till: Till) -> None:
    till.fail_before(Permanent("currency not enabled"))
    first = door.post("", order_body())
    assert (first.status_code, first.json["status"]) == (201, "missing")
    assert first.json["payment"]["state"] == "failed"
    assert first.json["payment"]["next"] == {"type": "none"}
    assert "currency not enabled" in first.json["payment"]["reason"]
    again = door.post("/K1001/payments", {"gateway": "till"})
    assert (again.status_code, again.json["payment"]["state"]) == (200, "open")
    assert till.opened[0].reference != till.opened[1].reference


def test_expired_session_is_replaced_by_a_usable_one(door: Door, till: Till) -> None:
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as travel:
        till.expires_at = start + timedelta(minutes=30)
        first = door.post("", order_body())
        travel.shift(timedelta(minutes=31))
        till.expires_at = start + timedelta(hours=2)
        again = door.post("", order_body())
    assert again.json["payment"]["reference"] != first.json["payment"]["reference"]
    assert again.json["payment"]["state"] == "open"


def test_session_that_the_storefront_opened_is_adopted_without_a_call(door: Door, till: Till, rows: Any) -> None:
    body = order_body(payment={"method": "prepaid", "gateway": "till", "gateway_order_id": "order_own"})
    answer = door.post("", body)
    assert (answer.status_code, answer.json["payment"]["state"]) == (201, "open")
    assert answer.json["payment"]["gateway_order_id"] == "order_own"
    assert till.opened == []
    assert rows("payments")[0]["next_ask_at"] is not None
    second = door.post("", order_body("K1002", payment=body["payment"]))
    assert second.status_code == 409
    assert len(rows("orders")) == 1


def test_payments_returns_the_usable_open_session(door: Door, till: Till) -> None:
    first = door.post("", order_body())
    again = door.post("/K1001/payments", {})
    assert again.json["payment"] == first.json["payment"]
    assert len(till.opened) == 1


def test_payments_at_another_gateway_opens_there(door: Door, shop: Shop, till: Till, bank: Bank) -> None:
    plain = shop.account("plain", {})
    door.post("", order_body())
    answer = door.post("/K1001/payments", {"gateway": str(plain)})
    assert answer.json["payment"]["gateway"] == "plain"
    assert bank.opened[0].order_number == "K1001"
    assert door.post("/K1001/payments", {}).json["field"] == "gateway"


def test_payments_of_a_processing_order_is_409(door: Door) -> None:
    pay(door, door.post("", order_body()))
    answer = door.post("/K1001/payments", {})
    assert answer.status_code == 409
    assert door.post("", order_body()).json["payment"]["next"] == {"type": "none"}


def test_failed_order_is_missing_again_with_another_payment(door: Door, house: House, rows: Any) -> None:
    door.post("", order_body())
    _fail(house, door)
    answer = door.post("/K1001/payments", {})
    assert (answer.status_code, answer.json["status"]) == (200, "missing")
    assert [move["target"] for move in rows("order_moves")].count("missing") == 2


def _fail(house: House, door: Door) -> None:
    """As the clock leaves it: the session is over, the order failed."""
    from sqlalchemy import update

    from kartify.domain.status import Actor, Guard, Status
    from kartify.flows.ground.writes import execute
    from kartify.flows.settling import facts, moves
    from kartify.flows.storefront import order_read
    from kartify.models import Payment, table

    order_id = order_read.find_order(house, door.shop.id, "K1001")
    with house.database.write() as connection:
        snapshot = facts.locked(connection, order_id)
        move = moves.Move(target=Status.FAILED, actor=Actor.CLOCK, by="clock", reason="test",
                          at=datetime.now(UTC), guards=frozenset({Guard.ALL_OVER}))
        execute(connection, moves.writes(snapshot, move))
        connection.execute(update(table(Payment)).values(state="over"))


def test_cod_is_missing_until_it_is_placed(door: Door, till: Till, rows: Any) -> None:
    answer = door.post("", order_body(payment=COD))
    assert (answer.status_code, answer.json["status"], answer.json["payment"]["state"]) == (201, "missing", "none")
    placed = door.post("/K1001/place")
    assert (placed.status_code, placed.json["status"], placed.json["basis"]) == (200, "processing", "cod")
    assert door.post("/K1001/place", {}).status_code == 200
    assert till.opened == []
    assert len(rows("outbox")) == 1


def test_nothing_due_is_placed_without_a_gateway(door: Door, till: Till) -> None:
    body = order_body(tenders=[{"kind": "store_credit", "amount": 254900}])
    answer = door.post("", body)
    assert (answer.json["due"], answer.json["payment"]["next"]) == (0, {"type": "none"})
    assert door.post("/K1001/payments", {}).status_code == 409
    assert door.post("/K1001/place").json["basis"] == "nothing_due"
    assert till.opened == []


def test_prepaid_is_switched_to_cod_when_nothing_was_paid(door: Door) -> None:
    door.post("", order_body())
    placed = door.post("/K1001/place")
    assert placed.status_code == 200
    assert (placed.json["method"], placed.json["basis"], placed.json["status"]) == ("cod", "cod", "processing")


@pytest.mark.parametrize("state", ["authorized", "captured", "pending"])
def test_prepaid_with_money_under_way_is_not_switched_to_cod(door: Door, bank: Bank, state: str) -> None:
    order = door.post("", order_body())
    bank.paid(order.json["payment"]["gateway_order_id"], state=state, amount=254900)
    placed = door.post("/K1001/place")
    assert placed.status_code == 409
    assert door.get("/K1001").json["basis"] != "cod"


def test_prepaid_whose_gateway_is_silent_is_not_switched_to_cod(door: Door, bank: Bank) -> None:
    order = door.post("", order_body())
    bank.answers[order.json["payment"]["gateway_order_id"]] = Temporary("silent")
    assert door.post("/K1001/place").status_code == 409
    assert door.get("/K1001").json["status"] == "missing"


def test_cancel_of_an_order_without_an_attempt_is_at_once(door: Door) -> None:
    door.post("", order_body(payment=COD))
    answer = door.post("/K1001/cancel", {"reason": "changed my mind"})
    assert (answer.status_code, answer.json["status"]) == (200, "cancelled")
    assert door.post("/K1001/cancel").status_code == 200
    assert door.post("/K1001/payments", {}).status_code == 409
    assert door.post("/K1001/place").status_code == 409


def test_cancel_with_an_open_attempt_is_requested(door: Door, rows: Any) -> None:
    door.post("", order_body())
    answer = door.post("/K1001/cancel", {"reason": "changed my mind"})
    assert (answer.status_code, answer.json["status"]) == (202, "missing")
    assert answer.json["cancel_requested"] is True
    assert answer.json["payment"]["next"] == {"type": "none"}
    assert rows("orders")[0]["clock_at"] is not None
    assert door.post("/K1001/cancel").status_code == 202
    assert [note["kind"] for note in rows("timeline")].count("cancel") == 1
    assert door.post("/K1001/place").status_code == 409


def test_cancel_of_a_paid_order_that_nobody_delivers_leaves_refund_due(door: Door, rows: Any) -> None:
    pay(door, door.post("", order_body()))
    answer = door.post("/K1001/cancel", {})
    assert (answer.status_code, answer.json["status"]) == (200, "cancelled")
    due = [case for case in rows("cases") if case["closed_at"] is None]
    assert [case["type"] for case in due] == ["refund_due"]


def test_cancel_after_shipping_is_409(door: Door, house: House) -> None:
    from kartify.domain.status import Status
    from kartify.flows.people import byhand
    from kartify.flows.storefront import order_read

    pay(door, door.post("", order_body()))
    order_id = order_read.find_order(house, door.shop.id, "K1001")
    byhand.move(house, order_id, target=Status.SHIPPED, by="test", reason="test", ask=False)
    assert door.post("/K1001/cancel").status_code == 409


def test_list_pages_through_all_of_the_store(door: Door) -> None:
    for index in range(5):
        door.post("", order_body(f"K{index}", payment=COD))
    door.post("/K3/place")
    seen, cursor = [], None
    while True:
        page = door.get("", query_string={"limit": 2} | ({"cursor": cursor} if cursor else {})).json
        seen += [order["number"] for order in page["orders"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"K{index}" for index in range(5)]
    found = door.get("", query_string={"status": "processing"}).json["orders"]
    assert [order["number"] for order in found] == ["K3"]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert door.get("", query_string={"since": later}).json["orders"] == []


def test_key_opens_its_own_store_only(app: Flask, house: House, door: Door) -> None:
    door.post("", order_body())
    other = open_door(app, make_shop(house, "other"))
    for call in (lambda: other.get("/K1001"), lambda: other.post("/K1001/cancel"), lambda: other.post("/K1001/place"),
                 lambda: other.post("/K1001/payments", {})):
        assert call().status_code == 404
    assert other.get("").json["orders"] == []
    assert door.get("/K1001").json["status"] == "missing"


def test_two_stores_may_have_the_same_number(app: Flask, house: House, door: Door) -> None:
    assert door.post("", order_body()).status_code == 201
    other = open_door(app, make_shop(house, "other"))
    assert other.post("", order_body(payment=COD)).status_code == 201


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic abc", "Bearer kf_storefront_" + "x" * 43])
def test_no_good_key_is_401(client: FlaskClient, door: Door, header: str) -> None:
    answer = client.get("/api/v1/orders", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_key_of_another_scope_is_403(client: FlaskClient, shop: Shop) -> None:
    key = create_key(shop.house, shop.code, "oms")
    assert key.startswith("kf_oms_")
    answer = client.get("/api/v1/orders", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403


def test_revoked_key_is_401_and_no_key_is_stored(door: Door, house: House, rows: Any) -> None:
    stored = rows("api_keys")[0]
    assert door.key not in str(stored)
    assert door.key.startswith(stored["prefix"])
    revoke_key(house, stored["prefix"])
    assert door.get("").status_code == 401


def test_altered_key_with_a_known_prefix_is_401(door: Door) -> None:
    changed = Door(door.client, door.key[:-1] + ("A" if door.key[-1] != "A" else "B"), door.shop)
    assert changed.get("").status_code == 401
