"""Refunds, captures, releases."""

from datetime import timedelta

import pytest

from kartify.plugin import ChargeState, Denied, Money, Permanent, Temporary

KEY = "refund-0000000001"
FIVE = Money(50000, "INR")


@pytest.fixture
def paid(live):
    live.opened()
    return live.simulator.pay("R7Q2M9")


@pytest.fixture
def refund(live, paid):
    return lambda minor=50000, key=KEY: live.gateway.refund(live.client, paid.id, Money(minor, "INR"), key=key)


@pytest.fixture
def status(live, paid):
    return lambda key=KEY: live.gateway.refund_status(live.client, paid.id, key=key, gateway_refund_id=None)


def test_a_refund_is_pending_until_it_is_through(live, refund, status):
    live.simulator.refund_after = timedelta(minutes=15)
    assert (refund().state, status().state, status().amount) == ("pending", "pending", 50000)
    live.simulator.refund_after = timedelta()
    assert (status().state, status().word) == ("processed", "SUCCESS")


def test_the_same_key_is_one_refund(live, paid, refund):
    first, second = refund(), refund()
    assert first.gateway_refund_id == second.gateway_refund_id
    assert len(paid.refunds) == 1


def test_a_refund_whose_answer_was_lost_is_found_by_its_key(live, paid, refund, status):
    live.simulator.faults.next("none", "dropped-after")
    with pytest.raises(Temporary) as caught:
        refund()
    assert caught.value.sent
    assert status().amount == 50000
    assert refund().gateway_refund_id == status().gateway_refund_id
    assert len(paid.refunds) == 1


def test_a_refund_that_never_was_is_none(status):
    assert status() is None


def test_two_refunds_of_one_sum_within_five_seconds_are_not_one(live, paid, refund):
    refund(key="refund-0000000001")
    with pytest.raises(Temporary, match="5 seconds") as caught:
        refund(key="refund-0000000002")
    assert (caught.value.sent, caught.value.retry_after) == (False, 6.0)
    live.simulator.book.offset = timedelta(seconds=6)
    refund(key="refund-0000000002")
    assert len(paid.refunds) == 2


@pytest.mark.parametrize(("word", "state"), [
    ("PENDING", "pending"), ("MANUAL_REVIEW", "pending"), ("SPLENDID", "pending"), ("", "pending"),
    ("SUCCESS", "processed"), ("FAILURE", "failed"),
])  # fmt: skip
def test_each_word_of_a_refund_has_its_state(gateway, canned, juspay, word, state):
    client = canned(juspay.order(refunds=[juspay.row(word, "500.00", name="REFUND0000000001")]))
    told = gateway.refund_status(client, juspay.txn, key="REFUND0000000001", gateway_refund_id=None)
    assert (told.state, told.amount, told.gateway_refund_id) == (state, 50000, "REFUND0000000001")


def test_a_failed_refund_tells_why(gateway, canned, juspay):
    rows = [juspay.row("FAILURE", 500, name="REFUND0000000001", error_message="Account closed")]
    told = gateway.refund(canned(juspay.order(refunds=rows)), juspay.txn, FIVE, key="REFUND0000000001")
    assert (told.state, told.word) == ("failed", "FAILURE: Account closed")


@pytest.mark.parametrize(("key", "kept"), [("ABCDEFGHIJ0123456789", True), ("refund-0000000001", False),
                                           ("A" * 21, False), ("a_b_c_d_e_f", False)])  # fmt: skip
def test_a_key_that_is_too_long_or_not_plain_goes_by_its_digest(live, refund, key, kept):
    name = refund(key=key).gateway_refund_id
    assert (name == key) is kept
    assert name.isalnum()
    assert 10 <= len(name) <= 20


def test_keys_that_differ_in_one_sign_differ(live, refund):
    assert refund(key="refund-A-00001").gateway_refund_id != refund(60000, key="refund_A-00001").gateway_refund_id


