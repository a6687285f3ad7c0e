"""Home: every number from the rows it stands for, currencies apart, and nobody else's stores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from browser import Cockpit, Person, add_user, plain
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from kartify import clock
from kartify.admin import init_admin
from kartify.admin.overview import recovered, risk
from kartify.admin.overview.recovered import Source
from kartify.admin.overview.risk import Risk, Said
from kartify.admin.overview.sums import Sum, day_of
from kartify.domain.conclude import Answer
from kartify.flows.people import stores
from kartify.flows.reading.scope import Scope
from kartify.languages import init_languages
from kartify.models import Account, Case, OrderMove, Settlement, User, ids_since, new_id, table
from kartify.testing.builder import Shop, make_house

NOON = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
ZONE = "Asia/Kolkata"
ALL = Scope()


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    """Far from midnight, so that today stays today. Ids go by the machine's own clock, which is later."""
    with time_machine.travel(NOON, tick=True):
        yield


def ago(**length: int) -> datetime:
    return clock.now() - timedelta(**length)


def missing(cockpit: Cockpit, number: str, *answers: str, account: UUID | None = None, **changes: Any) -> UUID:
    """A missing order with a payment for each answer."""
    order_id = cockpit.shop.order(number, **changes)
    for place, answer in enumerate(answers):
        cockpit.shop.payment(order_id, account or cockpit.gateway, f"{number}-{place}", answer=answer)
    return order_id


def held(cockpit: Cockpit, order_id: UUID, money: int = 100, **changes: Any) -> UUID:
    row = {"subject": f"charge:{new_id()}", "type": "underpaid", "store_id": cockpit.shop.id, "order_id": order_id,
           "reason": "less", "money_held": money, "currency": "INR", "opened_at": clock.now(), **changes}
    found: UUID = cockpit.put(Case, **row)
    return found


def settled(cockpit: Cockpit, channel: str, *, at: datetime | None = None, lag: float = 2.0, **changes: Any) -> UUID:
    moment = at or clock.now()
    row = {"order_id": new_id(), "charge_id": new_id(), "amount": 1000, "currency": "INR", "kind": "captured",
           "channel": channel, "by": channel, "settled_at": moment, "captured_at": moment - timedelta(seconds=lag),
           **changes}
    found: UUID = cockpit.put(Settlement, **row)
    return found


def at_risk(cockpit: Cockpit, scope: Scope = ALL) -> Risk:
    accounts = {row["id"]: row["slug"] for row in cockpit.rows(Account)}
    with cockpit.house.database.read() as connection, Session(connection) as session:
        return risk.read(session, scope, accounts, clock.now())


def rupees(count: int, minor: int) -> list[Sum]:
    return [Sum(currency="INR", count=count, minor=minor)]


# Money at risk.


@pytest.mark.parametrize(("answers", "said"), [
    ((), Said.UNOPENED), ((Answer.NEVER,), Said.NEVER), ((Answer.UNPAID,), Said.UNPAID),
    ((Answer.PENDING,), Said.PENDING), ((Answer.UNKNOWN,), Said.UNKNOWN), ((Answer.PAID,), Said.PAID),
    ((Answer.PAID, Answer.UNPAID), Said.PAID), ((Answer.UNPAID, Answer.PENDING), Said.PENDING),
    ((Answer.UNPAID, Answer.NEVER), Said.NEVER), ((Answer.UNKNOWN, Answer.NEVER), Said.UNKNOWN),
])
def test_an_order_stands_once_under_the_best_of_what_its_payments_told(
    either: Cockpit, answers: tuple[str, ...], said: Said
) -> None:
    missing(either, "K1", *answers, due=700)
    assert [(cell.said, cell.sum) for cell in at_risk(either).cells] == [(said, *rupees(1, 700))]


def test_money_that_an_exception_holds_counts_as_paid_until_it_is_closed(either: Cockpit) -> None:
    order_id = missing(either, "K1", Answer.UNPAID, due=700)
    held(either, order_id, money=0)
    held(either, order_id, closed_at=clock.now(), type="surplus")
    assert at_risk(either).answer("paid") == []
    held(either, order_id, type="wrong_currency")
    found = at_risk(either)
    assert found.answer("paid") == rupees(1, 700)
    assert found.answer("nothing") == []
    assert [one.number for one in found.first] == ["K1"]


