"""Hold at the OMS and let go: by a person, and by a dispute where the store wants it so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes import webhook

from kartify import clock
from kartify.domain.delivery import Hold, Kind, State, hold_of
from kartify.domain.errors import Conflict, Invalid
from kartify.domain.status import Actor, Status
from kartify.flows.delivering import deliver_by_hand
from kartify.flows.people import edit, hold, stores
from kartify.flows.proof import laws
from kartify.flows.receiving import receive


def wish(rows, *, by="asha", reason="the customer called", version=None):
    number = version if version is not None else rows("orders", number="K1")[0]["version"]
    return hold.Wish(by=by, reason=reason, form=edit.Form(version=number))


def holding(rows):
    return hold_of((row["kind"], row["state"]) for row in sorted(rows("outbox"), key=lambda row: row["id"].hex))


@pytest.fixture
def pushed(desk):
    """An order that the OMS has."""
    desk.open()
    order = desk.order("K1", placed_at=clock.now())
    desk.drain()
    return order


def test_an_order_that_the_oms_has_is_held_and_let_go_and_held_again(house, desk, pushed, ledger, rows):
    hold.hold(house, pushed, wish(rows))
    assert holding(rows) is Hold.ASKED
    desk.drain()
    assert holding(rows) is Hold.HELD
    assert ledger.of("K1")[0]["held"] is True
    hold.let_go(house, pushed, wish(rows))
    desk.drain()
    assert holding(rows) is Hold.FREE
    assert ledger.of("K1")[0]["held"] is False
    hold.hold(house, pushed, wish(rows))
    desk.drain()
    assert holding(rows) is Hold.HELD
    assert [row["text"] for row in rows("timeline")] == ["the customer called"] * 3
    assert [row["action"] for row in rows("audit")] == ["hold", "let go", "hold"]
    assert rows("orders")[0]["status"] == "processing"
    assert laws.check(house) == []


def test_two_who_press_at_once_make_one_row(house, desk, pushed, ledger, rows):
    def press(by):
        try:
            hold.hold(house, pushed, wish(rows, by=by, version=2))
        except Conflict as problem:
            return str(problem)
        return "done"

    version = rows("orders")[0]["version"]
    assert version == 2
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(press, "abcd"))
    assert found.count("done") == 1
    assert len(rows("outbox", kind="hold")) == 1
    desk.drain()
    assert ledger.sent("K1", "hold") == 1


def test_what_cannot_be_held_is_refused_in_words(house, desk, ledger, rows):
    desk.open()
    order = desk.order("K1", placed_at=clock.now())
    with pytest.raises(Conflict, match="does not have it yet"):
        hold.hold(house, order, wish(rows))
    desk.drain()
    with pytest.raises(Invalid, match="expected why"):
        hold.hold(house, order, wish(rows, reason=" "))
    with pytest.raises(edit.Stale):
        hold.hold(house, order, wish(rows, version=1))
    with pytest.raises(Conflict, match="free already"):
        hold.let_go(house, order, wish(rows))
    desk.move(order, Status.SHIPPED, Actor.STAFF)
    with pytest.raises(Conflict, match="nothing to hold: the order is shipped"):
        hold.hold(house, order, wish(rows))
    assert rows("outbox", kind="hold") == []


@pytest.mark.parametrize("able", ["holds", "lets_go"])
def test_an_oms_that_cannot_says_so_at_once(house, desk, ledger, rows, able):
    desk.open(**{able: False})
    order = desk.order("K1", placed_at=clock.now())
    desk.drain()
    if able == "lets_go":
        hold.hold(house, order, wish(rows))
        desk.drain()
    verb = hold.hold if able == "holds" else hold.let_go
    with pytest.raises(Conflict, match=r"takes no (hold|let go) from us: do it there"):
        verb(house, order, wish(rows))


def test_a_lost_answer_is_looked_up_and_not_repeated(house, desk, pushed, ledger, rows):
    ledger.script.append("drop")
    hold.hold(house, pushed, wish(rows))
    desk.settle_down(rounds=2)
    assert holding(rows) is Hold.HELD
    assert ledger.sent("K1", "hold") == 1


def test_a_hold_that_is_refused_is_an_exception_and_can_be_pushed_again(house, desk, pushed, ledger, rows):
    ledger.script.append("invalid")
    hold.hold(house, pushed, wish(rows))
    desk.drain()
    assert holding(rows) is Hold.REFUSED
    assert [case["type"] for case in rows("cases")] == ["oms_refused"]
    with pytest.raises(Conflict, match="refused already"):
        hold.hold(house, pushed, wish(rows))
    deliver_by_hand.push_again(house, desk.row(pushed, Kind.HOLD)["id"], by="asha", reason="mended")
    desk.drain()
    assert holding(rows) is Hold.HELD
    assert laws.check(house) == []


@pytest.mark.parametrize("left", [Status.SHIPPED, Status.CANCELLED])
def test_a_hold_that_came_too_late_is_withdrawn_and_cancels_nothing(house, desk, pushed, ledger, rows, left):
    hold.hold(house, pushed, wish(rows))
    desk.move(pushed, left, Actor.OMS)
    desk.settle_down(rounds=2)
    assert desk.row(pushed, Kind.HOLD)["state"] == State.WITHDRAWN
    assert rows("outbox", kind="cancel") == []
    assert ledger.sent("K1", "hold") == 0
    assert rows("orders")[0]["status"] == left
    assert laws.check(house) == []


# By a dispute.


@pytest.fixture
def disputed(house, shop, desk, rows):
    """A paid order, and what tells that its payment is disputed."""
    account = shop.account("plain", {"webhook_secret": "whsec"})

    def pay(number="K1"):
        order = shop.order(number)
        shop.payment(order, account, f"ord_{number}")
        receive.webhook(house, account, webhook(f"p{number}", {"order": f"ord_{number}", "payment": f"pay_{number}"}))
        return order

    def dispute(number="K1", event="d1"):
        told = {"order": f"ord_{number}", "payment": f"pay_{number}", "state": "disputed"}
        receive.webhook(house, account, webhook(event, told))

    return pay, dispute


def test_sc_68_a_dispute_holds_the_order_at_the_oms_where_the_store_wants_it(house, shop, desk, disputed, ledger, rows):
    pay, dispute = disputed
    stores.set_store(house, shop.code, {"hold_on_dispute": "true"})
    desk.open()
    pay()
    desk.drain()
    dispute()
    dispute(event="d2")
    dispute()
    assert rows("orders")[0]["status"] == "processing"
    assert [row["by"] for row in rows("outbox", kind="hold")] == ["kartify"]
    desk.drain()
    assert ledger.of("K1")[0]["held"] is True
    assert ledger.sent("K1", "hold") == 1
    assert laws.check(house) == []


def test_a_dispute_that_was_told_before_holds_nothing_again_after_a_person_let_go(
    house, shop, desk, disputed, ledger, rows
):
    pay, dispute = disputed
    stores.set_store(house, shop.code, {"hold_on_dispute": "true"})
    desk.open()
    order = pay()
    desk.drain()
    dispute()
    desk.drain()
    hold.let_go(house, order, wish(rows))
    desk.drain()
    dispute(event="d2")
    assert len(rows("outbox", kind="hold")) == 1
    assert holding(rows) is Hold.FREE


def test_other_news_of_an_order_hold_nothing(house, shop, desk, disputed, ledger, rows):
    pay, _ = disputed
    stores.set_store(house, shop.code, {"hold_on_dispute": "true"})
    desk.open()
    pay()
    account = rows("payments")[0]["account_id"]
    told = {"order": "ord_K1", "payment": "pay_K1", "state": "pending"}
    receive.webhook(house, account, webhook("later", told))
    assert rows("outbox", kind="hold") == []


def test_sc_68_by_default_a_dispute_holds_nothing_and_is_an_exception(house, desk, disputed, ledger, rows):
    pay, dispute = disputed
    desk.open()
    pay()
    desk.drain()
    dispute()
    assert rows("outbox", kind="hold") == []
    assert [case["type"] for case in rows("cases")] == ["dispute"]


def test_a_dispute_before_the_push_holds_right_after_it(house, shop, desk, disputed, ledger, rows):
    pay, dispute = disputed
    stores.set_store(house, shop.code, {"hold_on_dispute": "true"})
    desk.open()
    pay()
    dispute()
    ledger.script.append("down")
    desk.drain()
    assert ledger.sent("K1", "hold") == 0
    desk.later(minutes=15)
    late = {one.id for one in laws.check(house) if one.law == 9}
    assert str(desk.row(rows("orders")[0]["id"])["id"]) in late
    assert str(rows("outbox", kind="hold")[0]["id"]) not in late
    desk.drain()
    desk.drain()
    assert ledger.calls.index(("deliver", "push", "K1")) < ledger.calls.index(("deliver", "hold", "K1"))
    assert ledger.of("K1")[0]["held"] is True


def test_a_dispute_of_an_order_that_has_left_holds_nothing(house, shop, desk, disputed, ledger, rows):
    pay, dispute = disputed
    stores.set_store(house, shop.code, {"hold_on_dispute": "true"})
    desk.open()
    order = pay()
    desk.drain()
    desk.move(order, Status.SHIPPED, Actor.OMS)
    dispute()
    assert rows("outbox", kind="hold") == []
    assert rows("cases")[0]["type"] == "dispute"
