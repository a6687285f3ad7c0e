"""System » Deliveries: filters, delivering again one or many, and giving up a notice."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from browser import Cockpit, Person, plain
from sqlalchemy import insert, update
from test_attention import only, other_shop
from world import dead_delivery, told

from kartify import clock
from kartify.domain.delivery import Kind, State
from kartify.flows.delivering import deliver
from kartify.flows.lookups import asking
from kartify.flows.proof import laws
from kartify.models import AuditEntry, Case, Delivery, DeliveryAttempt, first_id, new_id, table

LIST = "/admin/deliveries/"


def listed(person: Person, query: str = "") -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]+)</a>', person.get(f"{LIST}{query}").text)


def notice(cockpit: Cockpit, number: str = "K9") -> UUID:
    """A hold that the OMS refused, of an order that it has."""
    order_id = told(cockpit, number)
    assert cockpit.oms is not None
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")
    values = {"id": new_id(), "order_id": order_id, "store_id": cockpit.shop.id, "account_id": cockpit.oms,
              "kind": Kind.HOLD, "state": State.DUE, "due_at": clock.now(), "created_at": clock.now()}
    with cockpit.house.database.write() as connection:
        connection.execute(insert(table(Delivery)).values(values))
    cockpit.ledger.script.append("invalid")
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")
    row = cockpit.one(Delivery, values["id"])
    assert row["state"] == "dead"
    return UUID(str(row["id"]))


def test_filters(either: Cockpit) -> None:
    dead_delivery(either, "K1")
    order_id = either.missing("K2")
    either.bank.paid("order_K2", payment="pay_2")
    asking.check_order(either.house, order_id, by="test")
    row = either.rows(Delivery, order_id=order_id)[0]
    old = clock.now() - timedelta(days=3)
    aged = UUID(int=first_id(old).int | (row["id"].int & ((1 << 80) - 1)))
    with either.house.database.write() as connection:
        moved = {"id": aged, "created_at": old}
        connection.execute(update(table(Delivery)).where(table(Delivery).c.id == row["id"]).values(moved))
    person = either.person("viewer")
    for query, numbers in {
        "": ["K1", "K2"], "?state=dead": ["K1"], "?state=due": ["K2"], "?state=done": [], "?kind=push": ["K1", "K2"],
        "?kind=hold": [], f"?account={either.oms}": ["K1", "K2"], f"?account={either.gateway}": [],
        "?age=1d": ["K2"], "?age=7d": [], "?age=x&state=y&kind=z&account=a": ["K1", "K2"],
    }.items():
        assert sorted(listed(person, query)) == numbers, query


def test_one_is_delivered_again(either: Cockpit) -> None:
    _, delivery = dead_delivery(either)
    person = either.person("support")
    page = person.press(f"{LIST}{delivery}/again?state=dead", reason="the pincode was mended")
    assert "Due now: the next free worker sends it" in page
    assert either.one(Delivery, delivery)["state"] == "due"
    assert either.rows(DeliveryAttempt, delivery_id=delivery)[-1]["text"] == "the pincode was mended"
    assert [row["by"] for row in either.audited("delivery.again")] == [person.email]
    assert either.oms is not None
    deliver.deliver_due(either.house, either.oms, worker="w")
    assert either.one(Delivery, delivery)["state"] == "done"
    assert laws.check(either.house) == []


def test_without_a_reason_or_when_it_is_not_parked_nothing_happens(cockpit: Cockpit) -> None:
    _, delivery = dead_delivery(cockpit)
    person = cockpit.person("support")
    assert "Not done: reason: expected why" in person.press(f"{LIST}{delivery}/again", reason=" ")
    assert cockpit.one(Delivery, delivery)["state"] == "dead"
    person.press(f"{LIST}{delivery}/again", reason="mended")
    assert "Not done: a delivery that is due cannot take again" in person.press(f"{LIST}{delivery}/again", reason="x")
    assert len(cockpit.audited("deliver again")) == 2


def test_the_ticked_ones_are_delivered_again_with_a_word_for_each(either: Cockpit) -> None:
    one, two, three = (dead_delivery(either, number)[1] for number in ("K1", "K2", "K3"))
    person = either.person("support")
    person.press(f"{LIST}{two}/again", reason="first of all")
    page = plain(person.post(f"{LIST}again-many?state=dead", delivery=[one, two, three], reason="the OMS is back"))
    assert "2 of 3 are due now" in page
    assert "K2, push: a delivery that is due cannot take again" in page
    assert {row["state"] for row in either.rows(Delivery)} == {"due"}
    assert sorted(str(row["subject"]) for row in either.audited("delivery.again")) == sorted(
        f"delivery:{which}" for which in (one, two, three))
    assert [row["subject"] for row in either.audited("deliver again")] == [f"delivery:{two}"]


def test_what_cannot_be_done_to_many_is_said_once(cockpit: Cockpit) -> None:
    _, delivery = dead_delivery(cockpit)
    person = cockpit.person("support")
    for values, said in (
        ({"reason": "x"}, "delivery: expected 1 to 100 ticked deliveries, got 0"),
        ({"delivery": "nonsense", "reason": "x"}, "expected the ids that the page has"),
        ({"delivery": delivery, "reason": " "}, "reason: expected why"),
        ({"delivery": [str(new_id()) for _ in range(101)], "reason": "x"}, "got 101"),
        ({"delivery": [delivery, new_id()], "reason": "x"}, "there is no such delivery"),
    ):
        answer = person.post(f"{LIST}again-many", **values)
        assert answer.status_code == 422
        assert said in plain(answer)
    assert cockpit.one(Delivery, delivery)["state"] == "dead"


def test_a_notice_is_discarded_with_its_exception(either: Cockpit) -> None:
    delivery = notice(either)
    person = either.person("support")
    page = person.press(f"{LIST}{delivery}/discard", reason="held by phone")
    assert "Discarded: the OMS is not told any more" in page
    row = either.one(Delivery, delivery)
    assert (row["state"], row["reason"]) == ("withdrawn", f"discarded by {person.email}: held by phone")
    (case,) = either.rows(Case, subject=f"delivery:{delivery}")
    assert (case["closed_by"], case["resolution"]) == (person.email, "discarded: held by phone")
    assert laws.check(either.house) == []


def test_what_fulfils_an_order_cannot_be_discarded_and_the_page_says_why(cockpit: Cockpit) -> None:
    _, delivery = dead_delivery(cockpit)
    person = cockpit.person("admin")
    page = person.get(f"{LIST}?state=dead").text
    assert f"{delivery}/discard" not in page
    assert "It cannot be discarded: it is what fulfils the order" in page
    assert "Not done: the push is what fulfils the order" in person.press(f"{LIST}{delivery}/discard", reason="x")
    assert cockpit.one(Delivery, delivery)["state"] == "dead"
    hold = notice(cockpit)
    assert f"{hold}/discard" in person.get(LIST).text


def test_a_person_of_one_store_sees_and_touches_only_its_deliveries(cockpit: Cockpit) -> None:
    _, delivery = dead_delivery(cockpit)
    other_shop(cockpit)
    person = only(cockpit, cockpit.person("admin"), "other")
    assert listed(person) == []
    assert "Ledger" not in person.get(LIST).text
    for button in ("again", "discard"):
        assert person.post(f"{LIST}{delivery}/{button}", reason="x").status_code == 404
    assert person.post(f"{LIST}again-many", delivery=delivery, reason="x").status_code == 422
    assert cockpit.one(Delivery, delivery)["state"] == "dead"
    assert cockpit.rows(AuditEntry, action="delivery.again") == []


def test_a_viewer_sees_no_buttons(cockpit: Cockpit) -> None:
    dead_delivery(cockpit)
    page = cockpit.person("viewer").get(LIST).text
    assert "Deliver again" not in page
    assert "K1002" in page
