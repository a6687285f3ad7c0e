"""The customer's link and page: who may open it, what is on it, and asking again."""

from __future__ import annotations

import html
import re
import time
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from customer import ENDED, NOON, make_customer
from doors import order_body
from fakes import Bank
from sqlalchemy import update

from kartify.flows.customers import again, link
from kartify.flows.lookups import asking
from kartify.models import Account, table
from kartify.plugin import PaymentAnswer, Temporary

# The link.


def test_a_link_ends_with_the_key_that_signed_it(customer, door) -> None:
    one = customer()
    vault = door.shop.house.vault
    first = vault._keys
    vault.__init__([Fernet.generate_key().decode(), *first])
    assert one.get().status_code == 200, "rotated: the old key still opens"
    vault.__init__(vault._keys[:1])
    answer = one.get()
    assert answer.status_code == 404
    assert "This link is no longer valid" in answer.text
    assert "K1001" not in answer.text


def test_a_changed_link_opens_nothing(customer) -> None:
    one = customer()
    for token in ("x", one.path.rpartition("/")[2][:-1], "A" + one.path.rpartition("/")[2], "%00"):
        for call in (one.door.client.get, one.door.client.post):
            answer = call(f"{link.PATH}/{token}")
            assert answer.status_code == 404
            assert "Ask the shop for a new one" in answer.text


def test_the_api_gives_the_link(door) -> None:
    order = door.post("", order_body()).json
    assert order["status_url"].startswith(f"{door.shop.house.public_url}/orders/status/")
    assert "K1001" in door.client.get(order["status_url"].removeprefix(door.shop.house.public_url)).text
    assert door.get("/K1001").json["status_url"] == order["status_url"]


# Nothing private.


def _values(found: Any) -> list[str]:
    if isinstance(found, dict):
        return [one for value in found.values() for one in _values(value)]
    if isinstance(found, list):
        return [one for value in found for one in _values(value)]
    return [str(found)] if found not in (None, "") else []


def test_nothing_of_the_customer_stands_on_the_page(door, bank, rows) -> None:
    body = order_body(
        customer={"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"},
        shipping_address={"line1": "1 Main Road", "line2": "Flat Seven", "city": "Pune", "state": "Maharashtra",
                          "postcode": "411001", "country": "IN"},
        metadata={"gift": "for Ravi"}, return_url=None)
    order = door.post("", body).json
    bank.paid(order["payment"]["gateway_order_id"], amount=254900, payment="pay_secret_1")
    asking.check_order(door.shop.house, rows("orders")[0]["id"], by="test")
    page = door.client.get(order["status_url"].removeprefix(door.shop.house.public_url)).text
    seen = html.unescape(re.sub(r'(action|href)="/orders[^"]*"|<(script|link|meta)[^>]*>', "", page))
    private = [one for one in (*_values(body["customer"]), *_values(body["shipping_address"]),
                               *_values(body["metadata"]), *_values(body["lines"])) if len(one) > 3]
    private += ["pay_secret_1", order["payment"]["gateway_order_id"], order["payment"]["reference"],
                order["payment"]["account"]]
    assert len(private) > 12
    assert [one for one in private if one in seen] == []


def test_the_label_that_the_shop_gave_its_account_is_not_shown(customer, door) -> None:
    one = customer()
    with door.shop.house.database.write() as connection:
        connection.execute(update(table(Account)).values(label="Till of Mr Mehta"))
    door.shop.house.accounts.forget()
    assert "Mehta" not in one.text()


def test_the_way_back_leads_to_the_shop_without_what_the_return_page_holds(customer) -> None:
    one = customer(return_url="https://shop.example/thanks?cart=private")
    assert 'href="https://shop.example/"' in one.get().text
    assert "private" not in one.get().text


# Headers, refreshing.


def test_headers_are_strict_and_nothing_is_inline(customer, door) -> None:
    answer = customer().get()
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert '<meta name="robots" content="noindex' in answer.text
    assert "Accept-Language" in answer.headers["Vary"]
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]* src=)", answer.text)
    assert not re.search(r'(src|href)="(https?:)?//', answer.text)
    for name in ("status.css", "status.js"):
        with door.client.get(f"/orders/static/{name}") as served:
            assert served.status_code == 200


