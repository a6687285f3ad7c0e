"""What a look-up's answer becomes: states, sums, moments, refunds, disputes, contradictions."""

from datetime import UTC, datetime, timedelta

import pytest

from kartify.plugin import ChargeState, Denied, Permanent, Temporary

ERROR = {"code": "card_declined", "decline_code": "insufficient_funds", "message": "Too little"}


@pytest.fixture
def ask(gateway, canned, ref):
    def make(*answers, **changes):
        client = canned(*answers)
        told = gateway.ask(client, ref(**changes))
        assert client.answers == []
        for report in told.reports:
            report.check()
        return told

    return make


@pytest.fixture
def report(ask):
    def make(*answers, **changes):
        [one] = ask(*answers, **changes).reports
        return one

    return make


def moment(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def test_a_paid_session_is_captured_with_stripes_own_time(report, made):
    told = report(made.whole())
    assert (told.state, told.word, told.captured, told.currency) == (ChargeState.CAPTURED, "succeeded", 129900, "INR")
    assert (told.gateway_payment_id, told.gateway_order_id, told.reference) == (made.pi, made.cs, "R7Q2M9")
    assert (told.at, told.method) == (moment(1795399003), "card")


def test_the_session_is_asked_for_in_one_call_with_key_and_version(gateway, canned, ref, made):
    client = canned(made.whole())
    gateway.ask(client, ref())
    [(method, url, given)] = client.asked
    assert (method, url) == ("GET", f"https://api.stripe.com/v1/checkout/sessions/{made.cs}")
    assert given["params"] == [("expand[]", "payment_intent.latest_charge")]
    wanted = {"authorization": "Bearer sk_test_madeup0000000001", "stripe-version": "2026-10-28.endive"}
    assert wanted.items() <= given["headers"].items()
    assert given["timeout"] < gateway.deadline


@pytest.mark.parametrize(("status", "state"), [
    ("requires_confirmation", "pending"), ("requires_action", "pending"), ("processing", "pending"),
    ("requires_capture", "authorized"), ("succeeded", "captured"), ("canceled", "failed"),
    ("splendid", "unknown"), ("Succeeded", "unknown"), ("succeeded ", "unknown"), ("paid", "unknown"),
    ("requires_source", "unknown"),
])  # fmt: skip
def test_each_word_has_its_state_and_an_unknown_one_is_never_paid(report, made, status, state):
    own = made.intent(status, amount_received=129900, amount_capturable=129900)
    failed = made.charge(status="failed", paid=False)
    told = report(made.whole(own, failed if status == "canceled" else None, payment_status="unpaid"))
    assert (told.state, told.word) == (ChargeState(state), status)
    assert told.captured == (129900 if state == "captured" else 0)
    assert told.authorized == (129900 if state == "authorized" else 0)


def test_a_failed_attempt_tells_why_and_leaves_the_session_open(ask, made):
    own = made.intent("requires_payment_method", last_payment_error=ERROR)
    told = ask(made.whole(own, made.charge(status="failed", paid=False), status="open", payment_status="unpaid"))
    [one] = told.reports
    assert (one.state, one.detail, told.over) == (ChargeState.FAILED, "Too little, insufficient_funds", False)


@pytest.mark.parametrize("intent", [None, "requires_payment_method"])
def test_nobody_tried_is_no_report(ask, made, intent):
    own = made.intent(intent, latest_charge=None) if intent else None
    told = ask(made.session(status="open", payment_status="unpaid", payment_intent=own))
    assert (told.found, told.reports, told.over, told.word) == (True, (), False, "open, unpaid")


def test_an_expired_session_is_over(ask, made):
    told = ask(made.session(status="expired", payment_status="unpaid", payment_intent=None))
    assert (told.reports, told.over) == ((), True)


@pytest.mark.parametrize("status", ["succeeded", "processing", "requires_capture", "splendid"])
def test_an_expired_session_whose_intent_is_busy_is_not_over(ask, made, status):
    own = made.intent(status, amount_capturable=129900)
    assert not ask(made.whole(own, status="expired", payment_status="unpaid")).over


@pytest.mark.parametrize("status", ["open", "complete", "splendid", "", None])
def test_nothing_else_is_over(ask, made, status):
    assert not ask(made.session(status=status, payment_status="unpaid", payment_intent=None)).over


@pytest.mark.parametrize("changes", [
    {"payment_intent": None}, {"payment_intent": None, "payment_status": "unpaid"}, {},
    {"payment_intent": None, "status": "splendid"},
], ids=str)  # fmt: skip
def test_a_complete_session_without_a_told_intent_is_unknown(report, made, changes):
    told = report(made.session(**changes))
    assert (told.state, told.gateway_payment_id, told.captured) == (ChargeState.UNKNOWN, None, 0)


@pytest.mark.parametrize("status", ["processing", "requires_payment_method", "requires_capture", "canceled"])
def test_a_session_that_contradicts_its_intent_is_unknown(report, made, status):
    own = made.intent(status, amount_capturable=129900, last_payment_error=ERROR)
    assert report(made.whole(own)).state is ChargeState.UNKNOWN


@pytest.mark.parametrize(("status", "state"), [("requires_capture", "authorized"), ("canceled", "voided")])
def test_of_held_money_the_intent_tells_whatever_the_session_says(report, made, status, state):
    own = made.intent(status, amount_capturable=129900, capture_method="manual")
    assert report(made.whole(own)).state is ChargeState(state)


def test_held_money_goes_back_when_its_method_says_or_after_the_set_time(gateway, report, made):
    own = made.intent("requires_capture", amount_capturable=129900, capture_method="manual")
    details = {"type": "card", "card": {"capture_before": 1796003800}}
    named = report(made.whole(own, made.charge(payment_method_details=details), payment_status="unpaid"))
    guessed = report(made.whole(own, payment_status="unpaid"))
    assert named.release_at == moment(1796003800)
    assert guessed.release_at == moment(1795399003) + gateway.settings.release_after


@pytest.mark.parametrize("details", [None, [], "x", {}, {"type": "card"}, {"type": "card", "card": None},
                                     {"type": "card", "card": {"capture_before": True}}, {"type": 7}])  # fmt: skip
def test_details_of_another_form_are_no_obstacle(report, made, details):
    assert report(made.whole(None, made.charge(payment_method_details=details))).captured == 129900


def test_a_partial_capture_counts_what_was_received(report, made):
    assert report(made.whole(made.intent(amount_received=100000, capture_method="manual"))).captured == 100000


def test_money_that_was_held_first_has_no_moment_of_its_charge(report, made):
    assert report(made.whole(made.intent(capture_method="manual"))).at is None


def test_failed_and_pending_are_as_old_as_their_attempt(report, made):
    failed = made.intent("requires_payment_method", last_payment_error=ERROR)
    for own in (failed, made.intent("processing")):
        assert report(made.whole(own, made.charge(created=1795398968), payment_status="unpaid")).at == moment(
            1795398968
        )
    without = made.session(payment_intent=made.intent("requires_action", latest_charge=None), payment_status="unpaid")
    assert report(without).at == moment(1795398950)


def test_cancelled_is_as_old_as_its_cancelling(report, made):
    own = made.intent("canceled", latest_charge=None, canceled_at=1795400000, cancellation_reason="abandoned")
    told = report(made.session(status="expired", payment_status="unpaid", payment_intent=own))
    assert (told.at, told.detail, told.state) == (moment(1795400000), "cancelled: abandoned", ChargeState.FAILED)


@pytest.mark.parametrize("received", [0, None])
def test_success_without_a_sum_is_unknown(report, made, received):
    assert report(made.whole(made.intent(amount_received=received))).state is ChargeState.UNKNOWN


@pytest.mark.parametrize("currency", [None, "", "rupees", 7, "isk", "ugx", "mga"])
def test_a_currency_that_is_none_or_counted_otherwise_is_unknown(report, made, currency):
    assert report(made.whole(made.intent(currency=currency))).state is ChargeState.UNKNOWN


@pytest.mark.parametrize(("currency", "code"), [("jpy", "JPY"), ("USD", "USD"), ("kwd", "KWD")])
def test_other_currencies_are_reported_as_they_are(report, made, currency, code):
    told = report(made.whole(made.intent(currency=currency)))
    assert (told.currency, told.captured) == (code, 129900)


@pytest.mark.parametrize("wrong", ["129900", 1299.0, 1299.5, True, -5, {}, [1]])
def test_a_sum_that_is_no_integer_makes_the_answer_unreadable(ask, made, wrong):
    with pytest.raises(Temporary, match="cannot be read"):
        ask(made.whole(made.intent(amount_received=wrong)))


# Refunds and disputes.


@pytest.mark.parametrize(("refunds", "state", "refunded"), [
    ([("succeeded", 50000)], "partially_refunded", 50000),
    ([("succeeded", 50000), ("succeeded", 79900)], "refunded", 129900),
    ([("pending", 50000)], "captured", 0), ([("requires_action", 50000)], "captured", 0),
    ([("pending", 129900)], "unknown", 0), ([("succeeded", 50000), ("pending", 79900)], "unknown", 0),
    ([("failed", 129900)], "captured", 0), ([("canceled", 129900)], "captured", 0),
    ([("splendid", 129900)], "captured", 0), ([(None, 129900)], "unknown", 0),
    ([("succeeded", 500000)], "refunded", 129900), ([], "captured", 0),
])  # fmt: skip
def test_only_refunds_that_are_through_count(report, made, refunds, state, refunded):
    # Stripe's own sum counts those under way.
    own = made.charge(amount_refunded=129900, refunded=True)
    told = report(made.whole(None, own), made.rows(*(made.refund(*one) for one in refunds)))
    assert (told.state, told.refunded) == (ChargeState(state), refunded)


def test_a_long_list_of_refunds_is_read_to_its_end(report, made):
    first = made.rows(made.refund(amount=10000), more=True)
    own = made.charge(amount_refunded=20000)
    assert report(made.whole(None, own), first, made.rows(made.refund(amount=10000))).refunded == 20000


def dispute(status, amount=129900, **changes):
    return {"id": "du_1", "object": "dispute", "status": status, "amount": amount, "currency": "inr",
            "payment_intent": "pi_kart000001", "evidence_details": {"due_by": 1796000000}, **changes}  # fmt: skip


def test_a_dispute_is_a_flag_on_captured_money(report, made):
    told = report(made.whole(None, made.charge(disputed=True)), made.rows(dispute("needs_response")))
    assert (told.state, told.captured, told.dispute.closed) == (ChargeState.DISPUTED, 129900, False)
    assert told.dispute.deadline == moment(1796000000)


def test_several_disputes_are_one_that_is_open_while_one_of_them_is(report, made):
    two = made.rows(dispute("lost", 30000), dispute("needs_response", 20000, evidence_details={"due_by": 1795999999}))
    told = report(made.whole(None, made.charge(disputed=True)), two)
    assert (told.dispute.closed, told.dispute.lost, told.dispute.deadline) == (False, 30000, moment(1795999999))


def test_a_dispute_that_is_in_no_list_yet_leaves_the_money_captured(report, made):
    assert report(made.whole(None, made.charge(disputed=True)), made.rows()).state is ChargeState.CAPTURED


def test_refunded_and_disputed_money_is_told_as_both(report, made):
    own = made.charge(disputed=True, amount_refunded=50000)
    told = report(made.whole(None, own), made.rows(made.refund()), made.rows(dispute("lost", 79900)))
    assert (told.state, told.refunded, told.dispute.lost) == (ChargeState.PARTIALLY_REFUNDED, 50000, 79900)


# Which session.


@pytest.mark.parametrize("changes", [{"id": "cs_test_other"}, {"id": ""}, {"id": None}, {"object": "charge"}], ids=str)
def test_an_answer_about_something_else_tells_nothing(ask, made, changes):
    with pytest.raises(Temporary):
        ask(made.whole(**changes))


def test_a_session_that_was_opened_for_another_payment_is_refused(ask, made):
    with pytest.raises(Permanent, match="another payment"):
        ask(made.whole(metadata={"kartify_reference": "OTHER1"}))


def test_a_session_that_the_storefront_opened_needs_no_mark(report, made):
    assert report(made.whole(metadata={}, client_reference_id="1007")).reference == "R7Q2M9"


@pytest.mark.parametrize("kind", ["session", "intent"])
def test_an_answer_of_the_other_mode_pauses_the_account(gateway, canned, ref, made, kind):
    live = {"session": made.whole(livemode=True), "intent": made.intent(livemode=True)}[kind]
    with pytest.raises(Denied, match="must not be mixed"):
        gateway.ask(canned(live), ref(gateway_order_id=made.cs if kind == "session" else made.pi))


def missing(text="No such checkout.session: 'cs_test_x'"):
    return (404, {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": text}})


def test_a_session_that_stripe_does_not_know_is_not_found(ask):
    told = ask(missing())
    assert (told.found, told.reports) == (False, ())


def test_a_session_that_had_charges_cannot_be_unknown(ask, made):
    with pytest.raises(Permanent, match="does not know"):
        ask(missing(), gateway_payment_ids=(made.pi,))


@pytest.mark.parametrize("charge", [{"amount_refunded": 5}, {"disputed": True}], ids=str)
def test_a_list_that_stripe_does_not_know_makes_no_session_unknown(ask, made, charge):
    with pytest.raises(Permanent, match="No such"):
        ask(made.whole(None, made.charge(**charge)), missing())


def test_a_session_of_the_other_mode_is_no_unknown_session(ask):
    with pytest.raises(Denied, match="must not be mixed"):
        ask(missing("No such session; a similar object exists in live mode, but a test mode key was used"))


@pytest.mark.parametrize("name", ["../refunds", "cs/x", "cs_x?y=1", "cs", "c" * 81, "cs_ä"])
def test_nothing_steps_out_of_its_path(ask, name):
    with pytest.raises(Permanent):
        ask(gateway_order_id=name)


def test_an_intent_of_the_shops_own_page_is_asked_for_by_its_id(gateway, canned, ref, made):
    client = canned({**made.intent(metadata={}), "latest_charge": made.charge()})
    [told] = gateway.ask(client, ref(gateway_order_id=made.pi)).reports
    assert (told.gateway_order_id, told.captured) == (made.pi, 129900)
    assert client.asked[0][1].endswith(f"/v1/payment_intents/{made.pi}")


@pytest.mark.parametrize(("status", "over"), [("canceled", True), ("requires_payment_method", False)])
def test_such_an_intent_is_over_when_it_is_cancelled(ask, made, status, over):
    assert ask(made.intent(status, latest_charge=None), gateway_order_id=made.pi).over is over


# An opening that was never answered.


def test_a_lost_opening_is_looked_for_by_its_moment_and_our_reference(gateway, canned, ref, made):
    other = made.session(id="cs_test_other", metadata={"kartify_reference": "OTHER1"})
    client = canned(made.rows(other, more=True), made.rows(7, {"id": 7}, made.whole()))
    [told] = gateway.ask(client, ref(gateway_order_id=None)).reports
    assert (told.gateway_order_id, told.captured) == (made.cs, 129900)
    first, second = (dict(given["params"]) for _, _, given in client.asked)
    assert (first["created[gte]"], first["created[lte]"]) == (str(1795398899 - 120), str(1795398899 + 3600))
    assert second["starting_after"] == "cs_test_other"


def test_a_lost_opening_that_is_in_no_list_is_not_found(ask, made):
    assert not ask(made.rows(made.session(metadata={})), gateway_order_id=None).found


def test_a_list_that_is_too_long_says_nothing(ask, made):
    page = made.rows(made.session(metadata={}), more=True)
    with pytest.raises(Temporary, match="too many sessions"):
        ask(*[page] * 10, gateway_order_id=None)


def test_the_plan_covers_the_late_window(gateway):
    assert gateway.plan.window >= gateway.plan.late_window
    assert gateway.plan.lifetime == timedelta(hours=24)


# Against the stand-in.


def test_a_session_is_followed_from_its_opening_to_its_refund(live):
    ours = live.opened()
    assert live.ask(ours).reports == ()
    live.simulator.pay(ours.gateway_order_id, state="failed")
    assert [one.state for one in live.ask(ours).reports] == [ChargeState.FAILED]
    charge = live.simulator.pay(ours.gateway_order_id)
    assert [(one.state, one.captured) for one in live.ask(ours).reports] == [(ChargeState.CAPTURED, 129900)]
    live.simulator.refund_outside(charge.id, amount=50000)
    assert [one.state for one in live.ask(ours).reports] == [ChargeState.PARTIALLY_REFUNDED]
    live.simulator.refund_outside(charge.id)
    assert [one.state for one in live.ask(ours).reports] == [ChargeState.REFUNDED]


@pytest.mark.parametrize(("then", "state"), [("captured", "captured"), ("failed", "failed")])
def test_a_delayed_method_is_pending_until_it_is_confirmed(live, then, state):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id, state="pending")
    told = live.ask(ours)
    assert ([one.state for one in told.reports], told.word) == ([ChargeState.PENDING], "complete, unpaid")
    live.simulator.late(charge.id, then)
    assert [one.state for one in live.ask(ours).reports] == [ChargeState(state)]


def test_a_session_that_nobody_paid_for_a_day_is_over(live):
    told = live.ask(live.opened(age=86400))
    assert (told.over, told.reports, told.word) == (True, (), "expired, unpaid")


def test_an_expired_session_with_a_failed_attempt_is_over(live):
    ours = live.opened(age=3600)
    live.simulator.pay(ours.gateway_order_id, state="failed")
    live.simulator.book.offset = timedelta(days=1)
    told = live.ask(ours)
    assert (told.over, [one.state for one in told.reports]) == (True, [ChargeState.FAILED])


def test_a_dispute_is_found_by_asking(live):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id)
    live.simulator.dispute(charge.id, "lost", amount=70000)
    [told] = live.ask(ours).reports
    assert (told.state, told.dispute.lost) == (ChargeState.DISPUTED, 70000)


@pytest.mark.parametrize("status", ["failed", "pending"])
def test_a_session_of_an_opening_without_answer_is_found_in_the_stand_in(live, ref, status):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, state=status)
    [told] = live.ask(ref(gateway_order_id=None, created_at=ours.created_at)).reports
    assert (told.gateway_order_id, told.state) == (ours.gateway_order_id, ChargeState(status))
