"""An OMS that takes pushes and pulls: what pushing could not bring is listed, and never pushed again without a look."""

from __future__ import annotations

import pytest

from kartify.domain.delivery import State
from kartify.domain.errors import Conflict
from kartify.domain.status import Actor
from kartify.flows.delivering import deliver_by_hand, feed, feed_listing
from kartify.flows.delivering.feed import FeedQuery
from kartify.flows.partners import reject
from kartify.flows.proof import laws
from kartify.flows.storefront import cancel
from kartify.plugin import Ack, FeedWish


@pytest.fixture
def parked(desk):
    """Two orders: K1 was refused, K2 arrived."""
    desk.open(parked=True)
    desk.ledger.script.extend(["invalid", "accept"])
    orders = desk.order("K1"), desk.order("K2")
    desk.drain()
    assert [desk.row(one)["state"] for one in orders] == [State.DEAD, State.DONE]
    return orders[0]


def listed(desk, **query):
    page = feed.pull(desk.house, desk.account, FeedQuery(**query))
    return [item.order.number for item in page.items], page.cursor


def test_only_what_was_parked_is_listed(desk, parked):
    assert listed(desk) == (["K1"], 1)
    assert listed(desk, unacknowledged=True)[0] == ["K1"]
    assert listed(desk, cursor=1) == ([], 1)
    window = feed_listing.listing(desk.house, desk.account, FeedWish(page=1))
    assert [(one.order.number, one.acknowledged) for one in window.items] == [("K1", False)]


def test_where_the_plugin_does_not_say_so_nothing_is_listed(desk):
    desk.open()
    desk.ledger.script.append("invalid")
    order = desk.order("K1")
    desk.drain()
    assert listed(desk) == ([], 0)
    assert desk.row(order)["position"] is None


def test_its_acknowledgement_closes_it(desk, parked, rows):
    listed(desk)
    assert feed.acknowledge(desk.house, desk.shop.id, "K1", oms_order_id="P-1", by="oms") == "P-1"
    row = desk.row(parked)
    assert (row["state"], row["receipt"], row["receipt_kind"], row["call_until"]) == (State.DONE, "P-1", "ack", None)
    assert [case["closed_at"] is not None for case in rows("cases")] == [True]
    assert listed(desk, unacknowledged=True)[0] == []
    assert listed(desk, cursor=0)[0] == ["K1"]
    with pytest.raises(Conflict, match="P-1 before"):
        feed.acknowledge(desk.house, desk.shop.id, "K1", oms_order_id="P-2", by="oms")
    assert [one for one in laws.check(desk.house) if one.law in (3, 4)] == []


def test_what_was_pushed_is_not_acknowledged_by_the_feed(desk, parked):
    with pytest.raises(Conflict, match="not in the feed"):
        feed.acknowledge(desk.house, desk.shop.id, "K2", oms_order_id="P-2", by="oms")


def test_the_oms_may_refuse_it_by_the_feed_too(desk, parked, rows):
    listed(desk)
    reject.by_oms(desk.house, desk.account, desk.shop.id, Ack(number="K1", refused="no such SKU"), by="oms")
    assert any("no such SKU" in case["reason"] for case in rows("cases"))


def test_once_listed_it_is_looked_up_before_it_is_pushed_again(desk, parked, ledger):
    listed(desk)
    ledger.orders.append({"id": "P-7", "number": "K1", "total": 249900, "state": "new"})  # fetched, not acknowledged
    desk.later(seconds=1)
    deliver_by_hand.push_again(desk.house, desk.row(parked)["id"], by="asha", reason="mended")
    assert listed(desk, cursor=0)[0] == []  # it is in the deliverers' hands
    desk.drain()
    assert (desk.row(parked)["receipt"], ledger.sent("K1")) == ("P-7", 1)


def test_parked_once_more_it_is_listed_past_every_cursor(desk, parked, ledger):
    listed(desk)
    desk.later(seconds=1)
    deliver_by_hand.push_again(desk.house, desk.row(parked)["id"], by="asha", reason="mended")
    ledger.script.append("invalid")
    desk.drain()
    assert listed(desk, cursor=1) == (["K1"], 2)


def test_once_listed_it_is_not_cancelled_without_asking_there(desk, parked, rows):
    listed(desk)
    cancel.request_cancel(desk.house, parked, cancel.Wish(actor=Actor.STAFF, by="asha", reason="called"))
    assert rows("orders", id=parked)[0]["status"] == "processing"
    assert rows("orders", id=parked)[0]["cancel_requested_at"] is not None


def test_an_order_whose_cancellation_was_asked_for_is_not_listed_any_more(desk, ledger):
    desk.open(parked=True, lookup=False)
    ledger.script.append("lose")
    order = desk.order("K1")
    desk.settle_down(rounds=2)
    cancel.request_cancel(desk.house, order, cancel.Wish(actor=Actor.STAFF, by="asha", reason="called"))
    assert listed(desk)[0] == []
