"""One payment asked about: words, sums, refunds, other attempts, and answers that are about something else."""

from datetime import UTC, datetime

import pytest

from kartify.plugin import ChargeState, Money, Permanent, Temporary

S = ChargeState


@pytest.fixture
def ask(gateway, canned, ref):
    def asked(*answers, **changes):
        client = canned(*answers)
        told = gateway.ask(client, ref(**changes))
        assert client.answers == []
        return told

    return asked


@pytest.fixture
def one(ask, kit):
    """The report of one entry, changed as given, with what was done to it."""

    def report(*actions, **changes):
        entry = {**kit.ENTRY, **changes}
        money = entry["status"].lower() == "success" and entry["unmappedstatus"].lower() in ("captured", "auth")
        (found,) = ask(kit.verified(entry), *([kit.acts(*actions)] if money else [])).reports
        return found

    return report


@pytest.mark.parametrize(
    ("status", "word", "state"),
    [("success", "captured", S.CAPTURED), ("success", "auth", S.AUTHORIZED), ("pending", "initiated", S.PENDING),
     ("pending", "in progress", S.PENDING), ("pending", "pending", S.PENDING), ("failure", "failed", S.FAILED),
     ("failure", "bounced", S.FAILED), ("failure", "dropped", S.FAILED), ("failure", "userCancelled", S.FAILED),
     ("failure", "autoRefund", S.FAILED), ("Success", "Captured", S.CAPTURED), ("failure", "captured", S.UNKNOWN),
     ("pending", "captured", S.UNKNOWN), ("success", "failed", S.UNKNOWN), ("success", "pending", S.UNKNOWN),
     ("success", "", S.UNKNOWN), ("", "captured", S.UNKNOWN), ("success", "refunded", S.UNKNOWN), ("", "", S.UNKNOWN)],
)  # fmt: skip
def test_words(one, status, word, state):
    report = one(status=status, unmappedstatus=word)
    assert report.state is state
    assert bool(report.captured) == (state is S.CAPTURED)


def test_a_released_authorisation_is_voided_and_later_than_it(one, kit):
    report = one(kit.action("cancel", "1499.00", "success"), unmappedstatus="auth")
    assert (report.state, report.at) == (S.VOIDED, None)
    assert one(kit.action("cancel", "1499.00", "queued"), unmappedstatus="auth").state is S.AUTHORIZED


def test_an_authorisation_that_the_list_has_captured_is_captured(one, kit):
    report = one(kit.action("capture", "1499.00"), unmappedstatus="auth")
    assert (report.state, report.captured) == (S.CAPTURED, 149900)


def test_the_moment_is_indian(one):
    assert one().at == datetime(2026, 6, 1, 6, 21, 47, tzinfo=UTC)
    assert one(addedon="0000-00-00 00:00:00").at is None
    assert one(addedon=None).at is None


@pytest.mark.parametrize(
    ("changes", "captured", "fee", "discount"),
    [({"net_amount_debit": 1499}, 149900, 0, 0),
     ({"net_amount_debit": "1499.00"}, 149900, 0, 0),
     ({"net_amount_debit": None}, 149900, 0, 0),
     ({"net_amount_debit": 1529, "additional_charges": "30.00"}, 152900, 3000, 0),
     ({"net_amount_debit": 1399.5, "disc": "99.50"}, 139950, 0, 9950),
     ({"net_amount_debit": 1429.5, "disc": "99.50", "additional_charges": "30.00"}, 142950, 3000, 9950),
     # Not explained: the smaller sum.
     ({"net_amount_debit": 1600}, 149900, 0, 0),
     ({"net_amount_debit": 1400}, 140000, 0, 0),
     ({"net_amount_debit": 1400, "disc": "50.00"}, 140000, 0, 0),
     ({"net_amount_debit": 1499, "disc": "50.00"}, 149900, 0, 0),
     # The noise of a number that once was a float.
     ({"net_amount_debit": 1399.4999999999998, "disc": "99.50"}, 139950, 0, 9950)],
)  # fmt: skip
def test_what_was_paid_counts_where_fee_and_discount_explain_it(one, changes, captured, fee, discount):
    report = one(**changes)
    assert (report.captured, report.fee, report.discount) == (captured, fee, discount)


def test_less_than_asked_for_says_why(one):
    assert "no discount explains it" in one(net_amount_debit=1400).detail


@pytest.mark.parametrize("changes", [{"net_amount_debit": 0}, {"amt": "0.00", "transaction_amount": "0.00"},
                                     {"mihpayid": ""}, {"mihpayid": "abc"}])  # fmt: skip
