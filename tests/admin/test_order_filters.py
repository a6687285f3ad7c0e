"""Sales » Orders: filters that all combine, mangled addresses, windows, a person's stores."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from browser import Cockpit, Person
from sqlalchemy import insert, update

from kartify import clock
from kartify.domain.cases import CaseType
from kartify.domain.errors import Temporary
from kartify.flows.ground import audit
from kartify.flows.lookups import asking
from kartify.flows.people import stores
from kartify.flows.reading import paging
from kartify.models import Order, Run, User, new_id, table
from kartify.testing.builder import Shop, make_shop

ROW = re.compile(r'<a href="/admin/orders/[0-9a-f-]{36}">([A-Z]\d+)</a>')


def shown(person: Person, query: str) -> list[str]:
    return sorted(ROW.findall(person.get(f"/admin/orders/?{query}").text))


def ask(cockpit: Cockpit, order_id: UUID) -> None:
    asking.check_order(cockpit.house, order_id, by="test")


def paid(cockpit: Cockpit, number: str, **changes: Any) -> UUID:
    order_id = cockpit.missing(number, **changes)
    cockpit.bank.paid(f"order_{number}", payment=f"pay_{number}")
    ask(cockpit, order_id)
    return order_id


def other_store(cockpit: Cockpit, currency: str = "INR") -> Shop:
    return make_shop(cockpit.house, "other", currency=currency)


def limited(cockpit: Cockpit, role: str, *codes: str) -> Person:
    """A person who may see these stores only."""
    person = cockpit.person(role)
    with cockpit.house.database.write() as connection:
        users = table(User)
        connection.execute(update(users).where(users.c.email == person.email).values(stores=list(codes)))
    return person


def test_the_three_answers_split_the_missing_orders_without_a_rest(either: Cockpit) -> None:
    cockpit = either
    cockpit.missing("K1")
    low = cockpit.missing("K2")
    cockpit.bank.paid("order_K2", payment="pay_2", amount=100)
    ask(cockpit, low)
    silent = cockpit.missing("K3")
    cockpit.bank.answers["order_K3"] = Temporary("503")
    ask(cockpit, silent)
    cockpit.shop.order("K4", method="cod")
    person = cockpit.person("support")
    found = {name: shown(person, f"view=missing&answer={name}") for name in ("paid", "nothing", "unasked")}
    assert found == {"paid": ["K2"], "nothing": ["K3"], "unasked": ["K1", "K4"]}


def test_amounts_are_read_exactly_in_the_stores_own_decimals(either: Cockpit) -> None:
    cockpit = either
    for number, due in (("K1", 100_000), ("K2", 100_001), ("K3", 99_999), ("K4", 1_00_00_000)):
        cockpit.missing(number, due=due)
    person = cockpit.person("viewer")
    assert shown(person, "from=1000&to=1000.00") == ["K1"]
    assert shown(person, "from=1000.01") == ["K2", "K4"]
    assert shown(person, "to=999.99") == ["K3"]
    assert shown(person, "from=1,00,000.00") == ["K4"]
    assert shown(person, "from=0.1&to=0.2") == []


def test_an_amount_is_of_the_chosen_stores_currency(cockpit: Cockpit) -> None:
    yen = other_store(cockpit, "JPY")
    yen.order("J1", due=1000, currency="JPY")
    cockpit.missing("K1", due=1000)
    person = cockpit.person("viewer")
    assert shown(person, "view=all&from=1000") == ["J1"]
    assert shown(person, "view=all&to=10") == ["K1"]
    assert shown(person, "view=all&from=10.00&to=10.00&store=demo") == ["K1"]
    page = person.text("/admin/orders/?view=all&from=10.50")
    assert "Due from “10.50” was ignored: expected at most 0 decimals for JPY." in page
    assert "was ignored" not in person.text("/admin/orders/?view=all&from=10.50&store=demo")


@pytest.mark.parametrize(("query", "sentence"), [
    ("status=nonsense", "Order status “nonsense” was ignored"), ("store=nowhere", "Store “nowhere” was ignored"),
    ("gateway=../etc", "Gateway “../etc” was ignored"), ("oms=x", "OMS “x” was ignored"),
    ("age=13h", "Age “13h” was ignored"), ("answer=maybe", "Answer “maybe” was ignored"),
    ("event=nothing", "Event “nothing” was ignored"), ("view=nonsense", "View “nonsense” was ignored"),
    ("from=12.345", "Due from “12.345” was ignored: expected at most 2 decimals for INR."),
    ("to=ten", "Due to “ten” was ignored: expected a decimal number."),
    ("from=1e5", "Due from “1e5” was ignored"), ("from=" + "9" * 70, "was ignored"), ("to=NaN", "was ignored"),
    ("after=nonsense", "Page “nonsense” was ignored: the list starts from the newest."),
])
def test_what_cannot_be_read_is_said_and_the_plain_list_is_shown(cockpit: Cockpit, query: str, sentence: str) -> None:
    cockpit.missing("K1")
    person = cockpit.person("support")
    assert sentence in person.text(f"/admin/orders/?{query}")
    assert shown(person, query) == ["K1"]


@pytest.mark.parametrize("query", ["status=nonsense", "from=12.345", "store=nowhere"])
def test_nothing_acts_on_all_where_a_filter_could_not_be_read(cockpit: Cockpit, query: str) -> None:
    cockpit.missing("K1")
    person = cockpit.person("support")
    for kind in ("csv", "xlsx"):
        answer = person.get(f"/admin/orders/export.{kind}?{query}")
        assert (answer.status_code, "was ignored" in answer.text) == (400, True)
    name, _, value = query.partition("=")
    said = person.press("/admin/orders/check-many", which="all", **{name: value})
    assert "Not done" in said
    assert cockpit.rows(Run) == []


def test_an_order_is_found_by_its_oms_and_before_delivery_by_its_stores(either: Cockpit) -> None:
    cockpit = either
    cockpit.missing("K1")
    paid(cockpit, "K2")
    other_store(cockpit).order("K3")
    person = cockpit.person("support")
    assert shown(person, "view=all&oms=ledger") == ["K1", "K2"]
    # What it was delivered to stays, whatever the store uses now.
    second = stores.add_account(cockpit.house, "demo", "sandbox-oms", {
        "api_base": "http://127.0.0.1:9", "merchant": "m", "api_key": "k", "way": "push"})
    assert second
    assert shown(person, "view=all&oms=ledger") == ["K2"]
    assert shown(person, "view=all&oms=sandbox-oms") == ["K1"]


def test_events_tell_what_happened_and_which_exception_stands_open(either: Cockpit) -> None:
    cockpit = either
    low = cockpit.missing("K1")
    cockpit.bank.paid("order_K1", payment="pay_1", amount=100)
    ask(cockpit, low)
    paid(cockpit, "K2")
    asked = cockpit.missing("K3", cancel_requested_at=clock.now())
    cockpit.shop.payment(asked, cockpit.gateway, "order_K3b")
    noted = cockpit.missing("K4")
    audit.record(cockpit.house, audit.Act(by="x", action="note", subject="order", text="call back"), order_id=noted)
    person = cockpit.person("support")
    for event, numbers in {
        "by-lookup": ["K2"], "by-webhook": [], "cancel-requested": ["K3"], "several-payments": ["K3"], "noted": ["K4"],
        "edited": [], "refund": [], "attempt-failed": [], "by-hand": [], CaseType.UNDERPAID: ["K1"],
        CaseType.DISPUTE: [],
    }.items():
        assert shown(person, f"view=all&event={event}") == numbers, event


def test_all_filters_combine_and_each_narrows(cockpit: Cockpit) -> None:
    """Whatever is set together shows what each of them shows alone, and nothing else."""
    old = clock.now() - timedelta(hours=2)
    low = cockpit.missing("K1", confirmed_at=old, due=50_000)
    cockpit.bank.paid("order_K1", payment="pay_1", amount=100)
    ask(cockpit, low)
    cockpit.missing("K2", confirmed_at=old, due=60_000)
    paid(cockpit, "K3", confirmed_at=old)
    other_store(cockpit).order("K4", confirmed_at=old)
    person = cockpit.person("support")
    parts = ["status=missing", "store=demo", "gateway=plain", "oms=ledger", "age=1h", "answer=paid",
             f"event={CaseType.UNDERPAID}", "from=500", "to=500.00", "q=K1"]
    alone = {part: set(shown(person, f"view=all&{part}&age=15m")) for part in parts}
    for some in (*combinations(parts, 2), *combinations(parts, 3), tuple(parts)):
        together = set(shown(person, "&".join(["view=all", "age=15m", *some]))) if "q=K1" not in some else {"K1"}
        assert together == set.intersection(*(alone[one] or {"K1"} for one in some)), some


def crowd(cockpit: Cockpit, count: int) -> None:
    """Every seventh is of 7.00, the others of 1.00."""
    at = clock.now() - timedelta(days=1)
    rows = [
        {"id": new_id(), "store_id": cockpit.shop.id, "number": f"K{place:04}", "status": "missing", "status_at": at,
         "currency": "INR", "total": 700, "due": 700 if place % 7 == 0 else 100, "method": "prepaid", "customer": {},
         "metadata": {}, "body_hash": "x", "confirmed_at": at + timedelta(seconds=place // 3)}
        for place in range(count)
    ]
    with cockpit.house.database.write() as connection:
        connection.execute(insert(table(Order)), rows)


@pytest.mark.parametrize("view", ["missing", "all"])
@pytest.mark.parametrize(("window", "patience"), [(10, -1.0), (64, 60.0)])
def test_windows_lose_nothing_and_show_nothing_twice(
    either: Cockpit, monkeypatch: pytest.MonkeyPatch, view: str, window: int, patience: float
) -> None:
    crowd(either, 210)
    monkeypatch.setattr(paging, "WINDOW", window)
    monkeypatch.setattr("kartify.flows.reading.order_list.PATIENCE", patience)
    person, path, found, pages = either.person("viewer"), f"/admin/orders/?view={view}&from=7", [], 0
    while path:
        page = person.get(path).text
        found += ROW.findall(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
        pages += 1
        assert pages < 60
    assert sorted(found) == [f"K{place:04}" for place in range(0, 210, 7)]
    assert len(found) == len(set(found))


def test_a_window_without_a_hit_says_so_and_leads_on(cockpit: Cockpit, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(cockpit, 40)
    monkeypatch.setattr(paging, "WINDOW", 10)
    monkeypatch.setattr("kartify.flows.reading.order_list.PATIENCE", -1.0)
    page = cockpit.person("viewer").text("/admin/orders/?view=all&from=8")
    assert "None of the newest orders fits these filters; older ones were not looked through yet." in page
    assert "Look further back" in page


def test_a_person_sees_lists_searches_exports_and_checks_the_orders_of_his_stores_only(either: Cockpit) -> None:
    cockpit = either
    mine = cockpit.missing("K1", email="asha@example.com")
    theirs = other_store(cockpit).order("K2", email="asha@example.com")
    person = limited(cockpit, "support", "demo")
    assert shown(person, "view=all") == ["K1"]
    assert person.get("/admin/orders/?q=asha@example.com").location == f"/admin/orders/{mine}"
    assert "No order is called “K2”." in person.text("/admin/orders/?q=K2")
    assert "Store “other” was ignored" in person.text("/admin/orders/?store=other")
    assert "K2" not in person.get("/admin/orders/export.csv?view=all").text
    cockpit.shop.payment(theirs, cockpit.gateway, "order_K2")
    person.press("/admin/orders/check-many", which="ticked", order=[str(mine), str(theirs)])
    assert [one["orders"] for one in cockpit.rows(Run)] == [["K1"]]
    assert shown(limited(cockpit, "support"), "view=all") == []


def test_the_check_of_all_takes_exactly_what_is_filtered(cockpit: Cockpit) -> None:
    cockpit.missing("K1", due=70_000)
    cockpit.missing("K2", due=80_000)
    person = cockpit.person("support")
    person.press("/admin/orders/check-many", which="all", view="missing", **{"from": "750"})
    assert [one["orders"] for one in cockpit.rows(Run)] == [["K2"]]
