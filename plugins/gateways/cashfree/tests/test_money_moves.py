"""Refunds, captures and releases: once, whatever becomes of an answer."""

import uuid
from decimal import Decimal

import pytest

from kartify.plugin import ChargeState, Denied, Money, Permanent, Temporary

CHARGE = "5114910000001:R7Q2M9"
KEY = "refund-0123456789"
TEN = Money(1000, "INR")


@pytest.fixture
def paid(live):
    live.opened()
    return live.simulator.pay("R7Q2M9")


@pytest.fixture
def refund(live):
    return lambda charge, minor=1000, key=KEY: live.gateway.refund(
        live.client, charge.id, Money(minor, "INR"), key=key
    )


def told(**changes):
    given = {"cf_refund_id": "11325632", "cf_payment_id": "5114910000001", "refund_id": KEY, "order_id": "R7Q2M9",
             "refund_amount": 10, "refund_currency": "INR", "refund_status": "SUCCESS"}
    return {**given, **changes}


def test_our_key_is_the_refunds_id_and_idempotency_key(gateway, canned):
    client = canned((200, told()))
    answer = gateway.refund(client, CHARGE, TEN, key=KEY)
    (method, url, given) = client.asked[0]
    assert (method, url) == ("POST", "https://sandbox.cashfree.com/pg/orders/R7Q2M9/refunds")
    assert given["json"] == {"refund_id": KEY, "refund_amount": Decimal("10.00"), "refund_note": f"kartify {KEY}",
                             "refund_speed": "STANDARD"}  # fmt: skip
    assert isinstance(given["json"]["refund_amount"], Decimal)
    assert str(uuid.UUID(given["headers"]["x-idempotency-key"])) == given["headers"]["x-idempotency-key"]
    assert (answer.gateway_refund_id, answer.state, answer.amount) == ("11325632", "processed", 1000)


def test_a_repeated_refund_returns_money_once_and_tells_how_it_stands_now(live, paid, refund):
    first = refund(paid)
    assert first.state == "pending"
    next(iter(live.simulator.book.refunds.values())).state = "processed"
    again = refund(paid)
    assert (again.state, again.gateway_refund_id) == ("processed", first.gateway_refund_id)
    assert len(paid.refunds) == 1


def test_a_refund_whose_answer_was_lost_is_found_by_its_key(live, paid, refund):
    live.simulator.faults.next("dropped-after")
    with pytest.raises(Temporary) as caught:
        refund(paid)
    assert caught.value.sent
    found = live.gateway.refund_status(live.client, paid.id, key=KEY, gateway_refund_id=None)
    assert (found.state, found.amount) == ("pending", 1000)
    assert refund(paid).gateway_refund_id == found.gateway_refund_id
    assert len(paid.refunds) == 1


def test_when_the_idempotency_key_is_forgotten_the_refunds_id_holds(live, paid, refund):
    first = refund(paid)
    live.simulator.desk.replies.clear()
    assert refund(paid).gateway_refund_id == first.gateway_refund_id
    assert len(paid.refunds) == 1


def test_a_refund_that_never_came_is_none(live, paid):
    assert live.gateway.refund_status(live.client, paid.id, key=KEY, gateway_refund_id=None) is None


def test_more_than_is_left_is_refused_and_names_its_field(live, paid, refund):
    refund(paid, 129000)
    with pytest.raises(Permanent) as caught:
        refund(paid, 1000, "refund-another-one")
    assert caught.value.field == "refund_amount"
    assert len(paid.refunds) == 1


@pytest.mark.parametrize(("takes", "state"), [("processed", "processed"), ("failed", "failed"), ("pending", "pending")])
def test_what_cashfree_makes_of_it_is_told(live, paid, refund, takes, state):
    live.simulator.refunds_take = takes
    assert refund(paid).state == state