@pytest.mark.parametrize("key", ["short", "a" * 41, "with blank 1", "../../../etc"])
def test_a_key_that_is_none_is_refused(refund, key):
    with pytest.raises(Permanent) as caught:
        refund(key=key)
    assert caught.value.field == "key"


def test_a_refund_is_sent_as_a_form_in_rupees(gateway, canned, juspay):
    client = canned(juspay.order(), juspay.order(refunds=[juspay.row("PENDING", 500, name="REFUND0000000001")]))
    gateway.refund(client, juspay.txn, FIVE, key="REFUND0000000001")
    method, url, given = client.asked[1]
    assert (method, url) == ("POST", "https://sandbox.juspay.in/orders/R7Q2M9/refunds")
    assert given["form"] == {"unique_request_id": "REFUND0000000001", "amount": "500.00"}


def test_an_attempt_that_the_order_does_not_tell_of_is_refunded_by_its_own_name(live, paid, refund):
    later = live.simulator.pay("R7Q2M9")
    live.simulator.first_success = False
    assert refund().amount == 50000
    assert [len(paid.refunds), len(later.refunds)] == [1, 0]
    assert live.simulator.calls["POST /refunds"] == 1


def test_the_status_of_such_a_refund_is_for_the_dashboard(live, paid, refund, status):
    refund()
    live.simulator.pay("R7Q2M9")
    with pytest.raises(Permanent, match="dashboard"):
        status()


def test_an_answer_that_tells_of_no_refund_is_unclear(gateway, canned, juspay):
    with pytest.raises(Temporary) as caught:
        gateway.refund(canned(juspay.order(), juspay.order()), juspay.txn, FIVE, key=KEY)
    assert caught.value.sent


@pytest.mark.parametrize(("minor", "field"), [(99, "amount"), (0, "amount")])
def test_less_than_a_rupee_is_refused_before_the_call(gateway, canned, juspay, minor, field):
    client = canned()
    with pytest.raises(Permanent) as caught:
        gateway.refund(client, juspay.txn, Money(minor, "INR"), key=KEY)
    assert (caught.value.field, client.asked) == (field, [])


def test_another_currency_is_refused_before_money_moves(gateway, canned, juspay):
    client = canned(juspay.order())
    with pytest.raises(Permanent) as caught:
        gateway.refund(client, juspay.txn, Money(50000, "AED"), key=KEY)
    assert (caught.value.field, len(client.asked)) == ("currency", 1)


def test_more_than_was_paid_is_refused(refund):
    with pytest.raises(Permanent, match="exceeds"):
        refund(129901)


def test_what_is_not_paid_is_not_refunded(live):
    live.opened()
    charge = live.simulator.pay("R7Q2M9", state="failed")
    with pytest.raises(Permanent, match="not successful"):
        live.gateway.refund(live.client, charge.id, FIVE, key=KEY)


@pytest.mark.parametrize("charge", ["", "pay_1", "x-../y-1", "a:b/c"])
def test_what_is_no_transaction_reaches_no_path(gateway, canned, charge):
    with pytest.raises(Permanent):
        gateway.refund(canned(), charge, FIVE, key=KEY)


def test_a_whole_refund_shows_in_the_next_look_up(live, paid, ref, refund):
    refund(129900)
    [told] = live.gateway.ask(live.client, ref()).reports
    assert (told.state, told.refunded) == (ChargeState.REFUNDED, 129900)


def test_a_refund_in_the_dashboard_is_seen(live, paid, ref):
    live.simulator.refund_outside(paid.id, amount=30000)
    [told] = live.gateway.ask(live.client, ref()).reports
    assert (told.state, told.refunded) == (ChargeState.PARTIALLY_REFUNDED, 30000)


def test_what_juspay_sends_back_is_seen(live, paid, ref):
    live.simulator.auto_refund(paid.id)
    [told] = live.gateway.ask(live.client, ref()).reports
    assert (told.state, told.word) == (ChargeState.REFUNDED, "AUTO_REFUNDED")


