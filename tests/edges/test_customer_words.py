"""What the customer's page says by the rows, and what it never says."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from customer import ENDED, NOON
from doors import COD, order_body
from sqlalchemy import update

from kartify.flows.customers import link
from kartify.models import Account, Cron, Store, table

AGAIN = re.compile(r"try again|pay again|भुगतान करें|प्रयास कर")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Sentences are the same on every database; the rows are read on both in the page's own tests."""
    return sqlite_url


# A missing order: what the last answer was, and what comes next.


@pytest.mark.parametrize(("attempt", "said"), [
    ({}, "We have not asked Till about your payment yet."),
    ({"answer": "still under way", "asked_at": NOON},
     "Till told us at 12:00 that it has not received the money yet."),
    ({"answer": "not paid, and nothing under way", "asked_at": NOON},
     "Till told us at 12:00 that no payment has arrived."),
    ({"answer": "unknown", "asked_at": NOON},
     "We asked Till at 12:00 and could not learn whether your money has arrived."),
    ({"answer": "paid", "asked_at": NOON}, "Till told us at 12:00 that the payment is there."),
])
def test_a_missing_order_tells_the_last_answer_and_nobody_pays_twice(customer, attempt, said) -> None:
    one = customer(attempts=(attempt,))
    text = one.text()
    assert "We are checking your payment" in text
    assert said in text
    assert "You need not pay a second time." in text
    assert not AGAIN.search(text)
    assert "As soon as ₹2,499.00 is confirmed, your order goes on by itself." in text


def test_the_next_asking_is_told_with_its_time(customer, noon) -> None:
    one = customer(attempts=({"next_ask_at": NOON + timedelta(seconds=30)},))
    assert "We ask Till again, at 12:00 or soon after." in one.text()
    noon.shift(timedelta(seconds=31))
    assert "We ask Till again in a moment." in one.text()


def test_an_old_payment_waits_for_the_crons_next_run(customer, door) -> None:
    one = customer(attempts=({"created_at": NOON - timedelta(days=2), "next_ask_at": NOON},))
    with door.shop.house.database.write() as connection:
        connection.execute(update(table(Cron)).where(table(Cron).c.account_id == one.account).values(
            next_at=NOON + timedelta(minutes=7)))
    assert "We ask Till again, at 12:07 or soon after." in one.text()


def test_nothing_is_promised_while_the_cron_is_off_or_the_account_rests(customer, door) -> None:
    one = customer()
    with door.shop.house.database.write() as connection:
        connection.execute(update(table(Cron)).where(table(Cron).c.account_id == one.account).values(enabled=False))
    assert "We do not ask Till again by ourselves. You can ask with the button below." in one.text()
    with door.shop.house.database.write() as connection:
        connection.execute(update(table(Account)).where(table(Account).c.id == one.account).values(state="paused"))
    door.shop.house.accounts.forget()
    text = one.text()
    assert "We cannot ask Till at the moment." in text
    assert "again, at" not in text
    assert "Ask again now" not in text


def test_an_attempt_that_failed_is_told(customer) -> None:
    one = customer()
    one.charge("failed")
    assert "Till says that an attempt to pay failed at 12:00." in one.text()


def test_money_that_does_not_fit_is_with_the_shop_and_is_not_paid_again(customer) -> None:
    one = customer(attempts=(ENDED,))
    one.charge(amount=200000)
    one.case("underpaid", 200000)
    text = one.text()
    assert "The shop is looking at your payment" in text
    assert "Till says that it received ₹2,000.00 at 12:00." in text
    assert "The order comes to ₹2,499.00." in text
    assert "You need not pay a second time." in text
    assert "for staff only" not in text
    assert not AGAIN.search(text)


def test_reserved_money_is_told_with_the_moment_it_is_released(customer) -> None:
    one = customer()
    one.charge("authorized", release_at=NOON + timedelta(days=5))
    text = one.text()
    assert "Till says that it reserved ₹2,499.00 at 12:00 and has not taken it yet." in text
    assert "If it is not taken, Till releases it on 1 Dec at 12:00." in text


# A failed order: only when every attempt is over and said so.


def test_a_failed_order_may_be_tried_again_when_every_attempt_is_over(customer) -> None:
    text = customer(status="failed", attempts=(ENDED,)).text()
    assert "The payment did not succeed" in text
    assert "You can try again in the shop." in text
    assert "tell the shop the reference number" in text
    assert "You need not pay a second time" not in text


