"""Asking about one payment, against the running simulator."""

import pytest

from kartify.plugin import ChargeState, Permanent

S = ChargeState


@pytest.fixture
def ask(live):
    return lambda payment: live.gateway.ask(live.client, payment)


def states(answer):
    for report in answer.reports:
        report.check()
    return [report.state for report in answer.reports]


def test_a_paid_order_costs_one_call(live, ask):
    ours = live.opened()
    paid = live.simulator.pay(ours.gateway_order_id)
    live.simulator.calls.clear()
    answer = ask(ours)
    (report,) = answer.reports
    assert (answer.found, answer.over, answer.word) == (True, False, "captured")
    assert (report.state, report.captured, report.fee, report.discount) == (S.CAPTURED, 129900, 0, 0)
    assert (report.gateway_payment_id, report.reference) == (paid["id"], "R7Q2M9")
    assert report.at is None
    assert live.simulator.calls == {"GET /v1/orders/<order_id>/payments": 1}


def test_an_order_nobody_tried_is_found_without_attempts(live, ask):
    answer = ask(live.opened())
    assert (answer.found, answer.reports, answer.over) == (True, (), False)


def test_every_attempt_is_reported(live, ask):
    ours = live.opened()
    for status in ("failed", "created", "captured"):
        live.simulator.pay(ours.gateway_order_id, status=status)
    assert sorted(states(ask(ours))) == [S.CAPTURED, S.FAILED, S.PENDING]


def test_a_failure_looks_no_newer_than_its_attempt(live, ask):
    ours = live.opened()
    failed = live.simulator.pay(ours.gateway_order_id, status="failed")
    (report,) = ask(ours).reports
    assert report.at.timestamp() == failed["created_at"]
    assert report.detail == "Payment failed"


def test_a_late_authorisation_is_told(live, ask):
    ours = live.opened(age=2 * 86400)
    failed = live.simulator.pay(ours.gateway_order_id, status="failed")
    assert states(ask(ours)) == [S.FAILED]
    live.simulator.late_authorise(failed["id"], capture=False)
    assert states(ask(ours)) == [S.AUTHORIZED]
    live.simulator.late_authorise(failed["id"])
    assert states(ask(ours)) == [S.CAPTURED]


def test_an_authorisation_given_back_is_void_and_asks_for_no_refunds(live, ask):
    ours = live.opened()
    held = live.simulator.pay(ours.gateway_order_id, status="authorized")
    live.simulator.release(held["id"])
    assert states(ask(ours)) == [S.VOIDED]
    assert live.simulator.calls["GET /v1/payments/<payment_id>/refunds"] == 0


@pytest.mark.parametrize("status", ["weird", "CAPTURED", ""])
def test_an_unknown_status_is_never_paid(live, ask, status):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, status=status)
    assert states(ask(ours)) == [S.UNKNOWN]


def test_an_order_that_razorpay_does_not_know_is_not_found(live, ask, ref):
    answer = ask(ref(gateway_order_id="order_NEVERMADE00001"))
    assert (answer.found, answer.reports) == (False, ())


def test_an_order_that_had_payments_cannot_be_unknown(live, ask, ref):
    with pytest.raises(Permanent) as caught:
        ask(ref(gateway_order_id="order_NEVERMADE00001", gateway_payment_ids=("pay_1",)))
    assert caught.value.field == "gateway_order_id"


def test_a_wrong_address_is_not_an_unknown_order(gateway, canned, ref):
    answer = {"error": {"code": "BAD_REQUEST_ERROR", "description": "The requested URL was not found on the server."}}
    for status in (400, 404):
        with pytest.raises(Permanent):
            gateway.ask(canned((status, answer)), ref())


def test_a_404_in_razorpays_words_is_an_unknown_order(gateway, canned, ref):
    answer = {"error": {"code": "BAD_REQUEST_ERROR", "description": "Order not found"}}
    assert not gateway.ask(canned((404, answer)), ref()).found


@pytest.mark.parametrize("order_id", ["../payments", "order_1/../x", "", "order_1?x=1", "order 1"])
def test_an_id_that_would_leave_its_path_is_never_sent(gateway, canned, ref, order_id):
    client = canned()
    with pytest.raises(Permanent):
        gateway.ask(client, ref(gateway_order_id=order_id))
    assert client.asked == []


def test_without_an_order_id_all_orders_of_the_receipt_are_looked_at(live, ask, ref):
    first, second = live.opened(), live.opened()
    live.simulator.pay(first.gateway_order_id, status="failed")
    live.simulator.pay(second.gateway_order_id)
    answer = ask(ref(gateway_order_id=None))
    assert sorted(states(answer)) == [S.CAPTURED, S.FAILED]
    assert {report.gateway_order_id for report in answer.reports} == {first.gateway_order_id, second.gateway_order_id}
    assert not ask(ref(gateway_order_id=None, reference="OTHER1")).found


def test_a_fee_that_the_customer_bears_is_declared_from_the_order(live, ask):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, amount=132900, fee_bearer="customer")
    (report,) = ask(ours).reports
    assert (report.captured, report.fee, report.discount) == (132900, 3000, 0)


