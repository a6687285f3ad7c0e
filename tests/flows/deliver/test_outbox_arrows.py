"""Every arrow of the outbox, with an OMS that does what the test says."""

from __future__ import annotations

import pytest

from kartify.domain.delivery import Kind, State
from kartify.domain.errors import Temporary
from kartify.domain.status import Actor, Status
from kartify.flows.delivering import deliver_by_hand
from kartify.flows.people import stores
from kartify.plugin import Found, Presence, Receipt


def cases(rows, **where):
    return [(case["type"], case["closed_at"] is None) for case in rows("cases", **where)]


def test_an_accepted_order_is_done_with_the_id_of_the_oms(desk, ledger, rows):
    desk.open()
    order = desk.order("K1", due=249900)
    drained = desk.drain()
    assert drained.done == 1
    row = desk.row(order)
    assert (row["state"], row["receipt"], row["receipt_kind"]) == (State.DONE, "OMS1", "id")
    assert row["done_at"] is not None
    assert (row["due_at"], row["lease_until"], row["call_until"]) == (None, None, None)
    assert rows("orders", number="K1")[0]["oms_order_id"] == "OMS1"
    attempt = rows("delivery_attempts")[0]
    assert (attempt["call"], attempt["event"], attempt["by"]) == ("deliver", "accepted", "w1")
    assert desk.drain().done == 0
    assert ledger.sent("K1") == 1


def test_sc_71_a_lost_answer_is_looked_up_and_adopted(desk, ledger, rows):
    desk.open()
    order = desk.order("K1")
    ledger.script.append("drop")
    desk.drain()
    assert desk.row(order)["state"] == State.SENT_UNKNOWN
    desk.drain()
    assert ledger.calls == [("deliver", "push", "K1")], "not looked up before the lost call is surely over"
    desk.later(seconds=6)
    desk.drain()
    assert desk.row(order)["state"] == State.DONE
    assert desk.row(order)["receipt"] == "OMS1"
    assert ledger.calls == [("deliver", "push", "K1"), ("find", "push", "K1")]
    assert rows("orders")[0]["oms_order_id"] == "OMS1"


def test_a_lost_call_that_never_arrived_is_sent_again(desk, ledger):
    desk.open()
    order = desk.order("K1")
    ledger.script.append("lose")
    desk.drain()
    desk.later(seconds=6)
    desk.drain()
    row = desk.row(order)
    assert (row["state"], row["attempts"], row["call_until"]) == (State.DUE, 1, None)
    desk.later(seconds=40)
    desk.drain()
    assert desk.row(order)["state"] == State.DONE
    assert ledger.sent("K1") == 2
    assert len(ledger.of("K1")) == 1


@pytest.mark.parametrize("fault", ["boom", "none"])
def test_a_plugin_that_breaks_after_sending_is_looked_up(desk, ledger, fault):
    desk.open()
    order = desk.order("K1")
    ledger.script.append(fault)
    desk.drain()
    assert desk.row(order)["state"] == State.SENT_UNKNOWN
    desk.later(seconds=6)
    desk.drain()
    assert desk.row(order)["state"] == State.DONE
    assert len(ledger.of("K1")) == 1


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (Found(presence=Presence.DONE, receipt=Receipt(id="X"), number="K9"), "K9"),
        (Found(presence=Presence.DONE, receipt=Receipt(id="X"), amount=1), "sum 1"),
        (Found(presence=Presence.DONE), "no id"),
    ],
)
def test_what_is_found_is_compared_before_it_is_adopted(desk, ledger, rows, told, says):
    desk.open()
    order = desk.order("K1")
    ledger.script.append("drop")
    ledger.told.append(told)
    desk.drain()
    desk.later(seconds=6)
    desk.drain()
    row = desk.row(order)
    assert row["state"] == State.DEAD
    assert says in row["last_error"]
    assert cases(rows) == [("uncertain", True)]


