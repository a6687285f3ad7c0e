"""Sales » Orders: views, filters, search, and paging that reaches everything once."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from browser import Cockpit, Person
from sqlalchemy import event, insert, update

from kartify import clock
from kartify.flows.lookups import asking
from kartify.flows.reading.paging import SIZE
from kartify.models import Order, Payment, new_id, table

ROW = re.compile(r'<a href="/admin/orders/[0-9a-f-]{36}">(K\d+)</a>')


def many(cockpit: Cockpit, count: int, **changes: object) -> list[str]:
    """Orders of a few moments, so that many of them share one."""
    start = clock.now() - timedelta(days=1)
    shared = {"store_id": cockpit.shop.id, "status": "missing", "currency": "INR", "total": 100, "due": 100,
              "method": "prepaid", "customer": {}, "metadata": {}, "body_hash": "x", **changes}
    rows = [
        {**shared, "id": new_id(), "number": f"K{number:04}", "status_at": start, "confirmed_at":
         start + timedelta(seconds=number // 40)}
        for number in range(count)
    ]
    with cockpit.house.database.write() as connection:
        connection.execute(insert(table(Order)), rows)
    return [str(row["number"]) for row in rows]


def walk(cockpit: Cockpit, path: str) -> list[str]:
    person, found, pages = cockpit.person("viewer"), [], 0
    while path:
        page = person.get(path).text
        found += ROW.findall(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
        pages += 1
        assert pages < 20
    return found


@pytest.mark.parametrize("view", ["missing", "all"])
def test_paging_over_500_orders_shows_each_once_newest_first(either: Cockpit, view: str) -> None:
    numbers = many(either, 520)
    found = walk(either, f"/admin/orders/?view={view}")
    assert sorted(found) == numbers
    if view == "all":
        assert found == numbers[::-1]


def test_the_list_neither_counts_nor_skips(cockpit: Cockpit) -> None:
    many(cockpit, SIZE + 5)
    asked: list[str] = []
    event.listen(cockpit.house.database.engine, "before_cursor_execute",
                 lambda conn, cursor, statement, *rest: asked.append(statement.lower()))
    walk(cockpit, "/admin/orders/?view=all")
    assert [one for one in asked if "limit ?" in one]
    assert not [one for one in asked if "count(" in one or "offset" in one.replace("limit ? offset ?", "")]


def test_the_plain_list_is_the_missing_ones(cockpit: Cockpit) -> None:
    cockpit.missing("K1")
    cockpit.shop.order("K2", status="processing", basis="cod", method="cod")
    page = cockpit.person("support").get("/admin/orders/").text
    assert ROW.findall(page) == ["K1"]


def test_filters_narrow_the_list(cockpit: Cockpit) -> None:
    old = clock.now() - timedelta(hours=2)
    cockpit.missing("K1", confirmed_at=old)
    cockpit.missing("K2")
    cockpit.shop.order("K3", status="cancelled")
    cockpit.shop.order("K4")
    person = cockpit.person("support")
    for query, numbers in {
        "status=cancelled": ["K3"], "age=1h": ["K1"], "age=7d": [], "gateway=plain": ["K2", "K1"],
        "gateway=other": ["K4", "K2", "K1"],
        "store=demo&age=1h": ["K1"], "store=nowhere": ["K4", "K2", "K1"], "status=nonsense": ["K4", "K2", "K1"],
        "view=nonsense&after=nonsense": ["K4", "K2", "K1"], "view=all&after=nonsense": ["K4", "K3", "K2", "K1"],
    }.items():
        found = ROW.findall(person.get(f"/admin/orders/?{query}").text)
        assert sorted(found) == sorted(numbers), query


@pytest.mark.parametrize("text", [
    "K1001", "k1001", "asha@example.com", "ASHA@example.com", "+919876543210", "98765 43210", "order_K1001", "pay_42",
    "OMS-9", " K1001 ",
])
def test_search_finds_the_order_by_any_of_its_names_and_opens_it(cockpit: Cockpit, text: str) -> None:
    order_id = cockpit.missing(email="asha@example.com", phone="+919876543210", oms_order_id="OMS-9")
    cockpit.missing("K1002")
    cockpit.bank.paid("order_K1001", payment="pay_42")
    asking.check_order(cockpit.house, order_id, by="test")
    answer = cockpit.person("support").client.get("/admin/orders/", query_string={"q": text})
    assert (answer.status_code, answer.location) == (303, f"/admin/orders/{order_id}")


def test_search_by_our_reference_and_several_hits(cockpit: Cockpit) -> None:
    first = cockpit.missing("K1", email="asha@example.com")
    cockpit.missing("K2", email="asha@example.com")
    reference = cockpit.rows(Payment, order_id=first)[0]["reference"]
    person = cockpit.person("support")
    assert person.get(f"/admin/orders/?q={reference}").location == f"/admin/orders/{first}"
    assert sorted(ROW.findall(person.get("/admin/orders/?q=asha@example.com").text)) == ["K1", "K2"]
    assert "No order is called “nothing”." in person.text("/admin/orders/?q=nothing")


def test_orders_with_an_open_exception_and_undelivered_ones_have_their_views(cockpit: Cockpit) -> None:
    low, good = cockpit.missing("K1"), cockpit.missing("K2")
    cockpit.bank.paid("order_K1", payment="pay_1", amount=100)
    cockpit.bank.paid("order_K2", payment="pay_2")
    for order_id in (low, good):
        asking.check_order(cockpit.house, order_id, by="test")
    person = cockpit.person("support")
    assert ROW.findall(person.get("/admin/orders/?view=attention").text) == ["K1"]
    assert "Underpaid" in person.text("/admin/orders/?view=attention")
    assert ROW.findall(person.get("/admin/orders/?view=undelivered").text) == ["K2"]


def test_times_stand_in_the_stores_zone_with_utc_on_hover(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    at = clock.now().replace(month=1, day=1, hour=20, minute=0, second=5, microsecond=0) - timedelta(days=365)
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(Order)).values(confirmed_at=at))
    page = cockpit.person("viewer").get(f"/admin/orders/{order_id}").text
    assert f'title="{at:%Y-%m-%d} 20:00:05 UTC">' in page
    assert "01:30</time>" in page
    assert "Times are in Asia/Kolkata" in page


def exported(person: Person, query: str = "") -> list[dict[str, str]]:
    answer = person.get(f"/admin/orders/export.csv{query}")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_the_export_is_exactly_what_is_filtered_whatever_the_page(cockpit: Cockpit) -> None:
    for number in range(120):
        cockpit.missing(f"K{number:04}", email="asha@example.com")
    cockpit.shop.order("P1", status="processing", basis="cod")
    rows = exported(cockpit.person("support"))
    assert len(rows) == 120
    assert {row["status"] for row in rows} == {"missing"}
    assert (rows[0]["due"], rows[0]["gateway"], rows[0]["email"]) == ("2499.00", "plain", "asha@example.com")
    assert len({row["number"] for row in rows}) == 120
    assert [row["number"] for row in exported(cockpit.person("support"), "?status=processing")] == ["P1"]
    assert len(cockpit.audited("export orders")) == 2


def test_a_cell_of_the_export_is_no_formula_and_a_viewer_gets_it_masked(cockpit: Cockpit) -> None:
    cockpit.shop.order("=HYPERLINK(1)", customer={"name": "+cmd|calc"}, email="asha@example.com", phone="+919000000000")
    (row,) = exported(cockpit.person("support"))
    assert (row["number"], row["customer"], row["phone"]) == ("'=HYPERLINK(1)", "'+cmd|calc", "'+919000000000")
    (masked,) = exported(cockpit.person("viewer"))
    assert "asha" not in masked["email"]
    assert "9000000" not in masked["phone"]
