"""A store whose orders go to Unicommerce: sent, or fetched. Moved by hand they get there in both ways."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from kartify_razorpay.simulator import RazorpaySimulator
from kartify_unicommerce import UnicommerceSimulator
from sqlalchemy import insert

from kartify import clock
from kartify.domain.status import Actor, Status
from kartify.flows.people import byhand
from kartify.flows.storefront import cancel
from kartify.models import Delivery, new_id, table
from kartify.plugin import HttpAnswer, Kind
from kartify.testing.serve import simulating

from .conftest import _close, _world

WAYS = {
    "push": {}, "pull": {"way": "pull"}, "pull, accepted": {"way": "pull", "pull_receipt": "ack"},
    "pull, told": {"way": "pull", "pull_receipt": "news"},
}


def later(minutes: int = 5):
    return time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True)


@pytest.fixture
def at_uniware(house, shop, rows):
    """Makes the world of a store with an account of this way."""
    with simulating(RazorpaySimulator) as (_, razorpay), simulating(UnicommerceSimulator) as (_, uniware):
        made = []

        def make(way: str):
            uniware.settings = lambda: {**UnicommerceSimulator.settings(uniware), **WAYS[way]}
            made.append(_world(house, shop, rows, razorpay, ("unicommerce", uniware)))
            return made[0]

        yield make
        for world in made:
            _close(world)


def order_id(world, number: str = "K1001"):
    return next(row["id"] for row in world.rows("orders") if row["number"] == number)


def by_hand(world, number: str = "K1001") -> None:
    byhand.move(world.house, order_id(world, number), target=Status.PROCESSING, by="asha",
                reason="the bank confirmed the transfer")


def call(world):
    """Uniware comes over HTTP; a plus sign in its query is not encoded."""
    def knock(one) -> HttpAnswer:
        answer = world.client.open(
            f"/partners/{world.oms_account}/{one.path}", method=one.method, query_string=list(one.query), data=one.body,
            headers=dict(one.headers),
        )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return HttpAnswer(status=answer.status_code, headers=headers, body=answer.data)

    return knock


def ask_for(world, kind: Kind) -> None:
    """A delivery of this kind, due now, as a flow of the core writes it."""
    at = clock.now()
    store_id = world.rows("orders")[0]["store_id"]
    row = {"id": new_id(), "order_id": order_id(world), "store_id": store_id, "account_id": world.oms_account,
           "kind": kind, "state": "due", "due_at": at, "created_at": at, "by": "test"}
    with world.house.database.write() as connection:
        connection.execute(insert(table(Delivery)).values(row))


def tell(world, number: str = "K1001") -> list[int]:
    return [call(world)(one).status for one in world.oms.news(number)]


def asked_to_cancel(world) -> str:
    wish = cancel.Wish(actor=Actor.STOREFRONT, by="storefront")
    return cancel.request_cancel(world.house, order_id(world), wish)


def test_an_order_moved_by_hand_is_pushed(at_uniware):
    world = at_uniware("push")
    world.order()
    world.tick()
    assert world.oms.book.orders == []
    by_hand(world)
    world.tick()
    [there] = world.oms.book.of("K1001")
    assert (there.amount, there.state, there.data["collect"]) == (129900, "accepted", 0)
    assert [(row["state"], row["receipt"]) for row in world.rows("outbox")] == [("done", "K1001")]
    assert world.rows("orders")[0]["oms_order_id"] == "K1001"
    world.check_laws()


@pytest.mark.parametrize(("way", "state", "kind"), [
    ("pull", "done", "served"), ("pull, accepted", "done", "ack"), ("pull, told", "done", "ack"),
])
def test_an_order_moved_by_hand_is_fetched(at_uniware, way, state, kind):
    world = at_uniware(way)
    world.order()
    assert world.oms.fetch(call(world)) == []
    by_hand(world)
    assert world.oms.fetch(call(world)) == ["K1001"]
    [there] = world.oms.book.of("K1001")
    assert there.amount == 129900
    [row] = world.rows("outbox")
    assert (row["state"], row["receipt_kind"]) == (state, kind)
    assert world.oms.fetch(call(world)) == ["K1001"], "it stays in the window, and is taken over once"
    assert len(world.oms.book.orders) == 1
    world.check_laws()


@pytest.mark.parametrize("state", ["accepted", "shipped", "cancelled"])
def test_where_news_is_the_receipt_the_first_one_closes_the_delivery(at_uniware, state):
    world = at_uniware("pull, told")
    world.oms.accepts = False
    world.order()
    by_hand(world)
    world.oms.fetch(call(world))
    assert [row["state"] for row in world.rows("outbox")] == ["sent_unknown"]
    world.oms.move("K1001", state)
    assert tell(world) == [200]
    assert {(row["state"], row["receipt_kind"]) for row in world.rows("outbox") if row["kind"] == "feed"} == {
        ("done", "news"),
    }
    world.check_laws()


def test_what_is_never_accepted_becomes_an_exception(at_uniware):
    world = at_uniware("pull, accepted")
    world.oms.accepts = False
    world.order()
    by_hand(world)
    world.oms.fetch(call(world))
    with later(40):
        world.tick()
    assert [case["type"] for case in world.rows("cases")] == ["unacknowledged"]


def test_nobody_fetches_without_logging_in(at_uniware):
    world = at_uniware("pull")
    world.order()
    by_hand(world)
    base = f"/partners/{world.oms_account}"
    assert world.client.get(f"{base}/orders").status_code == 401
    assert world.client.get(f"{base}/authToken?username=unicommerce&password=guess").status_code == 401
    assert [row["state"] for row in world.rows("outbox")] == ["due"]


def test_a_paid_order_whose_answer_is_lost_is_found_and_never_made_twice(at_uniware):
    world = at_uniware("push")
    world.oms.duplicates = "accept"
    world.order()
    world.oms.faults.next("none", "dropped-after")  # the log-in, the order
    world.webhook("order.paid", world.razorpay.pay(world.session())["id"])
    world.tick()
    assert [row["state"] for row in world.rows("outbox")] == ["sent_unknown"]
    with later():
        world.tick()
    assert [(row["state"], row["receipt"]) for row in world.rows("outbox")] == [("done", "K1001")]
    assert len(world.oms.book.orders) == 1
    world.check_laws()


def test_what_uniware_refuses_is_parked_with_the_field_named(at_uniware):
    world = at_uniware("push")
    world.order(lines=[{"line_id": "1", "sku": "NO-SUCH", "name": "x", "quantity": 1, "unit_price": 129900}])
    by_hand(world)
    world.tick()
    [row] = world.rows("outbox")
    assert row["state"] == "dead"
    assert row["last_error"] == "lines.0.sku: Uniware refused the order: Invalid item sku NO-SUCH"
    assert [case["type"] for case in world.rows("cases")][-1] == "oms_refused"


def test_too_many_calls_only_delay(at_uniware):
    world = at_uniware("push")
    world.oms.forbid = 1
    world.order()
    by_hand(world)
    world.tick()
    [row] = world.rows("outbox")
    assert (row["state"], row["attempts"]) == ("due", 0)
    with later(1):
        world.tick()
    assert [row["state"] for row in world.rows("outbox")] == ["done"]
    world.check_laws()


@pytest.mark.parametrize("state", ["shipped", "delivered", "cancelled"])
def test_news_of_a_pushed_order_comes_back_by_asking(at_uniware, state):
    world = at_uniware("push")
    world.order()
    by_hand(world)
    world.tick()
    world.oms.move("K1001", state)
    with later(20):
        world.tick()
    assert world.status() == state
    world.check_laws()


@pytest.mark.parametrize("state", ["shipped", "cancelled"])
def test_a_pushed_order_is_told_of(at_uniware, state):
    world = at_uniware("push")
    world.order()
    by_hand(world)
    world.tick()
    world.oms.move("K1001", state)
    assert tell(world) == [200]
    assert tell(world) == [200]
    assert world.status() == state
    world.check_laws()


@pytest.mark.parametrize("state", ["shipped", "delivered", "cancelled"])
def test_a_fetched_order_is_told_of(at_uniware, state):
    world = at_uniware("pull")
    world.order()
    by_hand(world)
    world.oms.fetch(call(world))
    world.oms.move("K1001", state)
    assert tell(world) == [200]
    assert world.status() == state
    world.check_laws()


def test_a_pushed_order_is_cancelled_there_before_it_is_cancelled_here(at_uniware):
    world = at_uniware("push")
    world.order(payment={"method": "cod"})
    world.client.post("/api/v1/orders/K1001/place", headers=world.headers)
    world.tick()
    assert asked_to_cancel(world) == "requested"
    assert world.status() == "processing"
    world.tick()
    assert (world.status(), world.oms.book.of("K1001")[0].state) == ("cancelled", "cancelled")
    world.check_laws()


def test_a_cancellation_reaches_the_uniware_that_fetches(at_uniware):
    world = at_uniware("pull")
    world.order(payment={"method": "cod"})
    world.client.post("/api/v1/orders/K1001/place", headers=world.headers)
    world.oms.fetch(call(world))
    assert asked_to_cancel(world) == "requested"
    world.oms.fetch(call(world))
    assert world.oms.book.of("K1001")[0].state == "cancelled"
    assert tell(world) == [200]
    assert world.status() == "cancelled"
    world.tick()
    world.check_laws()


def test_a_pushed_order_is_held_and_released(at_uniware):
    world = at_uniware("push")
    world.order()
    by_hand(world)
    world.tick()
    for kind, state in ((Kind.HOLD, "on_hold"), (Kind.UNHOLD, "accepted"), (Kind.HOLD, "on_hold")):
        ask_for(world, kind)
        world.tick()
        assert world.oms.book.of("K1001")[0].state == state
    assert {row["state"] for row in world.rows("outbox")} == {"done"}
    assert len({(row["kind"], row["receipt"]) for row in world.rows("outbox")}) == 4
    world.check_laws()


def test_each_call_is_answered_in_the_words_of_its_family(at_uniware):
    world = at_uniware("pull")
    world.order()
    by_hand(world)
    world.oms.fetch(call(world))
    world.oms.move("K1001", "cancelled")
    [knock] = world.oms.news("K1001")
    assert call(world)(knock).json() == {"status": "SUCCESS", "orderItems": []}
    partner = {"saleOrderCode": "UC1", "displayOrderCode": "K1001", "items": [{"itemCode": "K1001-1of1"}]}
    told = call(world)(replace(knock, path="cancelSOItem", body=json.dumps(partner).encode()))
    assert told.json() == {"status": "Success", "message": "noted"}


def test_a_cancellation_after_dispatch_needs_a_person(at_uniware):
    world = at_uniware("push")
    world.order(payment={"method": "cod"})
    world.client.post("/api/v1/orders/K1001/place", headers=world.headers)
    world.tick()
    world.oms.move("K1001", "shipped")
    asked_to_cancel(world)
    world.tick()
    assert [case["type"] for case in world.rows("cases")] == ["cancel_too_late"]
    assert world.oms.book.of("K1001")[0].state == "shipped"
