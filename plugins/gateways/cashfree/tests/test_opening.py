"""Opening an order: what is sent, what the browser gets, and what becomes of a lost answer."""

import json
from decimal import Decimal

import pytest

from kartify.plugin import Money, Permanent, Temporary


def sent(canned, gateway, wish, order, **changes):
    client = canned((200, order(order_status="ACTIVE")))
    gateway.open(client, wish(**changes))
    return client.asked[0]


def test_the_order_is_asked_for_in_rupees_and_with_our_keys(gateway, canned, wish, order):
    method, url, given = sent(canned, gateway, wish, order)
    assert (method, url) == ("POST", "https://sandbox.cashfree.com/pg/orders")
    headers = given["headers"]
    assert (headers["x-client-id"], headers["x-client-secret"]) == (
        "TESTKARTIFY000000000000000000000001", "made-up-client-secret")
    assert headers["x-api-version"] == "2025-01-01"
    body = given["json"]
    assert body["order_amount"] == Decimal("1299.00")
    assert isinstance(body["order_amount"], Decimal)
    assert str(body["order_amount"]) == "1299.00"
    assert (body["order_id"], body["order_currency"]) == ("R7Q2M9", "INR")
    assert body["order_tags"] == {"kartify_reference": "R7Q2M9", "kartify_order": "K1007"}
    assert body["order_note"] == "Order K1007"
    assert body["order_meta"]["notify_url"] == "https://kartify.example/webhooks/a"
    assert body["order_meta"]["return_url"] == (
        "https://kartify.example/callbacks/a?kartify_reference=R7Q2M9&order_id={order_id}")


def test_on_the_wire_the_amount_keeps_its_digits(live):
    """129910 paise as a float would be 1299.1 here, and 0.1 + 0.2 elsewhere."""
    live.opened("R7Q2M9", minor=129910)
    session = live.simulator.book.sessions["R7Q2M9"]
    assert session.amount == 129910


@pytest.mark.parametrize(
    ("phone", "told"),
    [("9000000000", "9000000000"), ("+91 90000-00000", "9000000000"), ("09000000000", "9000000000"),
     ("(900) 000.0000", "9000000000"), ("+14155550100", "+14155550100")],
)  # fmt: skip
def test_the_phone_is_brought_into_the_form_that_cashfree_takes(gateway, canned, wish, order, phone, told):
    body = sent(canned, gateway, wish, order, customer={"phone": phone})[2]["json"]
    assert body["customer_details"] == {"customer_id": "guestR7Q2M9", "customer_phone": told}


@pytest.mark.parametrize("phone", ["", "12345", "90000000001", "call me", "+1", "9x00000000"])
def test_without_a_usable_phone_nothing_is_opened(gateway, canned, wish, phone):
    with pytest.raises(Permanent) as caught:
        gateway.open(canned(), wish(customer={"phone": phone}))
    assert caught.value.field == "customer_details.customer_phone"


def test_a_fallback_phone_stands_in(make_gateway, canned, wish, order):
    gateway = make_gateway(fallback_phone="9999999999")
    body = sent(canned, gateway, wish, order, customer={})[2]["json"]
    assert body["customer_details"]["customer_phone"] == "9999999999"


def test_a_customers_own_id_name_and_address_are_given_where_they_fit(gateway, canned, wish, order):
    customer = {"id": "cust_17", "phone": "9000000000", "name": " Asha ", "email": "asha@example.com"}
    body = sent(canned, gateway, wish, order, customer=customer)[2]["json"]
    assert body["customer_details"] == {
        "customer_id": "cust_17", "customer_phone": "9000000000", "customer_name": "Asha",
        "customer_email": "asha@example.com"}  # fmt: skip
    odd = {"id": "not an id!", "phone": "9000000000", "name": "Al", "email": "none"}
    body = sent(canned, gateway, wish, order, customer=odd)[2]["json"]
    assert body["customer_details"] == {"customer_id": "guestR7Q2M9", "customer_phone": "9000000000"}


@pytest.mark.parametrize("amount", [Money(99, "INR"), Money(0, "USD"), Money(-100, "INR")])
def test_what_cashfree_refuses_anyway_is_not_sent(gateway, canned, wish, amount):
    with pytest.raises(Permanent) as caught:
        gateway.open(canned(), wish(amount=amount))
    assert caught.value.field == "order_amount"


@pytest.mark.parametrize("reference", ["A", "AB", "R7/Q2"])
def test_a_reference_that_is_no_order_id_is_refused(gateway, canned, wish, reference):
    with pytest.raises(Permanent):
        gateway.open(canned(), wish(reference=reference))


