"""Refunds: once per key, and money back only when PhonePe says COMPLETED."""

import json

import pytest

from kartify.plugin import Denied, Money, Permanent, Temporary

from .conftest import HERE, KEY, attempt
from .test_asking import Scripted

RUPEES = Money(50000, "INR")
REFUNDS = sorted((HERE / "samples" / "refunds").glob("*.json"))
TOLD = {
    "refundId": "OMR1", "merchantRefundId": KEY, "originalMerchantOrderId": "R7Q2M9", "amount": 50000,
    "state": "COMPLETED",
}  # fmt: skip
DUPLICATE = (400, {"code": "SOME_CODE_FOR_DUPLICATES", "message": "exists"})


@pytest.fixture
def paid(live):
    return live.simulator.pay(live.opened().gateway_order_id)


@pytest.fixture
def refund(live, paid):
    return lambda minor=50000, key=KEY: live.gateway.refund(live.client, paid.id, Money(minor, "INR"), key=key)


@pytest.fixture
def status(live, paid):
    return lambda key=KEY: live.gateway.refund_status(live.client, paid.id, key=key, gateway_refund_id=None)


@pytest.mark.parametrize("path", REFUNDS, ids=lambda path: path.stem)
def test_a_sample_is_told_as_it_says(gateway, path):
    sample = json.loads(path.read_text())
    client = Scripted(sample["exchanges"])
    amount = Money(sample["amount"], sample["currency"])
    answer = gateway.refund(client, sample["gateway_payment_id"], amount, key=sample["key"])
    assert (answer.state, answer.amount, client.left) == (sample["expect"]["state"], sample["expect"]["amount"], [])


def test_a_refund_is_pending_until_phonepe_says_completed(live, refund, status):
    live.simulator.refunds_end_as = "pending"
    assert (refund().state, status().state) == ("pending", "pending")
    live.simulator.refunds_end_as = "processed"
    told = status()
    assert (told.state, told.amount, told.word) == ("processed", 50000, "COMPLETED")
    assert told.gateway_refund_id.startswith("OMR")


def test_a_confirmed_refund_is_not_final(live, refund, status):
    refund()
    [made] = live.simulator.book.refunds.values()
    made.data["word"] = "CONFIRMED"
    assert (status().state, status().word) == ("pending", "CONFIRMED")


def test_a_failed_refund_is_told_and_gives_the_sum_free_again(live, refund, status):
    live.simulator.refunds_end_as = "failed"
    refund(149900)
    assert status().state == "failed"
    assert refund(149900, "KTFREFUND002").state == "pending"


def test_the_same_key_refunds_once(live, paid, refund):
    first, again = refund(), refund()
    assert first.gateway_refund_id == again.gateway_refund_id
    assert paid.refundable == 149900 - 50000


@pytest.mark.parametrize("fault", ["html", "truncated", "dropped-after"])
def test_a_lost_answer_is_found_under_its_key(live, paid, refund, status, fault):
    live.gateway.test(live.client)
    live.simulator.faults.next("none", fault)
    with pytest.raises(Temporary) as caught:
        refund()
    assert caught.value.sent
    assert status().state == "processed"
    assert refund().state == "processed"
    assert len(paid.refunds) == 1


def test_parts_add_up_and_no_more_than_the_order_goes_back(refund, paid):
    refund(100000, "KTFREFUND001")
    refund(49900, "KTFREFUND002")
    with pytest.raises(Permanent, match="more than is left"):
        refund(100, "KTFREFUND003")
    assert paid.refundable == 0


def test_a_key_that_phonepe_has_for_another_sum_tells_that_sum(refund):
    """Whoever asked compares: the answer is about the refund that exists."""
    refund(50000)
    assert refund(60000).amount == 50000


def test_the_refund_is_asked_for_as_the_official_sdk_asks(gateway, canned, order):
    client = canned((200, order()), (200, {"refundId": "OMR1", "amount": 50000, "state": "PENDING"}))
    gateway.refund(client, "OM1", RUPEES, key=KEY)
    recorded = json.loads((HERE / "sdk_recorded.json").read_text())["calls"]["POST /payments/v2/refund"]["body"]
    [(first, first_url, _), (method, url, given)] = client.asked
    assert (first, first_url.partition("/checkout")[2]) == ("GET", "/v2/transaction/OM1/status")
    assert (method, url.partition("/payments")[2], given["json"]) == ("POST", "/v2/refund", json.loads(recorded))


