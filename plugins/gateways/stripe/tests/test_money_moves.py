"""Refunds, captures, releases."""

import pytest

from kartify.plugin import ChargeState, Denied, Money, Permanent, Temporary

KEY = "refund-0000000001"
FIVE = Money(50000, "INR")


@pytest.fixture
def paid(live):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id)
    [report] = live.ask(ours).reports
    return charge, report.gateway_payment_id


@pytest.fixture
def refund(live, paid):
    return lambda minor=50000, key=KEY: live.gateway.refund(live.client, paid[1], Money(minor, "INR"), key=key)


@pytest.fixture
def status(live, paid):
    return lambda key=KEY, known=None: live.gateway.refund_status(
        live.client, paid[1], key=key, gateway_refund_id=known
    )


def test_a_refund_is_processed_when_stripe_says_so(refund, status, paid):
    told = refund()
    assert (told.state, told.amount, told.word) == ("processed", 50000, "succeeded")
    assert status() == told
    assert [one.amount for one in paid[0].refunds] == [50000]


def test_a_refund_that_is_under_way_is_pending(live, refund, status, paid):
    live.simulator.refund_state = "pending"
    assert (refund().state, status().state) == ("pending", "pending")
    paid[0].refunds[0].state = "failed"
    assert (status().state, status().word) == ("failed", "failed: expired_or_canceled_card")


def test_the_same_key_is_one_refund_and_another_key_another(refund, paid):
    assert refund().gateway_refund_id == refund().gateway_refund_id
    assert refund(key="refund-0000000002").gateway_refund_id != refund().gateway_refund_id
    assert len(paid[0].refunds) == 2


def test_a_day_later_the_key_still_is_one_refund(live, refund, paid):
    first = refund()
    live.simulator.keys.forget()
    assert refund() == first
    assert len(paid[0].refunds) == 1


def test_a_refund_whose_answer_was_lost_is_found_by_its_key(live, refund, status, paid):
    live.simulator.faults.next("none", "none", "dropped-after")
    with pytest.raises(Temporary) as caught:
        refund()
    assert caught.value.sent
    assert status().amount == 50000
    assert refund() == status()
    assert len(paid[0].refunds) == 1


def test_a_failure_that_the_key_keeps_and_that_was_done_is_found(live, refund, paid):
    live.simulator.keys.fail.append("after")
    with pytest.raises(Temporary):
        refund()
    assert refund().state == "processed"
    assert len(paid[0].refunds) == 1


def test_a_failure_that_the_key_keeps_is_not_gone_round(live, refund, status, paid):
    live.simulator.keys.fail.append("before")
    with pytest.raises(Temporary):
        refund()
    with pytest.raises(Temporary) as caught:
        refund()
    assert caught.value.retry_after == 3600
    assert (status(), paid[0].refunds) == (None, [])
    live.simulator.keys.forget()
    assert refund().state == "processed"


def test_a_refund_that_never_was_is_none(status):
    assert status() is None


def test_a_refund_is_found_by_its_own_id_too(refund, status):
    made = refund()
    assert status("refund-0000000009", made.gateway_refund_id) == made


@pytest.mark.parametrize(("word", "state"), [
    ("succeeded", "processed"), ("pending", "pending"), ("requires_action", "pending"), ("failed", "failed"),
    ("canceled", "failed"), ("splendid", "pending"), ("Succeeded", "pending"), ("", "pending"), (None, "pending"),
])  # fmt: skip
def test_each_word_of_a_refund_has_its_state(gateway, canned, made, word, state):
    client = canned(made.rows(made.refund(word, kartify_refund=KEY)))
    told = gateway.refund_status(client, made.pi, key=KEY, gateway_refund_id=None)
    assert (told.state, told.amount) == (state, 50000)


def test_what_is_sent_names_intent_sum_key_and_payment(gateway, canned, made):
    client = canned(made.intent(), made.rows(), made.refund(kartify_refund=KEY))
    gateway.refund(client, made.pi, FIVE, key=KEY)
    method, url, given = client.asked[2]
    assert (method, url) == ("POST", "https://api.stripe.com/v1/refunds")
    assert given["form"] == {"payment_intent": made.pi, "amount": "50000", "metadata[kartify_refund]": KEY,
                             "metadata[kartify_reference]": "R7Q2M9"}  # fmt: skip
    assert given["headers"]["idempotency-key"] == f"kartify-{KEY}"


@pytest.mark.parametrize("answer", [{"object": "refund"}, {"id": "re_1", "object": "charge"},
                                    {"id": "re_1", "object": "refund", "metadata": {"kartify_refund": "other"}}])
def test_an_answer_that_tells_of_no_such_refund_is_unclear(gateway, canned, made, answer):
    with pytest.raises(Temporary) as caught:
        gateway.refund(canned(made.intent(), made.rows(), answer), made.pi, FIVE, key=KEY)
    assert caught.value.sent


def test_more_than_is_left_is_refused_in_stripes_words(refund):
    with pytest.raises(Permanent, match="greater than unrefunded") as caught:
        refund(129901)
    assert caught.value.field == "amount"


def test_what_was_refunded_whole_is_refused(live, refund, paid):
    live.simulator.refund_outside(paid[0].id)
    with pytest.raises(Permanent, match="already been refunded"):
        refund()


@pytest.mark.parametrize("key", ["short", "a" * 41, "with blank 1", "../../../etc"])
def test_a_key_that_is_none_is_refused(refund, status, key):
    for call in (lambda: refund(key=key), lambda: status(key)):
        with pytest.raises(Permanent) as caught:
            call()
        assert caught.value.field == "key"


