"""Exports: as XLSX, and in the background where they are large; whose they are, and what becomes of a killed one."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest
import time_machine
from browser import Cockpit, Person
from sqlalchemy import update
from test_order_filters import crowd, limited

from kartify import clock
from kartify.admin.sales import order_export
from kartify.flows.exporting import export_rows, exports
from kartify.flows.ticking import core_crons, tick
from kartify.models import Cron, Export, ExportPart, Order, Run, User, table

SPACE = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def cells(data: bytes) -> list[list[tuple[str, str]]]:
    """(kind, value) of each cell of the first sheet: "n" is a number, "inlineStr" a text; "formula" must not be."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        root = ElementTree.fromstring(file.read("xl/worksheets/sheet1.xml"))
        assert "hyperlinks" not in file.read("xl/worksheets/sheet1.xml").decode()
    return [_row(row) for row in root.iterfind(".//m:row", SPACE)]


def _row(row: ElementTree.Element) -> list[tuple[str, str]]:
    """Empty cells are left away in the file: its columns are A to P."""
    found = {(one.get("r") or "").rstrip("0123456789"): _cell(one) for one in row.iterfind("m:c", SPACE)}
    return [found.get(letter, ("empty", "")) for letter in "ABCDEFGHIJKLMNOP"]


def _cell(one: ElementTree.Element) -> tuple[str, str]:
    if one.find("m:f", SPACE) is not None:
        return "formula", ""
    text = one.findtext("m:v", None, SPACE) or "".join(one.itertext())
    return one.get("t", "n"), text


def xlsx(person: Person, query: str = "") -> list[list[tuple[str, str]]]:
    answer = person.get(f"/admin/orders/export.xlsx{query}")
    assert answer.status_code == 200
    assert answer.mimetype.endswith("spreadsheetml.sheet")
    assert ".xlsx" in answer.headers["Content-Disposition"]
    return cells(answer.data)


def column(rows: list[list[tuple[str, str]]], name: str) -> list[tuple[str, str]]:
    place = [text for _, text in rows[0]].index(name)
    return [row[place] for row in rows[1:]]


def test_money_in_the_workbook_is_a_number_with_its_digits_and_text_where_a_number_would_round(
    cockpit: Cockpit,
) -> None:
    cockpit.shop.order("K1", due=249_900)
    cockpit.shop.order("K2", due=1)
    cockpit.shop.order("K3", due=8_999_999_999_999_999)
    cockpit.shop.order("K4", due=1500, currency="JPY")
    cockpit.shop.order("K5", due=1501, currency="KWD")
    rows = xlsx(cockpit.person("support"))
    found = dict(zip([text for _, text in column(rows, "number")], column(rows, "due"), strict=True))
    assert found == {
        "K1": ("n", "2499.00"), "K2": ("n", "0.01"), "K3": ("inlineStr", "89999999999999.99"), "K4": ("n", "1500"),
        "K5": ("n", "1.501"),
    }


def test_no_cell_of_the_workbook_is_a_formula_or_a_link_and_text_stays_as_it_is(cockpit: Cockpit) -> None:
    for number, name in (("=1+1", "=HYPERLINK(1)"), ("K2", "https://evil.example"), ("K3", "+cmd|calc"),
                         ("K4", "{=1}"), ("0012", "a\x01b <i>&amp;")):
        cockpit.shop.order(number, customer={"name": name}, phone="+919000000000")
    rows = xlsx(cockpit.person("support"))
    assert {kind for row in rows for kind, _ in row} == {"n", "inlineStr", "empty"}
    assert {text for _, text in column(rows, "number")} == {"=1+1", "K2", "K3", "K4", "0012"}
    assert {"=HYPERLINK(1)", "https://evil.example", "+cmd|calc", "{=1}"} < {
        text for _, text in column(rows, "customer")}
    assert set(column(rows, "phone")) == {("inlineStr", "+919000000000")}


def test_a_viewer_gets_the_workbook_masked(cockpit: Cockpit) -> None:
    cockpit.shop.order("K1", customer={"name": "Asha Rao"}, email="asha@example.com", phone="+919876543210")
    whole = str(xlsx(cockpit.person("viewer")))
    assert "asha" not in whole.lower()
    assert "98765" not in whole


