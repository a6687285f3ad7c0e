"""Cancelling at the OMS, withdrawn deliveries, and what people do by hand."""

from __future__ import annotations

import pytest

from kartify.domain.delivery import Kind, State
from kartify.domain.errors import Conflict, Invalid
from kartify.domain.status import Actor, Status
from kartify.flows.delivering import deliver, deliver_by_hand
from kartify.plugin import Found, Presence


def status(rows, number="K1"):
    return rows("orders", number=number)[0]["status"]


def test_a_delivered_order_stays_until_the_oms_agrees_to_cancel(desk, ledger, rows):
    desk.open()
    order = desk.order("K1")
    desk.drain()
    desk.ask_to_cancel(order)
    assert status(rows) == "processing"
    desk.drain()
    assert status(rows) == "cancelled"
    assert ledger.of("K1")[0]["state"] == "cancelled"
    assert desk.row(order, Kind.CANCEL)["state"] == State.DONE
    assert rows("order_moves", target="cancelled")[0]["actor"] == "oms"


def test_too_late_to_cancel_is_an_exception_and_the_order_goes_on(desk, ledger, rows):
    desk.open()
    order = desk.order("K1")
    desk.drain()
    ledger.of("K1")[0]["state"] = "shipped"
    desk.ask_to_cancel(order)
    desk.settle_down(rounds=2)
    assert status(rows) == "processing"
    assert [case["type"] for case in rows("cases")] == ["cancel_too_late"]
    assert ledger.sent("K1", "cancel") == 1


def test_cancel_waits_until_it_is_known_whether_the_order_arrived(desk, ledger, rows):
    desk.open()
    order = desk.order("K1")
    ledger.script.append("drop")
    ledger.told.append("untold")
    desk.drain()
    desk.ask_to_cancel(order)
    desk.later(seconds=6)
    desk.drain()
    assert ledger.sent("K1", "cancel") == 0
    desk.later(seconds=60)
    desk.drain()
    assert ledger.sent("K1", "cancel") == 1
    assert status(rows) == "cancelled"


def test_an_order_that_never_arrived_is_withdrawn_and_cancelled_as_asked(desk, ledger, rows):
    desk.open()
    order = desk.order("K1")
    ledger.script.append("lose")
    desk.drain()
    desk.ask_to_cancel(order)
    desk.settle_down(rounds=3)
    assert status(rows) == "cancelled"
    assert desk.row(order)["state"] == State.WITHDRAWN
    assert desk.row(order, Kind.CANCEL)["state"] == State.WITHDRAWN
    assert ledger.sent("K1") == 1
    assert ledger.sent("K1", "cancel") == 0


def test_a_confirmation_that_did_not_arrive_is_withdrawn_and_the_oms_is_asked_to_cancel(desk, ledger, rows):
    desk.open(way="confirm", look_first=True)
    ledger.orders.append({"id": "F1", "number": "K1", "total": 249900, "state": "new"})
    order = desk.order("K1", oms_order_id="F1")
    ledger.script.append("lose")
    desk.drain()
    desk.ask_to_cancel(order)
    desk.settle_down(rounds=3)
    assert desk.row(order, Kind.CONFIRM)["state"] == State.WITHDRAWN
    assert ledger.of("K1")[0]["state"] == "cancelled"
    assert status(rows) == "cancelled"
    assert "confirmed" not in ledger.of("K1")[0]


def test_a_lost_cancel_is_looked_up(desk, ledger, rows):
    desk.open()
    order = desk.order("K1")
    desk.drain()
    desk.ask_to_cancel(order)
    ledger.script.append("drop")
    desk.drain()
    assert status(rows) == "processing"
    desk.later(seconds=6)
    desk.drain()
    assert status(rows) == "cancelled"
    assert ledger.sent("K1", "cancel") == 1


def test_an_oms_that_takes_no_cancel_is_an_exception(desk, ledger, rows):
    desk.open(cancels=False)
    order = desk.order("K1")
    desk.drain()
    desk.ask_to_cancel(order)
    desk.drain()
    assert desk.row(order, Kind.CANCEL)["state"] == State.DEAD
    assert "by hand" in rows("cases")[0]["reason"]
    assert ledger.sent("K1", "cancel") == 0


