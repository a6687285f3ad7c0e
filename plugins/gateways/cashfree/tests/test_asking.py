"""Asking about one payment, against the running simulator."""

from datetime import timedelta

import pytest

from kartify.plugin import ChargeState, Permanent, Temporary

S = ChargeState


@pytest.fixture
def ask(live):
    def asked(payment, **settings):
        gateway = live.gateway_with(**settings) if settings else live.gateway
        return gateway.ask(live.client, payment)

    return asked


def states(answer):
    for report in answer.reports:
        report.check()
    return sorted(report.state for report in answer.reports)


def test_a_paid_order_is_told_with_its_charge(live, ask):
    ours = live.opened()
    paid = live.simulator.pay("R7Q2M9")
    live.simulator.calls.clear()
    answer = ask(ours)
    (report,) = answer.reports
    assert (answer.found, answer.over, answer.word) == (True, False, "PAID, SUCCESS")
    assert (report.state, report.captured, report.fee) == (S.CAPTURED, 129900, 0)
    assert (report.gateway_payment_id, report.reference) == (paid.id, "R7Q2M9")
    assert sum(live.simulator.calls.values()) == 3


def test_refunds_can_be_left_out_for_fewer_calls(live, ask):
    ours = live.opened()
    charge = live.simulator.pay("R7Q2M9")
    live.simulator.refund_outside(charge.id)
    assert states(ask(ours, check_refunds=False)) == [S.CAPTURED]
    assert states(ask(ours)) == [S.REFUNDED]


def test_an_order_nobody_tried_is_found_without_attempts(live, ask):
    answer = ask(live.opened())
    assert (answer.found, answer.reports, answer.over, answer.word) == (True, (), False, "ACTIVE")


def test_every_attempt_is_told_and_a_failed_one_hides_nothing(live, ask):
    ours = live.opened()
    for state in ("failed", "captured", "pending", "failed"):
        live.simulator.pay("R7Q2M9", state=state)
    assert states(ask(ours)) == [S.CAPTURED, S.FAILED, S.FAILED, S.PENDING]


def test_an_active_order_costs_one_call_where_the_account_is_thrifty(live, ask):
    ours = live.opened()
    live.simulator.pay("R7Q2M9", state="failed")
    live.simulator.calls.clear()
    assert ask(ours, attempts="when_paid").reports == ()
    assert sum(live.simulator.calls.values()) == 1
    live.simulator.pay("R7Q2M9")
    assert states(ask(ours, attempts="when_paid")) == [S.CAPTURED, S.FAILED]


def test_an_expired_order_is_over_unless_an_attempt_is_running(live, ask):
    ours = live.opened(age=timedelta(days=2))
    assert ask(ours).over
    live.simulator.pay("R7Q2M9", state="failed")
    assert ask(ours).over
    running = live.simulator.pay("R7Q2M9", state="pending")
    assert not ask(ours).over
    live.simulator.late(running.id)
    answer = ask(ours)
    assert (states(answer), answer.over) == ([S.CAPTURED, S.FAILED], False)


def test_an_attempt_that_never_began_does_not_keep_an_ended_order_open(live, ask):
    ours = live.opened(age=timedelta(days=2))
    live.simulator.pay("R7Q2M9", state="pending", word="NOT_ATTEMPTED")
    answer = ask(ours)
    assert (states(answer), answer.over) == ([S.FAILED], True)


def test_held_money_is_authorised_and_tells_when_it_goes_back(live, ask):
    ours = live.opened()
    charge = live.simulator.pay("R7Q2M9", state="authorized")
    (report,) = ask(ours).reports
    assert (report.state, report.authorized, report.captured) == (S.AUTHORIZED, 129900, 0)
    assert report.release_at - report.at == timedelta(days=7)
    live.simulator.late(charge.id, "voided")
    assert states(ask(ours)) == [S.VOIDED]


@pytest.mark.parametrize("word", ["weird", "success", ""])
def test_an_unknown_status_is_never_paid(live, ask, word):
    ours = live.opened()
    live.simulator.pay("R7Q2M9", word=word or "?")
    assert states(ask(ours))[-1] == S.UNKNOWN
    assert S.CAPTURED not in states(ask(ours))


@pytest.mark.parametrize("word", ["TERMINATION_REQUESTED", "A_WORD_OF_TOMORROW"])
def test_an_order_of_another_word_is_not_over(live, ask, word):
    ours = live.opened()
    live.simulator.book.sessions["R7Q2M9"].data["word"] = word
    assert not ask(ours).over


def test_paid_without_a_success_is_unknown_and_never_unpaid(gateway, canned, ref, order, attempt):
    answer = gateway.ask(canned((200, order()), (200, [attempt(payment_status="FAILED")])), ref())
    assert [report.state for report in answer.reports] == [S.FAILED, S.UNKNOWN]


def test_refunds_of_other_attempts_are_not_this_ones(gateway, canned, ref, order, attempt):
    refunds = [{"cf_payment_id": 77, "refund_amount": 1299, "refund_status": "SUCCESS"}]
    answer = gateway.ask(canned((200, order()), (200, [attempt()]), (200, refunds)), ref())
    assert [report.state for report in answer.reports] == [S.CAPTURED]


@pytest.mark.parametrize("status", ["CANCELLED", "FAILED", "A_WORD_OF_TOMORROW"])
def test_a_refund_that_is_not_through_returned_nothing(gateway, canned, ref, order, attempt, status):
    refunds = [{"cf_payment_id": "5114910000001", "refund_amount": 1299, "refund_status": status}]
    answer = gateway.ask(canned((200, order()), (200, [attempt()]), (200, refunds)), ref())
    assert [report.state for report in answer.reports] == [S.CAPTURED]


