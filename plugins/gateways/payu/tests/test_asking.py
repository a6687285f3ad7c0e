"""What verify_payment's answers come to."""

import json

import pytest

from kartify.plugin import ChargeState, Denied, Permanent, Temporary, Throttled

from .conftest import NO_ACTIONS, Said, entry, gateway, payment, request, verified


def ask(*answers):
    return gateway().ask(Said(list(answers)), payment())


@pytest.mark.parametrize(
    ("status", "unmapped", "state"),
    [
        ("success", "captured", "captured"), ("success", "auth", "authorized"), ("pending", "initiated", "pending"),
        ("pending", "in progress", "pending"), ("failure", "userCancelled", "failed"), ("failure", "bounced", "failed"),
        ("failure", "autoRefund", "failed"), ("failure", "captured", "unknown"), ("success", "failed", "unknown"),
        ("success", "", "unknown"), ("SUCCESS", "CAPTURED", "captured"), ("paid", "captured", "unknown"),
    ],
)
def test_both_words_must_agree(status, unmapped, state):
    answers = [verified(entry(status=status, unmappedstatus=unmapped)), NO_ACTIONS]
    (report,) = ask(*answers).reports
    assert report.state is ChargeState(state)
    assert report.captured == (149900 if state == "captured" else 0)


@pytest.mark.parametrize(
    ("told", "sums"),
    [
        ({"net_amount_debit": "1528.98", "additional_charges": "29.98"}, (152898, 2998, 0)),
        ({"net_amount_debit": 1399, "disc": "100.00"}, (139900, 0, 10000)),
        ({"net_amount_debit": 1399}, (139900, 0, 0)),
        ({"net_amount_debit": "1528.98", "additional_charges": "10.00"}, (152898, 0, 0)),
        ({"net_amount_debit": None}, (149900, 0, 0)),
        ({"net_amount_debit": "0.00"}, (149900, 0, 0)),
    ],
)
def test_fee_and_discount_count_where_the_three_sums_add_up(told, sums):
    (report,) = ask(verified(entry(**told)), NO_ACTIONS).reports
    assert (report.captured, report.fee, report.discount) == sums


def test_only_refunds_that_succeeded_are_money_back():
    rows = {
        "1": {"action": "capture", "amt": "1499.00", "status": "SUCCESS", "token": ""},
        "2": {"action": "refund", "amt": "100.00", "status": "success", "token": "A"},
        "3": {"action": "refund", "amt": "100.00", "status": "QUEUED", "token": "B"},
        "4": {"action": "refund", "amt": "100.00", "status": "FAILURE", "token": "C"},
    }
    actions = {"status": 1, "msg": "ok", "transaction_details": {"403993715537000001": rows}}
    (report,) = ask(verified(entry()), actions).reports
    assert (report.state, report.refunded) == (ChargeState.PARTIALLY_REFUNDED, 10000)


def test_a_cancel_that_succeeded_is_a_void():
    rows = {"5": {"action": "cancel", "amt": "1499.00", "status": "SUCCESS", "token": ""}}
    actions = {"status": 1, "msg": "ok", "transaction_details": {"403993715537000001": rows}}
    (report,) = ask(verified(entry(unmappedstatus="auth")), actions).reports
    assert report.state is ChargeState.VOIDED


def test_not_found_is_an_answer_and_no_error():
    told = {"status": 0, "msg": "0 out of 1", "transaction_details": {
        "KTF0001A1": {"mihpayid": "Not Found", "status": "Not Found"},
    }}
    assert ask(told).found is False


@pytest.mark.parametrize(
    "told",
    [
        verified(entry("OTHER0001")), verified(entry(txnid="KTF0001A1", amt="nonsense")),
        verified(entry(transaction_amount="1.00")), verified(entry(mihpayid="")), {"status": 1, "msg": "ok"},
        {"status": 0, "msg": "something else"}, {"msg": "no status"}, b"<html></html>", b"[]",
    ],
)
def test_what_cannot_be_read_is_no_answer(told):
    with pytest.raises(Temporary):
        ask(told, NO_ACTIONS)


@pytest.mark.parametrize("told", [
    {"status": 1, "msg": "ok", "transaction_details": {"999": {}}}, {"status": 0, "msg": "database error"},
    {"status": 1, "msg": "ok", "transaction_details": "none"},
])
def test_money_whose_refunds_are_not_told_is_no_answer(told):
    with pytest.raises(Temporary):
        ask(verified(entry()), told)


@pytest.mark.parametrize(
    ("said", "kind"), [("Invalid Hash.", Denied), ("Invalid key", Denied), ("Requests limit reached", Throttled)]
)
def test_what_is_wrong_with_our_call_is_told_apart(said, kind):
    with pytest.raises(kind):
        ask({"status": 0, "msg": said})