def test_it_is_split_by_age_and_by_gateway(either: Cockpit) -> None:
    second = either.shop.account("plain", {"merchant": "second", "webhook_secret": "x"}, label="Second")
    for number, age in enumerate((5, 20, 90, 2000, 20_000)):
        missing(either, f"K{number}", Answer.PENDING, due=10**number, confirmed_at=ago(minutes=age))
    missing(either, "K7", Answer.PAID, due=7, account=second)
    missing(either, "K8", due=8)
    found = at_risk(either)
    assert [(row.key, row.total) for row in found.ages] == [
        (None, rupees(3, 16)), ("15m", rupees(1, 10)), ("1h", rupees(1, 100)), ("1d", rupees(1, 1000)),
        ("7d", rupees(1, 10_000)),
    ]
    assert [(row.key, row.total) for row in found.gateways] == [("plain", rupees(6, 11_118)), (None, rupees(1, 8))]
    assert found.ages[0].answers == {"paid": rupees(1, 7), "nothing": rupees(1, 1), "unasked": rupees(1, 8)}
    assert found.total == rupees(7, 11_126)


def test_what_is_not_prepaid_or_not_missing_is_no_money_at_risk(either: Cockpit) -> None:
    missing(either, "K1", method="cod", due=500)
    missing(either, "K2", due=0)
    missing(either, "K3", Answer.PAID, status="processing")
    found = at_risk(either)
    assert found.cells == []
    assert found.unplaced == rupees(2, 500)
    page = either.person("viewer").text("/admin/")
    assert "No prepaid order is missing." in page
    assert "not placed by the storefront yet: ₹5.00 2 orders" in page


def test_currencies_are_never_added_and_have_their_own_decimals(either: Cockpit) -> None:
    for number, (currency, due) in enumerate((("INR", 123_456), ("JPY", 500), ("KWD", 1234), ("INR", 44), ("XYZ", 7))):
        missing(either, f"K{number}", Answer.PENDING, currency=currency, due=due)
    assert {(one.currency, one.count, one.minor) for one in at_risk(either).total} == {
        ("INR", 2, 123_500), ("JPY", 1, 500), ("KWD", 1, 1234), ("XYZ", 1, 7),
    }
    answer = either.person("viewer").get("/admin/")
    assert answer.status_code == 200
    page = plain(answer)
    for text in ("₹1,235.00 2 orders", "¥500 1 order", "KWD 1.234 1 order", "XYZ 0.07 1 order"):
        assert text in page, text
    assert len(re.findall(r'<title id="risk-[A-Z]{3}-title">', answer.text)) == 3
    assert "The other currencies are in the table." in page


def test_the_gateways_line_leads_to_its_missing_orders(either: Cockpit) -> None:
    missing(either, "K1", Answer.PENDING)
    missing(either, "K9", Answer.PENDING, confirmed_at=ago(days=9))
    person = either.person("support")
    page = person.get("/admin/").text
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="(/admin/orders/\?[^"]+)"', page)]
    assert set(links) == {
        "/admin/orders/?view=missing", "/admin/orders/?view=missing&gateway=plain",
        "/admin/orders/?view=missing&age=7d",
    }
    assert "K1" in person.text("/admin/orders/?view=missing&gateway=plain")
    old = person.text("/admin/orders/?view=missing&age=7d")
    assert "K9" in old
    assert "K1" not in old