def test_a_whole_that_is_going_back_is_neither_paid_nor_returned(live, ask):
    ours = live.opened()
    charge = live.simulator.pay("R7Q2M9")
    refund = live.simulator.refund_outside(charge.id, amount=100000)
    live.simulator.refund_outside(charge.id, amount=29900)
    refund.state = "pending"
    assert states(ask(ours)) == [S.UNKNOWN]
    refund.state = "processed"
    assert states(ask(ours)) == [S.REFUNDED]


@pytest.mark.parametrize(
    ("changes", "state", "captured"),
    [
        ({"is_captured": None}, S.CAPTURED, 129900),
        ({"is_captured": "true"}, S.CAPTURED, 129900),
        ({"is_captured": "false"}, S.AUTHORIZED, 0),
        ({"is_captured": None, "authorization": {"action": None}}, S.AUTHORIZED, 0),
        ({"authorization": {"action": "CAPTURE", "status": "PENDING"}}, S.AUTHORIZED, 0),
        ({"authorization": {"action": "VOID", "status": "PENDING"}}, S.AUTHORIZED, 0),
        ({"is_captured": False, "authorization": {"action": "VOID", "status": "SUCCESS"}}, S.VOIDED, 0),
        ({"authorization": {"action": "CAPTURE", "status": "SUCCESS", "captured_amount": 1000}}, S.CAPTURED, 100000),
        ({"authorization": {"action": "CAPTURE", "status": "SUCCESS", "captured_amount": 5000}}, S.CAPTURED, 129900),
        ({"cf_payment_id": None}, S.UNKNOWN, 0),
        ({"payment_amount": 0}, S.UNKNOWN, 0),
        ({"payment_status": "FAILED", "is_captured": True}, S.FAILED, 0),
        ({"payment_status": "CANCELLED", "is_captured": True}, S.FAILED, 0),
        ({"payment_amount": "1299.0", "cf_payment_id": 5114910000001}, S.CAPTURED, 129900),
    ],
)
def test_the_words_of_an_attempt_are_read_together(gateway, canned, ref, order, attempt, changes, state, captured):
    answer = gateway.ask(canned((200, order()), (200, [attempt(**changes)]), (200, [])), ref())
    report = answer.reports[0]
    report.check()
    assert (report.state, report.captured) == (state, captured)


@pytest.mark.parametrize(("amount", "fee"), [(1322.6, 2360), (1299, 0), (1298.99, 0)])
def test_only_what_was_paid_on_top_is_a_fee(gateway, canned, ref, order, attempt, amount, fee):
    answer = gateway.ask(canned((200, order()), (200, [attempt(payment_amount=amount)]), (200, [])), ref())
    assert answer.reports[0].fee == fee


def test_money_in_another_currency_is_told_as_it_is(gateway, canned, ref, order, attempt):
    answer = gateway.ask(canned((200, order()), (200, [attempt(payment_currency="USD")]), (200, [])), ref())
    assert (answer.reports[0].currency, answer.reports[0].fee) == ("USD", 0)


def test_the_calls_of_one_question_fit_its_deadline(gateway, canned, ref, order, attempt):
    client = canned((200, order()), (200, [attempt()]), (200, []))
    gateway.ask(client, ref())
    assert sum(given["timeout"] for _, _, given in client.asked) <= gateway.deadline


def test_an_order_that_cashfree_does_not_know_is_not_found(ask, ref):
    answer = ask(ref(gateway_order_id="NEVERMADE1"))
    assert (answer.found, answer.reports) == (False, ())


def test_an_order_with_charges_cannot_be_unknown(ask, ref):
    with pytest.raises(Permanent, match="check App ID and environment"):
        ask(ref(gateway_order_id="NEVERMADE1", gateway_payment_ids=("1:NEVERMADE1",)))


def test_an_opening_without_an_answer_is_asked_about_by_our_reference(live, ask, ref):
    live.opened()
    live.simulator.pay("R7Q2M9")
    assert states(ask(ref(gateway_order_id=None))) == [S.CAPTURED]


@pytest.mark.parametrize("order_id", ["../orders/x", "a/b", "x y", "ab", "R7?x=1"])
def test_an_id_steps_out_of_no_path(gateway, canned, ref, order_id):
    with pytest.raises(Permanent):
        gateway.ask(canned(), ref(gateway_order_id=order_id))


def test_an_answer_about_another_order_is_not_believed(gateway, canned, ref, order, attempt):
    with pytest.raises(Temporary):
        gateway.ask(canned((200, order(order_id="OTHER1"))), ref())
    foreign = attempt(order_id="OTHER1")
    answer = gateway.ask(canned((200, order(order_status="ACTIVE")), (200, [foreign])), ref())
    assert answer.reports == ()


def test_an_ended_order_is_told_over_and_cannot_be_paid(live):
    ours = live.opened()
    answer = live.gateway.close(live.client, ours)
    assert (answer.found, answer.over, answer.word) == (True, True, "TERMINATED")
    assert live.gateway.close(live.client, ours).over


def test_closing_tells_of_a_payment_that_was_quicker(live):
    ours = live.opened()
    live.simulator.pay("R7Q2M9")
    answer = live.gateway.close(live.client, ours)
    assert (states(answer), answer.over) == ([S.CAPTURED], False)


def test_closing_what_cashfree_does_not_know_is_not_found(live, ref):
    assert not live.gateway.close(live.client, ref(gateway_order_id="NEVERMADE1")).found