@pytest.mark.parametrize("key", ["short", "x" * 41, "has space 01", "schl/ssel-01", "", "refund-01234\n"])
def test_a_key_that_is_none_is_refused_before_any_call(gateway, canned, key):
    for call in (lambda: gateway.refund(canned(), CHARGE, TEN, key=key),
                 lambda: gateway.refund_status(canned(), CHARGE, key=key, gateway_refund_id=None)):
        with pytest.raises(Permanent):
            call()


@pytest.mark.parametrize("charge", ["5114910000001", ":R7Q2M9", "1:", "1:../x", "1:R7:Q2", ""])
def test_a_charge_without_its_order_is_for_the_dashboard(gateway, canned, charge):
    for call in (lambda: gateway.refund(canned(), charge, TEN, key=KEY), lambda: gateway.capture(canned(), charge, TEN),
                 lambda: gateway.void(canned(), charge, TEN)):
        with pytest.raises(Permanent, match="dashboard"):
            call()


def test_money_returned_of_another_payment_is_said(gateway, canned):
    answer = gateway.refund(canned((200, told(cf_payment_id=77))), CHARGE, TEN, key=KEY)
    assert (answer.state, answer.word) == ("processed", "SUCCESS, of payment 77")


def test_denied_keys_are_not_looked_behind(gateway, canned):
    client = canned((401, {"message": "authentication Failed", "code": "request_failed", "type": "x"}))
    with pytest.raises(Denied):
        gateway.refund(client, CHARGE, TEN, key=KEY)
    assert len(client.asked) == 1


def test_held_money_is_captured_once(live):
    live.opened()
    held = live.simulator.pay("R7Q2M9", state="authorized")
    for _ in range(2):
        report = live.gateway.capture(live.client, held.id, Money(129900, "INR"))
        assert (report.state, report.captured, report.gateway_payment_id) == (ChargeState.CAPTURED, 129900, held.id)
    assert live.simulator.calls["POST /pg/orders/<order_id>/authorization"] == 2


def test_a_part_of_held_money_is_captured(live):
    live.opened()
    held = live.simulator.pay("R7Q2M9", state="authorized")
    report = live.gateway.capture(live.client, held.id, Money(100050, "INR"))
    assert (report.captured, report.fee) == (100050, 0)


def test_a_capture_whose_answer_was_lost_is_success_when_repeated(live):
    live.opened()
    held = live.simulator.pay("R7Q2M9", state="authorized")
    live.simulator.faults.next("dropped-after")
    with pytest.raises(Temporary):
        live.gateway.capture(live.client, held.id, Money(129900, "INR"))
    assert live.gateway.capture(live.client, held.id, Money(129900, "INR")).captured == 129900


def test_held_money_is_released_once(live):
    live.opened()
    held = live.simulator.pay("R7Q2M9", state="authorized")
    for _ in range(2):
        assert live.gateway.void(live.client, held.id, Money(129900, "INR")).state == ChargeState.VOIDED
    with pytest.raises(Permanent):
        live.gateway.capture(live.client, held.id, Money(129900, "INR"))


def test_captured_money_cannot_be_released(live, paid):
    with pytest.raises(Permanent):
        live.gateway.void(live.client, paid.id, Money(129900, "INR"))


def test_a_capture_that_is_still_under_way_is_not_done(gateway, canned, attempt):
    pending = attempt(is_captured=False, authorization={"action": "CAPTURE", "status": "PENDING"})
    with pytest.raises(Temporary) as caught:
        gateway.capture(canned((200, pending)), CHARGE, Money(129900, "INR"))
    assert caught.value.sent


def test_a_capture_of_another_payment_is_not_ours(gateway, canned, attempt):
    with pytest.raises(Temporary):
        gateway.capture(canned((200, attempt(cf_payment_id="77"))), CHARGE, Money(129900, "INR"))


def test_only_the_whole_is_released(gateway, canned, attempt):
    client = canned((200, attempt(is_captured=False, payment_status="VOID")))
    gateway.void(client, CHARGE, Money(129900, "INR"))
    assert client.asked[0][2]["json"] == {"action": "VOID"}
