"""The feed: nothing skipped, orders whole, listed again until acknowledged."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes import webhook

from kartify.domain.delivery import Kind, State
from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.domain.status import Actor, Status
from kartify.flows.delivering import deliver, feed
from kartify.flows.lookups import asking
from kartify.flows.receiving import receive
from kartify.flows.storefront import cancel
from kartify.models import new_id


@pytest.fixture
def account(desk):
    return desk.open(way="feed", receipt="ack")


def numbers(page):
    return [item.order.number for item in page.items]


def pull(desk, **options):
    return feed.pull(desk.house, desk.account, feed.FeedQuery(**options))


def ack(desk, number, oms_order_id=None):
    return feed.acknowledge(desk.house, desk.shop.id, number, oms_order_id=oms_order_id, by="key oms_1")


def test_pages_by_cursor(desk, account):
    for number in range(5):
        desk.order(f"K{number}")
    first = pull(desk, limit=2)
    assert (numbers(first), first.cursor, first.more) == (["K0", "K1"], 2, True)
    second = pull(desk, limit=2, cursor=first.cursor)
    third = pull(desk, limit=2, cursor=second.cursor)
    assert numbers(second) + numbers(third) == ["K2", "K3", "K4"]
    assert not third.more
    empty = pull(desk, cursor=third.cursor)
    assert (numbers(empty), empty.cursor) == ([], third.cursor)
    desk.order("K5")
    assert numbers(pull(desk, cursor=empty.cursor)) == ["K5"]


def test_sc_76_listed_again_until_acknowledged(desk, account, rows):
    orders = [desk.order("K1"), desk.order("K2"), desk.order("K3")]
    assert numbers(pull(desk)) == ["K1", "K2", "K3"]
    assert ack(desk, "K1", "P1") == "P1"
    assert ack(desk, "K3").startswith("ack 3")
    assert ack(desk, "K1", "P1") == "P1", "again is harmless"
    assert numbers(pull(desk)) == ["K2", "K3"], "from the oldest that is not acknowledged"
    assert numbers(pull(desk, unacknowledged=True)) == ["K2"]
    assert [item.acknowledged for item in pull(desk, cursor=0).items] == [True, False, True]
    row = desk.row(orders[0], Kind.FEED)
    assert (row["state"], row["receipt"], row["receipt_kind"]) == (State.DONE, "P1", "ack")
    assert rows("orders", number="K1")[0]["oms_order_id"] == "P1"
    ack(desk, "K2")
    assert numbers(pull(desk)) == []


def test_what_cannot_be_acknowledged(desk, account):
    desk.order("K1")
    desk.order("K2")
    with pytest.raises(Conflict, match="not listed yet"):
        ack(desk, "K1")
    pull(desk)
    ack(desk, "K1", "P1")
    with pytest.raises(Conflict, match="acknowledged as P1"):
        ack(desk, "K1", "P2")
    with pytest.raises(Conflict, match="another order"):
        ack(desk, "K2", "P1")
    with pytest.raises(NotFound):
        ack(desk, "K9")
    desk.shop.order("K3")
    with pytest.raises(Conflict, match="not in the feed"):
        ack(desk, "K3")


def test_limits_and_cursors_are_checked(desk, account):
    for options in ({"limit": 0}, {"limit": 501}, {"cursor": -1}):
        with pytest.raises(Invalid):
            pull(desk, **options)


def test_cancelled_before_it_was_listed_is_never_seen(desk, account, rows):
    order = desk.order("K1")
    wish = cancel.Wish(actor=Actor.STAFF, by="asha", reason="x", refund_decided=True)
    assert cancel.request_cancel(desk.house, order, wish) == "cancelled"
    assert numbers(pull(desk)) == []


def test_cancelled_after_it_was_listed_waits_for_the_oms(desk, account, ledger, rows):
    order = desk.order("K1")
    pull(desk)
    wish = cancel.Wish(actor=Actor.STAFF, by="asha", reason="x", refund_decided=True)
    assert cancel.request_cancel(desk.house, order, wish) == "requested"
    ledger.orders.append({"id": "P1", "number": "K1", "total": 249900, "state": "new"})
    desk.drain()
    assert rows("orders")[0]["status"] == "cancelled"
    assert numbers(pull(desk, unacknowledged=True)) == []


def test_the_first_news_is_a_receipt_too(desk, account):
    order = desk.order("K1")
    pull(desk)
    desk.move(order, Status.SHIPPED, Actor.OMS)
    assert numbers(pull(desk, unacknowledged=True)) == []
    assert desk.row(order, Kind.FEED)["receipt_kind"] == "news"


def test_a_store_sees_its_own_orders_only(desk, account):
    desk.order("K1")
    assert feed.feed_account(desk.house, desk.shop.id) == account
    page = pull(desk, store_id=desk.shop.id)
    assert numbers(page) == ["K1"]
    assert numbers(pull(desk, store_id=new_id())) == []
    with pytest.raises(NotFound):
        feed.feed_account(desk.house, new_id())


def test_the_deliverer_stamps_the_feed_and_leaves_nothing_due(desk, account):
    order = desk.order("K1")
    assert desk.drain().counts == {}
    assert deliver.due_accounts(desk.house) == []
    assert desk.row(order, Kind.FEED)["position"] == 1


@pytest.mark.timeout(120)
def test_sc_75_writers_settle_while_a_puller_reads_with_a_cursor(desk, account, house, bank):
    """Every order is seen once, whole (with its gateway's charge), and none is skipped. Half of them are settled by
    webhooks, which share transactions, and half by answers of the gateway, each in its own."""
    count, writers = (160, 20) if house.database.postgres else (40, 4)
    gateway = desk.shop.account("plain", {"webhook_secret": "whsec"})
    orders = [desk.shop.order(f"K{number}") for number in range(count)]
    for number, order in enumerate(orders):
        desk.shop.payment(order, gateway, f"ord_{number}")
        bank.paid(f"ord_{number}", payment=f"pay_{number}")
    over = threading.Event()

    def settle(number):
        if number % 2:
            asking.check_order(house, orders[number], by="lookup")
            return
        receive.webhook(house, gateway, webhook(f"e{number}", {"order": f"ord_{number}", "payment": f"pay_{number}"}))

    def read():
        seen, cursor = [], 0
        while True:
            last = over.is_set()
            page = pull(desk, cursor=cursor, limit=7)
            seen += page.items
            cursor = page.cursor
            if last and not page.items:
                return seen

    with ThreadPoolExecutor(writers + 2) as pool:
        readers = [pool.submit(read), pool.submit(read)]
        list(pool.map(settle, range(count)))
        over.set()
        for reader in readers:
            seen = reader.result()
            assert sorted(item.order.number for item in seen) == sorted(f"K{number}" for number in range(count))
            assert [item.position for item in seen] == list(range(1, count + 1))
            for item in seen:
                assert [paid.amount for paid in item.order.payments] == [item.order.total]
                assert item.order.payments[0].gateway_payment_id is not None
                assert len(item.order.lines) == 1
