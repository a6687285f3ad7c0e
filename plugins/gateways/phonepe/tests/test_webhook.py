"""No webhook proves anything: each is a reason to ask, whatever it says."""

import json

import pytest

from kartify.plugin import Inbound, Unreadable

from .conftest import HERE

HOOKS = sorted((HERE / "samples" / "webhooks").glob("*.json"))


def _message(sample):
    return Inbound(method="POST", path="/webhooks/a", headers=sample["headers"], body=sample["body"].encode())


@pytest.mark.parametrize("path", HOOKS, ids=lambda path: path.stem)
def test_a_sample_is_verified_and_read_as_it_says(gateway, path):
    sample = json.loads(path.read_text())
    message, expect = _message(sample), sample["expect"]
    gateway.verify(message)
    read = gateway.read_webhook(message)
    assert (read.event, list(read.ask), read.reports) == (expect["event"], expect["ask"], ())
    assert bool(read.ignored) == expect.get("ignored", False)


def _hook(event="checkout.order.completed", **payload):
    given = {"orderId": "OMO1", "merchantOrderId": "R7Q2M9", "merchantId": "KARTIFYUAT", "state": "COMPLETED"}
    return {"event": event, "payload": {**given, **payload}}


def test_a_forged_body_under_a_genuine_header_settles_nothing(gateway, hook):
    """The header is the same for every webhook: whoever saw one can send this."""
    message = hook(_hook(amount=1, paymentDetails=[{"state": "COMPLETED", "amount": 149900, "transactionId": "OM9"}]))
    gateway.verify(message)
    read = gateway.read_webhook(message)
    assert (read.reports, read.ask) == ((), ("R7Q2M9",))


def test_a_body_proved_by_hmac_is_no_more_than_a_reason_to_ask(make_gateway, hook):
    gateway = make_gateway(webhook_auth="hmac", webhook_secret="made-up-key")
    read = gateway.read_webhook(hook(_hook()))
    assert (read.reports, read.ask) == ((), ("R7Q2M9",))


def test_the_same_bytes_have_the_same_key_and_other_news_another(gateway, hook):
    first, again = (gateway.read_webhook(hook(_hook())).key for _ in range(2))
    others = [
        gateway.read_webhook(hook(body)).key
        for body in (_hook(state="FAILED"), _hook("checkout.order.failed"), _hook(orderId="OMO2"), _hook(amount=1))
    ]
    assert first == again
    assert len({first, *others}) == 5


def test_a_refund_asks_about_the_order_that_it_is_of(gateway, hook):
    read = gateway.read_webhook(hook(_hook("pg.refund.completed", originalMerchantOrderId="R1", refundId="OMR1")))
    assert read.ask == ("R1",)


@pytest.mark.parametrize("name", [None, "", 7, ["R7Q2M9"], "R7 Q2", "R7/../Q2", "x" * 64, "R7Q2M9\n"])
def test_a_webhook_that_names_no_usable_order_is_ignored_with_the_reason(gateway, hook, name):
    read = gateway.read_webhook(hook(_hook(merchantOrderId=name)))
    assert (read.ask, read.reports) == ((), ())
    assert "names no order" in read.ignored


def test_without_a_merchant_id_news_of_any_merchant_is_a_reason_to_ask(make_gateway, hook):
    read = make_gateway(merchant_id="").read_webhook(hook(_hook(merchantId="SOMEONEELSE")))
    assert read.ask == ("R7Q2M9",)


@pytest.mark.parametrize("event", ["paylink.order.completed", "subscription.paused", "settlement.x", "x" * 500, "ü"])
def test_events_of_other_products_are_ignored_by_name(gateway, hook, event):
    read = gateway.read_webhook(hook(_hook(event)))
    assert read.ask == ()
    assert read.event[:20] in read.ignored


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b"[" * 20_000, b"{}", b'{"event": 7, "payload": {}}',
     b'{"event": "checkout.order.completed"}', b'{"event": "checkout.order.completed", "payload": []}',
     b'{"event": "checkout.order.completed", "payload": {"merchantOrderId": NaN}}',
     b'{"event": "pg.refund.failed", "payload": null,}'],
)  # fmt: skip
def test_what_cannot_be_read_says_so(gateway, hook, body):
    with pytest.raises(Unreadable):
        gateway.read_webhook(hook(body))


def test_the_simulators_webhooks_are_genuine(live):
    ours = live.opened()
    paid = live.simulator.pay(ours.gateway_order_id)
    [told] = live.simulator.told(paid)
    headers = {name.lower(): value for name, value in told.headers.items()}
    message = Inbound(method="POST", path="/webhooks/a", headers=headers, body=told.body)
    assert live.gateway.verify(message).secret == "current"
    assert live.gateway.read_webhook(message).ask == ("R7Q2M9",)