@pytest.mark.parametrize(("money", "field", "calls"), [
    (Money(0, "INR"), "amount", 0), (Money(-5, "INR"), "amount", 0), (Money(50000, "USD"), "currency", 1),
])  # fmt: skip
def test_a_wrong_sum_or_currency_is_refused_before_money_moves(gateway, canned, made, money, field, calls):
    client = canned(made.intent())
    with pytest.raises(Permanent) as caught:
        gateway.refund(client, made.pi, money, key=KEY)
    assert (caught.value.field, len(client.asked)) == (field, calls)


@pytest.mark.parametrize("charge_id", ["../charges", "", "x", "pi_1/cancel"])
def test_nothing_steps_out_of_its_path(gateway, canned, charge_id):
    for call in (
        lambda: gateway.refund(canned(), charge_id, FIVE, key=KEY),
        lambda: gateway.refund_status(canned(), charge_id, key=KEY, gateway_refund_id=None),
        lambda: gateway.capture(canned(), charge_id, FIVE),
        lambda: gateway.void(canned(), charge_id, FIVE),
    ):
        with pytest.raises(Permanent):
            call()


# Held money.


@pytest.fixture
def held(live):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id, state="authorized")
    [report] = live.ask(ours).reports
    assert report.state is ChargeState.AUTHORIZED
    return charge, report.gateway_payment_id


WHOLE = Money(129900, "INR")


@pytest.mark.parametrize("minor", [129900, 100000])
def test_held_money_is_captured_whole_or_in_part(live, held, minor):
    told = live.gateway.capture(live.client, held[1], Money(minor, "INR"))
    told.check()
    assert (told.state, told.captured, told.gateway_payment_id) == (ChargeState.CAPTURED, minor, held[1])
    assert held[0].captured == minor


def test_captured_before_is_success(live, held):
    first = live.gateway.capture(live.client, held[1], WHOLE)
    assert live.gateway.capture(live.client, held[1], WHOLE).captured == first.captured


def test_a_capture_whose_answer_was_lost_is_success_the_next_time(live, held):
    live.simulator.faults.next("none", "dropped-after")
    with pytest.raises(Temporary) as caught:
        live.gateway.capture(live.client, held[1], WHOLE)
    assert caught.value.sent
    assert live.gateway.capture(live.client, held[1], WHOLE).captured == 129900


def test_more_than_is_held_is_refused(live, held):
    with pytest.raises(Permanent) as caught:
        live.gateway.capture(live.client, held[1], Money(129901, "INR"))
    assert caught.value.field == "amount_to_capture"


def test_held_money_is_released(live, held):
    told = live.gateway.void(live.client, held[1], WHOLE)
    told.check()
    assert (told.state, held[0].state) == (ChargeState.VOIDED, "voided")
    assert live.gateway.void(live.client, held[1], WHOLE).state is ChargeState.VOIDED


@pytest.mark.parametrize("verb", ["capture", "void"])
@pytest.mark.parametrize("status", ["requires_payment_method", "processing", "requires_action", "splendid"])
def test_what_is_not_held_is_neither_captured_nor_cancelled(gateway, canned, made, verb, status):
    client = canned(made.intent(status))
    with pytest.raises(Permanent, match="holds nothing"):
        getattr(gateway, verb)(client, made.pi, WHOLE)
    assert len(client.asked) == 1


def test_captured_money_is_not_released(live, paid):
    with pytest.raises(Permanent):
        live.gateway.void(live.client, paid[1], WHOLE)


def test_another_currency_is_not_captured(gateway, canned, made):
    held_ = made.intent("requires_capture", amount_capturable=129900)
    with pytest.raises(Permanent) as caught:
        gateway.capture(canned(held_), made.pi, Money(129900, "USD"))
    assert caught.value.field == "currency"


def test_a_capture_that_is_not_through_is_temporary(gateway, canned, made):
    held_ = made.intent("requires_capture", amount_capturable=129900)
    with pytest.raises(Temporary, match="not through"):
        gateway.capture(canned(held_, made.intent("processing")), made.pi, WHOLE)


def test_an_answer_about_another_payment_is_no_capture(gateway, canned, made):
    held_ = made.intent("requires_capture", amount_capturable=129900)
    with pytest.raises(Temporary, match="another payment"):
        gateway.capture(canned(held_, made.intent(id="pi_other")), made.pi, WHOLE)


def test_a_refused_capture_is_a_refusal_where_it_was_not_done(gateway, canned, made):
    held_ = made.intent("requires_capture", amount_capturable=129900)
    error = {"error": {"type": "card_error", "code": "capture_charge_authorization_expired", "message": "too late"}}
    with pytest.raises(Permanent, match="too late"):
        gateway.capture(canned(held_, (402, error), held_), made.pi, WHOLE)


def test_a_revoked_key_pauses_the_account(gateway, canned, made):
    with pytest.raises(Denied):
        gateway.capture(canned((401, b"")), made.pi, WHOLE)


@pytest.mark.parametrize(("changes", "url"), [
    ({}, "https://dashboard.stripe.com/test/payments/pi_kart000001"),
    ({"secret_key": "sk_live_madeup0000000001"}, "https://dashboard.stripe.com/payments/pi_kart000001"),
    ({"dashboard": "https://x.example/{payment_intent}"}, "https://x.example/pi_kart000001"), ({"dashboard": ""}, None),
])  # fmt: skip
def test_staff_are_led_to_the_payment_of_the_right_mode(make_gateway, changes, url):
    assert make_gateway(**changes).dashboard_url("pi_kart000001") == url


def test_what_is_no_id_is_no_link(gateway):
    assert gateway.dashboard_url("../logout") is None