def test_the_order_of_a_payment_is_found_in_older_answers_by_our_note(live, refund, status):
    live.simulator.newer = False
    refund()
    assert status().state == "processed"


def test_a_payment_whose_order_cannot_be_told_is_refunded_by_hand(gateway, canned, order):
    client = canned((200, order(metaInfo=None)))
    with pytest.raises(Permanent, match="dashboard") as caught:
        gateway.refund(client, "OM1", RUPEES, key=KEY)
    assert caught.value.field == "gateway_payment_id"
    assert len(client.asked) == 1


def test_an_answer_about_another_payment_refunds_nothing(gateway, canned, order):
    client = canned((200, order("COMPLETED", attempt(transactionId="OM2"))))
    with pytest.raises(Permanent):
        gateway.refund(client, "OM1", RUPEES, key=KEY)
    assert len(client.asked) == 1


def test_a_refusal_is_told_where_no_refund_of_the_key_exists(gateway, canned, order):
    for second in ((400, {"code": "INVALID_MERCHANT_REFUND_ID", "message": "none"}), (400, {"code": "OTHER"})):
        with pytest.raises(Permanent, match="SOME_CODE_FOR_DUPLICATES"):
            gateway.refund(canned((200, order()), DUPLICATE, second), "OM1", RUPEES, key=KEY)


def test_a_refusal_is_no_refusal_where_the_status_cannot_be_asked(gateway, canned, order):
    with pytest.raises(Temporary):
        gateway.refund(canned((200, order()), DUPLICATE, (500, b"")), "OM1", RUPEES, key=KEY)


def test_a_refund_of_another_order_under_our_key_is_not_ours(gateway, canned, order):
    other = (200, {**TOLD, "originalMerchantOrderId": "OTHER"})
    with pytest.raises(Permanent):
        gateway.refund(canned((200, order()), DUPLICATE, other), "OM1", RUPEES, key=KEY)


def test_refused_keys_are_denied_without_a_look(gateway, canned, order):
    client = canned((200, order()), (403, {"code": "FORBIDDEN"}))
    with pytest.raises(Denied):
        gateway.refund(client, "OM1", RUPEES, key=KEY)
    assert client.answers == []


@pytest.mark.parametrize("amount", [Money(99, "INR"), Money(0, "INR"), Money(50000, "USD")])
def test_what_phonepe_cannot_refund_is_refused_before_the_call(gateway, canned, amount):
    client = canned()
    with pytest.raises(Permanent):
        gateway.refund(client, "OM1", amount, key=KEY)
    assert client.asked == []


@pytest.mark.parametrize("key", ["short", "x" * 41, "KTF/../REFUND", "KTF REFUND 01", ""])
def test_a_key_that_is_none_is_never_sent(gateway, canned, order, key):
    client = canned((200, order()))
    with pytest.raises(Permanent) as caught:
        gateway.refund_status(client, "OM1", key=key, gateway_refund_id=None)
    assert caught.value.field == "key"
    assert client.asked == []


def test_a_refund_that_phonepe_surely_does_not_have_is_none(status, live):
    for live.simulator.unknown_status in (400, 404):
        assert status("KTFREFUND009") is None


@pytest.mark.parametrize("code", ["BAD_REQUEST", "NOT_FOUND", "INVALID_MERCHANT_ORDER_ID", "REFUND_FAILED"])
def test_another_refusal_does_not_say_that_there_is_no_refund(gateway, canned, code):
    with pytest.raises(Permanent):
        gateway.refund_status(canned((400, {"code": code})), "OM1", key=KEY, gateway_refund_id=None)


def test_a_status_about_another_refund_is_no_answer(gateway, canned):
    client = canned((200, {**TOLD, "merchantRefundId": "SOMEOTHER01"}))
    with pytest.raises(Permanent):
        gateway.refund_status(client, "OM1", key=KEY, gateway_refund_id=None)


@pytest.mark.parametrize("word", ["ON_ITS_WAY", "completed", "", "REFUNDED"])
def test_an_unknown_word_is_not_money_back(gateway, canned, word):
    client = canned((200, {**TOLD, "state": word}))
    assert gateway.refund_status(client, "OM1", key=KEY, gateway_refund_id=None).state == "pending"
