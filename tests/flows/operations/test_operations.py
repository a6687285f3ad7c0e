"""Capture, void and refund: looked up before repeated, never shown as done before the gateway says so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fakes import webhook

from kartify.domain.errors import Conflict, Denied, Invalid, Permanent, Temporary, Throttled
from kartify.domain.status import Actor
from kartify.flows.operating import operations
from kartify.flows.receiving import receive
from kartify.flows.storefront import cancel
from kartify.flows.ticking import retry

LOST = Temporary("no whole answer in time")
DOWN = Temporary("the connection was refused", sent=False)


@pytest.fixture
def account(shop):
    return shop.account("till", {"webhook_secret": "whsec"})


@pytest.fixture
def paid(house, shop, account, rows):
    """A settled order of 2,499.00 and its charge."""
    order = shop.order("K1")
    shop.payment(order, account, "ord_1")
    receive.webhook(house, account, webhook("e1", {"order": "ord_1", "payment": "pay_1"}))
    return rows("charges")[0]["id"]


@pytest.fixture
def authorized(house, shop, account):
    order = shop.order("K1")
    shop.payment(order, account, "ord_1")
    receive.webhook(house, account, webhook("e1", {"order": "ord_1", "payment": "pay_1", "state": "authorized"}))
    return order


def work(house, travel, *, times=1, **later):
    for _ in range(times):
        operations.work_operations(house, worker="w1")
        travel.shift(timedelta(**later) if later else timedelta(minutes=5))


def refund(house, charge, amount=249900, **options):
    wish = operations.RefundWish(amount=amount, by="asha", reason="returned goods", **options)
    return operations.request_refund(house, charge, wish)


def one(rows, name="operations", **where):
    found = rows(name, **where)
    assert len(found) == 1
    return found[0]


def test_an_authorised_charge_is_captured_and_settles(house, authorized, till, rows, travel):
    assert one(rows)["state"] == "due"
    work(house, travel)
    assert one(rows)["state"] == "done"
    assert one(rows, "orders")["status"] == "processing"
    assert one(rows, "settlements")["kind"] == "captured"
    assert till.calls == [("capture", "pay_1")]
    work(house, travel)
    assert len(till.calls) == 1


def test_a_lost_capture_is_asked_about_before_it_is_repeated(house, authorized, till, rows, travel):
    till.script.append(LOST)
    work(house, travel)
    assert one(rows)["state"] == "unknown"
    work(house, travel, times=2)
    assert till.calls == [("capture", "pay_1"), ("ask", "ord_1")]
    assert one(rows)["state"] == "done"
    assert one(rows, "orders")["status"] == "processing"


def test_no_capture_for_an_order_that_was_cancelled_meanwhile(house, authorized, till, rows, travel, shop):
    with house.database.write() as connection:
        connection.exec_driver_sql("UPDATE orders SET cancel_requested_at = '2026-11-23 08:00:00+00'")
    work(house, travel)
    row = one(rows)
    assert (row["state"], till.calls) == ("due", [])
    assert "no capture as the order is now" in row["last_error"]


def test_a_capture_that_fails_for_good_needs_a_person(house, authorized, till, rows, travel):
    till.script.append(Permanent("the payment was never authorised"))
    work(house, travel, times=3)
    assert one(rows)["state"] == "failed"
    case = one(rows, "cases")
    assert (case["type"], case["subject"]) == ("capture_not_confirmed", f"operation:{one(rows)['id']}")
    assert len(till.calls) == 1


def test_a_refund_is_done_when_it_is_processed_and_the_order_follows(house, paid, till, rows, travel):
    operation = refund(house, paid)
    assert one(rows, "charges")["ours"] == 249900
    assert one(rows, "charges")["refunded"] == 0
    work(house, travel)
    assert one(rows, id=operation)["state"] == "done"
    assert one(rows, "charges")["refunded"] == 249900
    assert one(rows, "orders")["status"] == "refunded"
    assert rows("cases") == []


def test_sc_67_a_pending_refund_is_never_shown_as_refunded(house, paid, till, rows, travel):
    till.script.append("pending")
    operation = refund(house, paid)
    work(house, travel, times=12, hours=7)
    assert one(rows, id=operation)["state"] == "pending"
    assert one(rows, "charges")["refunded"] == 0
    assert one(rows, "orders")["status"] == "processing"
    assert [case["type"] for case in rows("cases")] == ["refund_not_confirmed"]
    assert [name for name, _ in till.calls].count("refund") == 1
    next(iter(till.refunds.values()))[1] = "processed"
    work(house, travel, hours=7)
    assert one(rows, id=operation)["state"] == "done"
    assert one(rows, "orders")["status"] == "refunded"
    assert one(rows, "cases")["closed_at"] is not None


def test_sc_67_a_failed_refund_is_tried_with_the_same_key(house, paid, till, rows, travel):
    till.script.extend([DOWN, DOWN, LOST])
    refund(house, paid, key="my-own-key-1")
    work(house, travel, times=6, minutes=15)
    assert one(rows)["state"] == "done"
    assert {key for _, key in till.calls if key.startswith("my-")} == {"my-own-key-1"}
    assert len(till.refunds) == 1


def test_a_lost_refund_that_never_arrived_is_sent_again(house, paid, till, rows, travel):
    till.script.append(LOST)
    refund(house, paid)
    work(house, travel)
    till.refunds.clear()
    work(house, travel)
    assert [name for name, _ in till.calls if name.startswith("refund")] == ["refund", "refund_status", "refund"]
    assert one(rows)["state"] == "done"


def test_a_refund_that_the_gateway_fails_frees_its_money(house, paid, till, rows, travel):
    till.script.append("failed")
    refund(house, paid)
    work(house, travel)
    assert one(rows)["state"] == "failed"
    assert one(rows, "charges")["ours"] == 0
    assert one(rows, "cases")["type"] == "refund_not_confirmed"
    refund(house, paid)
    work(house, travel)
    assert one(rows, "orders")["status"] == "refunded"


def test_law_8_refunds_never_exceed_the_capture(house, paid, till, rows):
    refund(house, paid, 200000)
    with pytest.raises(Conflict, match=r"499\.00 of this charge is left"):
        refund(house, paid, 50000)
    refund(house, paid, 49900)


def test_law_8_of_many_at_once(house, paid, rows):
    def press(number):
        try:
            return refund(house, paid, 100000)
        except Conflict:
            return None

    with ThreadPoolExecutor(6) as pool:
        done = [found for found in pool.map(press, range(6)) if found]
    assert len(done) == 2
    assert one(rows, "charges")["ours"] == 200000


def test_one_refund_for_each_key(house, paid, rows):
    first = refund(house, paid, 1000, key="twice-pressed")
    assert refund(house, paid, 1000, key="twice-pressed") == first
    with pytest.raises(Conflict, match="this key"):
        refund(house, paid, 2000, key="twice-pressed")
    assert len(rows("operations")) == 1
    assert one(rows, "charges")["ours"] == 1000


@pytest.mark.parametrize(("amount", "reason", "key"), [(0, "x", None), (5, " ", None), (5, "x", "short")])
def test_what_a_refund_needs(house, paid, amount, reason, key):
    with pytest.raises(Invalid):
        operations.request_refund(
            house, paid, operations.RefundWish(amount=amount, by="asha", reason=reason, key=key)
        )


def test_two_partial_refunds_add_up(house, paid, till, rows, travel):
    refund(house, paid, 100000)
    refund(house, paid, 149900)
    work(house, travel)
    assert one(rows, "charges")["refunded"] == 249900
    assert one(rows, "orders")["status"] == "refunded"


def test_a_webhook_that_was_faster_is_not_counted_twice(house, paid, account, till, rows, travel):
    refund(house, paid, 100000)
    news = {"order": "ord_1", "payment": "pay_1", "state": "partially_refunded", "refunded": 100000}
    receive.webhook(house, account, webhook("e2", news))
    work(house, travel)
    assert one(rows, "charges")["refunded"] == 100000
    assert one(rows)["state"] == "done"
    assert one(rows, "orders")["status"] == "processing"


def test_throttled_and_denied_accounts_keep_their_operations(house, paid, account, till, rows, travel):
    till.script.extend([Throttled("429", retry_after=60.0), Denied("401")])
    refund(house, paid)
    work(house, travel, times=3)
    assert [name for name, _ in till.calls] == ["refund", "refund"]
    assert one(rows)["state"] == "due"
    assert one(rows)["attempts"] == 0
    assert one(rows, "cases")["type"] == "account_failing"


def test_orphan_money_can_be_refunded(house, shop, account, till, rows, travel):
    message = webhook("e9", {"order": "nobody", "payment": "pay_9"})
    receive.webhook(house, account, message)
    travel.shift(timedelta(minutes=11))
    retry.retry_due(house)
    charge = one(rows, "charges")["id"]
    assert one(rows, "cases")["type"] == "orphan_money"
    refund(house, charge, 100000)
    work(house, travel)
    assert one(rows, "cases")["money_held"] == 149900
    refund(house, charge, 149900)
    work(house, travel)
    assert one(rows, "cases")["closed_at"] is not None
    assert one(rows, "charges")["state"] == "refunded"


def test_a_cancelled_and_refunded_order_ends_refunded_with_its_exception_closed(house, paid, till, rows, travel):
    order = one(rows, "orders")["id"]
    cancel.request_cancel(
        house, order, cancel.Wish(actor=Actor.STAFF, by="asha", reason="out of stock", refund_decided=True)
    )
    case = one(rows, "cases")
    assert (case["type"], case["money_held"]) == ("refund_due", 249900)
    refund(house, paid)
    work(house, travel)
    assert one(rows, "orders")["status"] == "refunded"
    assert one(rows, "cases")["closed_at"] is not None