def test_a_salt_that_payu_repeats_is_masked():
    with pytest.raises(Denied) as told:
        ask({"status": 0, "msg": "Invalid hash made with made-up-salt-0001"})
    assert "made-up-salt" not in str(told.value)


def test_many_are_asked_in_one_call_and_each_entry_counts_for_itself():
    known = [payment(f"KTF000{number}A1") for number in range(1, 5)]
    told = verified(entry("KTF0001A1"), entry("KTF0002A1", status="failure", unmappedstatus="failed"),
                    entry("KTF0003A1", amt="broken"), status=0)
    told["transaction_details"]["KTF0004A1"] = {"mihpayid": "Not Found", "status": "Not Found"}
    client = Said([told, NO_ACTIONS])
    found = dict(gateway().ask_many(client, known))
    assert client.asked[0]["var1"] == "KTF0001A1|KTF0002A1|KTF0003A1|KTF0004A1"
    assert sorted(found) == ["KTF0001A1", "KTF0002A1", "KTF0004A1"]
    assert found["KTF0001A1"].reports[0].captured == 149900
    assert found["KTF0004A1"].found is False


def test_batches_are_as_large_as_the_setting_says():
    known = [payment(f"KTF00{number:02}A1") for number in range(5)]
    nothing = {"mihpayid": "Not Found", "status": "Not Found"}
    client = Said([{"status": 0, "msg": "0 out of 2", "transaction_details": dict.fromkeys(
        (one.reference for one in known), nothing)}] * 3)
    assert len(dict(gateway(verify_batch_size=2).ask_many(client, known))) == 5
    assert [form["var1"].count("|") for form in client.asked] == [1, 1, 0]


def test_an_order_that_was_paid_at_the_stand_in_is_found(live):
    own, client, stand_in = live
    opened = own.open(client, request())
    stand_in.arrive(opened.next.as_dict())
    assert own.ask(client, payment()).found is False
    stand_in.pay(opened.gateway_order_id)
    (report,) = own.ask(client, payment()).reports
    assert (report.state, report.captured) == (ChargeState.CAPTURED, 149900)
    assert "its salt" in own.test(client)


def test_an_authorised_charge_is_captured_once(live):
    own, client, stand_in = live
    opened = own.open(client, request())
    stand_in.arrive(opened.next.as_dict())
    charge = stand_in.pay(opened.gateway_order_id, state="authorized")
    for _ in range(2):
        assert own.capture(client, charge.id, request().amount).captured == 149900
    assert stand_in.commands["capture_transaction"] == 1


def test_a_charge_that_failed_is_not_captured(live):
    own, client, stand_in = live
    opened = own.open(client, request())
    stand_in.arrive(opened.next.as_dict())
    charge = stand_in.pay(opened.gateway_order_id, state="failed")
    with pytest.raises(Permanent, match="failure, failed"):
        own.capture(client, charge.id, request().amount)


def test_a_queued_capture_is_asked_about_again():
    waiting = {"status": 1, "msg": "ok", "transaction_details": entry(unmappedstatus="auth")}
    queued = {"status": 1, "msg": "Capture Request Queued", "request_id": "1", "error_code": 102}
    with pytest.raises(Temporary) as told:
        gateway().capture(Said([waiting, queued, waiting]), "403993715537000001", request().amount)
    assert told.value.sent is True


def test_refunds_are_made_once_for_a_key(live):
    own, client, stand_in = live
    opened = own.open(client, request())
    stand_in.arrive(opened.next.as_dict())
    charge = stand_in.pay(opened.gateway_order_id)
    for key in ("refund-0123456789", "refund-0123456789"):
        made = own.refund(client, charge.id, request(amount=10000).amount, key=key)
        assert (made.state, made.amount) == ("pending", 10000)
    assert len(stand_in.book.refunds) == 1
    next(iter(stand_in.book.refunds.values())).state = "processed"
    status = own.refund_status(client, charge.id, key="refund-0123456789", gateway_refund_id=None)
    assert status is not None
    assert status.state == "processed"
    assert own.refund_status(client, charge.id, key="refund-9876543210", gateway_refund_id=None) is None


def test_a_refund_above_what_is_left_is_refused_with_payus_words(live):
    own, client, stand_in = live
    opened = own.open(client, request())
    stand_in.arrive(opened.next.as_dict())
    charge = stand_in.pay(opened.gateway_order_id)
    made = own.refund(client, charge.id, request(amount=999999).amount, key="refund-0123456789")
    assert made.state == "failed"
    assert "greater" in made.word


def test_the_salt_is_never_sent():
    client = Said([verified(entry()), NO_ACTIONS])
    gateway().ask(client, payment())
    assert "made-up-salt" not in json.dumps(client.asked)
