"""Refunds, captures and releases: once, looked for before and after, and never called done before PayU says so."""

import pytest

from kartify.plugin import ChargeState, Denied, Money, Permanent, Temporary

S = ChargeState
RUPEES = Money(50000, "INR")
KEY = "refundkey0001"


def made(code, msg="", status=1, **more):
    return {"status": status, "msg": msg, "error_code": code, **more}


@pytest.fixture
def refund(gateway, canned, kit):
    def ask(*answers, key=KEY, charge=None, amount=RUPEES):
        client = canned(*answers)
        return gateway.refund(client, charge or kit.CHARGE, amount, key=key), client

    return ask


@pytest.fixture
def ours(kit):
    return lambda status, **changes: kit.action("refund", "500.00", status, token=KEY, request_id="77", **changes)


def test_a_refund_is_looked_for_then_asked_for(refund, kit):
    answer, client = refund(kit.acts(), made(102, "Refund Request Queued", request_id=135254341))
    assert (answer.state, answer.amount, answer.gateway_refund_id) == ("pending", 50000, "135254341")
    assert client.commands == [
        ("check_action_status", kit.CHARGE, "payuid"), ("cancel_refund_transaction", kit.CHARGE, KEY, "500.00"),
    ]  # fmt: skip
    text = f"{kit.KEY}|cancel_refund_transaction|{kit.CHARGE}|{kit.SALT}"
    assert client.asked[1][2]["form"]["hash"] == kit.sha512(text)


@pytest.mark.parametrize(
    ("word", "state"),
    [("SUCCESS", "processed"), ("success", "processed"), ("QUEUED", "pending"), ("REQUESTED", "pending"),
     ("IN PROGRESS", "pending"), ("IN_PROGRESS", "pending"), ("od_hit", "pending"), ("PENDING", "pending"),
     ("FAILURE", "failed"), ("levitating", "pending")],
)  # fmt: skip
def test_what_is_listed_under_the_token_is_not_asked_for_again(refund, kit, ours, word, state):
    answer, client = refund(kit.acts(ours(word)))
    assert (answer.state, answer.gateway_refund_id, answer.word) == (state, "77", word)
    assert len(client.asked) == 1


def test_refunds_of_others_are_not_ours(refund, kit):
    other = kit.action("refund", "500.00", "success", token="OTHER", request_id="1")
    capture = kit.action("capture", "500.00", "SUCCESS", token=KEY, request_id="2")
    assert refund(kit.acts(other, capture), made(102, request_id="3"))[0].state == "pending"


@pytest.mark.parametrize("code", [100, 101, 102, 112, 122, 126, 127, 225, 226])
def test_what_is_taken_is_pending_even_where_it_says_successful(refund, kit, code):
    assert refund(kit.acts(), made(code, "Refund Successful", request_id="3"))[0].state == "pending"


@pytest.mark.parametrize("code", [105, 110, 111, 113, 116, 117, 124, 128, 999])
@pytest.mark.parametrize("status", [0, 1])
def test_a_refusal_is_believed_when_the_list_does_not_hold_ours(refund, kit, ours, code, status):
    answer, _ = refund(kit.acts(), made(code, "No", status), kit.acts())
    assert (answer.state, answer.word) == ("failed", f"{code} No")
    assert refund(kit.acts(), made(code, "No", status), kit.acts(ours("queued")))[0].state == "pending"


@pytest.mark.parametrize("code", [106, 109, 227])
def test_a_token_that_payu_knows_is_our_own_earlier_call(refund, kit, ours, code):
    assert refund(kit.acts(), made(code, "Token already exists.", 0), kit.acts())[0].state == "pending"
    done = refund(kit.acts(), made(code, "Token already exists.", 0), kit.acts(ours("SUCCESS")))[0]
    assert done.state == "processed"


@pytest.mark.parametrize("code", [120, 214])
def test_what_payu_puts_off_is_asked_for_later(refund, kit, code):
    with pytest.raises(Temporary) as told:
        refund(kit.acts(), made(code, "Later", 0), kit.acts())
    assert told.value.sent is False
    assert told.value.retry_after >= 60


@pytest.mark.parametrize("answer", [{"status": 1}, {"status": 0}, {"status": 1, "msg": "Fine"}])
def test_an_answer_that_does_not_say_so_is_no_refund(refund, kit, answer):
    with pytest.raises(Temporary) as told:
        refund(kit.acts(), answer, kit.acts())
    assert told.value.sent is True