def test_a_dead_order_at_the_oms_needs_a_person(desk, ledger, rows):
    desk.open()
    order = desk.order("K1")
    ledger.script.append("drop")
    desk.drain()
    ledger.orders[0]["state"] = "cancelled"
    desk.later(seconds=6)
    desk.drain()
    assert desk.row(order)["state"] == State.DEAD
    assert cases(rows) == [("oms_refused", True)]
    assert "cancelled" in rows("cases")[0]["reason"]


def test_a_lookup_that_tells_nothing_is_asked_again_later_and_later(desk, ledger, rows):
    desk.open()
    order = desk.order("K1")
    ledger.script.append("drop")
    ledger.told.extend(["untold", Temporary("the partner answered 502")])
    desk.drain()
    desk.later(seconds=6)
    desk.drain()
    row = desk.row(order)
    assert (row["state"], row["looks"]) == (State.SENT_UNKNOWN, 1)
    desk.later(seconds=40)
    desk.drain()
    assert desk.row(order)["looks"] == 2
    desk.later(minutes=3)
    desk.drain()
    assert desk.row(order)["state"] == State.DONE
    assert ledger.sent("K1") == 1


def test_without_a_lookup_a_lost_answer_is_one_exception_and_never_repeated(desk, ledger, rows):
    desk.open(lookup=False)
    order = desk.order("K1", due=5000)
    ledger.script.append("drop")
    desk.settle_down()
    assert desk.row(order)["state"] == State.DEAD
    assert ledger.sent("K1") == 1
    found = rows("cases")
    assert [case["type"] for case in found] == ["uncertain"]
    assert (found[0]["difference"], found[0]["currency"]) == (5000, "INR")


def test_an_idempotent_oms_is_simply_sent_it_again(desk, ledger, rows):
    desk.open(lookup=False, idempotent=True)
    order = desk.order("K1")
    ledger.script.append("drop")
    desk.settle_down(rounds=3)
    assert desk.row(order)["state"] == State.DONE
    assert ledger.sent("K1") == 2
    assert len(ledger.of("K1")) == 1


def test_sc_73_a_validation_error_is_parked_at_once_with_the_field(desk, ledger, rows):
    desk.open()
    order = desk.order("K1")
    ledger.script.append("invalid")
    desk.settle_down()
    row = desk.row(order)
    assert row["state"] == State.DEAD
    assert row["last_error"].startswith("shipping_address.postcode: ")
    assert ledger.sent("K1") == 1, "no retry storm"
    assert cases(rows) == [("oms_refused", True)]
    deliver_by_hand.push_again(desk.house, row["id"], by="asha", reason="postcode mended")
    desk.drain()
    assert desk.row(order)["state"] == State.DONE
    assert cases(rows) == [("oms_refused", False)]


def test_what_the_plugin_itself_refuses_is_never_sent(desk, ledger, rows):
    desk.open()
    order = desk.order("K1", customer={"name": ""})
    desk.drain()
    row = desk.row(order)
    assert (row["state"], row["attempts"]) == (State.DEAD, 0)
    assert row["last_error"] == "customer.name: A name is needed."
    assert ledger.calls == []


def test_sc_74_an_oms_that_is_down_for_a_day_gets_everything_afterwards_in_order_of_age(desk, ledger, rows):
    desk.open()
    orders = [desk.order(f"K{number}") for number in range(8)]
    ledger.script.extend(["down"] * 500)
    for _ in range(24):
        desk.drain()
        desk.later(hours=1)
    assert {desk.row(order)["state"] for order in orders} == {State.DUE}
    tried = 500 - len(ledger.script)
    assert tried < 60, "the breaker spares an OMS that is down"
    ledger.script.clear()
    ledger.calls.clear()
    desk.later(hours=7)
    desk.settle_down(rounds=2)
    assert {desk.row(order)["state"] for order in orders} == {State.DONE}
    assert [number for _, _, number in ledger.calls] == [f"K{number}" for number in range(8)]
    assert rows("cases") == []


