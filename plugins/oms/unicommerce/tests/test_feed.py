"""Pages of orders as Uniware fetches them."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from uniware_said import AT, at_door, inbound, line, order, route

from kartify.plugin import Acked, Invalid, Listed, Listing, Unreadable


def wish(oms, **query):
    return oms.read_feed(route(oms, "orders"), inbound("GET", "orders", query=list(query.items())))


def page(oms, *listed):
    listing = Listing(items=listed, cursor=len(listed), more=False)
    where = route(oms, "orders")
    message = inbound("GET", "orders")
    return json.loads(oms.write_feed(where, message, wish(oms), listing).body)


def listed(what=None, **more):
    plain = {"position": 1, "order": what or order(), "status": "processing", "since": AT, "acknowledged": False}
    return Listed(**{**plain, **more})


@pytest.fixture
def pulled(uniware):
    return uniware(way="pull")


def test_the_window_and_the_page_are_read(pulled):
    asked = wish(pulled, pageNumber="3", pageSize="50", orderDateFrom="2026-11-08T14:00:00+05:30",
                 orderDateTo="2026-11-23T14:00:00+05:30", orderStatus="CREATED")
    assert (asked.page, asked.limit) == (3, 50)
    assert asked.since == datetime(2026, 11, 8, 8, 30, tzinfo=UTC)
    assert asked.until == datetime(2026, 11, 23, 8, 30, 1, tzinfo=UTC), "its last second belongs to it"


def test_a_plus_sign_that_became_a_space_is_read_as_one(pulled):
    assert wish(pulled, orderDateFrom="2026-11-08T14:00:00 05:30").since == datetime(2026, 11, 8, 8, 30, tzinfo=UTC)


def test_without_an_offset_the_wider_window_counts(pulled):
    asked = wish(pulled, orderDateFrom="2026-11-08T14:00:00", orderDateTo="2026-11-23T14:00:00")
    assert asked.since == datetime(2026, 11, 8, 8, 30, tzinfo=UTC)
    assert asked.until == datetime(2026, 11, 23, 14, 0, 1, tzinfo=UTC)


def test_what_is_left_away_has_the_pages_defaults(pulled):
    asked = wish(pulled)
    assert (asked.page, asked.limit, asked.since, asked.until, asked.cursor) == (1, 50, None, None, None)


@pytest.mark.parametrize(("name", "value"), [
    ("pageNumber", "0"), ("pageNumber", "x"), ("pageNumber", "١"), ("pageSize", "501"), ("pageSize", "-1"),
    ("pageSize", "9" * 40), ("orderDateFrom", "yesterday"), ("orderDateTo", "2026-13-01"),
])
def test_what_cannot_be_read_is_named(pulled, name, value):
    with pytest.raises(Invalid) as refused:
        wish(pulled, **{name: value})
    assert refused.value.field == name


def test_an_order_is_listed_whole(pulled):
    what = order(lines=[line(quantity=2, unit_price=49950)], fees=[{"kind": "shipping", "amount": 5000}], total=104900)
    [told] = page(pulled, listed(what))
    assert (told["id"], told["displayOrderNumber"], told["orderStatus"]) == ("K1001", "K1001", "CREATED")
    assert (told["orderDate"], told["sla"]) == ("2026-11-23T08:30:00", "2026-11-25T08:30:00")
    assert (told["paymentType"], told["orderPrice"]["totalPrepaidAmount"]) == ("PREPAID", 1049)
    assert told["orderPrice"]["totalShippingCharges"] == 0, "charges stand on the items"
    assert [(one["orderItemId"], one["sku"], one["quantity"], one["orderItemPrice"]["totalPrice"],
             one["orderItemPrice"]["shippingCharges"]) for one in told["orderItems"]] == [
        ("K1001-1of2", "SHIRT-M", 1, 524.5, 25), ("K1001-2of2", "SHIRT-M", 1, 524.5, 25),
    ]
    assert told["shippingAddress"]["pincode"] == "560001"
    assert told["thirdPartyShipping"] is False


def test_cod_is_told(pulled):
    [told] = page(pulled, listed(order(method="cod", payments=at_door(149900))))
    assert (told["paymentType"], told["orderPrice"]["totalPrepaidAmount"]) == ("COD", 0)


@pytest.mark.parametrize(("status", "asked", "words"), [
    ("processing", False, ("CREATED", "CREATED")), ("processing", True, ("CANCELLED", "CANCELLED")),
    ("shipped", False, ("COMPLETE", "DISPATCHED")), ("shipped", True, ("COMPLETE", "DISPATCHED")),
    ("delivered", False, ("COMPLETE", "DELIVERED")), ("cancelled", False, ("CANCELLED", "CANCELLED")),
    ("refunded", False, ("CANCELLED", "CANCELLED")), ("missing", False, ("PENDING_VERIFICATION", "CREATED")),
    ("failed", False, ("PENDING_VERIFICATION", "CREATED")),
])
def test_every_order_tells_how_it_stands(pulled, status, asked, words):
    [told] = page(pulled, listed(status=status, cancel_requested=asked))
    assert (told["orderStatus"], told["orderItems"][0]["status"]) == words


def test_a_page_is_never_cut(pulled):
    many = [listed(replace(order(), number=f"K{number}"), status=status)
            for number, status in enumerate(["processing", "cancelled", "shipped"] * 10)]
    assert [one["id"] for one in page(pulled, *many)] == [f"K{number}" for number in range(30)]


def test_a_huge_order_is_listed_by_groups(pulled):
    what = order(lines=[line(quantity=100_000, unit_price=101, discount=7)], total=10_099_993)
    [told] = page(pulled, listed(what))
    items = told["orderItems"]
    assert sum(one["quantity"] for one in items) == 100_000
    assert sum(round(one["orderItemPrice"]["totalPrice"] * 100) * one["quantity"] for one in items) == what.total
    assert [one["orderItemId"] for one in items] == ["K1001-1of2x99993", "K1001-2of2x7"]


def test_an_order_without_an_address_does_not_spoil_the_page(pulled):
    [told] = page(pulled, listed(order(shipping_address=None, customer={})))
    assert told["shippingAddress"]["name"] == ""


def test_the_page_can_be_an_object_and_words_can_be_others(uniware):
    oms = uniware(way="pull", orders_form="object", payment_types="prepaid=Prepaid")
    assert page(oms, listed())["orders"][0]["paymentType"] == "Prepaid"


def test_an_acceptance_is_an_acknowledgement(pulled):
    where = route(pulled, "orders/acknowledge")
    [ack] = pulled.read_acks(where, inbound("POST", "orders/acknowledge", {"orderId": "K1001"}))
    assert (ack.number, ack.oms_order_id, ack.refused) == ("K1001", None, None)
    done = Acked(number="K1001", receipt="ack 1 K1001")
    lost = Acked(number="K1001", problem="unknown", text="there is no order K1001")
    message = inbound("POST", "orders/acknowledge")
    assert json.loads(pulled.write_acks(where, message, [done]).body) == {"status": "SUCCESS"}
    assert json.loads(pulled.write_acks(where, message, [lost]).body)["status"] == "FAILED"


@pytest.mark.parametrize("body", [b"", b"{", [], {}, {"orderId": 1.5}, {"orderId": "X-1"}])
def test_an_acceptance_of_nothing_is_unreadable(uniware, body):
    oms = uniware(way="pull", code_prefix="BR-")
    with pytest.raises(Unreadable):
        oms.read_acks(route(oms, "orders/acknowledge"), inbound("POST", "orders/acknowledge", body))


@pytest.mark.parametrize("receipt", ["served", "ack", "news"])
def test_what_proves_a_delivery_is_a_setting(uniware, receipt):
    assert uniware(way="pull", pull_receipt=receipt).receipt == receipt
    assert uniware().receipt == "id"
