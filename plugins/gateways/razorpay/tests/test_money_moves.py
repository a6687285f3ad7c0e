"""Capturing and refunding: once, whatever gets lost."""

import pytest

from kartify.plugin import ChargeState, Money, Permanent, Temporary

SUM = Money(129900, "INR")
KEY = "rf-K1007-000001"
CAPTURE, PAYMENT = "POST /v1/payments/<payment_id>/capture", "GET /v1/payments/<payment_id>"


@pytest.fixture
def held(live):
    return live.simulator.pay(live.opened().gateway_order_id, status="authorized")


@pytest.fixture
def paid(live):
    return live.simulator.pay(live.opened().gateway_order_id)


def test_an_authorised_charge_is_captured(live, held):
    report = live.gateway.capture(live.client, held["id"], SUM)
    report.check()
    assert (report.state, report.captured, report.reference) == (ChargeState.CAPTURED, 129900, "R7Q2M9")
    assert live.simulator.calls[PAYMENT] == 0


def test_a_capture_that_is_already_done_is_success(live, held):
    live.simulator.faults.next("dropped-after")
    with pytest.raises(Temporary):
        live.gateway.capture(live.client, held["id"], SUM)
    report = live.gateway.capture(live.client, held["id"], SUM)
    assert (report.state, report.captured) == (ChargeState.CAPTURED, 129900)
    assert live.simulator.calls[PAYMENT] == 1


def test_a_capture_of_what_was_refunded_meanwhile_says_so(live, paid):
    live.simulator.refund_outside(paid["id"])
    assert live.gateway.capture(live.client, paid["id"], SUM).state is ChargeState.REFUNDED


@pytest.mark.parametrize("amount", [Money(129800, "INR"), Money(129900, "USD")])
def test_a_capture_of_another_sum_is_refused_naming_the_field(live, held, amount):
    with pytest.raises(Permanent) as caught:
        live.gateway.capture(live.client, held["id"], amount)
    assert caught.value.field == "amount"


def test_a_failed_or_released_charge_cannot_be_captured(live, held):
    live.simulator.release(held["id"])
    with pytest.raises(Permanent):
        live.gateway.capture(live.client, held["id"], SUM)


def test_a_refund_is_made_once_for_its_key(live, paid):
    first = live.gateway.refund(live.client, paid["id"], Money(50000, "INR"), key=KEY)
    again = live.gateway.refund(live.client, paid["id"], Money(50000, "INR"), key=KEY)
    assert first == again
    assert (first.state, first.amount) == ("processed", 50000)
    assert len(live.simulator.ledger.refunds) == 1


def test_a_refund_whose_answer_was_lost_is_found_by_its_key(live, paid):
    live.simulator.faults.next("dropped-after")
    with pytest.raises(Temporary) as caught:
        live.gateway.refund(live.client, paid["id"], SUM, key=KEY)
    assert caught.value.sent
    found = live.gateway.refund_status(live.client, paid["id"], key=KEY, gateway_refund_id=None)
    assert (found.state, found.amount) == ("processed", 129900)
    assert live.gateway.refund(live.client, paid["id"], SUM, key=KEY).gateway_refund_id == found.gateway_refund_id
    assert len(live.simulator.ledger.refunds) == 1


def test_the_same_key_with_another_sum_is_refused(live, paid):
    live.gateway.refund(live.client, paid["id"], Money(50000, "INR"), key=KEY)
    with pytest.raises(Permanent):
        live.gateway.refund(live.client, paid["id"], Money(40000, "INR"), key=KEY)
    assert len(live.simulator.ledger.refunds) == 1


def test_more_than_is_left_is_refused_naming_the_field(live, paid):
    with pytest.raises(Permanent) as caught:
        live.gateway.refund(live.client, paid["id"], Money(129901, "INR"), key=KEY)
    assert caught.value.field == "amount"


def test_a_refund_nobody_asked_for_is_surely_not_there(live, paid):
    live.simulator.refund_outside(paid["id"], amount=10000)
    assert live.gateway.refund_status(live.client, paid["id"], key=KEY, gateway_refund_id=None) is None


def test_a_refund_is_found_by_its_id(live, paid):
    made = live.simulator.refund_outside(paid["id"], amount=10000, status="pending")
    found = live.gateway.refund_status(live.client, paid["id"], key=KEY, gateway_refund_id=made["id"])
    assert (found.gateway_refund_id, found.state) == (made["id"], "pending")


def test_a_refund_behind_the_first_page_is_found(live, paid):
    live.gateway.refund(live.client, paid["id"], Money(100, "INR"), key=KEY)
    for _ in range(120):
        live.simulator.refund_outside(paid["id"], amount=100)
    assert live.gateway.refund_status(live.client, paid["id"], key=KEY, gateway_refund_id=None).amount == 100


def refund_body(**changes):
    return {"id": "rfnd_1", "amount": 50000, "status": "processed", "notes": [], **changes}


def test_what_is_sent_for_a_refund(gateway, canned):
    client = canned((200, refund_body()))
    gateway.refund(client, "pay_1", Money(50000, "INR"), key=KEY)
    ((method, url, given),) = client.asked
    assert (method, url) == ("POST", "https://api.razorpay.com/v1/payments/pay_1/refund")
    assert given["headers"] == {"X-Refund-Idempotency": KEY}
    assert given["json"] == {"amount": 50000, "speed": "normal", "receipt": KEY, "notes": {"kartify_refund": KEY}}


@pytest.mark.parametrize("word", ["pending", "created", "queued", "", None])
def test_only_processed_is_money_back(gateway, canned, word):
    answer = gateway.refund(canned((200, refund_body(status=word))), "pay_1", Money(50000, "INR"), key=KEY)
    assert answer.state == "pending"


def test_a_failed_refund_is_told(gateway, canned):
    answer = gateway.refund(canned((200, refund_body(status="failed"))), "pay_1", Money(50000, "INR"), key=KEY)
    assert answer.state == "failed"


def test_of_two_refunds_under_a_key_the_one_that_went_through_counts(gateway, canned):
    items = [refund_body(status="failed", receipt=KEY), refund_body(id="rfnd_2", receipt=KEY)]
    found = gateway.refund_status(canned((200, {"items": items})), "pay_1", key=KEY, gateway_refund_id=None)
    assert (found.gateway_refund_id, found.state) == ("rfnd_2", "processed")


@pytest.mark.parametrize("key", ["short", "x" * 41, "has space in it", "ümlaut-key-00", "line\nbreak-key"])
def test_a_key_that_razorpay_refuses_is_not_sent(gateway, canned, key):
    client = canned()
    with pytest.raises(Permanent) as caught:
        gateway.refund(client, "pay_1", SUM, key=key)
    assert caught.value.field == "key"
    assert client.asked == []


def test_a_refund_still_running_is_worth_trying_again(gateway, canned):
    running = {"error": {"code": "BAD_REQUEST_ERROR", "description": "Request is in progress"}}
    with pytest.raises(Temporary) as caught:
        gateway.refund(canned((409, running)), "pay_1", SUM, key=KEY)
    assert caught.value.sent


def test_staff_see_a_charge_in_the_dashboard(gateway):
    assert gateway.dashboard_url("pay_1") == "https://dashboard.razorpay.com/app/payments/pay_1"
