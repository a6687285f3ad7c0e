"""A store whose orders go to SAP: sent, sent blocked, or fetched. Moved by hand they get there in the same ways."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from kartify_razorpay.simulator import RazorpaySimulator
from kartify_sap import SapSimulator

from kartify import clock
from kartify.domain.status import Status
from kartify.flows.people import byhand
from kartify.plugin import HttpAnswer
from kartify.testing.serve import simulating

from .conftest import _close, _world

WAYS = {
    "push": {},
    "blocked": {"way": "blocked", "unpaid_delivery_block": "Z1", "unpaid_billing_block": "Z2"},
    "feed": {"way": "feed"},
}


def later(minutes: int = 5):
    return time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True)


@pytest.fixture
def at_sap(house, shop, rows):
    """Makes the world of a store with an account of this way."""
    with simulating(RazorpaySimulator) as (_, razorpay), simulating(SapSimulator) as (_, sap):
        made = []

        def make(way: str):
            sap.settings = lambda: {**SapSimulator.settings(sap), **WAYS[way]}
            made.append(_world(house, shop, rows, razorpay, ("sap", sap)))
            return made[0]

        yield make
        for world in made:
            _close(world)


def by_hand(world, number: str = "K1001") -> None:
    order_id = next(row["id"] for row in world.rows("orders") if row["number"] == number)
    byhand.move(world.house, order_id, target=Status.PROCESSING, by="asha", reason="the bank confirmed the transfer")


def fetch(world) -> list[str]:
    """SAP's middleware comes over HTTP."""
    def knock(one) -> HttpAnswer:
        answer = world.client.open(
            f"/partners/{world.oms_account}/{one.path}", method=one.method, query_string=list(one.query), data=one.body,
            headers=dict(one.headers),
        )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return HttpAnswer(status=answer.status_code, headers=headers, body=answer.data)

    return world.oms.fetch(knock)


def test_an_order_moved_by_hand_is_pushed(at_sap):
    world = at_sap("push")
    world.order()
    assert world.oms.book.orders == []
    by_hand(world)
    world.tick()
    [there] = world.oms.book.of("K1001")
    assert (there.amount, there.state) == (129900, "accepted")
    assert [(row["state"], row["receipt"]) for row in world.rows("outbox")] == [("done", there.id)]
    assert world.rows("orders")[0]["oms_order_id"] == there.id
    world.check_laws()


def test_an_order_moved_by_hand_loses_its_blocks(at_sap):
    world = at_sap("blocked")
    world.order()
    world.tick()
    [there] = world.oms.book.of("K1001")
    assert there.data["header"]["DeliveryBlockReason"] == "Z1"
    by_hand(world)
    world.tick()
    assert (there.data["header"]["DeliveryBlockReason"], there.data["header"]["HeaderBillingBlockReason"]) == ("", "")
    assert {row["state"] for row in world.rows("outbox")} == {"done"}
    assert len(world.oms.book.orders) == 1
    world.check_laws()


def test_an_order_moved_by_hand_is_fetched_and_acknowledged(at_sap):
    world = at_sap("feed")
    world.order()
    assert fetch(world) == []
    by_hand(world)
    assert fetch(world) == ["K1001"]
    [there] = world.oms.book.of("K1001")
    assert there.amount == 129900
    assert [(row["state"], row["receipt"], row["receipt_kind"]) for row in world.rows("outbox")] == [
        ("done", there.id, "ack"),
    ]
    assert fetch(world) == []
    world.check_laws()


def test_nobody_fetches_without_the_password(at_sap):
    world = at_sap("feed")
    world.order()
    by_hand(world)
    assert world.client.get(f"/partners/{world.oms_account}/idocs/orders").status_code == 401
    assert [row["state"] for row in world.rows("outbox")] == ["due"]


def test_a_paid_order_whose_answer_is_lost_is_found_and_never_made_twice(at_sap):
    world = at_sap("push")
    world.order()
    world.oms.faults.next("none", "none", "dropped-after")  # the look-up, the log-on, the order
    world.webhook("order.paid", world.razorpay.pay(world.session())["id"])
    world.tick()
    assert [row["state"] for row in world.rows("outbox")] == ["sent_unknown"]
    world.tick()  # within two minutes SAP may still be at work on it: nobody looks yet
    assert [row["state"] for row in world.rows("outbox")] == ["sent_unknown"]
    with later():
        world.tick()
    assert [(row["state"], row["receipt"]) for row in world.rows("outbox")] == [
        ("done", world.oms.book.of("K1001")[0].id),
    ]
    assert len(world.oms.book.orders) == 1
    world.check_laws()


def test_what_sap_refuses_is_parked_with_the_field_named(at_sap):
    world = at_sap("push")
    world.order(lines=[{"line_id": "1", "sku": "NO-SUCH", "name": "x", "quantity": 1, "unit_price": 129900}])
    by_hand(world)
    world.tick()
    [row] = world.rows("outbox")
    assert row["state"] == "dead"
    assert row["last_error"].startswith("lines.0.sku: SAP refused the order: Material NO-SUCH is not defined")
    assert [case["type"] for case in world.rows("cases")][-1] == "oms_refused"


@pytest.mark.parametrize(("state", "status"), [("shipped", "shipped"), ("cancelled", "cancelled")])
def test_news_of_an_order_comes_back_by_asking(at_sap, state, status):
    world = at_sap("push")
    world.order()
    by_hand(world)
    world.tick()
    world.oms.move("K1001", state)
    with later(20):
        world.tick()
    assert world.status() == status
    world.check_laws()