def test_three_days_of_failures_need_a_person(desk, ledger, rows):
    desk.open()
    order = desk.order("K1")
    ledger.script.extend(["down"] * 1000)
    for _ in range(40):
        desk.drain()
        desk.later(hours=7)
    assert desk.row(order)["state"] == State.DEAD
    assert cases(rows, order_id=order) == [("oms_refused", True)]
    assert "three days" in rows("cases", order_id=order)[0]["reason"]


def test_throttling_slows_the_account_and_counts_no_attempt(desk, ledger, rows):
    desk.open()
    orders = [desk.order("K1"), desk.order("K2")]
    ledger.script.append("throttle")
    drained = desk.drain()
    assert "rests until" in (drained.problem or "")
    assert len(ledger.calls) == 1, "the second order was not tried"
    assert desk.row(orders[0])["attempts"] == 0
    desk.later(seconds=60)
    desk.drain()
    assert len(ledger.calls) == 1
    desk.later(seconds=90)
    desk.drain()
    assert {desk.row(order)["state"] for order in orders} == {State.DONE}


def test_keys_refused_pause_the_account_with_one_alarm(desk, ledger, rows):
    account = desk.open()
    orders = [desk.order(f"K{number}") for number in range(5)]
    ledger.script.extend(["deny"] * 5)
    desk.settle_down(rounds=4)
    assert len(ledger.calls) == 1
    assert {desk.row(order)["state"] for order in orders} == {State.DUE}
    found = rows("cases")
    assert [(case["type"], case["subject"]) for case in found] == [("account_failing", f"account:{account}")]


def test_news_closes_a_row_that_a_worker_has_in_hand(desk, ledger, rows):
    desk.open()
    order = desk.order("K1")
    ledger.script.append(lambda: desk.move(order, Status.SHIPPED, Actor.OMS))
    desk.drain()
    row = desk.row(order)
    assert (row["state"], row["receipt_kind"]) == (State.DONE, "news")
    assert rows("orders")[0]["oms_order_id"] == "OMS1", "what the OMS said is kept"
    assert "fenced" in {attempt["event"] for attempt in rows("delivery_attempts")}


def test_look_first_asks_even_before_the_first_sending(desk, ledger):
    desk.open(look_first=True)
    desk.order("K1")
    desk.drain()
    assert [call for call, _, _ in ledger.calls] == ["find", "deliver"]


def test_sc_72_an_order_that_is_there_already_is_adopted(desk, ledger):
    desk.open(look_first=True)
    order = desk.order("K1", due=100)
    ledger.orders.append({"id": "OLD", "number": "K1", "total": 100, "state": "new"})
    desk.drain()
    assert desk.row(order)["receipt"] == "OLD"
    assert ledger.sent("K1") == 0


def test_look_first_without_an_answer_sends_nothing(desk, ledger):
    desk.open(look_first=True)
    order = desk.order("K1")
    ledger.told.append("untold")
    desk.drain()
    row = desk.row(order)
    assert (row["state"], row["attempts"]) == (State.DUE, 0)
    desk.later(seconds=40)
    desk.drain()
    assert desk.row(order)["state"] == State.DONE


def test_an_id_that_another_order_has_is_not_adopted(desk, ledger, rows):
    desk.open()
    first, second = desk.order("K1"), desk.order("K2")
    ledger.script.extend(["accept", "drop"])
    ledger.told.append(Found(presence=Presence.DONE, receipt=Receipt(id="OMS1")))
    desk.drain()
    desk.later(seconds=6)
    desk.drain()
    assert desk.row(first)["state"] == State.DONE
    assert desk.row(second)["state"] == State.DEAD
    assert cases(rows) == [("uncertain", True)]