def test_a_lost_answer_is_unknown_and_then_found(refund, gateway, canned, kit, ours):
    with pytest.raises(Temporary) as told:
        refund(kit.acts(), Temporary("lost"))
    assert told.value.sent is True
    found = gateway.refund_status(canned(kit.acts(ours("queued"))), kit.CHARGE, key=KEY, gateway_refund_id=None)
    assert found.state == "pending"


def test_nothing_is_asked_for_while_the_list_cannot_be_read(refund):
    with pytest.raises(Temporary):
        refund({"status": 1, "transaction_details": {"9": {}}})
    with pytest.raises(Temporary):
        refund((502, b"<html>", {}))


def test_wrong_keys_are_no_refusal_of_the_refund(refund, kit):
    with pytest.raises(Denied):
        refund(kit.acts(), {"status": 0, "msg": "Invalid Hash."})


def test_a_refusal_that_names_the_merchant_pauses_no_account(refund, kit):
    answer, _ = refund(kit.acts(), made(125, "Merchant Failed the pending refund", 0), kit.acts())
    assert answer.state == "failed"


@pytest.mark.parametrize("key", ["refundkey0001", "a-key_with-signs", "k" * 40])
def test_a_token_is_at_most_23_letters_and_always_the_same(refund, kit, key):
    tokens = {refund(kit.acts(), made(102, request_id="3"), key=key)[1].commands[1][2] for _ in range(2)}
    (token,) = tokens
    assert token.isalnum()
    assert len(token) <= 23


def test_other_keys_have_other_tokens(refund, kit):
    keys = ["k" * 40, "k" * 39, "k-" * 10, "refundkey0001", "refundkey-001"]
    tokens = {refund(kit.acts(), made(102, request_id="3"), key=key)[1].commands[1][2] for key in keys}
    assert len(tokens) == 5


@pytest.mark.parametrize("changes", [{"key": "short"}, {"key": "k" * 41}, {"key": "a|b-c-d-e-f"}, {"charge": "x"},
                                     {"amount": Money(100, "USD")}, {"amount": Money(0, "INR")}])  # fmt: skip
def test_what_can_never_be_refunded_makes_no_call(refund, changes):
    with pytest.raises(Permanent):
        refund(**changes)


def test_the_status_is_that_of_the_request_where_it_is_known(gateway, canned, kit):
    """Old accounts list several refunds with one token."""
    listed = kit.acts(
        kit.action("refund", "500.00", "FAILURE", token=KEY, request_id="1"),
        kit.action("refund", "500.00", "SUCCESS", token=KEY, request_id="2"),
    )

    def status(name):
        return gateway.refund_status(canned(listed), kit.CHARGE, key=KEY, gateway_refund_id=name)

    assert status("1").state == "failed"
    assert status("2").state == status(None).state == status("gone").state == "processed"


def test_none_when_payu_lists_none(gateway, canned, kit):
    for listed in (kit.acts(), kit.acts(kit.action("capture", "1499.00")), {"status": 1, "transaction_details": {
        kit.CHARGE: []}}):  # fmt: skip
        assert gateway.refund_status(canned(listed), kit.CHARGE, key=KEY, gateway_refund_id=None) is None


def test_a_refund_goes_its_way_at_the_stand_in(live):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id)
    first = live.gateway.refund(live.client, charge.id, RUPEES, key=KEY)
    again = live.gateway.refund(live.client, charge.id, RUPEES, key=KEY)
    assert first.state == again.state == "pending"
    assert first.gateway_refund_id == again.gateway_refund_id
    assert len(charge.refunds) == 1
    assert live.ask(ours).reports[0].refunded == 0
    charge.refunds[0].state = "processed"
    told = live.gateway.refund_status(live.client, charge.id, key=KEY, gateway_refund_id=first.gateway_refund_id)
    assert (told.state, told.amount) == ("processed", 50000)
    assert (live.ask(ours).reports[0].state, live.ask(ours).reports[0].refunded) == (S.PARTIALLY_REFUNDED, 50000)
    too_much = live.gateway.refund(live.client, charge.id, Money(149900, "INR"), key="anotherkey01")
    assert (too_much.state, too_much.word) == ("failed", "105 Invalid amount")


# What is only held.


@pytest.fixture
def held(live):
    ours = live.opened()
    return live.simulator.pay(ours.gateway_order_id, state="authorized")