def test_a_higher_payment_that_the_order_does_not_explain_is_no_fee(live, ask):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, amount=132900)
    (report,) = ask(ours).reports
    assert (report.captured, report.fee, report.discount) == (132900, 0, 0)


def test_an_offer_is_declared_from_the_order(live, ask):
    ours = live.opened()
    live.simulator.ledger.order(ours.gateway_order_id)["offer_id"] = "offer_KART00000001"
    live.simulator.pay(ours.gateway_order_id, amount=119900)
    (report,) = ask(ours).reports
    assert (report.captured, report.fee, report.discount) == (119900, 0, 10000)


def test_an_underpayment_without_an_offer_stays_one(live, ask):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, amount=119900)
    (report,) = ask(ours).reports
    assert (report.captured, report.discount) == (119900, 0)


@pytest.mark.parametrize("changes", [{}, {"offer_id": "offer_1", "status": "attempted"}, {"offer_id": "offer_1",
                                     "amount_paid": 50000}, {"offer_id": "offer_1", "currency": "USD"}])  # fmt: skip
def test_a_discount_needs_an_offer_and_a_paid_order(live, ask, changes):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, amount=119900)
    paid = {"status": "paid", "amount_paid": 129900, "amount_due": 0}
    live.simulator.ledger.order(ours.gateway_order_id).update({**paid, **changes})
    (report,) = ask(ours).reports
    assert (report.captured, report.discount) == (119900, 0)


@pytest.mark.parametrize("changes", [{"amount_paid": 132900}, {"status": "attempted"}, {"amount_due": 1}])
def test_a_fee_needs_the_orders_own_sum_to_be_paid(live, ask, changes):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, amount=132900, fee_bearer="customer")
    live.simulator.ledger.order(ours.gateway_order_id).update(changes)
    (report,) = ask(ours).reports
    assert (report.captured, report.fee) == (132900, 0)


def test_nothing_is_declared_for_an_order_of_another_amount_than_ours(live, ask, ref):
    theirs = live.opened(minor=100000)
    live.simulator.pay(theirs.gateway_order_id, amount=132900, fee_bearer="customer")
    (report,) = ask(ref(gateway_order_id=theirs.gateway_order_id)).reports
    assert (report.captured, report.fee) == (132900, 0)


def test_nothing_is_declared_where_two_payments_are_captured(live, ask):
    ours = live.opened()
    live.simulator.ledger.order(ours.gateway_order_id)["offer_id"] = "offer_KART00000001"
    live.simulator.pay(ours.gateway_order_id, amount=60000)
    live.simulator.ledger.order(ours.gateway_order_id)["status"] = "attempted"
    live.simulator.pay(ours.gateway_order_id, amount=60000)
    assert [report.discount for report in ask(ours).reports] == [0, 0]


def test_a_refund_made_outside_is_told(live, ask):
    ours = live.opened()
    paid = live.simulator.pay(ours.gateway_order_id)
    live.simulator.refund_outside(paid["id"], amount=30000)
    (part,) = ask(ours).reports
    assert (part.state, part.captured, part.refunded) == (S.PARTIALLY_REFUNDED, 129900, 30000)
    live.simulator.refund_outside(paid["id"])
    (whole,) = ask(ours).reports
    assert (whole.state, whole.captured, whole.refunded) == (S.REFUNDED, 129900, 129900)


def test_a_refund_under_way_is_not_yet_money_back(live, ask):
    ours = live.opened()
    paid = live.simulator.pay(ours.gateway_order_id)
    live.simulator.refund_outside(paid["id"], amount=30000, status="pending")
    (report,) = ask(ours).reports
    assert (report.state, report.captured, report.refunded) == (S.CAPTURED, 129900, 0)


def test_a_whole_on_its_way_back_is_neither_paid_nor_refunded(live, ask):
    ours = live.opened()
    paid = live.simulator.pay(ours.gateway_order_id)
    refund = live.simulator.refund_outside(paid["id"], status="pending")
    assert states(ask(ours)) == [S.UNKNOWN]
    refund["status"] = "processed"
    assert states(ask(ours)) == [S.REFUNDED]


def test_attempts_of_another_order_in_the_answer_are_left_out(gateway, canned, ref, sample):
    payment = sample("payment_captured")["payload"]["payment"]["entity"]
    other = {**payment, "id": "pay_OTHER", "order_id": "order_OTHER000000001"}
    unnamed = {**payment, "id": "pay_UNNAMED", "order_id": None}
    answer = gateway.ask(canned((200, {"count": 2, "items": [other, unnamed]})), ref())
    (report,) = answer.reports
    assert (report.gateway_payment_id, report.gateway_order_id) == ("pay_UNNAMED", "order_KART0000000001")


def test_the_plan_asks_for_five_days_and_waits_three(gateway):
    assert gateway.plan.late_window.days == 3
    assert gateway.plan.window.days == 5


def test_the_keys_can_be_tested(live):
    assert "test mode" in live.gateway.test(live.client)
