"""Opening an order, and finding one whose answer was lost."""

from datetime import UTC, datetime

import pytest

from kartify.plugin import Money, Permanent, Temporary


def session(**changes):
    payload = {"clientId": "kartify", "amount": "1299.00", "clientAuthToken": "tkn_0000000000000001"}
    return {
        "status": "NEW", "id": "ordeh_1", "order_id": "R7Q2M9", "sdk_payload": {"payload": payload},
        "payment_links": {"web": "https://sandbox.juspay.in/orders/ordeh_1/payment-page"}, **changes,
    }  # fmt: skip


@pytest.fixture
def sent(gateway, canned, wish):
    def make(plugin=gateway, **changes):
        client = canned(session())
        plugin.open(client, wish(**changes))
        return client.asked[0]

    return make


def test_the_session_carries_text_in_rupees_and_our_reference(sent):
    method, url, given = sent()
    assert (method, url) == ("POST", "https://sandbox.juspay.in/session")
    assert given["json"] == {
        "order_id": "R7Q2M9", "amount": "1299.00", "currency": "INR", "customer_id": "R7Q2M9",
        "payment_page_client_id": "kartify", "action": "paymentPage",
        "return_url": "https://kartify.example/callbacks/a", "customer_email": "asha@example.com",
        "customer_phone": "9000000001", "first_name": "Asha", "last_name": "Rao", "udf1": "K1007",
    }  # fmt: skip


@pytest.mark.parametrize(("phone", "told"), [
    ("+919000000001", "9000000001"), ("9000000001", "9000000001"), ("+1 202 555 0100", "12025550100"), ("", None),
])  # fmt: skip
def test_an_indian_number_loses_its_country(sent, phone, told):
    assert sent(customer={"phone": phone})[2]["json"].get("customer_phone") == told


def test_a_customer_without_a_word_about_himself_is_fine(sent):
    assert {"customer_email", "first_name", "last_name"}.isdisjoint(sent(customer={})[2]["json"])


def test_metadata_goes_only_where_it_is_asked_for(sent, make_gateway):
    given = sent(make_gateway(webhook_in_order=True, pre_authorisation=True))[2]["json"]
    assert given["metadata"] == {
        "webhook_url": "https://kartify.example/webhooks/a", "txns.auto_capture": False
    }  # fmt: skip
    assert "metadata" not in sent()[2]["json"]


def test_the_browser_is_sent_to_the_payment_page(gateway, canned, wish):
    opened = gateway.open(canned(session(order_expiry="2026-06-02T06:20:00Z")), wish())
    assert (opened.gateway_order_id, opened.next.type) == ("R7Q2M9", "redirect")
    assert opened.next.url == "https://sandbox.juspay.in/orders/ordeh_1/payment-page"
    assert opened.expires_at == datetime(2026, 6, 2, 6, 20, tzinfo=UTC)


def test_an_expiry_of_the_link_counts_where_the_order_names_none(gateway, canned, wish):
    links = {"web": "https://x.example/p", "expiry": "2026-06-02T06:20:00Z"}
    assert gateway.open(canned(session(payment_links=links)), wish()).expires_at is not None
    assert gateway.open(canned(session()), wish()).expires_at is None


@pytest.mark.parametrize("changes", [
    {"payment_links": None}, {"payment_links": {}}, {"payment_links": {"web": "http://evil.example/p"}},
    {"payment_links": {"web": "javascript:alert(1)"}}, {"order_id": "R000001"}, {"order_id": None},
], ids=str)  # fmt: skip
def test_an_answer_that_opens_nothing_is_temporary(gateway, canned, wish, changes):
    with pytest.raises(Temporary):
        gateway.open(canned(session(**changes)), wish())


@pytest.mark.parametrize("amount", ["12.99", 129900, "1299.001"])
def test_an_order_of_another_amount_is_refused(gateway, canned, wish, amount):
    with pytest.raises(Permanent) as caught:
        gateway.open(canned(session(sdk_payload={"payload": {"amount": amount}})), wish())
    assert caught.value.field == "amount"