@pytest.mark.parametrize("other", [
    {"answer": "unknown", "asked_at": NOON}, {**ENDED, "state": "open", "created_at": NOON}, {"state": "unknown"},
    {**ENDED, "answer": "still under way"}, {**ENDED, "answer": "never asked"}, {**ENDED, "answer": "unknown"},
])
def test_a_failed_order_with_an_open_or_unknown_attempt_asks_nobody_to_pay_again(customer, other) -> None:
    text = customer(status="failed", attempts=(ENDED, other)).text()
    assert "We are checking your payment" in text
    assert "You need not pay a second time." in text
    assert not AGAIN.search(text)


def test_a_failed_order_with_reserved_money_asks_nobody_to_pay_again(customer) -> None:
    one = customer(status="failed", attempts=(ENDED,))
    one.charge("authorized")
    assert not AGAIN.search(one.text())


def test_a_failed_order_that_is_to_be_cancelled_asks_nobody_to_pay_again(customer) -> None:
    one = customer(status="failed", attempts=(ENDED,), cancel_requested_at=NOON)
    text = one.text()
    assert not AGAIN.search(text)
    assert "It was asked at 12:00 that the order be cancelled." in text
    assert "It is cancelled once it is certain that nothing was paid." in text


# Paid, sent, cancelled, refunded.


@pytest.mark.parametrize(("status", "title"), [
    ("processing", "Your order is confirmed"), ("shipped", "Your order is on its way"),
    ("delivered", "Your order was delivered"),
])
def test_a_paid_order_says_who_confirmed_it_and_when(customer, status, title) -> None:
    one = customer(status=status, basis="settlement", attempts=({**ENDED, "answer": "paid"},))
    one.settle(one.charge())
    text = one.text()
    assert title in text
    assert "Till confirmed ₹2,499.00 at 12:00." in text
    assert "http-equiv" not in one.get().text
    assert "data-refresh" not in one.get().text
    assert "Ask again now" not in text


def test_a_payment_that_a_person_confirmed_says_so(customer) -> None:
    one = customer(status="processing", basis="settlement")
    one.settle(one.charge(), channel="manual")
    assert "The shop confirmed your payment of ₹2,499.00 at 12:00." in one.text()


def test_a_second_payment_is_seen_and_with_the_shop(customer) -> None:
    one = customer(status="processing", basis="settlement")
    one.settle(one.charge())
    one.case("second_payment", 249900)
    assert "₹2,499.00 more than needed was paid. The shop is looking at it." in one.text()


def test_an_order_moved_by_hand_says_that_nothing_is_proved_and_is_asked_on(customer) -> None:
    text = customer(status="processing", basis="manual").text()
    assert "The shop confirmed your order by hand. You need not pay a second time." in text
    assert "Ask again now" in text
    assert "confirmed ₹" not in text


@pytest.mark.parametrize(("order", "said"), [
    ({"status": "processing", "method": "cod", "basis": "cod"}, "You pay ₹2,499.00 when it arrives."),
    ({"status": "missing", "method": "cod"}, "Cash on delivery: nothing is to be paid now."),
    ({"status": "missing", "due": 0}, "Nothing is to be paid."),
    ({"status": "processing", "due": 0, "basis": "nothing_due"}, "Nothing had to be paid online."),
    ({"status": "missing"}, "There is no payment that we could ask about."),
])
def test_an_order_without_a_gateway_says_so(customer, order, said) -> None:
    one = customer(attempts=(), **order)
    assert said in one.text()
    assert "Ask again now" not in one.text()


def test_delivered_cash_on_delivery_asks_for_no_money(customer) -> None:
    assert "You pay" not in customer(attempts=(), status="delivered", method="cod", basis="cod").text()


def test_a_cancelled_order_without_money(customer) -> None:
    text = customer(status="cancelled", attempts=(ENDED,)).text()
    assert "This order is cancelled" in text
    assert "Till told us at 12:00 that no payment has arrived." in text
    assert "If money for it arrives after all, the shop is told at once." in text
    assert "go back" not in text


def test_a_cancelled_order_with_money_promises_only_what_a_row_says(customer) -> None:
    one = customer(status="cancelled", attempts=(ENDED,))
    one.charge()
    text = one.text()
    assert "Till says that it received ₹2,499.00 at 12:00." in text
    assert "The shop decides what happens with this money." in text
    assert "go back" not in text
    one.case("refund_due", 249900)
    assert "The shop knows that ₹2,499.00 is to go back to you. It has not been sent back yet." in one.text()


