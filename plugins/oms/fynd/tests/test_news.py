"""Webhooks: proved over the raw bytes, read, mapped; a ping does nothing."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from kartify_fynd.news import sign

from kartify.plugin import Inbound, NewsKind, NoSecret, PartnerRoute, Refused, Unreadable

FYND_ID = "FY637CFCC00177713D47"
ROUTE = PartnerRoute(method="POST", path="webhooks", name="webhooks")
APPLICATION = "65a1b2c3d4e5f60718293a4b"


def inbound(body, headers=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Inbound(method="POST", path="/webhooks", headers=headers or {}, body=content)


def update(state="placed", **more):
    shipment = {"shipment_id": "S1", "order_id": FYND_ID, "shipment_status": {"status": state}, **more}
    return {"event": {"name": "shipment", "type": "update"}, "company_id": 42, "application_id": APPLICATION,
            "payload": {"shipment": shipment}}


PING = {"event": {"name": "ping", "category": "company", "type": "test", "version": "1"}, "company_id": 42}


def test_the_simulators_webhook_is_proved_and_read(simulator, account):
    simulator.add_order("K1001", FYND_ID, 149900)
    simulator.set_status(FYND_ID, "bag_picked")
    headers, body = simulator.webhook(FYND_ID)
    plugin = account()
    message = inbound(body, headers)
    plugin.authenticate(message)
    (news,) = plugin.read_news(ROUTE, message)
    assert (news.kind, news.word, news.oms_order_id, news.whole) == (NewsKind.SHIPPED, "bag_picked", FYND_ID, False)
    assert news.at == simulator.world.orders[FYND_ID].shipments[0].history[-1][1]
    assert plugin.reply(True).status == 200


def test_every_changed_byte_is_refused(simulator, account):
    simulator.add_order("K1001", FYND_ID, 149900)
    headers, body = simulator.webhook(FYND_ID)
    plugin = account()
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1:]
        with pytest.raises(Refused):
            plugin.authenticate(inbound(changed, headers))


@pytest.mark.parametrize("signature", [
    "", "x", "é", "v1.1:" + sign("very-secret-hook", b"{}"), sign("very-secret-hook", b"{ }"), sign("other", b"{}"),
])
def test_a_wrong_signature_is_refused(fynd, signature):
    with pytest.raises(Refused) as caught:
        fynd().authenticate(inbound(b"{}", {"x-fp-signature": signature}))
    assert "very-secret" not in str(caught.value)


def test_an_upper_case_signature_is_the_same(fynd):
    fynd().authenticate(inbound(b"{}", {"x-fp-signature": sign("very-secret-hook", b"{}").upper()}))


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_nothing_is_taken_not_even_a_ping(fynd, secret):
    with pytest.raises(NoSecret):
        fynd(webhook_secret=secret).authenticate(inbound(PING))


@pytest.mark.parametrize(("hours", "taken"), [(1, True), (-1, False)])
def test_a_retired_secret_counts_until_its_end(fynd, hours, taken):
    until = datetime.now(UTC) + timedelta(hours=hours)
    plugin = fynd(webhook_secret_previous="old-secret", webhook_secret_previous_until=until)
    message = inbound(b"{}", {"x-fp-signature": sign("old-secret", b"{}")})
    if taken:
        plugin.authenticate(message)
    else:
        with pytest.raises(Refused):
            plugin.authenticate(message)


def test_a_ping_is_answered_and_nothing_follows_though_it_holds_news(fynd):
    message = inbound({**update("delivery_done"), **PING})
    fynd().authenticate(message)
    assert fynd().read_news(ROUTE, message) == ()


def test_a_large_unsigned_ping_is_refused(fynd):
    with pytest.raises(Refused):
        fynd().authenticate(inbound({**PING, "payload": "x" * 5000}))


@pytest.mark.parametrize(("state", "kind"), [
    ("pending", NewsKind.OTHER), ("awaiting_payment_confirmation", NewsKind.OTHER),
    ("payment_failed", NewsKind.OTHER), ("placed", NewsKind.ACCEPTED), ("store_reassigned", NewsKind.ACCEPTED),
    ("bag_confirmed", NewsKind.ACCEPTED), ("bag_invoiced", NewsKind.ACCEPTED), ("dp_assigned", NewsKind.ACCEPTED),
    ("bag_packed", NewsKind.ACCEPTED), ("bag_picked", NewsKind.SHIPPED), ("out_for_delivery", NewsKind.SHIPPED),
    ("delivery_done", NewsKind.DELIVERED), ("handed_over_to_customer", NewsKind.DELIVERED),
    ("cancelled_customer", NewsKind.CANCELLED), ("cancelled_fynd", NewsKind.CANCELLED),
    ("bag_not_confirmed", NewsKind.CANCELLED), ("return_initiated", NewsKind.RETURNED),
    ("return_accepted", NewsKind.RETURNED), ("credit_note_generated", NewsKind.OTHER),
    ("refund_initiated", NewsKind.OTHER), ("refund_done", NewsKind.OTHER), ("a_new_word", NewsKind.OTHER),
])
def test_every_state_has_its_news(fynd, state, kind):
    (news,) = fynd().read_news(ROUTE, inbound(update(state)))
    assert (news.kind, news.word) == (kind, state)


@pytest.mark.parametrize(("state", "single", "whole"), [
    ("placed", False, True), ("cancelled_fynd", False, False), ("cancelled_fynd", True, True),
    ("delivery_done", False, False),
])
def test_one_shipments_news_is_the_orders_only_where_that_is_sure(fynd, state, single, whole):
    (news,) = fynd(single_shipment=single).read_news(ROUTE, inbound(update(state)))
    assert news.whole is whole


@pytest.mark.parametrize("more", [
    {"order_id": None, "order": {"fynd_order_id": FYND_ID}}, {"shipment_status": None, "status": "placed"},
    {"shipment_status": "placed"}, {"shipment_id": None, "id": "S1"},
])
def test_the_seen_shapes_of_a_shipment_are_read(fynd, more):
    (news,) = fynd().read_news(ROUTE, inbound(update(**more)))
    assert (news.word, news.oms_order_id, news.detail) == ("placed", FYND_ID, "shipment S1")


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"[" * 20_000, b"\xff", {**update(), "company_id": 43}, {**update(), "company_id": None},
    {**update(), "application_id": "ffffffffffffffffffffffff"}, {**update(), "payload": {}}, update(""),
    update(order_id=None), update("x" * 65), update("pla\x00ced"), update(order_id="\ud800"),
])
def test_what_cannot_be_read_is_unreadable(fynd, body):
    with pytest.raises(Unreadable):
        fynd().read_news(ROUTE, inbound(body))


def test_the_same_bytes_have_the_same_key_and_others_another(fynd):
    keys = [fynd().read_news(ROUTE, inbound(body))[0].key for body in (update(), update(), update(x=1))]
    assert keys[0] == keys[1] != keys[2]


def test_reading_asks_no_clock_and_changes_nothing(fynd):
    plugin, message = fynd(), inbound(update())
    assert plugin.read_news(ROUTE, message) == plugin.read_news(ROUTE, message)