def test_each_export_says_in_the_audit_who_took_what(cockpit: Cockpit) -> None:
    cockpit.missing("K1")
    person = cockpit.person("finance")
    xlsx(person, "?status=missing&from=10")
    (entry,) = cockpit.audited("export orders")
    assert entry["by"] == person.email
    assert entry["text"] == "view all, status missing, from 10: 1 order as XLSX"
    assert entry["data"] == {"rows": 1, "format": "xlsx",
                             "filters": {"view": "all", "status": "missing", "from": "10"}}


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three orders are many, and a worker reads 20 at a time."""
    monkeypatch.setattr(order_export, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(exports, "AT_ONCE", 20)


def asked(cockpit: Cockpit, person: Person, kind: str = "csv", **params: str) -> UUID:
    before = {one["id"] for one in cockpit.rows(Export)}
    said = person.press("/admin/orders/export", kind=kind, **params)
    assert "a worker writes it as" in said
    (found,) = [one["id"] for one in cockpit.rows(Export) if one["id"] not in before]
    return UUID(str(found))


def work(cockpit: Cockpit) -> None:
    tick.inline(cockpit.house)


def downloaded(person: Person, export_id: UUID) -> bytes:
    answer = person.get(f"/admin/exports/{export_id}/file")
    assert answer.status_code == 200
    assert answer.content_length == len(answer.data)
    return answer.data


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


@pytest.mark.usefixtures("large")
def test_a_large_export_asks_first_and_is_written_by_a_worker(either: Cockpit) -> None:
    cockpit = either
    crowd(cockpit, 70)
    person = cockpit.person("support")
    assert "A large export" in person.text("/admin/orders/export.csv?view=missing&from=7")
    assert cockpit.rows(Export) == []
    for kind in ("csv", "xlsx"):
        export_id = asked(cockpit, person, kind, view="missing", **{"from": "7"})
        assert "waiting" in person.text(f"/admin/exports/{export_id}")
        assert person.get(f"/admin/exports/{export_id}/file").status_code == 404
        work(cockpit)
        row = cockpit.one(Export, export_id)
        assert (row["state"], row["rows"]) == ("done", 10)
        data = downloaded(person, export_id)
        numbers = [one["number"] for one in read_csv(data)] if kind == "csv" else [
            text for _, text in column(cells(data), "number")]
        assert sorted(numbers) == [f"K{place:04}" for place in range(0, 70, 7)]
        assert f"{kind.upper()}" in person.text("/admin/exports/")
    said = [one["text"] for one in cockpit.audited("export orders")]
    assert [text for text in said if "written, 10 orders as CSV" in text]
    assert len(cockpit.audited("download export")) == 2


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_killed_workers_export_is_finished_by_another_and_the_killed_one_changes_nothing(
    either: Cockpit, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one stalls in the middle, comes back when the second has taken over, and must not write."""
    cockpit = either
    crowd(cockpit, 90)
    person = cockpit.person("support")
    export_id = asked(cockpit, person, kind, view="missing")
    first = export_rows.take(cockpit.house, export_id)
    assert first is not None
    assert exports._read_on(cockpit.house, first)
    assert export_rows.take(cockpit.house, export_id) is None, "it is in hand"
    work(cockpit)
    assert cockpit.one(Export, export_id)["state"] == "running", "its lease has not run out"
    with time_machine.travel(clock.now() + export_rows.LEASE + timedelta(seconds=1), tick=True):
        second = export_rows.take(cockpit.house, export_id)
        assert second is not None
        assert (second.fence, second.rows, second.next) == (first.fence + 1, 20, 1)
        assert not exports._read_on(cockpit.house, first), "what a dead worker still sends is refused"
        while not second.read:
            assert exports._read_on(cockpit.house, second)
        exports._finish(cockpit.house, second)
        exports._finish(cockpit.house, first)
        export_rows.fail(cockpit.house, first, "too late")
    assert (cockpit.one(Export, export_id)["state"], cockpit.one(Export, export_id)["rows"]) == ("done", 90)
    data = downloaded(person, export_id)
    numbers = [one["number"] for one in read_csv(data)] if kind == "csv" else [
        text for _, text in column(cells(data), "number")]
    assert sorted(numbers) == [f"K{place:04}" for place in range(90)]


@pytest.mark.usefixtures("large")
def test_orders_that_come_or_move_while_it_is_written_break_nothing(either: Cockpit) -> None:
    cockpit = either
    crowd(cockpit, 60)
    export_id = asked(cockpit, cockpit.person("support"), view="missing")
    job = export_rows.take(cockpit.house, export_id)
    assert job is not None
    exports._read_on(cockpit.house, job)
    for number in ("N1", "N2"):
        cockpit.shop.order(number)
    orders = table(Order)
    with cockpit.house.database.write() as connection:
        # One that was read and one that was not yet, both gone from the view; and one that was read changes.
        gone = orders.c.number.in_(["K0059", "K0001"])
        connection.execute(update(orders).where(gone).values(clock_why="moved", method="cod"))
    while not job.read:
        exports._read_on(cockpit.house, job)
    exports._finish(cockpit.house, job)
    numbers = [one["number"] for one in read_csv(b"".join(export_rows.pieces(cockpit.house, export_id)))]
    assert sorted(numbers) == [f"K{place:04}" for place in range(60)]
    assert len(numbers) == len(set(numbers))


@pytest.mark.usefixtures("large")
def test_an_export_is_for_whoever_asked_and_for_admins(cockpit: Cockpit) -> None:
    crowd(cockpit, 5)
    person, other, admin = cockpit.person("support"), cockpit.person("support"), cockpit.person("admin")
    export_id = asked(cockpit, person, view="missing")
    work(cockpit)
    for path in ("", "/file", ".json"):
        assert person.get(f"/admin/exports/{export_id}{path}").status_code == 200
        assert admin.get(f"/admin/exports/{export_id}{path}").status_code == 200
        assert other.get(f"/admin/exports/{export_id}{path}").status_code == 404
    assert str(export_id) not in other.get("/admin/exports/").text
    assert str(export_id) in admin.get("/admin/exports/").text
    assert other.post(f"/admin/exports/{export_id}/stop").status_code == 404