@pytest.mark.parametrize(("state", "said"), [
    ("due", "it is on its way to Till."), ("claimed", "it is on its way to Till."),
    ("unknown", "Till has not answered yet."), ("pending", "Till is working on it."),
    ("failed", "Till could not do it."), ("done", "Till did it at 12:00."),
])
def test_a_refund_says_how_far_it_is(customer, state, said) -> None:
    one = customer(status="cancelled", attempts=(ENDED,))
    one.refund(one.charge(), state)
    assert f"A refund of ₹2,499.00 was asked for at 12:00; {said}" in one.text()
    assert ("data-refresh" in one.get().text) == (state in ("due", "claimed", "unknown", "pending"))


def test_a_refund_at_the_gateways_own_page_is_told(customer) -> None:
    one = customer(status="refunded", attempts=(ENDED,))
    one.charge("refunded", captured=249900, captured_at=NOON, refunded=249900)
    text = one.text()
    assert "This order was refunded" in text
    assert "Till says that ₹2,499.00 went back to you." in text
    assert "depends on your bank" in text


def test_a_refund_of_ours_is_not_told_twice(customer) -> None:
    one = customer(status="refunded", attempts=(ENDED,))
    one.refund(one.charge("refunded", captured=249900, captured_at=NOON, refunded=249900), "done")
    assert "went back to you" not in one.text()


# Languages and formats.


def test_the_language_is_the_links_then_the_browsers_then_english(customer) -> None:
    one = customer()

    def tongue(accept: str | None, **query: str) -> str:
        headers = {"Accept-Language": accept} if accept else {}
        answer = one.door.client.get(one.path, query_string=query, headers=headers)
        name = re.search(r'<html lang="(\w+)" dir="ltr">', answer.text)[1]
        assert answer.headers["Content-Language"] == name
        assert ("हम आपके भुगतान" in answer.text) == (name == "hi")
        return name

    assert tongue(None) == "en"
    assert tongue("hi-IN,hi;q=0.9,en;q=0.5") == "hi"
    assert tongue("en-IN,hi;q=0.5") == "en"
    assert tongue("hi", lang="en") == "en"
    assert tongue("en", lang="hi") == "hi"
    assert tongue("hi", lang="xx") == "hi"
    assert tongue("fr") == "en"


def test_hindi_has_latin_digits_and_the_stores_money(customer, noon) -> None:
    one = customer(due=12345600)
    one.charge("failed")
    noon.shift(timedelta(days=1))
    text = one.text(lang="hi")
    assert "₹1,23,456.00" in text
    assert "26 नव॰ को 12:00 बजे" in text
    assert not re.search("[०-९]", text)


def test_the_switch_leads_to_the_same_page_in_the_other_language(customer) -> None:
    page = customer().get().text
    there = re.search(r'href="([^"]+)" lang="hi" hreflang="hi">हिन्दी', page)[1]
    assert "?lang=hi" in there


def test_errors_speak_the_customers_language(door) -> None:
    answer = door.client.get(f"{link.PATH}/broken?lang=hi")
    assert "यह लिंक अब मान्य नहीं है" in answer.text


@pytest.mark.parametrize(("currency", "due", "shown"), [
    ("JPY", 1234567, "¥1,234,567"), ("KWD", 1234567, "KWD 1,234.567"), ("INR", 12345600, "₹1,23,456.00"),
    ("USD", 123456, "$1,234.56"),
])
def test_money_of_every_kind_of_currency(customer, currency, due, shown) -> None:
    assert shown in customer(currency=currency, due=due).text()


def test_times_are_the_stores_with_the_exact_utc_behind(customer, door) -> None:
    one = customer()
    one.charge("failed")
    exact = 'datetime="2026-11-26T06:30:00+00:00" title="2026-11-26 06:30:00 UTC"'
    assert f"<time {exact}>at 12:00</time>" in one.get().text
    assert f"<time {exact}>26 Nov 2026, 12:00</time>" in one.get().text
    with door.shop.house.database.write() as connection:
        connection.execute(update(table(Store)).values(timezone="America/New_York"))
    assert "at 01:30" in one.text()
    assert "America/New_York" in one.text()


def test_a_stores_name_is_text_and_no_markup(customer, door) -> None:
    one = customer()
    with door.shop.house.database.write() as connection:
        connection.execute(update(table(Store)).values(name="<b>Shop</b>"))
    assert "<b>Shop" not in one.get().text


def test_cash_on_delivery_from_the_door(door) -> None:
    door.post("", order_body(payment=COD))
    order = door.post("/K1001/place", {}).json
    page = door.client.get(order["status_url"].removeprefix(door.shop.house.public_url)).text
    assert "You pay ₹2,549.00 when it arrives." in page
