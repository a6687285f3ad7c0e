"""Opening a session and finding one whose answer was lost."""

import json

import pytest

from kartify.plugin import Money, Permanent, Temporary


def test_an_order_is_opened_for_the_checkout(live, wish):
    opened = live.gateway.open(live.client, wish())
    order = live.simulator.ledger.order(opened.gateway_order_id)
    assert (order["amount"], order["currency"], order["receipt"]) == (129900, "INR", "R7Q2M9")
    step = opened.next.as_dict()
    options = step["data"]["options"]
    assert (step["type"], step["url"]) == ("sdk", "https://checkout.razorpay.com/v1/checkout.js")
    assert step["data"]["script"] == step["url"]
    assert options["order_id"] == opened.gateway_order_id
    assert options["key"] == live.simulator.settings()["key_id"]
    assert (options["amount"], options["currency"], options["redirect"]) == (129900, "INR", True)
    assert options["callback_url"] == "https://kartify.example/callbacks/a"
    assert options["prefill"] == {"name": "Asha Rao", "email": "asha@example.com", "contact": "+919000000000"}
    assert options["notes"] == order["notes"]
    assert options["notes"]["kartify_reference"] == "R7Q2M9"
    assert live.simulator.settings()["key_secret"] not in json.dumps(step)


def opened_order(status="created", **changes):
    return {"id": "order_KART0000000001", "amount": 129900, "currency": "INR", "status": status, "notes": [],
            "receipt": "R7Q2M9", **changes}  # fmt: skip


def test_what_is_sent_asks_for_capture_and_carries_our_keys(gateway, canned, wish):
    client = canned((200, opened_order()))
    gateway.open(client, wish())
    ((method, url, given),) = client.asked
    assert (method, url) == ("POST", "https://api.razorpay.com/v1/orders")
    assert given["auth"] == ("rzp_test_KARTIFY0000001", "key-secret-of-tests")
    assert given["timeout"] == gateway.deadline
    assert given["json"]["payment"] == {
        "capture": "automatic",
        "capture_options": {
            "automatic_expiry_period": 4320,
            "manual_expiry_period": 7200,
            "refund_speed": "normal",
        },
    }
    assert "unique_receipt" not in given["json"]


def test_choices_of_the_account_are_sent(make_gateway, canned, wish):
    client = canned((200, opened_order()))
    make_gateway(capture="manual", unique_receipt=True).open(client, wish())
    body = client.asked[0][2]["json"]
    assert body["unique_receipt"] is True
    assert body["payment"]["capture"] == "manual"
    assert "automatic_expiry_period" not in body["payment"]["capture_options"]


@pytest.mark.parametrize(("minor", "currency"), [(99, "INR"), (0, "INR"), (-5, "USD"), (12995, "KWD"), (0, "JPY")])
def test_an_amount_that_razorpay_refuses_is_not_sent(gateway, canned, wish, minor, currency):
    client = canned()
    with pytest.raises(Permanent) as caught:
        gateway.open(client, wish(amount=Money(minor, currency)))
    assert caught.value.field == "amount"
    assert client.asked == []


@pytest.mark.parametrize(("minor", "currency"), [(1299, "JPY"), (12990, "KWD"), (100, "INR"), (1, "USD")])
def test_minor_units_are_sent_as_they_are(gateway, canned, wish, minor, currency):
    client = canned((200, opened_order(amount=minor, currency=currency)))
    gateway.open(client, wish(amount=Money(minor, currency)))
    sent = client.asked[0][2]["json"]
    assert (sent["amount"], sent["currency"]) == (minor, currency)
    assert type(sent["amount"]) is int


def test_an_older_order_of_another_amount_is_not_taken_for_ours(gateway, canned, wish):
    with pytest.raises(Permanent) as caught:
        gateway.open(canned((200, opened_order(amount=5000))), wish())
    assert caught.value.field == "amount"


def test_an_order_without_an_id_is_no_order(gateway, canned, wish):
    with pytest.raises(Temporary):
        gateway.open(canned((200, opened_order(id=None))), wish())


def test_an_order_whose_answer_was_lost_is_found(live, wish):
    live.simulator.faults.next("dropped-after")
    with pytest.raises(Temporary) as caught:
        live.gateway.open(live.client, wish())
    assert caught.value.sent
    (order_id,) = live.simulator.ledger.orders
    found = live.gateway.find(live.client, wish())
    assert found.gateway_order_id == order_id
    assert found.next.data["options"]["order_id"] == order_id


def test_what_is_not_known_when_finding_is_left_out_of_the_options(live, wish):
    live.opened()
    options = live.gateway.find(live.client, wish(order_number="", customer={})).next.data["options"]
    assert options["prefill"] == {}
    assert options["notes"] == {"kartify_reference": "R7Q2M9", "kartify_amount": "129900"}


def test_an_order_that_was_never_made_is_not_found(live, wish):
    live.opened("OTHER1")
    assert live.gateway.find(live.client, wish()) is None


def test_of_several_orders_the_paid_one_is_found_and_not_paid_again(live, wish):
    live.opened()
    paid = live.opened()
    live.opened()
    live.simulator.pay(paid.gateway_order_id)
    found = live.gateway.find(live.client, wish())
    assert (found.gateway_order_id, found.next.type) == (paid.gateway_order_id, "none")


def test_an_order_of_the_receipt_with_another_amount_is_not_found(live, wish):
    live.opened(minor=5000)
    assert live.gateway.find(live.client, wish()) is None


def test_a_filter_that_is_overlooked_finds_nothing_of_others(gateway, canned, wish):
    client = canned((200, {"entity": "collection", "count": 1, "items": [opened_order(receipt="OTHER1")]}))
    assert gateway.find(client, wish()) is None
