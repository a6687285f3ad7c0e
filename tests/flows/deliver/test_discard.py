"""Giving up a delivery: a notice may go, what fulfils an order may not."""

from __future__ import annotations

import pytest

from kartify import clock
from kartify.domain.delivery import Kind, State
from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.flows.delivering import deliver_by_hand
from kartify.flows.proof import laws
from kartify.models import new_id


def discard(desk, row, reason="not needed"):
    deliver_by_hand.discard(desk.house, row["id"], by="asha", reason=reason)


def placed(desk):
    """An order that is complete, as the laws want it."""
    return desk.order("K1", placed_at=clock.now())


def refused(desk, ledger, order, kind):
    """A parked delivery of that kind."""
    ledger.script.append("invalid")
    desk.drain()
    row = desk.row(order, kind)
    assert row["state"] == State.DEAD
    return row


@pytest.mark.parametrize("kind", [Kind.CANCEL, Kind.HOLD, Kind.UNHOLD])
def test_a_parked_notice_is_withdrawn_and_its_exceptions_are_closed(desk, ledger, rows, kind):
    desk.open()
    order = placed(desk)
    desk.drain()
    desk.add(order, kind)
    row = refused(desk, ledger, order, kind)
    open_before = [case["type"] for case in rows("cases") if case["closed_at"] is None]
    assert open_before
    discard(desk, row)
    row = desk.row(order, kind)
    assert (row["state"], row["reason"]) == (State.WITHDRAWN, "discarded by asha: not needed")
    assert {case["closed_by"] for case in rows("cases")} == {"asha"}
    assert rows("audit")[-1]["action"] == "delivery.withdraw"
    assert [line["event"] for line in rows("delivery_attempts", delivery_id=row["id"])][-1] == "withdraw"
    assert rows("orders")[0]["status"] == "processing"
    assert laws.check(desk.house) == []


def test_an_unpaid_push_of_an_order_that_waits_for_money_may_go(desk, ledger, shop, rows):
    desk.open(way="confirm", unpaid=True)
    order = shop.order("K1")
    desk.add(order, Kind.PUSH_UNPAID)
    discard(desk, refused(desk, ledger, order, Kind.PUSH_UNPAID))
    assert desk.row(order, Kind.PUSH_UNPAID)["state"] == State.WITHDRAWN
    assert laws.check(desk.house) == []


def test_an_unpaid_push_for_which_the_confirmation_waits_stays(desk, ledger, rows):
    desk.open(way="confirm", unpaid=True)
    order = placed(desk)
    desk.add(order, Kind.PUSH_UNPAID)
    ledger.script.append("invalid")
    desk.drain()
    with pytest.raises(Conflict, match="the confirmation of the payment waits for it"):
        discard(desk, desk.row(order, Kind.PUSH_UNPAID))
    assert desk.row(order, Kind.PUSH_UNPAID)["state"] == State.DEAD


def test_what_fulfils_an_order_is_not_discarded(desk, ledger, rows):
    desk.open()
    order = placed(desk)
    row = refused(desk, ledger, order, Kind.PUSH)
    with pytest.raises(Conflict, match="the push is what fulfils the order"):
        discard(desk, row)
    assert desk.row(order)["state"] == State.DEAD
    assert [case["closed_at"] for case in rows("cases")] == [None]


def test_what_is_due_and_surely_not_sent_may_go_and_what_may_have_left_may_not(desk, ledger, rows):
    desk.open()
    order = placed(desk)
    desk.drain()
    desk.add(order, Kind.HOLD)
    discard(desk, desk.row(order, Kind.HOLD))
    assert ledger.sent("K1", "hold") == 0
    desk.ask_to_cancel(order)
    ledger.script.append("drop")
    desk.drain()
    row = desk.row(order, Kind.CANCEL)
    assert row["state"] == State.SENT_UNKNOWN
    with pytest.raises(Conflict, match="it is sent unknown"):
        discard(desk, row)


def test_a_second_wish_to_cancel_goes_out_after_the_first_was_given_up(desk, ledger, rows):
    desk.open()
    order = placed(desk)
    desk.drain()
    desk.ask_to_cancel(order)
    discard(desk, refused(desk, ledger, order, Kind.CANCEL))
    assert rows("orders")[0]["status"] == "processing"
    desk.add(order, Kind.CANCEL)
    desk.drain()
    assert rows("orders")[0]["status"] == "cancelled"
    assert laws.check(desk.house) == []


def test_it_takes_a_reason_and_a_delivery(desk, ledger):
    desk.open()
    order = placed(desk)
    desk.drain()
    desk.add(order, Kind.HOLD)
    with pytest.raises(Invalid, match="reason"):
        discard(desk, desk.row(order, Kind.HOLD), reason=" ")
    with pytest.raises(NotFound):
        discard(desk, {"id": new_id()})
