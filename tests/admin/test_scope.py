"""A person who is limited to one store: no page of the admin shows anything of another, and no row of it is there.

The walk takes every route that there is, so that a new page is in it by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from browser import TOOL, Cockpit, LinkedPlugin, Person, make_cockpit, plain
from fake_oms import Ledger, LedgerPlugin
from fakes import Bank, webhook
from test_approvals import limited

from kartify import clock
from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.status import Status
from kartify.flows.delivering import deliver
from kartify.flows.exporting import export_rows
from kartify.flows.ground import audit
from kartify.flows.lookups import asking, lookup, runs
from kartify.flows.people import byhand, edit, keys, second, stores
from kartify.flows.people.approvals import NeedsSecond
from kartify.flows.receiving import receive
from kartify.flows.settling import cases
from kartify.models import ApiKey, Approval, Case, Charge, Cron, Delivery, InboxMessage, Order, Run, User
from kartify.testing.builder import Shop, make_house, make_shop

# Of no store: signing in, and files that everybody gets.
NOBODYS = {"admin.login", "cockpit.static", "static", "admin.static"}
# Of no row: the form's own fields name what it is about. ``test_people`` and below try those.
BY_FORM = {
    "admin.logout", "orders.check_many", "people.create", "keys.create", "tools.tool", "attention.many",
    "attention.close_many", "deliveries.again_many", "jobs.wake", "accounts.new", "stores.new",
    "orders.export_later",
}
LEAKS = ("theirs", "zara", "7,777.77", "777777", "8,888.88", "888888")
SECRET = "whsec-very-secret"


@dataclass
class Street:
    """Two shops side by side. ``person`` may see the first; ``rows`` has a row of each for every kind of address."""

    cockpit: Cockpit
    person: Person
    ours: dict[str, Any]
    theirs: dict[str, Any]


def furnish(cockpit: Cockpit, shop: Shop, name: str, *, merchant: str, due: int) -> dict[str, Any]:
    """One of everything in a shop. ``name`` is part of every text that is of the shop."""
    house = cockpit.house
    gateway, oms = cockpit.gateway, cockpit.oms
    if merchant:
        settings = {"webhook_secret": SECRET, "merchant": merchant}
        gateway = shop.account("plain", settings, label=f"{name} Pay")
        oms = shop.account("ledger", {"way": "push", "merchant": merchant}, label=f"{name} Ledger")
    assert oms is not None
    stores.set_store(house, shop.code, {"second_person": "true"})
    who = {"name": f"Zara {name}" if merchant else "Asha Rao", "email": f"customer@{name}.example"}
    missing = shop.order(f"{name}-1", due=due, customer=who, email=who["email"], oms_order_id=f"FY-{name}-1")
    shop.payment(missing, gateway, f"order_{name}_1")
    paid = shop.order(f"{name}-2", due=due, customer=who, email=who["email"])
    shop.payment(paid, gateway, f"order_{name}_2")
    receive.webhook(house, gateway, webhook(
        f"evt_{name}", {"order": f"order_{name}_2", "payment": f"pay_{name}_2", "amount": due}, secret=SECRET,
        event=f"charge_of_{name}"))
    cockpit.ledger.script.append("invalid")
    deliver.deliver_due(house, oms, worker="w")
    asking.check_order(house, missing, by=f"helper@{name}.example")
    edit.add_note(house, missing, f"note of {name}", by=f"helper@{name}.example")
    with pytest.raises(NeedsSecond) as waits:
        byhand.move(house, missing, target=Status.PROCESSING, by=f"helper@{name}.example", reason=f"slip of {name}")
    other = shop.order(f"{name}-3", due=due, customer=who, email=who["email"])
    with pytest.raises(NeedsSecond) as refused:
        byhand.move(house, other, target=Status.PROCESSING, by=f"helper@{name}.example", reason=f"slip of {name}")
    second.refuse(house, refused.value.approval_id, by=f"boss@{name}.example", reason=f"no, says {name}")
    with house.database.write() as connection:
        wanted = CaseWanted(type=CaseType.UNDERPAID, reason=f"less at {name}", currency="INR", held=due)
        cases.raise_case(connection, wanted, subject=f"test:{name}", at=clock.now(), order_id=missing,
                         store_id=shop.id, account_id=gateway)
    case = cockpit.rows(Case, subject=f"test:{name}")[0]["id"]
    run = runs.start(house, gateway, by=f"helper@{name}.example", numbers=[f"{name}-1"])
    lookup.work_run(house, run, worker="w")
    keys.create_key(house, shop.code, "storefront", label=f"site of {name}", by=f"boss@{name}.example")
    person = limited(cockpit, "support", shop.code)
    for subject in (f"order:{missing}", f"account:{gateway}", f"case:{case}", f"run:{run}", "page:403"):
        audit.record(house, audit.Act(by=f"helper@{name}.example", action="test", subject=subject, text=f"at {name}"))
    return {
        "order_id": missing, "paid_id": paid, "account_id": gateway, "case_id": case, "run_id": run,
        "approval_id": waits.value.approval_id, "user_id": cockpit.rows(User, email=person.email)[0]["id"],
        "key_id": cockpit.rows(ApiKey, store_id=shop.id)[0]["id"],
        "cron_id": cockpit.rows(Cron, account_id=gateway)[0]["id"],
        "delivery_id": cockpit.rows(Delivery, order_id=paid)[0]["id"],
        "charge_id": cockpit.rows(Charge, order_id=paid)[0]["id"],
        "export_id": export_rows.ask(house, export_rows.Wanted(
            by=person.email, format="csv", params={"view": "all"}, stores=[shop.code], personal=True)),
        "message_id": cockpit.rows(InboxMessage, account_id=gateway)[0]["id"], "store_id": shop.id,
        "inbox_id": cockpit.rows(InboxMessage, account_id=gateway)[0]["id"],
        "slug": "ledger", "verb": "confirm-payment", "kind": "csv",
    }


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """Built once: who may see one store changes nothing of the other."""
    bank, ledger = Bank(), Ledger()
    plugins = [LinkedPlugin(bank), LedgerPlugin(ledger, tools=(TOOL,))]
    house = make_house(f"sqlite:///{tmp_path_factory.mktemp('street') / 'kartify.db'}", plugins=plugins)
    yield settle(make_cockpit(house, make_shop(house), bank, ledger))
    house.database.engine.dispose()


def settle(cockpit: Cockpit) -> Street:
    ours = furnish(cockpit, cockpit.shop, "ours", merchant="", due=100_100)
    stores.create_store(cockpit.house, "theirs", name="Theirs store")
    other = Shop(house=cockpit.house, code="theirs")
    theirs = furnish(cockpit, other, "theirs", merchant="theirs", due=777_777)
    return Street(cockpit=cockpit, person=limited(cockpit, "admin", "demo"), ours=ours, theirs=theirs)


def routes(cockpit: Cockpit, method: str, without: tuple[str, ...] = ()) -> list[tuple[str, str, set[str]]]:
    """Endpoint, path with its arguments in braces, and their names."""
    found = []
    for rule in cockpit.app.url_map.iter_rules():
        if method not in (rule.methods or ()) or rule.endpoint in NOBODYS or rule.endpoint in without:
            continue
        path = "".join(f"{{{part}}}" if dynamic else part for dynamic, part in rule._trace).removeprefix("|")
        found.append((rule.endpoint, path, set(rule.arguments)))
    return found


def filled(path: str, arguments: set[str], values: dict[str, Any]) -> str:
    missing = arguments - set(values)
    assert not missing, f"{path}: say in furnish() which row of a store stands for {missing}"
    row = {**values, "order_id": values["paid_id"]} if {"delivery_id", "charge_id", "inbox_id"} & arguments else values
    return path.format(**{name: row[name] for name in arguments})


def leaks(text: str) -> list[str]:
    return [text[max(0, text.lower().index(word) - 90):][:200] for word in LEAKS if word in text.lower()]


def look(street: Street, path: str, arguments: set[str]) -> None:
    """The page of one's own rows opens and tells nothing of the others; the page of theirs is not there."""
    for view in ("", "?view=all", "?view=attention", "?view=undelivered"):
        answer = street.person.get(filled(path, arguments, street.ours) + view)
        assert answer.status_code == 200, (path, answer.status_code, plain(answer)[:300])
        assert leaks(answer.text) == [], (path, plain(answer))
    if any(name.endswith("_id") for name in arguments):
        other = street.person.get(filled(path, arguments, street.theirs))
        assert other.status_code == 404, (path, other.status_code)
        assert leaks(plain(other)) == [], path


