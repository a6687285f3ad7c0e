"""What an order's answer becomes: states, sums, refunds, contradictions."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kartify.plugin import ChargeState, Money, Permanent, Temporary


@pytest.fixture
def ask(gateway, canned, ref):
    def make(answer, **changes):
        told = gateway.ask(canned(answer), ref(**changes))
        for report in told.reports:
            report.check()
        return told

    return make


@pytest.fixture
def report(ask):
    def make(answer, **changes):
        [one] = ask(answer, **changes).reports
        return one

    return make


def test_a_paid_order_is_captured_with_the_gateways_own_time(report, juspay):
    told = report(juspay.order())
    assert (told.state, told.word, told.captured, told.currency) == (ChargeState.CAPTURED, "CHARGED", 129900, "INR")
    assert (told.gateway_payment_id, told.gateway_order_id, told.reference) == (juspay.txn, "R7Q2M9", "R7Q2M9")
    assert (told.at, told.method) == (datetime(2026, 6, 1, 6, 21, 49, tzinfo=UTC), "upi")


@pytest.mark.parametrize("spelt", [1299, "1299", "1299.00", 1299.0, "1299.0000"])
def test_an_amount_is_read_however_it_is_written(report, juspay, spelt):
    told = juspay.order(amount=spelt, effective_amount=spelt, txn={"txn_amount": spelt})
    assert report(told).captured == 129900


def test_paise_are_exact(report, juspay):
    told = juspay.order(amount=1299.1, effective_amount="1299.1", txn={"txn_amount": 1299.10})
    assert report(told, amount=Money(129910, "INR")).captured == 129910


@pytest.mark.parametrize("wrong", [True, "12,99", "1e3", "-5", -5, "NaN", {}, [1], "1299.001"])
def test_an_amount_that_is_none_makes_the_answer_unreadable(ask, juspay, wrong):
    with pytest.raises(Temporary, match="cannot be read"):
        ask(juspay.order(txn={"txn_amount": wrong}))


@pytest.mark.parametrize(("word", "number", "state"), [
    ("STARTED", 20, "pending"), ("PENDING_VBV", 23, "pending"), ("VBV_SUCCESSFUL", 24, "pending"),
    ("AUTHORIZING", 28, "pending"), ("COD_INITIATED", 29, "pending"), ("CREATED", 1, "pending"),
    ("AUTHORIZED", 25, "authorized"), ("AUTHORIZED", 77, "authorized"), ("CAPTURE_INITIATED", 33, "authorized"),
    ("VOID_INITIATED", 32, "authorized"), ("CAPTURE_FAILED", 34, "authorized"), ("VOID_FAILED", 35, "authorized"),
    ("VOIDED", 31, "voided"), ("AUTHENTICATION_FAILED", 26, "failed"), ("AUTHORIZATION_FAILED", 27, "failed"),
    ("JUSPAY_DECLINED", 22, "failed"), ("CHARGED", "21", "captured"), ("CHARGED", None, "captured"),
    ("PARTIAL_CHARGED", 21, "unknown"), ("TO_BE_CHARGED", None, "unknown"), ("SUCCESS", 21, "unknown"),
    ("charged", 21, "unknown"), ("PAID", 21, "unknown"), ("CHARGED ", 21, "unknown"),
])  # fmt: skip
def test_each_word_has_its_state_and_an_unknown_one_is_never_paid(report, juspay, word, number, state):
    told = report(juspay.order(word, number))
    assert (told.state, told.word) == (ChargeState(state), word)
    assert told.captured == (129900 if state == "captured" else 0)
    assert told.authorized == (129900 if state == "authorized" else 0)


@pytest.mark.parametrize("number", [27, 10, "22", 0])
def test_a_word_that_does_not_fit_its_number_is_unknown(report, juspay, number):
    assert report(juspay.order("CHARGED", number)).state is ChargeState.UNKNOWN


@pytest.mark.parametrize("transaction", ["PENDING_VBV", "AUTHORIZATION_FAILED", "AUTHORIZED", "SPLENDID"])
def test_order_and_transaction_that_contradict_each_other_are_unknown(report, juspay, transaction):
    told = report(juspay.order(txn={"status": transaction}))
    assert (told.state, told.captured) == (ChargeState.UNKNOWN, 0)
    assert transaction in told.word


def test_an_order_called_new_with_an_attempt_is_told_by_the_attempt(report, juspay):
    told = juspay.order("NEW", 10, txn={"status": "PENDING_VBV"})
    assert report(told).word == "PENDING_VBV"


def test_details_of_another_transaction_prove_no_money(report, juspay):
    told = report(juspay.order(txn={"txn_id": "kartify-R7Q2M9-9"}))
    assert (told.state, told.gateway_payment_id) == (ChargeState.UNKNOWN, juspay.txn)


def test_nobody_tried_is_no_report(ask, juspay):
    told = ask(juspay.untried())
    assert (told.found, told.reports, told.over, told.word) == (True, (), False, "NEW")


@pytest.mark.parametrize(("word", "state"), [
    ("STARTED", "pending"), ("JUSPAY_DECLINED", "failed"), ("CHARGED", "unknown"), ("AUTHORIZED", "unknown"),
])  # fmt: skip
def test_a_word_without_a_transaction_settles_nothing(report, juspay, word, state):
    told = report(juspay.untried() | {"status": word, "status_id": None})
    assert (told.state, told.gateway_payment_id, told.captured) == (ChargeState(state), None, 0)


def test_a_failed_attempt_tells_why_and_when_it_began(report, juspay):
    told = report(juspay.order("AUTHORIZATION_FAILED", 27, bank_error_message="Not sufficient funds"))
    assert (told.detail, told.at) == ("Not sufficient funds", datetime(2026, 6, 1, 6, 21, 30, tzinfo=UTC))


def test_held_money_names_when_it_goes_back(report, juspay):
    told = report(juspay.order("AUTHORIZED", 25))
    assert told.release_at == datetime(2026, 6, 4, 6, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize("moment", ["2026-06-01T06:21:49", "01/06/2026", "", None, 1748758909, "2026-06-01T06:20:00Z"])
def test_a_moment_without_a_zone_or_before_the_attempt_is_not_used(report, juspay, moment):
    assert report(juspay.order(payment_gateway_response={"created": moment})).at is None


def test_a_moment_of_another_zone_is_converted(report, juspay):
    told = report(juspay.order(payment_gateway_response={"created": "2026-06-01T11:51:49+05:30"}))
    assert told.at == datetime(2026, 6, 1, 6, 21, 49, tzinfo=UTC)


@pytest.mark.parametrize("nothing", [None, "", [], "x", 7])
def test_parts_that_are_missing_are_no_obstacle(report, juspay, nothing):
    parts = ("payment_gateway_response", "refunds", "offers", "payment_links")
    assert report(juspay.order(**dict.fromkeys(parts, nothing))).captured == 129900


@pytest.mark.parametrize("changes", [{"currency": None, "txn": {"currency": None}}, {"amount": 0, "effective_amount": 0,
                                     "txn": {"txn_amount": 0}}], ids=["no currency", "no amount"])  # fmt: skip
def test_money_without_amount_or_currency_is_unknown(report, juspay, changes):
    assert report(juspay.order(**changes)).state is ChargeState.UNKNOWN


# Refunds.


@pytest.mark.parametrize(("refunds", "state", "refunded"), [
    ([("SUCCESS", 500)], "partially_refunded", 50000),
    ([("SUCCESS", 500), ("SUCCESS", "799.00")], "refunded", 129900),
    ([("SUCCESS", 1299)], "refunded", 129900),
    ([("PENDING", 500)], "captured", 0),
    ([("PENDING", 1299)], "unknown", 0),
    ([("SUCCESS", 500), ("MANUAL_REVIEW", 799)], "unknown", 0),
    ([("FAILURE", 1299)], "captured", 0),
    ([("SUCCESS", 500), ("FAILURE", 799)], "partially_refunded", 50000),
    ([("SPLENDID", 500)], "captured", 0),
    ([("SUCCESS", 5000)], "refunded", 129900),
])  # fmt: skip
def test_only_refunds_that_are_through_count(report, juspay, refunds, state, refunded):
    rows = [juspay.row(word, amount, f"K{number}") for number, (word, amount) in enumerate(refunds)]
    # Juspay's own sum counts those under way, its flag comes late: neither is read.
    told = report(juspay.order(refunds=rows, amount_refunded=1299, refunded=True))
    assert (told.state, told.refunded) == (ChargeState(state), refunded)


@pytest.mark.parametrize(("refunds", "state"), [([], "refunded"), ([("SUCCESS", 1299)], "refunded"),
                                                ([("PENDING", 1299)], "unknown")])  # fmt: skip
def test_what_juspay_sent_back_by_itself_is_refunded_when_it_is_through(report, juspay, refunds, state):
    rows = [juspay.row(word, amount) for word, amount in refunds]
    told = report(juspay.order("AUTO_REFUNDED", 36, refunds=rows))
    assert told.state is ChargeState(state)


# Sums that differ from ours.


def test_a_surcharge_that_explains_the_sum_is_declared_as_fee(report, juspay):
    told = report(juspay.order(txn={"txn_amount": 1324.5, "surcharge_amount": 20, "tax_amount": "5.50"}))
    assert (told.captured, told.fee, told.discount) == (132450, 2550, 0)


def test_an_offer_is_declared_as_discount(report, juspay):
    told = report(juspay.order(effective_amount=1199, offers=[{"offer_id": "x"}], txn={"txn_amount": 1199}))
    assert (told.captured, told.fee, told.discount) == (119900, 0, 10000)


def test_a_deduction_that_the_transaction_names_is_a_discount(report, juspay):
    told = report(juspay.order(effective_amount=1199, txn={"txn_amount": 1199, "offer_deduction_amount": 100}))
    assert (told.captured, told.discount) == (119900, 10000)


@pytest.mark.parametrize(("changes", "captured"), [
    ({"effective_amount": 1199, "txn": {"txn_amount": 1199}}, 119900),
    ({"effective_amount": 1199, "txn": {"txn_amount": 1299}}, 119900),
    ({"effective_amount": 1299, "txn": {"txn_amount": 1400}}, 129900),
    ({"effective_amount": 1400, "txn": {"txn_amount": 1400, "surcharge_amount": 50}}, 140000),
    ({"amount": 1199, "effective_amount": 1199, "offers": [1], "txn": {"txn_amount": 1199}}, 119900),
    ({"effective_amount": None, "txn": {"txn_amount": 1400}}, 140000),
    ({"effective_amount": 1400, "txn": {"txn_amount": None}}, 140000),
    ({"amount": 1400, "effective_amount": None, "txn": {"txn_amount": None}}, 140000),
], ids=str)  # fmt: skip
def test_an_unexplained_difference_declares_nothing_and_the_lower_sum_counts(report, juspay, changes, captured):
    told = report(juspay.order(**changes))
    assert (told.captured, told.fee, told.discount) == (captured, 0, 0)


def test_another_currency_is_reported_as_it_is(report, juspay):
    told = report(juspay.order(currency="AED", txn={"currency": "AED"}))
    assert (told.currency, told.captured, told.fee) == ("AED", 129900, 0)


# Which order, which attempt.


def test_the_second_attempt_hides_no_first_one(live):
    ours = live.opened()
    first = live.simulator.pay("R7Q2M9", state="failed")
    [told] = live.gateway.ask(live.client, ours).reports
    assert (told.gateway_payment_id, told.state) == (first.id, ChargeState.FAILED)
    second = live.simulator.pay("R7Q2M9")
    live.simulator.pay("R7Q2M9", state="failed")
    [told] = live.gateway.ask(live.client, ours).reports
    assert (told.gateway_payment_id, told.state) == (second.id, ChargeState.CAPTURED)


def test_a_failed_attempt_that_succeeds_late_is_captured(live):
    ours = live.opened()
    charge = live.simulator.pay("R7Q2M9", state="failed")
    live.simulator.late(charge.id)
    [told] = live.gateway.ask(live.client, ours).reports
    assert told.state is ChargeState.CAPTURED


@pytest.mark.parametrize(("first", "told_number"), [(False, 2), (True, 1)])
def test_of_two_successes_one_is_told(live, first, told_number):
    ours, live.simulator.first_success = live.opened(), first
    live.simulator.pay("R7Q2M9")
    live.simulator.pay("R7Q2M9")
    [told] = live.gateway.ask(live.client, ours).reports
    assert told.gateway_payment_id == f"kartifysim-R7Q2M9-{told_number}"


@pytest.mark.parametrize("txn_id", ["EUL42", "kartify-R000001-1", "kartify-R7Q2M9", "kartify-R7Q2M9-1-x"])
def test_a_transaction_of_another_build_keeps_its_order(report, juspay, txn_id):
    told = report(juspay.order(txn_id=txn_id, txn={"txn_id": txn_id}))
    assert told.gateway_payment_id == f"{txn_id}:R7Q2M9"


def test_the_order_is_asked_for_with_key_merchant_version_and_routing(gateway, canned, ref, juspay):
    client = canned(juspay.order())
    gateway.ask(client, ref())
    [(method, url, given)] = client.asked
    assert (method, url) == ("GET", "https://sandbox.juspay.in/orders/R7Q2M9")
    assert given["auth"] == ("api-key-of-tests", "")
    wanted = {"x-merchantid": "kartify", "x-routing-id": "R7Q2M9", "version": "2024-02-01"}
    assert wanted.items() <= given["headers"].items()


def test_a_payment_whose_opening_was_lost_is_asked_for_by_our_reference(gateway, canned, ref, juspay):
    client = canned(juspay.order())
    gateway.ask(client, ref(gateway_order_id=None))
    assert client.asked[0][1].endswith("/orders/R7Q2M9")


def test_an_answer_about_another_order_tells_nothing(ask, juspay):
    for other in ("R000001", "", None):
        with pytest.raises(Temporary, match="another order"):
            ask(juspay.order(order_id=other))


@pytest.mark.parametrize("answer", [
    (404, {"status": "NOT_FOUND", "error_code": "x", "error_message": "no"}),
    (404, {"error_code": "invalid", "error_message": "Order with id R7Q2M9 not found for merchant_id kartify"}),
    (404, {"error_info": {"code": "RESOURCE_NOT_FOUND", "developer_message": "gone"}}),
    (400, {"status": "error", "error_code": "invalid", "error_message": "order_id does not exist"}),
    (200, {"status": "NOT_FOUND", "status_id": 40, "order_id": "R7Q2M9"}),
], ids=str)  # fmt: skip
def test_an_order_that_juspay_does_not_know_is_not_found(gateway, canned, ref, answer):
    told = gateway.ask(canned(answer), ref())
    assert (told.found, told.reports) == (False, ())


def test_an_order_that_had_charges_cannot_be_unknown(gateway, canned, ref, juspay):
    client = canned((404, {"status": "NOT_FOUND", "error_code": "x"}))
    with pytest.raises(Permanent, match="do not know"):
        gateway.ask(client, ref(gateway_payment_ids=(juspay.txn,)))


@pytest.mark.parametrize("order_id", ["../refunds", "A/B", "A?x=1", "", "A" * 65, "ä"])
def test_nothing_steps_out_of_its_path(gateway, canned, ref, order_id):
    with pytest.raises(Permanent):
        gateway.ask(canned(), ref(gateway_order_id=order_id or " ", reference="R7Q2M9"))


def test_no_list_is_offered(gateway):
    assert (gateway.can.bulk_from, gateway.can.close) == (0, False)


def test_the_plan_covers_the_late_window(gateway):
    assert gateway.plan.window > gateway.plan.late_window
    assert gateway.plan.late_window.days == 3


def test_decimals_stay_decimals(ask, juspay):
    # 0.29 * 100 is 28.999… in binary.
    told = ask(juspay.order(amount=0.29, effective_amount=0.29, txn={"txn_amount": 0.29}), amount=Money(29, "INR"))
    assert told.reports[0].captured == int(Decimal("0.29") * 100)
