"""What an event proves, and what it may only ask for."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from kartify.plugin import ChargeState, Unreadable


@pytest.fixture
def read(gateway, hook):
    def make(event, own=gateway):
        told = own.read_webhook(hook(event))
        for report in told.reports:
            report.check()
        return told

    return make


def test_a_paid_session_that_we_opened_is_captured(read, made):
    [told] = read(made.event("checkout.session.completed", made.session())).reports
    assert (told.state, told.captured, told.currency, told.word) == (ChargeState.CAPTURED, 129900, "INR", "paid")
    assert (told.gateway_payment_id, told.gateway_order_id, told.reference) == (made.pi, made.cs, "R7Q2M9")
    assert told.at == datetime.fromtimestamp(made.now, UTC)


def test_session_and_intent_name_the_same_charge(read, made):
    [one] = read(made.event("checkout.session.completed", made.session())).reports
    [two] = read(made.event("payment_intent.succeeded", made.intent())).reports
    assert (one.gateway_payment_id, one.captured) == (two.gateway_payment_id, two.captured)


@pytest.mark.parametrize("changes", [
    {"payment_status": "unpaid"}, {"payment_status": "no_payment_required"}, {"payment_status": "PAID"},
    {"payment_status": ""}, {"payment_status": None}, {"status": "open"}, {"status": "expired"}, {"amount_total": 0},
    {"amount_total": None}, {"payment_intent": None}, {"payment_intent": "x y"}, {"metadata": {}}, {"metadata": None},
    {"metadata": {"kartify_reference": "R7Q2M9"}}, {"currency": None}, {"currency": "rupees"}, {"currency": "ugx"},
    {"metadata": {"kartify_reference": "R7Q2M9", "kartify_capture": "manual"}},
], ids=str)  # fmt: skip
def test_a_session_that_proves_less_is_a_reason_to_ask(read, made, changes):
    told = read(made.event("checkout.session.completed", made.session(**changes)))
    assert (told.reports, told.ask) == ((), (made.cs,))


@pytest.mark.parametrize("total", ["129900", 1299.5, True, -1, {}, [129900]])
def test_a_sum_that_is_no_integer_is_unreadable(read, made, total):
    with pytest.raises(Unreadable, match="amount_total"):
        read(made.event("checkout.session.completed", made.session(amount_total=total)))


@pytest.mark.parametrize("mode", ["subscription", "setup", "splendid"])
def test_sessions_of_another_kind_are_ignored(read, made, mode):
    assert read(made.event("checkout.session.completed", made.session(mode=mode))).ignored


def test_a_delayed_method_that_failed_is_failed(read, made):
    [told] = read(made.event("checkout.session.async_payment_failed", made.session(payment_status="unpaid"))).reports
    assert (told.state, told.gateway_payment_id, told.captured) == (ChargeState.FAILED, made.pi, 0)


def test_a_failed_session_that_says_paid_is_asked_about(read, made):
    assert read(made.event("checkout.session.async_payment_failed", made.session())).ask == (made.cs,)


def test_an_expired_session_is_asked_about(read, made):
    assert read(made.event("checkout.session.expired", made.session(status="expired"))).ask == (made.cs,)


@pytest.mark.parametrize(("name", "status", "state"), [
    ("payment_intent.succeeded", "succeeded", "captured"),
    ("payment_intent.payment_failed", "requires_payment_method", "failed"),
    ("payment_intent.canceled", "canceled", "failed"),
])  # fmt: skip
def test_events_of_an_intent_tell_its_state(read, made, name, status, state):
    [told] = read(made.event(name, made.intent(status))).reports
    assert (told.state, told.word, told.reference) == (ChargeState(state), status, "R7Q2M9")
    assert told.captured == (129900 if state == "captured" else 0)


def test_held_money_is_not_captured_and_goes_back_after_the_set_time(make_gateway, read, made):
    held = made.intent("requires_capture", amount_capturable=129900, capture_method="manual")
    [told] = read(made.event("payment_intent.amount_capturable_updated", held),
                  make_gateway(release_after_hours=10)).reports
    assert (told.state, told.authorized, told.captured) == (ChargeState.AUTHORIZED, 129900, 0)
    assert told.release_at == datetime.fromtimestamp(made.now, UTC) + timedelta(hours=10)


def test_held_money_without_a_sum_is_unknown(read, made):
    [told] = read(made.event("payment_intent.amount_capturable_updated", made.intent("requires_capture"))).reports
    assert told.state is ChargeState.UNKNOWN


def test_what_was_held_and_cancelled_is_released(read, made):
    [told] = read(made.event("payment_intent.canceled", made.intent("canceled", capture_method="manual"))).reports
    assert told.state is ChargeState.VOIDED


@pytest.mark.parametrize("name", ["payment_intent.succeeded", "payment_intent.payment_failed",
                                  "payment_intent.canceled", "payment_intent.amount_capturable_updated"])  # fmt: skip
@pytest.mark.parametrize("status", ["succeeded", "requires_payment_method", "canceled", "requires_capture",
                                    "processing", "splendid", "", None])  # fmt: skip
def test_a_status_that_does_not_fit_its_event_is_asked_about(read, made, name, status):
    told = read(made.event(name, made.intent(status, amount_received=129900, amount_capturable=129900)))
    fits = {"payment_intent.succeeded": "succeeded", "payment_intent.payment_failed": "requires_payment_method",
            "payment_intent.canceled": "canceled", "payment_intent.amount_capturable_updated": "requires_capture"}
    assert bool(told.reports) is (fits[name] == status)
    assert told.ask == (() if told.reports else ("R7Q2M9",))


def test_an_intent_without_our_reference_is_called_by_its_own_id(read, made):
    [told] = read(made.event("payment_intent.succeeded", made.intent(metadata={}))).reports
    assert (told.gateway_order_id, told.reference, told.captured) == (made.pi, None, 129900)


@pytest.mark.parametrize("name", ["R7-Q2", "A" * 21, "", 7, None])
def test_a_reference_that_cannot_be_ours_is_none(read, made, name):
    [told] = read(made.event("payment_intent.succeeded", made.intent(metadata={"kartify_reference": name}))).reports
    assert told.reference is None


@pytest.mark.parametrize(("kind", "asked"), [("session", "cs"), ("intent", "pi")])
def test_on_a_shared_account_what_is_not_marked_as_ours_is_no_orphan(make_gateway, read, made, kind, asked):
    names = {"session": "checkout.session.completed", "intent": "payment_intent.succeeded"}
    told = read(made.event(names[kind], getattr(made, kind)(metadata={})), make_gateway(shared=True))
    assert (told.reports, told.ask) == ((), (getattr(made, asked),))
    assert read(made.event(names[kind], getattr(made, kind)()), make_gateway(shared=True)).reports


@pytest.mark.parametrize("changes", [{"livemode": True}, {"livemode": None}, {"account": "acct_1Other"}], ids=str)
def test_events_of_another_mode_or_account_are_ignored(read, made, changes):
    told = read(made.event("payment_intent.succeeded", made.intent(), **changes))
    assert (told.reports, told.ask) == ((), ())
    assert told.ignored


def test_an_event_that_names_our_own_account_counts(read, made):
    assert read(made.event("payment_intent.succeeded", made.intent(), account="acct_1KartMadeUp01")).reports


@pytest.mark.parametrize("name", ["payment_intent.created", "payment_intent.processing", "charge.succeeded",
                                  "payment_intent.requires_action", "charge.failed", "charge.captured", "invoice.paid",
                                  "checkout.session.splendid", "charge.dispute"])  # fmt: skip
def test_other_events_are_ignored_with_a_reason(read, made, name):
    told = read(made.event(name, made.intent()))
    assert (told.reports, told.ask, told.event) == ((), (), name)
    assert name in told.ignored


def test_a_late_failure_of_an_old_attempt_changes_nothing(read, made):
    """The charge is the intent: only the intent's own word counts."""
    assert read(made.event("charge.failed", made.charge(status="failed"))).ignored


