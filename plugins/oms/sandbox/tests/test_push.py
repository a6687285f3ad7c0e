"""Pushing: what each answer of the OMS means."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

import pytest

from kartify.plugin import Denied, Kind, OmsLine, Permanent, Presence, Temporary, Throttled


def push(oms, client, order):
    return oms.deliver(client, Kind.PUSH, order)


def test_an_order_is_booked_whole_and_the_receipt_is_the_oms_id(oms, client, server, order):
    receipt = push(oms, client, order)
    [booked] = server.orders
    assert receipt.id == booked.id
    assert booked.id.startswith("SO-")
    assert (booked.number, booked.total, booked.currency, booked.state) == ("K1001", 254900, "INR", "accepted")
    sent = booked.document
    assert [line["sku"] for line in sent["lines"]] == ["SHIRT-M", "CAP-1"]
    assert sent["payments"][0]["gateway_payment_id"] == "pay_1"
    assert sent["customer"]["name"] == "Asha Rao"
    assert sent["shipping_address"]["postcode"] == "411001"
    assert sent["created_at"] == "2026-09-01T10:00:00+00:00"
    assert "oms_order_id" not in sent


def test_free_fields_of_any_kind_can_be_sent(oms, client, server, order):
    metadata = MappingProxyType({"rate": Decimal("5.00"), "tags": ("a", "b"), "नाम": "शर्ट"})
    push(oms, client, replace(order, metadata=metadata))
    assert server.orders[0].document["metadata"] == {"rate": "5.00", "tags": ["a", "b"], "नाम": "शर्ट"}


def test_an_order_without_an_address_is_taken(oms, client, order):
    digital = replace(order, shipping_address=None)
    oms.check(Kind.PUSH, digital)
    assert push(oms, client, digital).id


def test_a_blind_repetition_shows_as_a_second_sales_order(oms, client, server, order):
    assert push(oms, client, order).id != push(oms, client, order).id
    assert server.by_number == {"K1001": 2}


def test_an_idempotent_server_gives_the_same_order_again(account, client, server, order):
    server.duplicates = "same"
    oms = account(idempotent=True)
    assert push(oms, client, order).id == push(oms, client, order).id
    assert server.by_number == {"K1001": 1}


def test_409_with_our_number_and_sum_is_success(oms, client, server, order):
    server.duplicates = "conflict"
    first = push(oms, client, order)
    again = push(oms, client, order)
    assert again.id == first.id
    assert again.detail == "The OMS had it already."
    assert server.by_number == {"K1001": 1}


def test_409_with_another_sum_is_refused_naming_the_total(oms, client, server, order):
    server.duplicates = "conflict"
    push(oms, client, order)
    dearer = replace(order, total=259900, fees=({"kind": "shipping", "amount": 10000},))
    with pytest.raises(Permanent) as refused:
        push(oms, client, dearer)
    assert refused.value.field == "total"


def test_409_with_another_currency_is_refused_naming_the_total(oms, client, server, order):
    server.duplicates = "conflict"
    push(oms, client, order)
    with pytest.raises(Permanent) as refused:
        push(oms, client, replace(order, currency="USD"))
    assert refused.value.field == "total"


def test_409_for_an_order_that_the_oms_cancelled_is_refused(oms, client, server, order):
    server.duplicates = "conflict"
    push(oms, client, order)
    server.cancel("K1001")
    with pytest.raises(Permanent, match="cancelled"):
        push(oms, client, order)


def test_an_unknown_sku_is_parked_with_the_field_named(oms, client, server, order):
    bad = replace(order.lines[1], sku="BAD-1")
    with pytest.raises(Permanent) as refused:
        push(oms, client, replace(order, lines=(order.lines[0], bad)))
    assert refused.value.field == "lines[1].sku"
    assert "SKU" in str(refused.value)
    assert server.orders == []


def test_the_server_refuses_a_bad_postcode_itself(oms, client, order):
    with pytest.raises(Permanent) as refused:
        push(oms, client, replace(order, shipping_address={"postcode": "0123", "country": "IN"}))
    assert refused.value.field == "shipping_address.postcode"


def test_a_line_lost_on_the_way_is_refused_naming_the_total(oms, client, order):
    with pytest.raises(Permanent) as refused:
        push(oms, client, replace(order, lines=order.lines[:1]))
    assert refused.value.field == "total"


def test_a_wrong_key_denies_the_account(account, client, server, order):
    with pytest.raises(Denied):
        push(account(api_key="another"), client, order)
    assert server.orders == []


def test_a_key_of_another_merchant_denies_the_account(account, client, order):
    with pytest.raises(Denied):
        push(account(merchant="somebody else"), client, order)


def test_a_merchant_name_in_any_script_can_be_sent(account, client, server, order):
    server.merchant = "दुकान & co"
    assert push(account(merchant="दुकान & co"), client, order).id


def test_429_slows_down_for_as_long_as_the_oms_asks(oms, client, server, order):
    server.retry_after = 7
    server.mode("throttle", times=1)
    with pytest.raises(Throttled) as throttled:
        push(oms, client, order)
    assert throttled.value.retry_after == 7
    assert not throttled.value.sent
    assert push(oms, client, order).id


@pytest.mark.parametrize("behaviour", ["error_500", "error_503", "drop_before"])
def test_an_unclear_answer_may_have_been_sent(oms, client, server, order, behaviour):
    server.mode(behaviour, times=1)
    with pytest.raises(Temporary) as unclear:
        push(oms, client, order)
    assert unclear.value.sent
    assert oms.find(client, Kind.PUSH, order).presence is Presence.ABSENT


@pytest.mark.parametrize("behaviour", ["drop_after_accept", "garble"])
def test_a_lost_answer_is_found_by_number_and_never_repeated(oms, client, server, order, behaviour):
    server.mode(behaviour, times=1)
    with pytest.raises(Temporary) as lost:
        push(oms, client, order)
    assert lost.value.sent
    found = oms.find(client, Kind.PUSH, order)
    assert (found.presence, found.number, found.amount) == (Presence.DONE, "K1001", 254900)
    assert found.receipt.id == server.orders[0].id
    assert server.calls == {"push": 1, "find": 1}
    assert server.by_number == {"K1001": 1}


@pytest.mark.parametrize(("behaviour", "there"), [("stall", Presence.DONE), ("stall_before", Presence.ABSENT)])
def test_a_stalling_oms_is_given_up_at_the_deadline(oms, client, server, order, behaviour, there):
    oms.deadline = 0.3
    server.mode(behaviour, times=1)
    begun = time.monotonic()
    with pytest.raises(Temporary) as lost:
        push(oms, client, order)
    assert time.monotonic() - begun < 3
    assert lost.value.sent
    assert oms.find(client, Kind.PUSH, order).presence is there


def test_a_refused_connection_was_surely_not_sent(account, client, order):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Temporary) as refused:
        push(account(api_base=closed), client, order)
    assert not refused.value.sent


def test_a_rejecting_oms_names_the_field(oms, client, server, order):
    server.mode("reject")
    with pytest.raises(Permanent) as refused:
        push(oms, client, order)
    assert refused.value.field == "shipping_address.postcode"


@pytest.mark.parametrize("kind", [Kind.CONFIRM, Kind.FEED, Kind.PUSH_UNPAID, Kind.NONE])
def test_other_deliveries_are_refused_without_a_call(oms, client, server, order, kind):
    with pytest.raises(Permanent):
        oms.deliver(client, kind, order)
    assert server.calls == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": ()}, "lines"),
        ({"lines": (OmsLine(line_id="1", sku="A", name="A", quantity=0, unit_price=1),)}, "lines[0].quantity"),
        ({"lines": (OmsLine(line_id="1", sku="A", name="A", quantity=1, unit_price=-1),)}, "lines[0].unit_price"),
        ({"shipping_address": {"postcode": "41100"}}, "shipping_address.postcode"),
        ({"shipping_address": {"postcode": "4110011", "country": "IN"}}, "shipping_address.postcode"),
        ({"shipping_address": {"postcode": "४११००१", "country": "IN"}}, "shipping_address.postcode"),
        ({"shipping_address": {"city": "Berlin", "country": "DE"}}, "shipping_address.postcode"),
    ],
)
def test_check_names_what_the_oms_would_refuse(oms, order, change, field):
    with pytest.raises(Permanent) as refused:
        oms.check(Kind.PUSH, replace(order, **change))
    assert refused.value.field == field


def test_check_lets_good_orders_and_other_kinds_pass(oms, order):
    oms.check(Kind.PUSH, order)
    oms.check(Kind.PUSH, replace(order, shipping_address={"postcode": "SW1A 1AA", "country": "GB"}))
    oms.check(Kind.CANCEL, replace(order, lines=(), shipping_address={"postcode": "?"}))