def test_an_address_that_is_too_long_is_named(gateway, canned, wish):
    with pytest.raises(Permanent) as caught:
        gateway.open(canned(), wish(callback_url="https://kartify.example/" + "x" * 250))
    assert caught.value.field == "order_meta.return_url"


@pytest.mark.parametrize(
    ("changes", "url", "there"),
    [({}, "https://kartify.example/webhooks/a", True), ({"notify_url": False}, "https://kartify.example/w", False),
     ({}, "http://kartify.example/webhooks/a", False), ({}, "https://kartify.example/" + "x" * 250, False),
     ({"api_base": "http://127.0.0.1:9/pg"}, "http://127.0.0.1:8/w", True)],
)  # fmt: skip
def test_our_webhook_address_is_named_where_cashfree_takes_it(
    make_gateway, canned, wish, order, changes, url, there
):
    body = sent(canned, make_gateway(**changes), wish, order, webhook_url=url)[2]["json"]
    assert ("notify_url" in body["order_meta"]) == there


def test_the_order_ends_when_the_settings_say(live, wish):
    opened = live.gateway_with(session_minutes=30).open(live.client, wish())
    session = live.simulator.book.sessions["R7Q2M9"]
    assert 1790 <= (session.data["expires_at"] - session.created_at).total_seconds() <= 1801
    assert opened.expires_at == session.data["expires_at"]


def test_the_sandbox_holds_money_only_for_orders_with_its_note(make_gateway, canned, wish, order):
    body = sent(canned, make_gateway(pre_authorisation=True), wish, order)[2]["json"]
    assert body["order_note"] == "preauth_transaction"


def test_the_methods_of_the_settings_are_asked_for(make_gateway, canned, wish, order):
    body = sent(canned, make_gateway(payment_methods="cc,upi"), wish, order)[2]["json"]
    assert body["order_meta"]["payment_methods"] == "cc,upi"


def test_the_browser_gets_the_session_and_never_a_secret(gateway, canned, wish, order):
    opened = gateway.open(canned((200, order(order_status="ACTIVE"))), wish())
    assert opened.next.as_dict() == {
        "type": "sdk",
        "url": "https://sdk.cashfree.com/js/v3/cashfree.js",
        "data": {
            "script": "https://sdk.cashfree.com/js/v3/cashfree.js",
            "mode": "sandbox",
            "checkout": {"paymentSessionId": "session_made-up", "redirectTarget": "_self"},
        },
    }
    assert "secret" not in json.dumps(opened.next.as_dict())


def test_an_order_of_another_amount_is_refused(gateway, canned, wish, order):
    with pytest.raises(Permanent, match="another amount"):
        gateway.open(canned((200, order(order_status="ACTIVE", order_amount=1298.99))), wish())
    with pytest.raises(Permanent, match="another amount"):
        gateway.open(canned((200, order(order_status="ACTIVE", order_currency="USD"))), wish())


@pytest.mark.parametrize(
    "changes", [{"order_id": "OTHER1"}, {"payment_session_id": None}, {"order_amount": "1299.001"}],
)  # fmt: skip
def test_an_answer_that_cannot_be_is_asked_again(gateway, canned, wish, order, changes):
    with pytest.raises(Temporary):
        gateway.open(canned((200, order(order_status="ACTIVE", **changes))), wish())


@pytest.mark.parametrize("fault", ["dropped-after", "truncated", "html"])
def test_an_order_whose_answer_was_lost_is_found_and_not_made_twice(live, wish, fault):
    live.simulator.faults.next(fault)
    with pytest.raises(Temporary):
        live.gateway.open(live.client, wish())
    found = live.gateway.find(live.client, wish(customer={}))
    assert (found.gateway_order_id, found.next.type) == ("R7Q2M9", "sdk")
    assert live.gateway.open(live.client, wish()).next == found.next
    assert len(live.simulator.book.sessions) == 1


def test_nothing_is_found_where_nothing_was_opened(live, wish):
    assert live.gateway.find(live.client, wish()) is None


def test_a_found_order_that_is_paid_has_no_next_step(live, wish):
    live.opened()
    live.simulator.pay("R7Q2M9")
    assert live.gateway.find(live.client, wish()).next.type == "none"


def test_a_found_order_of_another_amount_is_not_ours(live, wish):
    live.opened(minor=5000)
    with pytest.raises(Permanent):
        live.gateway.find(live.client, wish())