def test_a_lease_that_would_not_outlive_the_call_lets_the_row_go(desk, ledger):
    desk.open(look_first=True)
    order = desk.order("K1")

    def slow() -> Found:
        desk.later(seconds=11)
        return Found(presence=Presence.ABSENT)

    ledger.told.append(slow)
    desk.drain(limit=1)
    row = desk.row(order)
    assert (row["state"], row["attempts"]) == (State.DUE, 0)
    assert ledger.sent("K1") == 0
    desk.drain()
    assert desk.row(order)["state"] == State.DONE


def test_a_confirmation_waits_for_its_unpaid_order(desk, ledger):
    desk.open(way="confirm", unpaid=True)
    order = desk.shop.order("K1", method="cod")
    desk.add(order, Kind.PUSH_UNPAID)
    desk.move(order, Status.PROCESSING, Actor.STOREFRONT, basis="cod")
    ledger.script.append("down")
    desk.drain()
    assert [kind for _, kind, _ in ledger.calls] == ["push_unpaid"]
    desk.later(seconds=40)
    desk.drain()
    assert [kind for _, kind, _ in ledger.calls] == ["push_unpaid", "push_unpaid", "confirm"]
    assert desk.row(order, Kind.CONFIRM)["receipt"] == "OMS1"
    assert desk.row(order, Kind.PUSH_UNPAID)["state"] == State.DONE


def test_sc_77_confirmed_once_and_a_cancelled_order_needs_a_person(desk, ledger, rows):
    desk.open(way="confirm", look_first=True)
    ledger.orders += [
        {"id": "F1", "number": "K1", "total": 249900, "state": "new"},
        {"id": "F2", "number": "K2", "total": 249900, "state": "cancelled"},
    ]
    first, second = desk.order("K1", oms_order_id="F1"), desk.order("K2", oms_order_id="F2")
    ledger.script.append("drop")
    desk.settle_down(rounds=4)
    assert ledger.sent("K1", "confirm") == 1
    assert ledger.of("K1")[0]["confirmed"] == 1
    assert desk.row(first, Kind.CONFIRM)["state"] == State.DONE
    assert ledger.sent("K2", "confirm") == 0
    assert desk.row(second, Kind.CONFIRM)["state"] == State.DEAD
    assert cases(rows, order_id=second) == [("oms_refused", True)]


def test_a_broken_or_paused_account_keeps_its_rows(desk, ledger):
    account = desk.open()
    order = desk.order("K1")
    stores.pause_account(desk.house, account, by="asha", reason="stock taking")
    assert "paused: stock taking" in (desk.drain().problem or "")
    assert desk.row(order)["state"] == State.DUE
    stores.resume_account(desk.house, account, by="asha")
    assert desk.drain().done == 1


def test_a_hanging_oms_costs_its_deadline(desk, ledger):
    ledger_class = desk.house.registry.partner("ledger")
    ledger_class.deadline = 0.2
    desk.open()
    order = desk.order("K1")
    ledger.script.append("hang")
    desk.drain()
    assert desk.row(order)["state"] == State.DONE
    assert [call for call, _, _ in ledger.calls] == ["deliver", "find"]
    assert len(ledger.of("K1")) == 1


def test_a_lost_answer_is_not_looked_up_before_the_moment_that_was_named(desk, ledger):
    """An OMS that takes orders later shows them later: until then its look-up would tell nothing true."""
    desk.open()
    order = desk.order("K1")

    def taken_for_later():
        raise Temporary("taken for later", retry_after=300)

    ledger.script.append(taken_for_later)
    desk.drain()
    desk.later(seconds=290)
    desk.drain()
    assert (desk.row(order)["state"], ledger.sent("K1", "push")) == (State.SENT_UNKNOWN, 1)
    assert ("find", "push", "K1") not in ledger.calls
    desk.later(seconds=20)
    desk.drain()
    assert ("find", "push", "K1") in ledger.calls