def test_an_authorised_payment_is_captured_once(live, held):
    for _ in range(2):
        report = live.gateway.capture(live.client, held.id, Money(149900, "INR"))
        assert (report.state, report.captured, report.gateway_payment_id) == (S.CAPTURED, 149900, held.id)
    assert live.commands["capture_transaction"] == 1


def test_a_part_may_be_captured(live, held, ref):
    assert live.gateway.capture(live.client, held.id, Money(100000, "INR")).captured == 100000
    (report,) = live.ask(ref()).reports
    assert (report.state, report.captured) == (S.CAPTURED, 100000)


def test_an_authorised_payment_is_released_once(live, held, ref):
    for _ in range(2):
        assert live.gateway.void(live.client, held.id, Money(149900, "INR")).state is S.VOIDED
    assert live.commands["cancel_refund_transaction"] == 1
    assert live.ask(ref()).reports[0].state is S.VOIDED


@pytest.mark.parametrize("verb", ["capture", "void"])
def test_what_is_queued_is_not_done(live, held, ref, verb):
    live.desk.holds_take = "pending"
    for _ in range(2):
        with pytest.raises(Temporary, match="not through"):
            getattr(live.gateway, verb)(live.client, held.id, Money(149900, "INR"))
    assert live.ask(ref()).reports[0].state is S.AUTHORIZED


def test_what_is_captured_is_never_released_since_that_would_refund_it(live):
    charge = live.simulator.pay(live.opened().gateway_order_id)
    with pytest.raises(Permanent, match="refunded, not released"):
        live.gateway.void(live.client, charge.id, Money(149900, "INR"))
    assert charge.refunds == []
    assert live.commands["cancel_refund_transaction"] == 0


def test_what_is_about_to_be_captured_is_not_released(gateway, canned, kit):
    with pytest.raises(Permanent):
        gateway.void(canned(kit.acts(kit.action("capture", "1499.00", "QUEUED"))), kit.CHARGE, Money(149900, "INR"))
    failed = kit.acts(kit.action("capture", "1499.00", "FAILURE"))
    released = kit.acts(kit.action("cancel", "1499.00"))
    report = gateway.void(canned(failed, made(102), released), kit.CHARGE, Money(149900, "INR"))
    assert report.state is S.VOIDED


@pytest.mark.parametrize(("verb", "kind"), [("capture", "capture"), ("void", "cancel")])
def test_a_refusal_that_is_our_own_earlier_call_is_no_failure(gateway, canned, kit, verb, kind):
    client = canned(kit.acts(), made(106, "Token already exists.", 0), kit.acts(kit.action(kind, "1499.00")))
    assert getattr(gateway, verb)(client, kit.CHARGE, Money(149900, "INR")).gateway_payment_id == kit.CHARGE
    waits = canned(kit.acts(), made(106, "Token already exists.", 0), kit.acts())
    with pytest.raises(Temporary):
        getattr(gateway, verb)(waits, kit.CHARGE, Money(149900, "INR"))


@pytest.mark.parametrize("verb", ["capture", "void"])
def test_a_refusal_is_told_in_payus_words(gateway, canned, kit, verb):
    client = canned(kit.acts(), made(111, "Invalid transaction status", 0), kit.acts())
    with pytest.raises(Permanent, match="111 Invalid transaction status"):
        getattr(gateway, verb)(client, kit.CHARGE, Money(149900, "INR"))


@pytest.mark.parametrize("verb", ["capture", "void"])
def test_lost_answers_are_unknown(gateway, canned, kit, verb):
    for answers in ([Temporary("lost")], [kit.acts(), Temporary("lost")], [kit.acts(), made(102), Temporary("lost")]):
        with pytest.raises(Temporary) as told:
            getattr(gateway, verb)(canned(*answers), kit.CHARGE, Money(149900, "INR"))
        assert told.value.sent is True


def test_the_calls_of_a_capture(gateway, canned, kit):
    client = canned(kit.acts(), made(102), kit.acts(kit.action("capture", "1499.00")))
    gateway.capture(client, kit.CHARGE, Money(149900, "INR"))
    listing, call, _ = client.commands
    assert listing == ("check_action_status", kit.CHARGE, "payuid")
    assert (call[0], call[1], call[3]) == ("capture_transaction", kit.CHARGE, "1499.00")
    assert len(call[2]) == 23