@pytest.mark.usefixtures("large")
def test_the_role_and_the_stores_at_the_time_of_asking_decide_what_is_in_it(cockpit: Cockpit) -> None:
    crowd(cockpit, 4)
    cockpit.shop.order("K9", customer={"name": "Asha Rao"}, email="asha@example.com")
    viewer = cockpit.person("viewer")
    export_id = asked(cockpit, viewer, view="missing")
    work(cockpit)
    assert b"asha" not in downloaded(viewer, export_id).lower()
    nobody = limited(cockpit, "support")
    nothing = asked(cockpit, nobody, view="missing")
    work(cockpit)
    assert read_csv(downloaded(nobody, nothing)) == []


@pytest.mark.usefixtures("large")
def test_rights_that_were_taken_away_since_then_close_the_file(cockpit: Cockpit) -> None:
    crowd(cockpit, 4)
    person = cockpit.person("support")
    export_id = asked(cockpit, person, view="missing")
    work(cockpit)
    with cockpit.house.database.write() as connection:
        them = table(User)
        connection.execute(update(them).where(them.c.email == person.email).values(role="viewer"))
    assert person.get(f"/admin/exports/{export_id}/file").status_code == 404


@pytest.mark.usefixtures("large")
def test_stop_ends_it_at_once_and_removes_what_was_written(either: Cockpit) -> None:
    cockpit = either
    crowd(cockpit, 50)
    person = cockpit.person("support")
    export_id = asked(cockpit, person, view="missing")
    job = export_rows.take(cockpit.house, export_id)
    assert job is not None
    assert exports._read_on(cockpit.house, job)
    assert "Stopped." in person.press(f"/admin/exports/{export_id}/stop")
    assert not exports._read_on(cockpit.house, job)
    assert (cockpit.one(Export, export_id)["state"], cockpit.count(ExportPart)) == ("stopped", 0)
    assert "over already" in person.press(f"/admin/exports/{export_id}/stop")
    assert [one["text"][:7] for one in cockpit.audited("stop export")] == ["Stopped", "not don"]


@pytest.mark.usefixtures("large")
def test_what_cannot_be_written_says_why(cockpit: Cockpit, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(cockpit, 50)
    person = cockpit.person("support")
    monkeypatch.setattr(exports, "MOST_XLSX", 30)
    many = asked(cockpit, person, "xlsx", view="missing")
    work(cockpit)
    assert "More than 30 orders: narrow the filters, or take CSV." in person.text(f"/admin/exports/{many}")
    gone = asked(cockpit, person, view="missing", store="demo")
    with cockpit.house.database.write() as connection:
        query = {"params": {"view": "missing", "store": "gone"}, "stores": None}
        connection.execute(update(table(Export)).where(table(Export).c.id == gone).values(query=query))
    work(cockpit)
    assert "Failed: ValueError." in person.text(f"/admin/exports/{gone}")
    assert cockpit.count(ExportPart) == 0


@pytest.mark.usefixtures("large")
def test_one_that_ends_its_worker_each_time_is_given_up(cockpit: Cockpit) -> None:
    crowd(cockpit, 5)
    export_id = asked(cockpit, cockpit.person("support"), view="missing")
    at = clock.now()
    for turn in range(export_rows.MOST_TRIES + 1):
        with time_machine.travel(at + turn * timedelta(minutes=5)):
            if turn < export_rows.MOST_TRIES:
                assert export_rows.take(cockpit.house, export_id) is not None
            else:
                work(cockpit)
    row = cockpit.one(Export, export_id)
    assert (row["state"], "given up" in row["result"]) == ("failed", True)


@pytest.mark.usefixtures("large")
def test_the_cron_removes_exports_a_week_old(either: Cockpit) -> None:
    cockpit = either
    crowd(cockpit, 5)
    person = cockpit.person("support")
    old = asked(cockpit, person, view="missing")
    work(cockpit)
    with time_machine.travel(clock.now() + timedelta(days=6), tick=True):
        young = asked(cockpit, cockpit.person("support"), view="missing")
    core_crons.ensure(cockpit.house)
    with time_machine.travel(clock.now() + timedelta(days=7, minutes=1), tick=True):
        work(cockpit)
    left = {UUID(str(one["id"])) for one in cockpit.rows(Export)}
    assert (old in left, young in left) == (False, True)
    tidy = cockpit.rows(Cron, name="tidy")[0]["id"]
    assert [one["result"] for one in cockpit.rows(Run, cron_id=tidy)] == ["1 old export removed"]


@pytest.mark.parametrize("kind", ["pdf", ""])
def test_an_unknown_format_is_refused_in_a_sentence(cockpit: Cockpit, kind: str) -> None:
    said: Any = cockpit.person("support").press("/admin/orders/export", kind=kind, view="missing")
    assert "Not done: kind: expected csv or xlsx." in said
    assert cockpit.rows(Export) == []
