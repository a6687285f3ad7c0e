"""Way b: the order is created at FYND, unpaid, and found by our number."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from kartify_fynd.faults import Fault

from kartify.plugin import Kind, OmsLine, Permanent, Presence, Temporary

WAY_B = {"way": "b", "location_id": 7, "ordering_source": "kartify"}


@pytest.fixture
def unpaid(order):
    return lambda **more: order(**{"oms_order_id": None, "payments": [], **more})


@pytest.mark.parametrize("schema", ["new", "old"])
def test_a_created_order_gives_fynds_id_and_is_found_by_our_number(simulator, account, client, unpaid, schema):
    plugin = account(**WAY_B, order_schema=schema)
    assert plugin.pushes_unpaid()
    assert plugin.find(client, Kind.PUSH_UNPAID, unpaid()).presence is Presence.ABSENT
    receipt = plugin.deliver(client, Kind.PUSH_UNPAID, unpaid())
    found = plugin.find(client, Kind.PUSH_UNPAID, unpaid())
    assert (found.presence, found.receipt.id, found.number, found.amount) == (
        Presence.DONE, receipt.id, "K1001", 149900)
    assert plugin.find(client, Kind.CONFIRM, unpaid(oms_order_id=receipt.id)).presence is Presence.ABSENT


def test_a_pushed_order_is_confirmed_under_fynds_id(simulator, account, client, order, unpaid):
    plugin = account(**WAY_B)
    receipt = plugin.deliver(client, Kind.PUSH_UNPAID, unpaid())
    plugin.deliver(client, Kind.CONFIRM, order(oms_order_id=receipt.id))
    assert simulator.confirmed == {receipt.id: 1}


def test_the_new_schema_says_what_the_documents_ask_for(fynd, canned, unpaid):
    client = canned((200, {"fynd_order_id": "FY1"}))
    lines = [
        OmsLine(line_id="1", sku="A", name="A", quantity=2, unit_price=50000, discount=10000, list_price=60000),
        OmsLine(line_id="2", sku="B", name="B", quantity=1, unit_price=5000),
    ]
    fees = [{"kind": "shipping", "amount": 4900}, {"kind": "cod_fee", "amount": 2000},
            {"kind": "discount", "amount": -98000}]
    wanted = unpaid(lines=lines, fees=fees, total=3900, due=3900)
    fynd(**WAY_B, push_as_draft=True).deliver(client, Kind.PUSH_UNPAID, wanted)
    method, url, given = client.asked[0]
    body = json.loads(given["body"])
    assert (method, url) == ("POST", "https://api.fynd.com/service/platform/order-manage/v1.0/company/42/orders")
    assert given["headers"]["x-ordering-source"] == "kartify"
    assert given["headers"]["x-application-id"] == "65a1b2c3d4e5f60718293a4b"
    assert (body["external_order_id"], body["is_draft"]) == ("K1001", True)
    assert body["currency_details"]["ordering_currency"] == "INR"
    shipment = body["shipments"][0]
    assert shipment["location_id"] == 7
    first, second = (line["monetary_values"] for line in shipment["line_items"])
    assert first == {"price_marked": 1200.0, "price_effective": 900.0, "discount": 300.0, "coupon_discount": 969.0,
                     "cod_charges": 20.0, "delivery_charges": 49.0, "amount_paid": 0.0}
    assert second == {"price_marked": 50.0, "price_effective": 50.0, "coupon_discount": 11.0, "amount_paid": 39.0}
    details = body["shipping_details"]
    assert (details["phone_code"], details["mobile_number"], details["pincode"]) == ("+91", "9000000000", "411001")
    assert (details["first_name"], details["last_name"]) == ("Asha", "Rao")
    assert body["billing_details"] == details


def test_the_old_schema_has_the_three_charges(fynd, canned, unpaid):
    client = canned((200, {"fynd_order_id": "FY1"}))
    fynd(**WAY_B, order_schema="old").deliver(client, Kind.PUSH_UNPAID, unpaid())
    sent = client.asked[0][2]["body"]
    body = json.loads(sent)
    charges = body["shipments"][0]["line_items"][0]["charges"]
    assert [charge["name"] for charge in charges] == ["amount_paid", "price_effective", "price_marked"]
    assert b'"value":1499.00' in sent
    assert body["shipping_info"]["primary_mobile_number"] == "+919000000000"
    assert body["payment_info"]["primary_mode"] == "CARD"


@pytest.mark.parametrize(("change", "field"), [
    ({"lines": []}, "lines"), ({"total": 1}, "total"), ({"currency": "USD"}, "currency"),
    ({"shipping_address": None}, "shipping_address.line1"),
    ({"shipping_address": {"line1": "x", "city": "x", "state": "x", "country": "IN"}}, "shipping_address.postcode"),
    ({"customer": {"name": "A"}}, "customer.phone"),
    ({"lines": [OmsLine(line_id="1", sku="", name="A", quantity=1, unit_price=149900)]}, "lines[0].sku"),
    ({"lines": [OmsLine(line_id="1", sku="A", name="A", quantity=0, unit_price=149900)]}, "lines[0].quantity"),
])
def test_what_fynd_would_refuse_is_named(fynd, canned, unpaid, change, field):
    client = canned()
    for call in (lambda: fynd(**WAY_B).check(Kind.PUSH_UNPAID, unpaid(**change)),
                 lambda: fynd(**WAY_B).deliver(client, Kind.PUSH_UNPAID, unpaid(**change))):
        with pytest.raises(Permanent) as caught:
            call()
        assert caught.value.field == field
    assert client.asked == []


@pytest.mark.parametrize(("answer", "kind"), [
    ((400, {"success": False, "errors": {"pincode": ["bad"]}, "status_code": 400, "fynd_order_id": None}), Permanent),
    ((200, {"success": False, "errors": "bad"}), Permanent),
    ((400, {"message": "bad", "status": 400, "code": "X", "exception": "Y", "stack_trace": "secret path"}), Permanent),
    ((200, {}), Temporary), ((200, b"x"), Temporary), ((504, {}), Temporary),
])
def test_answers_to_a_create(fynd, canned, unpaid, answer, kind):
    with pytest.raises(kind) as caught:
        fynd(**WAY_B).deliver(canned(answer), Kind.PUSH_UNPAID, unpaid())
    assert kind is Temporary or "bad" in str(caught.value)
    assert "secret path" not in str(caught.value)


def test_a_lost_answer_is_found_and_not_created_twice(simulator, account, client, unpaid):
    simulator.faults.ask("create", Fault.DROP)
    plugin = account(**WAY_B)
    with pytest.raises(Temporary):
        plugin.deliver(client, Kind.PUSH_UNPAID, unpaid())
    assert plugin.find(client, Kind.PUSH_UNPAID, unpaid()).presence is Presence.DONE
    assert len(simulator.world.orders) == 1


def test_two_fynd_orders_with_our_number_need_a_person(simulator, account, client, unpaid):
    plugin = account(**WAY_B)
    plugin.deliver(client, Kind.PUSH_UNPAID, unpaid())
    plugin.deliver(client, Kind.PUSH_UNPAID, unpaid())
    found = plugin.find(client, Kind.PUSH_UNPAID, unpaid())
    assert (found.presence, "several" in found.detail) == (Presence.DEAD, True)


def test_a_cancelled_order_is_dead(simulator, account, client, unpaid):
    plugin = account(**WAY_B)
    receipt = plugin.deliver(client, Kind.PUSH_UNPAID, unpaid())
    simulator.cancel(receipt.id)
    assert plugin.find(client, Kind.PUSH_UNPAID, unpaid()).presence is Presence.DEAD


def test_an_old_order_is_found_beyond_fynds_default_window(simulator, account, client, unpaid):
    then = datetime.now(UTC) - timedelta(days=20)
    simulator.add_order("K1001", "FY637CFCC00177713D47", 149900).created = then
    assert simulator.world.listing({"search_type": "external_order_id", "search_value": "K1001"})["items"] == []
    assert account(**WAY_B).find(client, Kind.PUSH_UNPAID, unpaid(created_at=then)).presence is Presence.DONE


@pytest.mark.parametrize("listing", [
    {"items": "x"}, {}, {"items": [{"shipments": []}]}, {"items": ["x"]}, {"success": False, "items": []},
])
def test_a_listing_that_cannot_be_read_is_untold_never_absent(fynd, canned, unpaid, listing):
    found = fynd(**WAY_B).find(canned((200, listing)), Kind.PUSH_UNPAID, unpaid())
    assert found.presence is Presence.UNTOLD


def test_a_listed_order_that_tells_another_number_is_not_ours(fynd, canned, unpaid):
    listing = {"items": [{"order_id": "FY1", "external_order_id": "K10015"}]}
    assert fynd(**WAY_B).find(canned((200, listing)), Kind.PUSH_UNPAID, unpaid()).presence is Presence.ABSENT