def test_no_page_shows_a_person_of_one_store_anything_of_another(street: Street) -> None:
    # A file is there once it is written: test_export opens it, and tries it as somebody else.
    pages = routes(street.cockpit, "GET", ("exports.file",))
    assert {"accounts.index", "audit.index", "approvals.index", "keys.index", "people.index"} <= {
        endpoint for endpoint, _, _ in pages}
    for _, path, arguments in pages:
        look(street, path, arguments)


def test_whoever_sees_all_stores_would_have_read_every_word(street: Street) -> None:
    """The walk above could not fail if the pages were empty."""
    chief = street.cockpit.person("admin")
    for path, words in {
        "/admin/accounts/": ("theirs",), "/admin/audit/": ("theirs",), "/admin/approvals/": ("theirs", "7,777.77"),
        "/admin/keys/": ("theirs",), "/admin/users/": ("theirs",), "/admin/": ("theirs", "7,777.77"),
        "/admin/orders/?view=all": ("theirs", "zara", "7,777.77"), "/admin/attention/": ("theirs", "7,777.77"),
        "/admin/inbox/": ("theirs",), "/admin/deliveries/": ("theirs",), "/admin/runs/": ("theirs",),
        "/admin/crons/": ("theirs",),
    }.items():
        text = chief.get(path).text.lower()
        assert [word for word in words if word not in text] == [], path