def test_the_chart_carries_the_numbers_of_its_table(cockpit: Cockpit) -> None:
    missing(cockpit, "K1", Answer.PAID, due=30_000)
    missing(cockpit, "K2", Answer.PENDING, due=10_000)
    missing(cockpit, "K3", due=5000, confirmed_at=ago(days=2))
    page = cockpit.person("viewer").get("/admin/").text
    chart = re.search(r'<svg class="chart".*?id="risk-INR-title".*?</svg>', page, re.S)
    assert chart
    numbers = re.findall(r'<text class="number"[^>]*>([^<]+)<', chart[0])
    assert numbers == ["₹400.00 · 2 orders", "₹0.00 · 0 orders", "₹0.00 · 0 orders", "₹50.00 · 1 order",
                       "₹0.00 · 0 orders"]
    table_ = plain_text(page[page.index('<table class="cards">'):])
    assert "under 15 min ₹300.00 1 order ₹100.00 1 order – ₹400.00 2 orders" in table_
    assert "1 to 7 days – – ₹50.00 1 order ₹50.00 1 order" in table_
    widths = {kind: float(wide) for kind, wide in re.findall(r'<rect class="(s\d)"[^>]*width="([\d.]+)"', chart[0])[:2]}
    assert widths == {"s1": 300.0, "s2": 100.0}


def plain_text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


# Recovered today, and how fast.


def test_recovered_today_is_told_by_whom_and_when(either: Cockpit) -> None:
    settled(either, "webhook")
    settled(either, "webhook", at=ago(hours=3), amount=500)
    settled(either, "callback", currency="JPY")
    settled(either, "lookup", by="order lookup cron")
    settled(either, "lookup", by="order lookup by asha@example.com", amount=7)
    settled(either, "manual", by="asha@example.com", amount=9)
    settled(either, "webhook", at=ago(hours=13))
    settled(either, "webhook", reversed_at=clock.now())
    day = day_of(clock.now(), ZONE)
    with either.house.database.read() as connection, Session(connection) as session:
        found = recovered.read(session, ALL, day)
    assert found.sources == {
        Source.WEBHOOK: rupees(2, 1500), Source.CALLBACK: [Sum(currency="JPY", count=1, minor=1000)],
        Source.LOOKUP: rupees(1, 1000), Source.ASKED: rupees(1, 7), Source.PERSON: rupees(1, 9),
    }
    assert {number: counts.total() for number, counts in enumerate(found.hours) if counts} == {9: 1, 12: 5}
    assert found.hours[9] == {Source.WEBHOOK: 1}
    page = either.person("viewer").get("/admin/").text
    chart = re.search(r'<svg class="chart"[^>]*recovered-title.*?</svg>', page, re.S)
    assert chart
    assert re.findall(r'<text class="number"[^>]*>(\d+)<', chart[0]) == ["1", "5"]
    assert "Webhook 2 ₹15.00" in plain_text(page)
    assert "Callback 1 ¥1,000" in plain_text(page)


def test_what_a_person_moved_without_proof_is_said_apart(either: Cockpit) -> None:
    proved, bare = missing(either, "K1", status="processing"), missing(either, "K2", status="processing", due=300)
    old = missing(either, "K3", status="processing", due=300)
    for order_id, at in ((proved, clock.now()), (bare, clock.now()), (old, ago(days=1))):
        either.put(OrderMove, order_id=order_id, target="processing", actor="staff", by="a@x", reason="r", at=at)
    settled(either, "webhook", order_id=proved)
    page = either.person("viewer").text("/admin/")
    assert "no payment proves it: ₹3.00 1 order" in page


def test_the_times_are_nearest_rank_percentiles_by_channel(either: Cockpit) -> None:
    for seconds in range(1, 101):
        settled(either, "webhook", lag=seconds)
    settled(either, "callback", lag=-3)
    settled(either, "lookup", lag=0.42)
    settled(either, "lookup", at=ago(days=3), lag=4000)
    settled(either, "lookup", at=ago(days=8), lag=90_000)
    settled(either, "manual", captured_at=None)
    with either.house.database.read() as connection, Session(connection) as session:
        today, week = recovered.speeds(session, ALL, day_of(clock.now(), ZONE))
    assert [(one.channel, one.count, *(value.total_seconds() for value in (one.p50, one.p95, one.p99)))
            for one in today] == [("callback", 1, 0, 0, 0), ("webhook", 100, 50, 95, 99), ("lookup", 1, 0.4, 0.4, 0.4)]
    assert [(one.channel, one.count, one.p50, one.p99) for one in week if one.channel == "lookup"] == [
        ("lookup", 2, timedelta(seconds=0.4), timedelta(minutes=66)),
    ]
    page = either.person("viewer").text("/admin/")
    assert "Webhook 50 s · 1 min · 1 min" in page
    assert "Webhook 100 50 s 1 min 1 min" in page