@pytest.mark.parametrize(("changes", "field"), [
    ({"reference": "A" * 21}, "order_id"), ({"reference": "A-1"}, "order_id"),
    ({"reference": "A1\n"}, "gateway_order_id"),
    ({"amount": Money(0, "INR")}, "amount"), ({"amount": Money(-5, "INR")}, "amount"),
    ({"amount": Money(500, "USD")}, "currency"), ({"callback_url": "http://shop.example/c"}, "return_url"),
    ({"callback_url": "https://shop.example/c?own=a%20b"}, "return_url"),
    ({"callback_url": "https://shop.example/c?own=a+b"}, "return_url"),
])  # fmt: skip
def test_what_juspay_refuses_anyway_is_refused_before_the_call(gateway, canned, wish, changes, field):
    client = canned()
    with pytest.raises(Permanent) as caught:
        gateway.open(client, wish(**changes))
    assert (caught.value.field, client.asked) == (field, [])


def test_other_currencies_are_taken_where_the_account_takes_them(make_gateway, canned, wish):
    gateway = make_gateway(currencies="INR, aed, KWD")
    client = canned(session(sdk_payload=None))
    gateway.open(client, wish(amount=Money(500, "AED")))
    assert client.asked[0][2]["json"]["amount"] == "5.00"
    with pytest.raises(Permanent):
        gateway.open(canned(), wish(amount=Money(5000, "KWD")))


# A lost answer.


EXISTS = (400, {"status": "Bad Request", "error_code": "x", "error_message": "Order already exists",
                "error_info": {"code": "ALREADY_EXISTS"}})  # fmt: skip


def test_an_order_that_exists_already_is_looked_up(gateway, canned, wish, juspay):
    client = canned(EXISTS, juspay.untried())
    opened = gateway.open(client, wish())
    assert [one[0] for one in client.asked] == ["POST", "GET"]
    assert opened.next.url == "https://sandbox.juspay.in/merchant/pay/ordeh_1"


def test_an_order_that_exists_and_cannot_be_found_stays_refused(gateway, canned, wish):
    with pytest.raises(Permanent, match="exists"):
        gateway.open(canned(EXISTS, (404, {"status": "NOT_FOUND", "error_code": "x"})), wish())


def test_any_other_refusal_is_not_looked_up(gateway, canned, wish):
    client = canned((400, {"status": "Bad Request", "error_code": "x", "error_message": "customer_phone is invalid"}))
    with pytest.raises(Permanent) as caught:
        gateway.open(client, wish())
    assert (caught.value.field, len(client.asked)) == ("customer_phone", 1)


def test_an_order_that_was_never_made_is_not_found(gateway, canned, wish):
    assert gateway.find(canned((404, {"status": "NOT_FOUND", "error_code": "x"})), wish()) is None


def test_a_lost_answer_is_found_again(live, wish):
    live.simulator.faults.next("dropped-after")
    with pytest.raises(Temporary):
        live.gateway.open(live.client, wish())
    found = live.gateway.find(live.client, wish(customer={}, order_number=""))
    assert (found.gateway_order_id, found.next.type) == ("R7Q2M9", "redirect")


@pytest.mark.parametrize("same_order", ["answered", "refused"])
def test_opening_twice_gives_one_order(live, wish, same_order):
    live.simulator.same_order = same_order
    first, second = live.gateway.open(live.client, wish()), live.gateway.open(live.client, wish())
    assert first.gateway_order_id == second.gateway_order_id
    assert len(live.simulator.book.sessions) == 1


@pytest.mark.parametrize("changes", [{"amount": 12.99}, {"currency": "AED"}, {"amount": None}])
def test_an_untried_order_of_another_amount_is_not_ours(gateway, canned, wish, juspay, changes):
    with pytest.raises(Permanent) as caught:
        gateway.find(canned(juspay.untried(**changes)), wish())
    assert caught.value.field == "amount"


@pytest.mark.parametrize(("word", "number", "step"), [
    ("CHARGED", 21, "none"), ("PENDING_VBV", 23, "none"), ("AUTO_REFUNDED", 36, "none"), ("SPLENDID", 99, "none"),
    ("AUTHORIZATION_FAILED", 27, "redirect"), ("JUSPAY_DECLINED", 22, "redirect"),
])  # fmt: skip
def test_only_a_failed_order_is_paid_again_on_its_page(gateway, canned, wish, juspay, word, number, step):
    assert gateway.find(canned(juspay.order(word, number)), wish()).next.type == step


def test_a_tried_order_is_found_whatever_an_offer_made_of_its_amount(gateway, canned, wish, juspay):
    assert gateway.find(canned(juspay.order(amount=1199)), wish()).gateway_order_id == "R7Q2M9"
