"""The customer's page: each sentence stands on a row, nothing private is on it, and it never asks to pay twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from doors import Door, order_body
from fakes import Bank, report
from sqlalchemy import insert, select, update

from kartify import links
from kartify.domain.errors import Temporary
from kartify.flows.lookups import asking
from kartify.models import Case, Charge, Operation, Order, Payment, Store, new_id, table
from kartify.plugin import PaymentAnswer

orders, payments = table(Order), table(Payment)
PRIVATE = ("Asha", "asha@example.com", "919000000000", "411001", "Pune", "SHIRT-M", "Shirt")


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(datetime(2026, 11, 23, 8, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def placed(door: Door, clock: Any) -> Any:
    """An order whose customer wonders; with its link."""
    answer = door.post("", order_body())
    assert answer.status_code == 201
    return answer


def path_of(answer: Any) -> str:
    return str(answer.json["status_url"]).removeprefix("http://127.0.0.1:8000")


def read(door: Door, answer: Any, **headers: str) -> str:
    page = door.client.get(path_of(answer), headers=headers)
    assert page.status_code == 200
    return page.text


def order_id(door: Door) -> UUID:
    with door.shop.house.database.read() as connection:
        return connection.execute(select(orders.c.id)).scalar_one()


def write(door: Door, statement: Any) -> None:
    door.shop.house.database.run(lambda connection: connection.execute(statement))


def ask(door: Door) -> None:
    asking.check_order(door.shop.house, order_id(door), by="test")


def move(door: Door, status: str) -> None:
    write(door, update(orders).values(status=status))


def test_the_api_gives_the_link_and_the_page_needs_no_login(door: Door, placed: Any) -> None:
    text = read(door, placed)
    assert "We are checking your payment" in text
    assert "K1001" in text
    assert "₹2,549.00" in text


def test_an_attempt_that_nobody_was_asked_about_says_so(door: Door, placed: Any) -> None:
    assert "Till has not told us anything yet." in read(door, placed)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (PaymentAnswer(reports=(report(state="pending"),)), "told us at 13:30 that the payment is still under way"),
        (Temporary("no answer"), "We asked Till at 13:30 and got no clear answer."),
    ],
)
def test_what_the_gateway_said_and_when_is_told_in_the_zone_of_the_store(
    door: Door, bank: Bank, placed: Any, told: Any, said: str
) -> None:
    bank.answers[placed.json["payment"]["gateway_order_id"]] = told
    ask(door)
    text = read(door, placed)
    assert said in text
    assert "You need not pay a second time." in text


def test_the_next_ask_is_named_while_one_is_due_and_not_otherwise(door: Door, placed: Any, clock: Any) -> None:
    soon = datetime(2026, 11, 23, 8, 23, tzinfo=UTC)
    write(door, update(payments).values(next_ask_at=soon))
    assert "We ask again at 13:53." in read(door, placed)
    write(door, update(payments).values(next_ask_at=None))
    assert "We ask again" not in read(door, placed)


def test_money_that_does_not_fit_is_not_asked_for_twice(door: Door, bank: Bank, placed: Any) -> None:
    bank.paid(placed.json["payment"]["gateway_order_id"], amount=100_00)
    ask(door)
    text = read(door, placed)
    assert "Your money has arrived" in text
    assert "Till confirmed ₹100.00 at" in text
    assert "You need not pay a second time" in text
    assert "try again" not in text


def test_a_paid_order_says_who_confirmed_how_much_and_stops_looking(door: Door, bank: Bank, placed: Any) -> None:
    bank.paid(placed.json["payment"]["gateway_order_id"], amount=254900)
    ask(door)
    text = read(door, placed)
    assert "Your order is confirmed" in text
    assert "Till confirmed ₹2,549.00 at" in text
    assert "http-equiv" not in text
    assert "Ask again now" not in text


@pytest.mark.parametrize(
    ("status", "said"),
    [("shipped", "Your order is on its way"), ("delivered", "Your order was delivered"),
     ("cancelled", "This order is cancelled"), ("refunded", "This order was refunded"),
     ("failed", "The payment did not succeed")],
)
def test_every_status_has_its_page(door: Door, placed: Any, status: str, said: str) -> None:
    move(door, status)
    assert said in read(door, placed)


def test_only_a_failed_order_is_told_to_try_again(door: Door, placed: Any) -> None:
    for status in ("missing", "processing", "shipped", "delivered", "cancelled", "refunded"):
        move(door, status)
        assert "try again" not in read(door, placed), status
    move(door, "failed")
    assert "You can try again in the shop." in read(door, placed)


def test_a_cancelled_order_says_whether_money_is_held(door: Door, bank: Bank, placed: Any) -> None:
    move(door, "cancelled")
    assert "No money is held for it." in read(door, placed)
    bank.paid(placed.json["payment"]["gateway_order_id"], amount=254900)
    ask(door)
    assert "₹2,549.00 of yours is still here" in read(door, placed)


def test_a_refund_is_told_as_it_stands(door: Door, bank: Bank, placed: Any, rows: Any) -> None:
    bank.paid(placed.json["payment"]["gateway_order_id"], amount=254900)
    ask(door)
    charge = rows("charges")[0]
    values = {
        "id": new_id(), "key": "k", "charge_id": charge["id"], "order_id": charge["order_id"],
        "account_id": charge["account_id"], "kind": "refund", "amount": 254900, "currency": "INR", "state": "due",
        "by": "x", "reason": "y", "created_at": datetime(2026, 11, 23, 8, 5, tzinfo=UTC),
    }
    write(door, insert(table(Operation)).values(values))
    move(door, "cancelled")
    text = read(door, placed)
    assert "A refund of ₹2,549.00 was asked for at 13:35; Till has not confirmed it yet." in text
    assert "has confirmed that" not in text
    write(door, update(table(Charge)).values(refunded=254900))
    write(door, update(table(Operation)).values(state="done"))
    assert "Till has confirmed that ₹2,549.00 went back to you." in read(door, placed)


def test_nothing_private_is_on_the_page_in_any_state(door: Door, placed: Any) -> None:
    write(door, insert(table(Case)).values(
        id=new_id(), subject="order:x", type="underpaid", order_id=order_id(door), reason="Asha paid too little",
        currency="INR", opened_at=datetime(2026, 11, 23, tzinfo=UTC)))
    for status in ("missing", "failed", "processing", "shipped", "delivered", "cancelled", "refunded"):
        move(door, status)
        text = read(door, placed)
        assert [one for one in PRIVATE if one in text] == [], status


def test_the_page_looks_again_more_slowly_with_age_and_at_last_no_more(door: Door, placed: Any, clock: Any) -> None:
    found = []
    for shift in (timedelta(), timedelta(minutes=5), timedelta(hours=2), timedelta(days=8)):
        clock.move_to(datetime(2026, 11, 23, 8, 0, tzinfo=UTC) + shift)
        text = read(door, placed)
        found.append(text.partition('http-equiv="refresh" content="')[2].partition('"')[0])
    assert found == ["5", "30", "300", ""]


def test_ask_again_asks_the_gateway_and_comes_back(door: Door, bank: Bank, placed: Any) -> None:
    bank.paid(placed.json["payment"]["gateway_order_id"], amount=254900)
    assert "Ask again now" in read(door, placed)
    answer = door.client.post(f"{path_of(placed)}/ask?lang=hi")
    assert answer.status_code == 303
    assert answer.location == f"{path_of(placed)}?lang=hi"
    assert "आपका ऑर्डर पक्का हो गया है" in door.client.get(answer.location).text


def test_impatience_asks_the_gateway_once_in_half_a_minute(door: Door, bank: Bank, placed: Any, clock: Any) -> None:
    for _ in range(10):
        assert door.client.post(f"{path_of(placed)}/ask").status_code == 303
    assert bank.asked.total() == 1
    assert "Ask again now" not in read(door, placed)
    clock.shift(31)
    door.client.post(f"{path_of(placed)}/ask")
    assert bank.asked.total() == 2


def test_a_gateway_that_does_not_answer_is_no_error_of_the_page(door: Door, bank: Bank, placed: Any) -> None:
    bank.answers[placed.json["payment"]["gateway_order_id"]] = Temporary("no answer")
    assert door.client.post(f"{path_of(placed)}/ask").status_code == 303
    assert "got no clear answer" in read(door, placed)


def test_a_link_is_for_one_order_and_cannot_be_made_up(door: Door, placed: Any) -> None:
    path = path_of(placed)
    turned = path[:-1] + ("A" if path[-1] != "A" else "B")
    for wrong in (turned, f"{path}x", "/orders/status/", "/orders/status/%00", "/orders/status/" + "A" * 48):
        for answer in (door.client.get(wrong), door.client.post(f"{wrong}/ask")):
            assert answer.status_code in (404, 405), wrong
    assert links.order_of(door.shop.house, path.rpartition("/")[2]) == order_id(door)


def test_headers_keep_the_page_to_itself(door: Door, placed: Any) -> None:
    answer = door.client.get(path_of(placed))
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "<style" not in answer.text
    assert "<script" not in answer.text
    style = door.client.get("/orders/status.css")
    assert (style.status_code, style.mimetype) == (200, "text/css")


def test_hindi_by_the_browser_or_by_choice(door: Door, placed: Any) -> None:
    english, hindi = "We are checking your payment", "हम आपके भुगतान की जाँच कर रहे हैं"
    assert english in read(door, placed)
    by_browser = door.client.get(path_of(placed), headers={"Accept-Language": "hi-IN,hi;q=0.9,en;q=0.5"})
    assert hindi in by_browser.text
    assert '<html lang="hi">' in by_browser.text
    assert by_browser.headers["Content-Language"] == "hi"
    assert "Accept-Language" in by_browser.headers["Vary"]
    assert hindi in door.client.get(f"{path_of(placed)}?lang=hi").text
    chosen = door.client.get(f"{path_of(placed)}?lang=en", headers={"Accept-Language": "hi"})
    assert english in chosen.text
    assert english in read(door, placed, **{"Accept-Language": "ta"})
    assert english in door.client.get(f"{path_of(placed)}?lang=xx").text


def test_a_broken_link_is_told_in_hindi_too(door: Door) -> None:
    answer = door.client.get("/orders/status/nothing?lang=hi")
    assert answer.status_code == 404
    assert "यह लिंक अब मान्य नहीं है" in answer.text


def test_cash_on_delivery_says_what_is_paid_at_the_door(door: Door, placed: Any) -> None:
    write(door, update(orders).values(method="cod", status="processing"))
    assert "You pay ₹2,549.00 when it is delivered." in read(door, placed)


def test_another_zone_is_another_time(door: Door, placed: Any) -> None:
    write(door, update(payments).values(next_ask_at=datetime(2026, 11, 23, 8, 23, tzinfo=UTC)))
    write(door, update(table(Store)).values(timezone="UTC"))
    assert "We ask again at 08:23." in read(door, placed)