def test_a_day_of_a_clock_change_has_its_own_number_of_hours() -> None:
    assert len(day_of(datetime(2026, 3, 29, 12, tzinfo=UTC), "Europe/Berlin").hours) == 23
    assert len(day_of(datetime(2026, 10, 25, 12, tzinfo=UTC), "Europe/Berlin").hours) == 25
    day = day_of(NOON, ZONE)
    assert (day.midnight, len(day.hours)) == (datetime(2026, 3, 9, 18, 30, tzinfo=UTC), 24)


def test_a_range_of_time_is_a_range_of_ids() -> None:
    made = new_id()
    at = datetime.fromtimestamp(int.from_bytes(made.bytes[:6], "big") / 1000, UTC)
    assert ids_since(at) < made < ids_since(at + timedelta(minutes=2))
    assert ids_since(at - timedelta(days=400)) < ids_since(at) < ids_since(at + timedelta(days=400))
    assert ids_since(datetime(1970, 1, 1, tzinfo=UTC)).version == 7


# Who sees what.


def limited(cockpit: Cockpit, *codes: str, role: str = "support") -> Person:
    email = add_user(cockpit.house, role)
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(User)).where(table(User).c.email == email).values(stores=list(codes)))
    person = Person(cockpit.app.test_client(), email)
    assert person.sign_in().status_code == 303
    return person


def test_a_person_sees_the_figures_of_their_stores_only(either: Cockpit) -> None:
    stores.create_store(either.house, "other", name="Other", currency="INR")
    other = Shop(house=either.house, code="other")
    theirs = other.account("plain", {"merchant": "theirs", "webhook_secret": "x"}, label="Their Pay")
    mine = missing(either, "MINE1", Answer.PAID, due=11_100)
    foreign = other.order("THEIRS1", due=22_200)
    other.payment(foreign, theirs, "g-theirs", answer=Answer.PAID)
    held(either, mine, deadline=clock.now(), type="dispute", money=333)
    held(either, foreign, store_id=other.id, deadline=clock.now(), type="surplus", money=444)
    settled(either, "webhook", order_id=mine, amount=55_500, lag=20)
    settled(either, "callback", order_id=foreign, amount=66_600, lag=40)
    person = limited(either, "demo")
    page = person.text("/admin/")
    for text in ("MINE1", "₹111.00", "Plain Pay", "Dispute", "₹555.00", "20 s"):
        assert text in page, text
    for text in ("THEIRS1", "₹222.00", "2 orders", "Their Pay", "Surplus", "₹4.44", "₹666.00", "40 s", "The laws"):
        assert text not in page, text
    everything = either.person("viewer").text("/admin/")
    for text in ("THEIRS1", "₹222.00", "Their Pay", "Surplus", "₹666.00", "40 s", "The laws"):
        assert text in everything, text
    nobody = limited(either)
    assert nobody.get("/admin/").status_code == 200
    assert "MINE1" not in nobody.text("/admin/")


def test_a_fresh_install_says_how_to_begin(tmp_path: Path) -> None:
    house = make_house(f"sqlite:///{tmp_path / 'k.db'}")
    app = Flask("fresh")
    app.secret_key = "for tests"
    init_languages(app)
    init_admin(app, house)
    person = Person(app.test_client(), add_user(house, "admin"))
    person.sign_in()
    page = person.text("/admin/")
    assert "Start here" in page
    assert "kartify store create" in page
    assert "kartify account add" in page
    assert "All is well" not in page
    assert "No payment was settled since midnight." in page
    assert "No account yet." in page
    stores.create_store(house, "demo", name="Demo", currency="INR")
    assert "Make a store" not in person.text("/admin/")
    house.database.engine.dispose()