def test_a_success_without_money_or_id_is_unknown(ask, kit, changes):
    entry = {**kit.ENTRY, **changes}
    lists = [kit.acts()] if entry["mihpayid"].isdigit() else []
    (report,) = ask(kit.verified(entry), *lists).reports
    assert (report.state, report.captured) == (S.UNKNOWN, 0)


def test_a_part_that_was_captured_is_what_counts(one, kit):
    report = one(kit.action("capture", "1000.00"))
    assert (report.captured, report.detail) == (100000, "captured in part")
    assert one(kit.action("capture", "1529.00"), net_amount_debit=1529, additional_charges="30.00").fee == 3000
    # The list has it without the fee: so much the shop surely has.
    without = one(kit.action("capture", "1499.00"), net_amount_debit=1529, additional_charges="30.00")
    assert (without.captured, without.fee) == (149900, 0)


@pytest.mark.parametrize(
    ("words", "state", "refunded"),
    [(["success"], S.PARTIALLY_REFUNDED, 50000), (["SUCCESS", "success"], S.PARTIALLY_REFUNDED, 100000),
     (["success"] * 3, S.REFUNDED, 149900), (["queued"], S.CAPTURED, 0), (["IN PROGRESS"], S.CAPTURED, 0),
     (["od_hit"], S.CAPTURED, 0), (["REQUESTED"], S.CAPTURED, 0), (["failure"], S.CAPTURED, 0),
     (["odd"], S.CAPTURED, 0), (["success", "failure", "queued"], S.PARTIALLY_REFUNDED, 50000)],
)  # fmt: skip
def test_refunds_are_summed_when_they_succeeded(one, kit, words, state, refunded):
    refunds = [kit.action("refund", "500.00", word, request_id=str(number)) for number, word in enumerate(words)]
    report = one(kit.action("capture", "1499.00"), *refunds)
    assert (report.state, report.captured, report.refunded) == (state, 149900, refunded)


def test_an_auto_refund_says_why_it_failed(one):
    report = one(status="failure", unmappedstatus="autoRefund", error_Message="Late", field9="x")
    assert report.detail == "PayU found a success late and gave the money back by itself; Late; x"


def test_not_found_is_no_failure(ask, kit):
    told = ask({"status": 0, "msg": "0 out of 1", "transaction_details": {kit.ORDER: kit.NOT_FOUND}})
    assert (told.found, told.reports) == (False, ())


def test_not_found_of_a_payment_with_charges_is_another_keys(ask, kit):
    with pytest.raises(Permanent, match="does not know"):
        ask(kit.verified(**{kit.ORDER: kit.NOT_FOUND}), gateway_payment_ids=(kit.CHARGE,))


def test_every_known_charge_is_asked_for_by_its_own_id(gateway, canned, ref, kit):
    failed = {**kit.ENTRY, "mihpayid": 403993715537000000, "status": "failure", "unmappedstatus": "failed"}
    client = canned(
        kit.verified(kit.ENTRY), {"status": 1, "msg": "", "transaction_details": failed}, kit.acts(),
    )  # fmt: skip
    told = gateway.ask(client, ref(gateway_payment_ids=("403993715537000000", kit.CHARGE, "odd id")))
    assert [(one.state, one.gateway_payment_id) for one in told.reports] == [
        (S.CAPTURED, kit.CHARGE), (S.FAILED, "403993715537000000"),
    ]  # fmt: skip
    assert client.commands == [
        ("verify_payment", kit.ORDER), ("check_payment", "403993715537000000"),
        ("check_action_status", kit.CHARGE, "payuid"),
    ]  # fmt: skip


def test_two_that_are_paid_are_both_told(ask, kit):
    other = {**kit.ENTRY, "mihpayid": "7"}
    told = ask(
        kit.verified(kit.ENTRY), {"status": 1, "msg": "", "transaction_details": other}, kit.acts(),
        kit.acts(charge="7"), gateway_payment_ids=("7",),
    )  # fmt: skip
    assert [one.state for one in told.reports] == [S.CAPTURED, S.CAPTURED]
    assert [one.gateway_payment_id for one in told.reports] == [kit.CHARGE, "7"]


def test_a_known_charge_that_payu_does_not_find_is_left_as_it_was(ask, kit):
    lost = {"status": 0, "msg": "", "transaction_details": {"7": kit.NOT_FOUND}}
    told = ask(kit.verified(kit.ENTRY), lost, kit.acts(), gateway_payment_ids=("7",))
    assert len(told.reports) == 1


@pytest.mark.parametrize("details", [{}, {"mihpayid": "8", "status": "failure"}, {"txnid": "KTF9", "status": "x"},
                                     {"7": "No such thing"}])  # fmt: skip
