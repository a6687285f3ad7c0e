"""Workers that die at every point, two at once, and slow ones: exactly one order at the OMS."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kartify import clock
from kartify.database import Database
from kartify.domain.delivery import Event, Kind, State
from kartify.domain.errors import Conflict
from kartify.domain.status import Actor, Status
from kartify.flows.delivering import deliver, deliver_by_hand, deliver_calls, deliver_ends
from kartify.plugin import Receipt


class Killed(BaseException):
    """The process ends here."""


class Dying(Database):
    """A database whose user is killed at its n-th writing transaction: before it begins, or right after its commit."""

    def __init__(self, engine, *, at, after):
        super().__init__(engine)
        self.left, self.after = at, after

    def run(self, work):
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        result = super().run(work)
        if self.left == 0:
            raise Killed
        return result


def run_and_die(desk, *, at, after):
    """One drain that is killed; True where it lived to its end."""
    dying = replace(desk.house, database=Dying(desk.house.database.engine, at=at, after=after))
    try:
        deliver.deliver_due(dying, desk.account, worker="doomed")
    except Killed:
        return False
    return True


PATHS = {
    "accepted": (["accept"], [], {}),
    "dropped, then seen": (["drop"], [], {}),
    "lost, then absent": (["lose"], [], {}),
    "down, then accepted": (["down"], [], {}),
    "dropped, untold, then seen": (["drop"], ["untold"], {}),
    "looked at first": (["accept"], [], {"look_first": True}),
    "idempotent": (["drop"], [], {"lookup": False, "idempotent": True}),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("after", [False, True])
def test_sc_36_killed_at_any_transaction_of_any_path(desk, ledger, path, after):
    script, told, settings = PATHS[path]
    desk.open(**settings)
    orders = {}
    for at in range(1, 7):
        number = f"K{at}"
        ledger.script.extend(script)
        ledger.told.extend(told)
        orders[number] = desk.order(number)
        left = at
        for _ in range(8):  # the same worker goes on through looks and repeats until its moment comes
            dying = Dying(desk.house.database.engine, at=left, after=after)
            try:
                deliver.deliver_due(replace(desk.house, database=dying), desk.account, worker="doomed")
            except Killed:
                break
            left = dying.left
            desk.later(minutes=5)
        ledger.script.clear()
        ledger.told.clear()
    desk.settle_down()
    for number, order in orders.items():
        assert desk.row(order)["state"] == State.DONE, number
        assert len(ledger.of(number)) == 1, number


def test_sc_34_what_nobody_was_woken_for_is_found_by_the_tick(desk):
    desk.open()
    assert deliver.due_accounts(desk.house) == []
    desk.order("K1")
    assert deliver.due_accounts(desk.house) == [desk.account]
    desk.drain()
    assert deliver.due_accounts(desk.house) == []


def test_sc_35_killed_between_claim_and_record_is_due_again_by_its_lease(desk, ledger):
    desk.open()
    order = desk.order("K1")
    assert not run_and_die(desk, at=2, after=False)
    row = desk.row(order)
    assert (row["state"], row["by"]) == (State.CLAIMED, "doomed")
    assert row["lease_until"] > row["call_until"] > clock.now()
    desk.drain()
    assert desk.row(order)["state"] == State.CLAIMED, "not while the lease runs"
    desk.later(minutes=2)
    assert deliver.due_accounts(desk.house) == [desk.account]
    desk.drain()
    row = desk.row(order)
    assert (row["state"], row["crashes"], row["receipt"]) == (State.DONE, 0, "OMS1")
    assert ledger.sent("K1") == 1


def test_without_a_lookup_a_killed_worker_leaves_one_exception(desk, ledger, rows):
    desk.open(lookup=False)
    order = desk.order("K1")
    run_and_die(desk, at=2, after=False)
    desk.settle_down(rounds=4)
    assert desk.row(order)["state"] == State.DEAD
    assert ledger.sent("K1") == 1
    assert [case["type"] for case in rows("cases")] == ["uncertain"]


def test_sc_37_a_row_that_ends_its_worker_three_times_is_parked(desk, ledger, rows):
    desk.open()
    order, other = desk.order("K1", due=700), desk.order("K2")
    for _ in range(3):
        run_and_die(desk, at=1, after=True)
        while run_and_die(desk, at=1, after=True) and desk.row(order)["crashes"] < 3:
            desk.later(minutes=2)
        desk.later(minutes=2)
    desk.settle_down(rounds=2)
    row = desk.row(order)
    assert (row["state"], row["crashes"]) == (State.DEAD, 3)
    found = rows("cases", order_id=order)
    assert [(case["type"], case["difference"]) for case in found] == [("poison", 700)]
    assert desk.row(other)["state"] == State.DONE, "the others go on"
    deliver_by_hand.push_again(desk.house, row["id"], by="asha", reason="the plugin was mended")
    desk.drain()
    assert desk.row(order)["state"] == State.DONE
    assert ledger.calls[-2:] == [("find", "push", "K1"), ("deliver", "push", "K1")], "looked up before it was sent"
    assert rows("cases", order_id=order)[0]["closed_at"] is not None


def test_sc_27_the_slower_worker_writes_nothing(desk, ledger, rows):
    desk.open()
    order = desk.order("K1")
    oms = desk.house.accounts.get(desk.account).oms()
    delivery = desk.row(order)["id"]
    run = desk.house.database.run
    slow = run(lambda connection: deliver._claim(connection, oms, delivery, "slow", False))
    verdict = deliver_calls.work(oms, desk.house.client, slow)
    desk.later(minutes=5)
    desk.drain("quick")
    assert desk.row(order)["receipt"] == "OMS1"
    late = deliver_calls.Verdict(event=Event.ACCEPTED, text="late", receipt=Receipt(id="OTHER"), sent=True)
    for news in (verdict, late):
        ended = deliver_ends.record(desk.house, slow, news, receipt_kind="id")
        assert not ended.recorded
    row = desk.row(order)
    assert (row["state"], row["receipt"], row["by"]) == (State.DONE, "OMS1", "quick")
    assert rows("orders")[0]["oms_order_id"] == "OMS1"
    assert [attempt["event"] for attempt in rows("delivery_attempts")].count("fenced") == 2


def test_sc_31_two_people_press_and_the_second_is_told_who_is_at_it(desk, ledger):
    desk.open(way="confirm", look_first=True)
    ledger.orders.append({"id": "F1", "number": "K1", "total": 249900, "state": "new"})
    order = desk.order("K1", oms_order_id="F1")
    delivery = desk.row(order, Kind.CONFIRM)["id"]
    inside, go_on = threading.Event(), threading.Event()

    def hold():
        inside.set()
        go_on.wait(5)

    ledger.script.append(hold)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(deliver.deliver_now, desk.house, delivery, by="asha")
        assert inside.wait(5)
        with pytest.raises(Conflict, match=r"in progress since 2026-11-23 08:0\d:\d\d UTC, by asha"):
            deliver.deliver_now(desk.house, delivery, by="ravi")
        go_on.set()
        assert first.result().state is State.DONE
    again = deliver.deliver_now(desk.house, delivery, by="ravi")
    assert (again.state, again.called, again.receipt) == (State.DONE, False, "F1")
    assert ledger.of("K1")[0]["confirmed"] == 1


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_sc_36_four_workers_drain_200_rows_while_answers_are_dropped(desk, ledger):
    desk.open()
    orders = {f"K{number}": desk.order(f"K{number}") for number in range(200)}
    chance = random.Random(7)
    ledger.script.extend(chance.choice(["accept"] * 7 + ["drop", "drop", "lose"]) for _ in range(200))
    ledger.pace = 0.001
    deadline = time.monotonic() + 90

    def drain(name):
        while time.monotonic() < deadline:
            drained = deliver.deliver_due(desk.house, desk.account, worker=name, limit=20)
            if not drained.more:
                return

    for _ in range(8):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(drain, [f"w{number}" for number in range(4)]))
        desk.later(minutes=15)
    assert {desk.row(order)["state"] for order in orders.values()} == {State.DONE}
    assert sorted(one["number"] for one in ledger.orders) == sorted(orders)
    assert len({desk.row(order)["receipt"] for order in orders.values()}) == 200


def test_one_row_is_claimed_by_one_of_many(desk, ledger):
    desk.open()
    order = desk.order("K1")
    ledger.pace = 0.05
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: desk.drain(name), [f"w{number}" for number in range(8)]))
    assert desk.row(order)["state"] == State.DONE
    assert ledger.sent("K1") == 1


def test_a_row_that_fails_in_our_own_code_does_not_stop_the_others(desk, ledger):
    desk.open()
    bad, good = desk.order("K1"), desk.order("K2")
    ledger.script.append(lambda: desk.move(bad, Status.SHIPPED, Actor.OMS))
    desk.drain()
    assert desk.row(good)["state"] == State.DONE