def test_the_page_looks_again_ever_more_seldom(customer, noon) -> None:
    one = customer()
    pauses = []
    for shift in (0, 5, 60, 60 * 24 * 2):
        noon.shift(timedelta(minutes=shift))
        pauses.append(int(re.search(r'data-refresh="(\d+)"', one.get().text)[1]))
        assert f'<noscript><meta http-equiv="refresh" content="{pauses[-1]}">' in one.get().text
    assert pauses == [5, 15, 60, 300]


@pytest.mark.parametrize("status", ["delivered", "cancelled", "refunded"])
def test_a_final_page_does_not_look_again(customer, status) -> None:
    assert "refresh" not in customer(status=status, attempts=(ENDED,)).get().text


def test_a_failed_order_that_is_asked_no_more_does_not_look_again(customer) -> None:
    assert "data-refresh" not in customer(status="failed", attempts=(ENDED,)).get().text


# Asking again.


def test_asking_again_settles_what_the_gateway_now_says(customer, bank: Bank) -> None:
    one = customer()
    bank.paid("ses_0")
    answer = one.press()
    assert answer.status_code == 303
    assert answer.headers["Location"] == one.path
    assert "Till confirmed ₹2,499.00 at 12:00." in one.text()


def test_asking_again_keeps_the_language(customer) -> None:
    one = customer()
    form = re.search(r'<form method="post" action="([^"]+)"', one.get(lang="hi").text)[1]
    assert one.door.client.post(html.unescape(form)).headers["Location"].endswith("?lang=hi")


def test_a_payment_is_asked_about_once_in_ten_seconds_however_often_it_is_pressed(customer, bank, noon) -> None:
    one = customer()
    for _ in range(20):
        assert one.press().status_code == 303
    assert bank.asked["ses_0"] == 1
    assert "Asked just now. You can ask again in 10 seconds." in one.text()
    noon.shift(timedelta(seconds=10))
    assert "Asked just now" not in one.text()
    one.press()
    assert bank.asked["ses_0"] == 2


def test_reading_the_page_asks_nobody(customer, bank) -> None:
    one = customer()
    one.get()
    assert not bank.asked


@pytest.mark.parametrize("order", [{"status": "delivered"}, {"status": "cancelled"}, {"method": "cod"}])
def test_pressing_where_nothing_is_to_be_asked_asks_nobody(customer, bank, order) -> None:
    assert customer(**order).press().status_code == 303
    assert not bank.asked


def test_an_account_that_rests_is_not_asked(customer, bank, door) -> None:
    one = customer()
    with door.shop.house.database.write() as connection:
        connection.execute(update(table(Account)).values(paused_until=NOON + timedelta(minutes=5)))
    door.shop.house.accounts.forget()
    one.press()
    assert not bank.asked
    assert "We ask Till again, at 12:05 or soon after." in one.text()


def test_a_gateway_that_is_down_leaves_the_page_as_it_was(customer, bank) -> None:
    one = customer()
    bank.answers["ses_0"] = Temporary("down")
    assert one.press().status_code == 303
    assert "could not learn whether your money has arrived" in one.text()


def test_several_slow_attempts_take_no_longer_than_one(door, bank, monkeypatch) -> None:
    """All are asked at once, so that the customer waits for the patience and not for its sum."""
    monkeypatch.setattr(again, "PATIENCE", 0.8)
    one = make_customer(door, attempts=({},) * 4)
    for index in range(4):
        bank.answers[f"ses_{index}"] = lambda: time.sleep(2) or PaymentAnswer(word="late")
    begun = time.monotonic()
    one.press()
    assert time.monotonic() - begun < 1.9
    assert sum(bank.asked.values()) == 4


def test_what_the_accounts_rate_does_not_let_in_is_the_lookups_next(customer, bank, rows, monkeypatch) -> None:
    one = customer()
    monkeypatch.setattr(asking, "turn", lambda loaded, *, within: False)
    one.press()
    assert not bank.asked
    assert rows("payments")[0]["next_ask_at"] == NOON