@pytest.mark.parametrize(("name", "kind"), [
    ("charge.refunded", "charge"), ("refund.created", "refund"), ("refund.updated", "refund"),
    ("refund.failed", "refund"), ("charge.refund.updated", "refund"),
])  # fmt: skip
def test_refunds_are_a_reason_to_ask(read, made, name, kind):
    entity = made.charge() if kind == "charge" else made.refund(kartify_reference="R7Q2M9")
    told = read(made.event(name, entity))
    assert (told.reports, told.ask) == ((), ("R7Q2M9",))


def test_a_refund_that_names_nothing_of_ours_is_asked_about_by_its_intent(read, made):
    assert read(made.event("refund.created", made.refund())).ask == (made.pi,)
    assert read(made.event("refund.created", {**made.refund(), "payment_intent": None})).ignored


def dispute(status, **changes):
    return {"id": "du_1", "object": "dispute", "status": status, "amount": 50000, "currency": "inr",
            "payment_intent": "pi_kart000001", "reason": "fraudulent", "evidence_details": {"due_by": 1796000000},
            **changes}  # fmt: skip


@pytest.mark.parametrize(("status", "closed", "lost"), [
    ("needs_response", False, 0), ("under_review", False, 0), ("warning_needs_response", False, 0),
    ("warning_under_review", False, 0), ("appeal_needs_response", False, 0), ("splendid", False, 0),
    ("won", True, 0), ("warning_closed", True, 0), ("prevented", True, 0), ("lost", True, 50000),
])  # fmt: skip
def test_disputes_are_told_at_once(read, made, status, closed, lost):
    [told] = read(made.event("charge.dispute.updated", dispute(status))).reports
    assert (told.state, told.gateway_payment_id, told.captured) == (ChargeState.DISPUTED, made.pi, 0)
    assert (told.dispute.closed, told.dispute.lost) == (closed, lost)
    assert told.dispute.deadline == (None if closed else datetime.fromtimestamp(1796000000, UTC))


