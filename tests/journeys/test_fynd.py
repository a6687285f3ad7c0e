"""A FYND store: Confirm payment is called once, whoever reports and whoever presses."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from kartify_fynd.faults import Fault

from kartify import clock
from kartify.domain.errors import Conflict
from kartify.domain.status import Status
from kartify.flows.lookups import asking
from kartify.flows.people import byhand, confirm

FYND_ID = "FY65A1B2C3D4E5F60718"


def later(minutes: int = 5):
    return time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True)


@pytest.fixture
def ordered(fynd_world):
    fynd_world.oms.add_order("K1001", FYND_ID, 129900)
    fynd_world.order(oms_order_id=FYND_ID)
    return fynd_world


def calls(world) -> int:
    return sum(count for name, count in world.oms.calls.items() if "confirm" in name)


def order_id(world):
    return world.rows("orders")[0]["id"]


@pytest.mark.parametrize("source", ["webhook", "callback", "lookup"])
def test_each_source_alone_confirms_the_payment_once(ordered, source):
    paid = ordered.razorpay.pay(ordered.session())
    if source == "webhook":
        assert ordered.webhook("order.paid", paid["id"]) == 200
    elif source == "callback":
        ordered.client.post(f"/callbacks/{ordered.gateway}", data=ordered.razorpay.callback_form(paid["id"]))
    with later():
        ordered.tick()
        ordered.tick()
    assert ordered.oms.confirmed[FYND_ID] == 1
    assert calls(ordered) == 1
    assert ordered.rows("outbox")[0]["receipt"] == FYND_ID
    ordered.check_laws()


def test_every_source_and_four_people_at_once_have_one_effect(ordered):
    paid = ordered.razorpay.pay(ordered.session())
    order = order_id(ordered)
    client = ordered.client.application.test_client
    barrier = Barrier(7)

    def go(act):
        barrier.wait()
        with contextlib.suppress(Conflict):
            act()

    body, headers = ordered.razorpay.webhook_body("order.paid", payment_id=paid["id"])
    form = ordered.razorpay.callback_form(paid["id"])
    acts = [
        lambda: client().post(f"/webhooks/{ordered.gateway}", data=body, headers=headers),
        lambda: client().post(f"/callbacks/{ordered.gateway}", data=form),
        lambda: asking.check_order(ordered.house, order, by="order lookup cron"),
        *[lambda who=who: confirm.confirm_payment(ordered.house, order, by=who, reason="customer called")
          for who in ("asha", "ravi", "meera", "john")],
    ]
    with ThreadPoolExecutor(7) as pool:
        for future in [pool.submit(go, act) for act in acts]:
            future.result()
    with later():
        ordered.tick()
    assert ordered.status() == "processing"
    assert ordered.oms.confirmed[FYND_ID] == 1
    assert calls(ordered) == 1
    assert len(ordered.rows("outbox")) == 1
    ordered.check_laws()


def test_a_lost_answer_is_looked_up_before_anything_is_repeated(ordered):
    ordered.oms.faults.ask("confirm", Fault.DROP)
    ordered.webhook("order.paid", ordered.razorpay.pay(ordered.session())["id"])
    ordered.tick()
    assert ordered.rows("outbox")[0]["state"] == "sent_unknown"
    with later():
        ordered.tick()
    assert ordered.rows("outbox")[0]["state"] == "done"
    assert ordered.oms.confirmed[FYND_ID] == 1
    assert calls(ordered) == 1
    ordered.check_laws()


def test_an_order_that_fynd_cancelled_is_not_confirmed_and_needs_a_person(ordered):
    ordered.oms.cancel(FYND_ID)
    ordered.webhook("order.paid", ordered.razorpay.pay(ordered.session())["id"])
    with later():
        ordered.tick()
    assert ordered.oms.confirmed[FYND_ID] == 0
    assert calls(ordered) == 0
    assert [row["type"] for row in ordered.rows("cases")] == ["oms_refused"]
    ordered.check_laws()


def test_an_order_moved_by_hand_is_confirmed_at_fynd(ordered):
    byhand.move(ordered.house, order_id(ordered), target=Status.PROCESSING, by="asha", reason="the bank confirmed it")
    with later():
        ordered.tick()
    assert ordered.oms.confirmed[FYND_ID] == 1
    assert ordered.rows("outbox")[0]["receipt"] == FYND_ID
    ordered.check_laws()


def test_a_refund_that_begins_at_fynd_stands_on_the_order_and_moves_no_money(ordered):
    ordered.webhook("order.paid", ordered.razorpay.pay(ordered.session())["id"])
    with later():
        ordered.tick()
    headers, body = ordered.oms.webhook(FYND_ID, "refund_initiated")
    answer = ordered.client.post(f"/partners/{ordered.oms_account}/webhooks", data=body, headers=headers)
    assert answer.status_code == 200
    assert any("refund_initiated" in f"{row['text']} {row['data']}" for row in ordered.rows("timeline"))
    assert ordered.status() == "processing"
    assert ordered.rows("operations") == []
    ordered.check_laws()
