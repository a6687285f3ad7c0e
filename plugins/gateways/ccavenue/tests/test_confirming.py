"""Confirming and cancelling: already done is success, and nothing else is."""

import pytest

from kartify.plugin import ChargeState, Denied, Money, Permanent, Temporary

FULL, S = Money(149900, "INR"), ChargeState
DONE = {"failed_List": [], "success_count": 1, "error_code": "", "error_desc": ""}


def failed(code, reference="114012345678"):
    one = {"reference_no": reference, "reason": " why\n", "error_code": f"{code} "}
    return {"failed_List": [one], "success_count": 0, "error_code": "", "error_desc": ""}


@pytest.fixture
def held(live):
    return live.simulator.pay(live.opened().gateway_order_id, state="authorized")


def test_a_confirmed_order_is_paid(live, held, ref):
    report = live.gateway.capture(live.client, held.id, FULL)
    report.check()
    assert (report.state, report.captured, report.currency) == (S.CAPTURED, 149900, "INR")
    assert [one.state for one in live.ask(ref()).reports] == [S.CAPTURED]


def test_confirming_twice_is_success_with_what_stands(live, held):
    live.gateway.capture(live.client, held.id, Money(100000, "INR"))
    again = live.gateway.capture(live.client, held.id, FULL)
    assert (again.state, again.captured) == (S.CAPTURED, 100000)


def test_a_lost_answer_and_the_call_again_is_success(live, held):
    live.simulator.faults.next("dropped-after")
    with pytest.raises(Temporary):
        live.gateway.capture(live.client, held.id, FULL)
    assert live.gateway.capture(live.client, held.id, FULL).captured == 149900


def test_a_cancelled_order_is_released_once_and_again(live, held):
    for _ in range(2):
        report = live.gateway.void(live.client, held.id, FULL)
        report.check()
        assert (report.state, report.captured) == (S.VOIDED, 0)


def test_what_was_confirmed_is_not_released_and_the_other_way_round(live, held):
    live.gateway.capture(live.client, held.id, FULL)
    with pytest.raises(Permanent, match="51303"):
        live.gateway.void(live.client, held.id, FULL)
    other = live.simulator.pay("KTF100045A1", state="voided")
    with pytest.raises(Permanent, match="51303"):
        live.gateway.capture(live.client, other.id, FULL)


def test_an_unknown_transaction_is_refused_by_its_field(live):
    with pytest.raises(Permanent) as told:
        live.gateway.capture(live.client, "999", FULL)
    assert "51304" in str(told.value)


@pytest.mark.parametrize(
    ("answers", "error"),
    [([{}], Temporary), ([{**DONE, "success_count": 0}], Temporary), ([{**DONE, "success_count": "x"}], Temporary),
     ([failed("51301", "9")], Temporary), ([failed("51305")], Temporary), ([failed("51407")], Denied),
     ([failed("51306")], Permanent), ([failed("51301"), {"error_code": "51313", "error_desc": "x"}], Permanent),
     ([{"error_code": "51205", "error_desc": "x"}], Permanent)],
)  # fmt: skip
def test_what_is_not_clearly_done_is_no_success(gateway, canned, kit, answers, error):
    with pytest.raises(error):
        gateway.capture(canned(*answers), kit.CHARGE, FULL)


def test_already_confirmed_is_believed_only_with_the_transaction(gateway, canned, kit):
    with pytest.raises(Permanent):
        gateway.capture(canned(failed("51301"), {**kit.ROW, "order_status": "Successful"}), kit.CHARGE, FULL)
    with pytest.raises(Temporary):
        gateway.capture(canned(failed("51301"), {**kit.ROW, "reference_no": "9"}), kit.CHARGE, FULL)


def test_a_risk_check_under_way_is_tried_again_and_was_not_done(gateway, canned, kit):
    with pytest.raises(Temporary) as told:
        gateway.capture(canned(failed("51307")), kit.CHARGE, FULL)
    assert told.value.sent is False


def test_the_list_holds_this_one_with_its_sum(gateway, canned, kit):
    client = canned(DONE, DONE)
    gateway.capture(client, kit.CHARGE, Money(149950, "INR"))
    gateway.void(client, kit.CHARGE, Money(149950, "INR"))
    body = {"order_List": [{"reference_no": kit.CHARGE, "amount": "1499.50"}]}
    assert client.commands == [("confirmOrder", body), ("cancelOrder", body)]