def test_a_dispute_that_cannot_be_answered_has_no_deadline(read, made):
    [told] = read(made.event("charge.dispute.created", dispute("lost", evidence_details={"due_by": 0}))).reports
    assert told.dispute.deadline is None


@pytest.mark.parametrize("changes", [{"payment_intent": None}, {"currency": None}, {"status": None}], ids=str)
def test_a_dispute_that_names_no_payment_is_ignored(read, made, changes):
    assert read(made.event("charge.dispute.created", {**dispute("lost"), **changes})).ignored


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"{}", b'{"type": 7}', b'{"type": ""}', b"\xff", b'{"type":'])
def test_what_is_no_event_is_unreadable(gateway, hook, body):
    with pytest.raises(Unreadable):
        gateway.read_webhook(hook(body, signature="x"))


@pytest.mark.parametrize("data", [None, [], "x", {}, {"object": None}, {"object": []}])
def test_an_event_without_an_object_tells_nothing(gateway, hook, made, data):
    message = hook({**made.event("payment_intent.succeeded", {}), "data": data})
    try:
        told = gateway.read_webhook(message)
    except Unreadable:
        return
    assert (told.reports, told.ask) == ((), ())


def test_the_same_event_with_other_bytes_has_another_key(gateway, hook, made):
    event = made.event("payment_intent.succeeded", made.intent())
    again = {**event, "pending_webhooks": 2}
    keys = {gateway.read_webhook(hook(one)).key for one in (event, again)}
    assert len(keys) == 2
    assert all(key.startswith("evt_1:") for key in keys)


def test_words_are_printable_and_short(read, made):
    error = {"code": "card_declined", "message": "no\u0000 " + "x" * 5000, "decline_code": "lost\u0007_card"}
    failed = made.intent("requires_payment_method", last_payment_error=error)
    [told] = read(json.loads(json.dumps(made.event("payment_intent.payment_failed", failed)))).reports
    assert told.detail.isprintable()
    assert len(told.detail) < 420
    assert told.detail.endswith("lost_card")