@pytest.mark.parametrize("wanted", ["theirs-1", "customer@theirs.example", "FY-theirs-1", "pay_theirs_2"])
def test_no_search_finds_an_order_of_another_store(street: Street, wanted: str) -> None:
    answer = street.person.get(f"/admin/orders/?q={wanted}")
    assert answer.status_code == 200
    assert "777" not in plain(answer)
    assert "Zara" not in plain(answer)


@pytest.mark.parametrize("query", [
    "/admin/audit/?about=theirs-1", "/admin/audit/?about=theirs+Pay", "/admin/audit/?by=helper@theirs.example",
    "/admin/audit/?kind=page", "/admin/audit/?kind=user", "/admin/audit/?action=test", "/admin/approvals/?past=",
])
def test_no_filter_finds_what_is_not_theirs_to_see(street: Street, query: str) -> None:
    assert leaks(street.person.text(query)) == []


def test_no_button_works_on_a_row_of_another_store(street: Street) -> None:
    buttons = [one for one in routes(street.cockpit, "POST") if one[0] not in BY_FORM]
    assert {"approvals.agree", "keys.revoke", "accounts.pause", "people.role"} <= {name for name, _, _ in buttons}
    for _, path, arguments in buttons:
        press(street, path, arguments)


@pytest.mark.parametrize(("path", "field", "row"), [
    ("/admin/attention/many", "case", "case_id"), ("/admin/attention/close-many", "case", "case_id"),
    ("/admin/deliveries/again-many", "delivery", "delivery_id"), ("/admin/orders/check-many", "order", "order_id"),
])
def test_no_button_for_many_takes_a_row_of_another_store(street: Street, path: str, field: str, row: str) -> None:
    before = {model: street.cockpit.rows(model) for model in (Order, Case, Run, Delivery)}
    answer = street.person.post(path, reason="x", what="take", seen="x", which="ticked",
                                **{field: str(street.theirs[row])})
    assert answer.status_code < 500
    assert leaks(plain(answer)) == []
    assert {model: street.cockpit.rows(model) for model in before} == before


def press(street: Street, path: str, arguments: set[str]) -> None:
    """With everything that any of the forms wants."""
    before = {model: street.cockpit.rows(model) for model in (Order, Approval, ApiKey, User, Case, Run, Delivery)}
    values = {"reason": "x", "version": 1, "epoch": 0, "role": "viewer", "store": "theirs", "note": "x",
              "target": "processing", "receipt": "R1", "amount": "1", "confirmed": "yes", "schedule": "every 60",
              "timezone": "UTC", "keep": "yes", "form": "x", "key": "k" * 20}
    answer = street.person.post(filled(path, arguments, street.theirs), **values)
    assert answer.status_code == 404, (path, answer.status_code, plain(answer)[:300])
    assert leaks(plain(answer)) == [], path
    for model, rows in before.items():
        assert street.cockpit.rows(model) == rows, (path, model)


@pytest.mark.parametrize("named", ["theirs-1", "FY-theirs-1", "theirs-9"])
def test_a_tool_finds_no_order_of_another_store_and_does_not_say_that_there_is_one(street: Street, named: str) -> None:
    answer = street.person.post("/admin/tools/ledger/confirm-payment", order=named, reason="phone")
    assert answer.status_code == 409
    assert f"no order has the number or OMS id '{named}'" in plain(answer)
    order = street.theirs["order_id"]
    assert street.cockpit.status(UUID(str(order))) == "missing"


def test_two_stores_with_one_number_are_told_apart_by_who_asks(street: Street) -> None:
    """For whoever sees one of them there is one."""
    Shop(house=street.cockpit.house, code="theirs").order("ours-1")
    answer = street.person.post("/admin/tools/ledger/confirm-payment", order="ours-1", reason="phone")
    assert answer.status_code == 303
    assert answer.location.endswith(str(street.ours["order_id"]))