@pytest.mark.parametrize("kind", [Kind.PUSH_UNPAID, Kind.HOLD])
def test_what_a_cancelled_order_no_longer_wants_is_withdrawn(desk, ledger, kind):
    desk.open()
    order = desk.shop.order("K1")
    desk.add(order, kind)
    desk.move(order, Status.CANCELLED, Actor.CLOCK, cancelled_by="clock")
    desk.drain()
    assert desk.row(order, kind)["state"] == State.WITHDRAWN
    assert ledger.calls == []


def test_push_again_of_an_uncertain_row_looks_first(desk, ledger, rows):
    desk.open()
    order = desk.order("K1", due=900)
    ledger.script.append("drop")
    ledger.told.append(Found(presence=Presence.DONE, amount=1))
    desk.drain()
    desk.later(seconds=6)
    desk.drain()
    delivery = desk.row(order)["id"]
    deliver_by_hand.push_again(desk.house, delivery, by="asha", reason="looked it up: it is ours")
    desk.drain()
    assert desk.row(order)["receipt"] == "OMS1"
    assert ledger.sent("K1") == 1
    assert rows("cases")[0]["closed_at"] is not None
    assert [entry["action"] for entry in rows("audit")] == ["delivery.again"]


def test_push_again_where_nobody_can_look_is_the_persons_own_decision(desk, ledger):
    desk.open(lookup=False)
    order = desk.order("K1")
    ledger.script.append("lose")
    desk.settle_down(rounds=2)
    delivery = desk.row(order)["id"]
    assert desk.row(order)["state"] == State.DEAD
    deliver_by_hand.push_again(desk.house, delivery, by="asha", reason="it is not in the OMS")
    desk.drain()
    assert desk.row(order)["state"] == State.DONE
    assert len(ledger.of("K1")) == 1


def test_push_again_is_refused_where_it_makes_no_sense(desk, ledger):
    desk.open()
    order = desk.order("K1")
    delivery = desk.row(order)["id"]
    with pytest.raises(Conflict, match="due"):
        deliver_by_hand.push_again(desk.house, delivery, by="asha", reason="x")
    with pytest.raises(Invalid, match="reason"):
        deliver_by_hand.push_again(desk.house, delivery, by="asha", reason="  ")
    ledger.script.append("invalid")
    desk.drain()
    with pytest.raises(Conflict, match="parked: shipping_address"):
        deliver.deliver_now(desk.house, delivery, by="asha")
    desk.move(order, Status.CANCELLED, Actor.OMS)
    with pytest.raises(Conflict, match="cancelled"):
        deliver_by_hand.push_again(desk.house, delivery, by="asha", reason="x")


def test_a_receipt_found_by_a_person_closes_the_delivery(desk, ledger, rows):
    desk.open(lookup=False)
    order, other = desk.order("K1"), desk.order("K2")
    ledger.script.extend(["drop", "accept"])
    desk.settle_down(rounds=2)
    delivery = desk.row(order)["id"]
    with pytest.raises(Conflict, match="another order"):
        deliver_by_hand.record_receipt(
            desk.house, delivery, receipt=desk.row(other)["receipt"], by="asha", reason="seen there"
        )
    deliver_by_hand.record_receipt(desk.house, delivery, receipt="OMS1", by="asha", reason="seen there")
    row = desk.row(order)
    assert (row["state"], row["receipt"], row["receipt_kind"]) == (State.DONE, "OMS1", "manual")
    assert rows("orders", number="K1")[0]["oms_order_id"] == "OMS1"
    assert rows("cases")[0]["closed_by"] == "asha"


def test_what_the_oms_gets_is_whole(desk, ledger, shop, rows):
    desk.open()
    desk.order("K1", due=1000)
    seen = []
    kind = desk.house.registry.partner("ledger")
    kind.check = lambda self, what, order: seen.append(order)
    desk.drain()
    assert [(one.number, one.total, one.due, one.store, one.method) for one in seen] == [
        ("K1", 1000, 1000, "demo", "cod")
    ]
    assert [(paid.kind, paid.amount) for paid in seen[0].payments] == [("cod", 1000)]
    assert [(line.sku, line.quantity) for line in seen[0].lines] == [("SHIRT-M", 1)]
