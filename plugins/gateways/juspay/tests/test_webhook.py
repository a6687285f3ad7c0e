"""Webhooks: a reason to ask, never to settle."""

import json

import pytest

from kartify.plugin import Unreadable


def event(name, content, **more):
    return {"id": "evt_V2_1", "event_name": name, "date_created": "2026-06-01T06:21:50Z", "content": content, **more}


@pytest.mark.parametrize("name", [
    "ORDER_SUCCEEDED", "ORDER_FAILED", "REFUND_INITIATED", "ORDER_REFUNDED", "ORDER_REFUND_FAILED",
    "REFUND_MANUAL_REVIEW_NEEDED", "AUTO_REFUND_SUCCEEDED", "AUTO_REFUND_FAILED",
])  # fmt: skip
def test_an_event_of_an_order_is_a_reason_to_ask(gateway, hook, juspay, name):
    read = gateway.read_webhook(hook(event(name, {"order": juspay.order()})))
    assert (read.event, read.ask, read.reports, read.ignored) == (name, ("R7Q2M9",), (), None)


@pytest.mark.parametrize("name", ["TXN_CREATED", "TXN_CHARGED", "TXN_FAILED"])
def test_events_of_an_attempt_bring_txn_instead(gateway, hook, juspay, name):
    read = gateway.read_webhook(hook(event(name, {"txn": juspay.order()["txn_detail"]})))
    assert (read.ask, read.reports) == (("R7Q2M9",), ())


def test_even_numbers_as_text_and_an_unknown_word_are_only_asked_about(gateway, hook, juspay):
    told = juspay.order("SPLENDID", "99", amount="1299", refunded="true")
    read = gateway.read_webhook(hook(event("ORDER_SUCCEEDED", {"order": told})))
    assert (read.ask, read.reports) == (("R7Q2M9",), ())


@pytest.mark.parametrize("name", ["MANDATE_CREATED", "NOTIFICATION_SUCCEEDED", "CHARGEBACK_RECEIVED", "ORDERED"])
def test_other_events_are_ignored_by_name(gateway, hook, juspay, name):
    read = gateway.read_webhook(hook(event(name, {"order": juspay.order()})))
    assert (read.event, read.ask) == (name, ())
    assert name in read.ignored


@pytest.mark.parametrize("content", [
    None, {}, [], {"order": None}, {"order": {}}, {"order": {"order_id": 7}}, {"txn": {"order_id": "../x"}},
    {"order": {"order_id": ""}}, {"mandate": {"order_id": "R7Q2M9"}},
], ids=str)  # fmt: skip
def test_an_event_that_names_no_order_is_ignored(gateway, hook, content):
    read = gateway.read_webhook(hook(event("ORDER_SUCCEEDED", content)))
    assert read.ask == ()
    assert read.ignored


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"event_name": 7}', b'{"event_name": ""}', b"\xff\xfe", b"[" * 100_000,
    b'{"event_name": NaN}',
], ids=lambda one: one[:20].decode("latin-1"))  # fmt: skip
def test_what_is_no_event_is_unreadable(gateway, hook, body):
    with pytest.raises(Unreadable):
        gateway.read_webhook(hook(body))


def test_the_key_goes_by_id_and_bytes(gateway, hook, juspay):
    first = hook(event("ORDER_SUCCEEDED", {"order": juspay.order()}))
    again = hook(event("ORDER_SUCCEEDED", {"order": juspay.order()}))
    other = hook(event("ORDER_SUCCEEDED", {"order": juspay.order()}, date_created="2026-06-01T06:22:50Z"))
    keys = [gateway.read_webhook(one).key for one in (first, again, other)]
    assert keys[0] == keys[1] != keys[2]
    assert all(key.startswith("evt_V2_1:") for key in keys)


def test_an_event_without_an_id_still_has_a_key(gateway, hook, juspay):
    body = json.loads(hook(event("ORDER_FAILED", {"order": juspay.order()})).body)
    del body["id"]
    assert gateway.read_webhook(hook(body)).key


def test_control_characters_reach_no_name(gateway, hook):
    assert gateway.read_webhook(hook(event("MANDATE_\u0000X\u0007", {}))).event == "MANDATE_X"


def test_webhooks_are_answered_200_when_stored(gateway):
    assert (gateway.reply(True).status, gateway.reply(False).status) == (200, 400)