def test_another_charge_than_was_asked_for_is_no_answer(ask, kit, details):
    with pytest.raises(Temporary):
        ask(kit.verified(kit.ENTRY), {"status": 1, "transaction_details": details}, gateway_payment_ids=("7",))


@pytest.mark.parametrize(
    "answer",
    [{"status": 1, "transaction_details": {"KTF9": {}}}, {"status": 1, "transaction_details": []},
     {"status": 1, "transaction_details": "x"}, {"status": 1}, {"status": 0, "msg": "Nothing to see"},
     {"status": 1, "transaction_details": {"KTF100045A1": "x"}},
     {"status": 1, "transaction_details": {"KTF100045A1": {"txnid": "KTF9"}}},
     {"status": 1, "transaction_details": {"KTF100045A1": {"amt": "1499,00"}}},
     {"status": 1, "transaction_details": {"KTF100045A1": {"amt": "-1.00"}}}],
)  # fmt: skip
def test_an_answer_that_does_not_tell_of_the_payment_is_tried_again(ask, answer):
    with pytest.raises(Temporary):
        ask(answer)


@pytest.mark.parametrize("amt", ["1499.001", "0.001"])
def test_a_sum_that_is_no_paise_is_tried_again(ask, kit, amt):
    with pytest.raises(Temporary):
        ask(kit.verified({**kit.ENTRY, "amt": amt}), kit.acts())


@pytest.mark.parametrize("listing", [{}, {"403993715537000001": "Something"}, {"9": {}},
                                     {"403993715537000001": {"1": {"action": "refund", "amt": "1.00"}}},
                                     {"403993715537000001": {"1": {"action": "", "status": "success"}}},
                                     {"403993715537000001": {"1": {"action": "refund", "status": "success"}}},
                                     {"403993715537000001": {"1": {"action": "refund", "status": "success",
                                                                   "amt": "1.00", "mihpayid": "9"}}},
                                     {"403993715537000001": {"1": "x"}}])  # fmt: skip
def test_a_success_is_not_told_before_it_is_known_what_was_done_to_it(ask, kit, listing):
    with pytest.raises(Temporary):
        ask(kit.verified(kit.ENTRY), {"status": 1, "transaction_details": listing})


def test_the_call_is_signed_as_the_sheet_says(gateway, canned, ref, kit):
    client = canned(kit.verified(kit.ENTRY), kit.acts())
    gateway.ask(client, ref())
    (method, url, given), (_, _, second) = client.asked
    assert (method, url, given["params"]) == ("POST", "https://test.payu.in/merchant/postservice.php", {"form": "2"})
    assert given["form"] == {
        "key": kit.KEY, "command": "verify_payment", "var1": kit.ORDER,
        "hash": kit.sha512(f"{kit.KEY}|verify_payment|{kit.ORDER}|{kit.SALT}"),
    }  # fmt: skip
    assert second["form"]["hash"] == kit.sha512(f"{kit.KEY}|check_action_status|{kit.CHARGE}|{kit.SALT}")
    assert second["form"]["var2"] == "payuid"


def test_a_payment_without_an_id_is_asked_by_prefix_and_reference(make_gateway, canned, ref, kit):
    client = canned(kit.verified(SHOPR1=kit.NOT_FOUND))
    assert not make_gateway(id_prefix="SHOP").ask(client, ref(gateway_order_id=None, reference="R1")).found


@pytest.mark.parametrize("order", ["a|b", "x" * 51, "a b"])
def test_an_id_that_would_ask_for_others_too_is_never_asked(gateway, canned, ref, order):
    with pytest.raises(Permanent):
        gateway.ask(canned(), ref(gateway_order_id=order))


def test_the_stand_in_is_asked_the_same_way(live, kit):
    ours = live.opened()
    failed = live.simulator.pay(ours.gateway_order_id, state="failed")
    assert [one.state for one in live.ask(ours).reports] == [S.FAILED]
    paid = live.simulator.pay(ours.gateway_order_id, fee=3000, discount=9950)
    known = type(ours)(**{name: getattr(ours, name) for name in ours.__slots__} | {"gateway_payment_ids": (failed.id,)})
    told = live.ask(known).reports
    assert [(one.state, one.gateway_payment_id) for one in told] == [(S.CAPTURED, paid.id), (S.FAILED, failed.id)]
    assert (told[0].captured, told[0].fee, told[0].discount) == (142950, 3000, 9950)
    assert Money(told[0].captured - told[0].fee + told[0].discount, "INR") == ours.amount
