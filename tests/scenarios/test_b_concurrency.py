"""Scenarios B: concurrency. (SC-25 stands in tests/flows/settle, SC-27 and SC-31 in tests/flows/deliver.)"""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from fakes import report, webhook
from sqlalchemy import text

from kartify import clock
from kartify.domain.errors import Conflict
from kartify.domain.status import Actor, Status
from kartify.flows.lookups import ask, ask_record, lookup, runs
from kartify.flows.people import byhand
from kartify.flows.receiving import receive
from kartify.flows.storefront import cancel
from kartify.flows.ticking import tick
from kartify.plugin import PaymentAnswer


def test_sc_26_a_second_run_of_the_same_lookup_is_refused(scene):
    first = runs.start(scene.house, scene.account, by="asha")
    with pytest.raises(Conflict):
        runs.start(scene.house, scene.account, by="ravi")
    assert lookup.work_run(scene.house, first, worker="w1") is not None
    assert lookup.work_run(scene.house, first, worker="w2") is None
    assert runs.start(scene.house, scene.account, by="ravi")


def test_sc_26_two_askers_of_one_payment_ask_once(scene):
    scene.bank.paid("ord_1")
    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(lambda _: ask.claim(scene.house, [scene.payment], seconds=5), range(4)))
    assert sum(len(found) for found in claimed) == 1


def test_sc_27_a_slower_askers_answer_is_rejected(scene):
    loaded = scene.house.accounts.get(scene.account)
    (slow,) = ask.claim(scene.house, [scene.payment], seconds=1)
    with time_machine.travel(clock.now() + timedelta(minutes=5), tick=True):
        (fast,) = ask.claim(scene.house, [scene.payment], seconds=1)
        fresh = PaymentAnswer(reports=(report(order="ord_1"),))
        ask_record.record(scene.house, loaded, fast, fresh, ask.Asker(by="fast"))
        stale = PaymentAnswer(reports=(report(order="ord_1", payment="pay_2"),))
        with pytest.raises(ask_record.Overtaken):
            ask_record.record(scene.house, loaded, slow, stale, ask.Asker(by="slow"))
    assert scene.settled == [("pay_1", 249900)]
    assert len(scene.rows("charges")) == 1


def test_sc_28_a_move_with_an_old_version_is_refused(scene):
    version = scene.rows("orders")[0]["version"]
    scene.webhook()
    with pytest.raises(Conflict, match="changed meanwhile"):
        byhand.move(
            scene.house, scene.order, target=Status.SHIPPED, by="asha", reason="courier called", version=version
        )
    assert scene.status == "processing"


@pytest.mark.parametrize("round_", range(10))
def test_sc_29_a_cancel_that_meets_the_payment_never_ends_cancelled_but_paid_in_silence(scene, round_):
    barrier = threading.Barrier(2)

    def pay() -> None:
        barrier.wait()
        scene.webhook()

    def stop() -> None:
        barrier.wait()
        with contextlib.suppress(Conflict):
            wish = cancel.Wish(actor=Actor.STAFF, by="asha", reason="customer called", confirmed=True)
            cancel.request_cancel(scene.house, scene.order, wish)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(pay), pool.submit(stop)]:
            future.result()
    if scene.status == "cancelled":
        assert scene.cases in ([("paid_after_cancel", 249900)], [("refund_due", 249900)])
    else:
        assert scene.status == "processing"
        assert scene.settled == [("pay_1", 249900)]


def test_sc_30_the_canceller_looks_again_inside_its_own_transaction(scene):
    """The order's lifetime is over and the clock is about to cancel, when the payment comes."""
    with time_machine.travel(clock.now() + timedelta(days=8), tick=True):
        scene.bank.paid("ord_1")
        tick.inline(scene.house)
    assert scene.status == "processing"


def test_sc_33_a_deadlock_is_retried_with_the_same_result(scene, house):
    if not house.database.postgres:
        pytest.skip("SQLite has one writer: no deadlocks")
    other = scene.shop.order("K2")
    scene.shop.payment(other, scene.account, "ord_2")
    message = webhook("e1", {"order": "ord_1", "payment": "pay_1"}, {"order": "ord_2", "payment": "pay_2"})
    lock = text("SELECT id FROM orders WHERE id = :id FOR UPDATE")
    first, second = sorted([scene.order, other])
    held, go = threading.Event(), threading.Event()

    def crosswise() -> None:
        """Takes the two locks in the wrong order, so that one of the two transactions must fall."""
        def work(connection) -> None:
            connection.execute(lock, {"id": second})
            held.set()
            go.wait(0.5)
            connection.execute(lock, {"id": first})

        house.database.run(work)

    with ThreadPoolExecutor(2) as pool:
        crossing = pool.submit(crosswise)
        held.wait(5)
        settled = pool.submit(receive.webhook, house, scene.account, message)
        crossing.result(30)
        assert settled.result(30).word == "settled"
    assert sorted(scene.settled) == [("pay_1", 249900), ("pay_2", 249900)]