# Held money.


@pytest.fixture
def held(live):
    live.opened()
    return live.simulator.pay("R7Q2M9", state="authorized")


@pytest.fixture
def verb(live, held):
    def make(name, minor=129900):
        return getattr(live.gateway, name)(live.client, held.id, Money(minor, "INR"))

    return make


def test_held_money_is_captured_once(live, verb):
    assert (verb("capture").state, verb("capture").captured) == (ChargeState.CAPTURED, 129900)
    assert live.simulator.calls["POST /v2/txns/<txn_uuid>/capture"] == 1


def test_a_part_is_captured(verb):
    assert verb("capture", 100000).captured == 100000


def test_held_money_is_released_once(live, verb):
    assert (verb("void").state, verb("void").state) == (ChargeState.VOIDED, ChargeState.VOIDED)
    assert live.simulator.calls["POST /v2/txns/<txn_uuid>/void"] == 1


@pytest.mark.parametrize(("name", "state"), [("capture", ChargeState.CAPTURED), ("void", ChargeState.VOIDED)])
def test_a_lost_answer_is_done_when_asked_again(live, verb, name, state):
    live.simulator.faults.next("none", "dropped-after")
    with pytest.raises(Temporary):
        verb(name)
    assert verb(name).state is state


@pytest.mark.parametrize(("name", "other"), [("capture", "void"), ("void", "capture")])
def test_what_is_over_is_refused(verb, name, other):
    verb(name)
    with pytest.raises(Permanent, match="Invalid state"):
        verb(other)


def test_more_than_is_held_is_refused(verb):
    with pytest.raises(Permanent, match="exceeds"):
        verb("capture", 129901)


@pytest.mark.parametrize(("word", "number", "error"), [
    ("CAPTURE_INITIATED", 33, Temporary), ("CAPTURE_FAILED", 34, Permanent), ("AUTHORIZED", 25, Temporary),
])  # fmt: skip
def test_a_capture_that_is_not_through_is_no_success(gateway, canned, juspay, word, number, error):
    client = canned(juspay.order("AUTHORIZED", 25), {}, juspay.order(word, number))
    with pytest.raises(error, match=word):
        gateway.capture(client, juspay.txn, Money(129900, "INR"))
    assert client.asked[1][1].endswith("/v2/txns/moz0000000000000001/capture")


def test_a_refused_capture_that_was_done_before_is_success(gateway, canned, juspay):
    refused = (400, {"status": "Bad Request", "error_code": "Invalid", "error_message": "Invalid state"})
    client = canned(juspay.order("AUTHORIZED", 25), refused, juspay.order())
    assert gateway.capture(client, juspay.txn, Money(129900, "INR")).captured == 129900


def test_a_denied_capture_pauses_the_account(gateway, canned, juspay):
    client = canned(juspay.order("AUTHORIZED", 25), (403, b""))
    with pytest.raises(Denied):
        gateway.capture(client, juspay.txn, Money(129900, "INR"))


def test_another_attempt_than_the_one_told_of_is_not_touched(gateway, canned, juspay):
    client = canned(juspay.order("AUTHORIZED", 25))
    with pytest.raises(Permanent, match="another attempt"):
        gateway.void(client, "kartify-R7Q2M9-2", Money(129900, "INR"))
    assert len(client.asked) == 1


@pytest.mark.parametrize("uuid", [None, "", "../x", "a b"])
def test_a_uuid_that_is_none_reaches_no_path(gateway, canned, juspay, uuid):
    client = canned(juspay.order("AUTHORIZED", 25, txn_uuid=uuid, txn={"txn_uuid": uuid}))
    with pytest.raises(Permanent) as caught:
        gateway.capture(client, juspay.txn, Money(129900, "INR"))
    assert (caught.value.field, len(client.asked)) == ("txn_uuid", 1)
