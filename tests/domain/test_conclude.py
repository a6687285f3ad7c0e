"""What the clock concludes of an unpaid order: the rows "failed by clock" and "cancelled by clock", and law 6."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kartify.domain.conclude import (
    FRESH,
    Answer,
    ChargeClock,
    ClockView,
    PaymentClock,
    Verdict,
    conclude,
    unpaid_by_hand,
)
from kartify.domain.reports import Facts
from kartify.domain.status import Status

T = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
P, Q = UUID(int=1), UUID(int=2)
FAILED = Facts(failed_at=T)


def payment(key=P, asked=None, **more):
    told = {"answer": Answer.UNPAID, "asked_at": asked} if asked else {}
    given = {"state": "over", "lifetime": DAY, "late_window": 3 * DAY, "created_at": T} | told | more
    return PaymentClock(id=key, **given)


def charge(facts=FAILED, reported_at=T):
    return ChargeClock(facts=facts, reported_at=reported_at)


def view(status=Status.MISSING, **more):
    return ClockView(status=status, created_at=T, **more)


NOW = T + HOUR
TRIED = view(payments=(payment(asked=T + 40 * MINUTE),), charges=(charge(),))
OLD = T + 8 * DAY
EXPIRED = view(Status.FAILED, payments=(payment(asked=OLD - MINUTE),), charges=(charge(),))


def told(given, now):
    found = conclude(given, now)
    assert found.why.endswith(".")
    assert bool(found.ask) == (found.verdict is Verdict.ASK)
    assert found.until is None or (found.verdict is Verdict.WAIT and found.until > now)
    return found


# Failed.


def test_failed_when_every_attempt_is_over_and_it_was_asked_after_the_last_report_and_quiet():
    assert told(TRIED, NOW).verdict is Verdict.FAIL


def test_voided_and_expired_attempts_count_as_over():
    voided = Facts(authorized=1000, authorized_at=T, voided_at=T + MINUTE)
    assert told(replace(TRIED, charges=(charge(), charge(voided))), NOW).verdict is Verdict.FAIL


def test_not_before_the_quiet_time():
    found = told(TRIED, T + 29 * MINUTE)
    assert (found.verdict, found.until) == (Verdict.WAIT, T + 30 * MINUTE)
    found = told(replace(TRIED, failed_after=2 * HOUR), NOW)
    assert (found.verdict, found.until) == (Verdict.WAIT, T + 2 * HOUR)


def test_another_payment_starts_the_quiet_time_anew():
    both = replace(TRIED, payments=(payment(asked=NOW), payment(Q, asked=NOW, created_at=NOW - MINUTE)))
    assert told(both, NOW).until == NOW + 29 * MINUTE


def test_asked_first_when_the_last_answer_is_older_than_the_last_report():
    found = told(replace(TRIED, charges=(charge(reported_at=T + 20 * MINUTE),),
                         payments=(payment(asked=T + 19 * MINUTE), payment(Q, asked=NOW))), NOW)
    assert (found.verdict, found.ask) == (Verdict.ASK, (P,))


def test_asked_first_when_only_our_clock_says_that_the_session_is_over():
    asked_before = payment(asked=T + 5 * MINUTE, state="open", lifetime=10 * MINUTE)
    assert told(replace(TRIED, payments=(asked_before,)), NOW).ask == (P,)
    asked_after = replace(asked_before, asked_at=T + 10 * MINUTE)
    assert told(replace(TRIED, payments=(asked_after,)), NOW).verdict is Verdict.FAIL


def test_without_any_attempt_it_stays_missing_until_its_lifetime_is_over():
    found = told(replace(TRIED, charges=()), NOW)
    assert (found.verdict, found.until) == (Verdict.WAIT, T + 7 * DAY)


def test_money_that_came_and_went_back_is_no_failed_attempt():
    gone = Facts(currency="INR", captured=900, captured_at=T, refunded=900)
    assert told(replace(TRIED, charges=(charge(gone),)), NOW).verdict is Verdict.WAIT


def test_a_failed_order_is_not_failed_again():
    found = told(replace(TRIED, status=Status.FAILED), NOW)
    assert (found.verdict, found.until) == (Verdict.WAIT, T + 7 * DAY)


def test_it_fails_while_the_late_window_keeps_it_from_being_cancelled():
    assert told(replace(TRIED, cancel_requested_at=T), NOW).verdict is Verdict.FAIL


# Cancelled.


def test_cancelled_when_its_lifetime_is_over_and_a_fresh_answer_says_not_paid():
    found = told(EXPIRED, OLD)
    assert found.verdict is Verdict.CANCEL
    assert "lifetime" in found.why
    assert told(replace(EXPIRED, status=Status.MISSING), OLD).verdict is Verdict.CANCEL


def test_not_before_its_lifetime_is_over():
    assert told(EXPIRED, T + 7 * DAY - MINUTE).until == T + 7 * DAY


def test_a_store_may_cancel_only_on_request():
    kept = replace(EXPIRED, lifetime=None)
    found = told(kept, OLD)
    assert (found.verdict, found.until) == (Verdict.WAIT, None)
    assert told(replace(kept, cancel_requested_at=OLD), OLD).verdict is Verdict.CANCEL


def test_a_request_needs_no_lifetime_but_all_else():
    asked = replace(EXPIRED, cancel_requested_at=T + 4 * DAY, payments=(payment(asked=T + 4 * DAY),))
    found = told(asked, T + 4 * DAY)
    assert found.verdict is Verdict.CANCEL
    assert "customer" in found.why
    found = told(asked, T + 4 * DAY + FRESH + MINUTE)
    assert (found.verdict, found.ask) == (Verdict.ASK, (P,))


def test_never_while_the_late_window_is_open():
    soon = replace(EXPIRED, lifetime=DAY)
    assert told(soon, T + 2 * DAY).until == T + 3 * DAY
    second = payment(Q, asked=OLD, created_at=T + 6 * DAY)
    found = told(replace(EXPIRED, payments=(*EXPIRED.payments, second)), OLD)
    assert (found.verdict, found.until) == (Verdict.WAIT, T + 9 * DAY)


def test_never_on_an_old_answer():
    found = told(replace(EXPIRED, payments=(payment(asked=OLD - FRESH - MINUTE), payment(Q, asked=OLD))), OLD)
    assert (found.verdict, found.ask) == (Verdict.ASK, (P,))
    found = told(replace(EXPIRED, payments=(payment(),)), OLD)
    assert (found.verdict, found.ask) == (Verdict.ASK, (P,))


def test_an_answer_from_inside_the_late_window_or_before_the_last_report_is_not_fresh():
    end = T + 3 * DAY
    short = replace(EXPIRED, lifetime=DAY, payments=(payment(asked=end - MINUTE),))
    assert told(short, end + MINUTE).ask == (P,)
    news = replace(EXPIRED, charges=(charge(reported_at=OLD - timedelta(seconds=30)),))
    assert told(news, OLD).ask == (P,)


def test_cod_that_was_never_placed_goes_by_its_lifetime_alone():
    cod = view(method="cod")
    assert told(cod, T + 7 * DAY - MINUTE).until == T + 7 * DAY
    assert told(cod, T + 7 * DAY).verdict is Verdict.CANCEL
    assert told(replace(cod, cancel_requested_at=NOW), NOW).verdict is Verdict.CANCEL


def test_a_payment_that_was_asked_but_has_no_answer_yet_proves_nothing():
    unanswered = payment(asked=OLD, answer=Answer.NEVER)
    assert told(replace(EXPIRED, payments=(unanswered,)), OLD).ask == (P,)
    assert told(replace(TRIED, payments=(payment(asked=NOW, answer=Answer.NEVER),)), NOW).ask == (P,)


# Law 6: what forbids every conclusion.


PAID = Facts(currency="INR", captured=900, captured_at=T)
FORBIDDEN = {
    "settlement": {"settled": True},
    "held_money": {"money_held": True},
    "placed": {"placed": True},
    "captured": {"charges": (charge(PAID),)},
    "partly_refunded": {"charges": (charge(replace(PAID, refunded=1)),)},
    "disputed": {"charges": (charge(replace(PAID, disputed_at=T)),)},
    "authorized": {"charges": (charge(Facts(currency="INR", authorized=1, authorized_at=T)),)},
    "pending_charge": {"charges": (charge(), charge(Facts(pending_at=T)))},
    "created_charge": {"charges": (charge(Facts(currency="INR")),)},
    "unknown_answer": {"payments": (payment(asked=OLD, answer=Answer.UNKNOWN),)},
    "unknown_session": {"payments": (payment(state="unknown"),)},
    "pending_answer": {"payments": (payment(asked=OLD, answer=Answer.PENDING),)},
    "paid_answer": {"payments": (payment(asked=OLD, answer=Answer.PAID),)},
    "open_session": {"payments": (payment(asked=OLD, state="open", expires_at=OLD + DAY),)},
    "processing": {"status": Status.PROCESSING},
    "cancelled": {"status": Status.CANCELLED},
}


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize("base", [EXPIRED, replace(TRIED, cancel_requested_at=T, lifetime=MINUTE)])
def test_nothing_is_concluded_while(base, name):
    assert told(replace(base, **FORBIDDEN[name]), OLD).verdict is Verdict.WAIT


def test_an_open_session_ends_by_the_gateway_or_by_the_plugins_lifetime():
    named = replace(EXPIRED, payments=(payment(state="open", expires_at=OLD + DAY),))
    assert told(named, OLD).until == OLD + DAY
    declared = replace(EXPIRED, payments=(payment(state="open", lifetime=9 * DAY),))
    assert told(declared, OLD).until == T + 9 * DAY


def test_a_session_that_the_gateway_surely_does_not_have_is_not_unknown():
    found = told(replace(EXPIRED, payments=(payment(state="unknown", asked=OLD),)), OLD)
    assert found.verdict is Verdict.CANCEL


payments = st.builds(
    payment,
    key=st.sampled_from([P, Q]),
    state=st.sampled_from(["open", "over", "unknown"]),
    created_at=st.integers(0, 9).map(lambda n: T + n * DAY),
    expires_at=st.none() | st.integers(0, 12).map(lambda n: T + n * DAY),
    asked_at=st.none() | st.integers(0, 2000).map(lambda n: OLD + DAY - n * MINUTE),
    answer=st.sampled_from(Answer),
)
some_facts = st.sampled_from([FAILED, PAID, Facts(pending_at=T), replace(PAID, refunded=900)])
views = st.builds(
    view,
    status=st.sampled_from(Status),
    payments=st.lists(payments, max_size=2).map(tuple),
    charges=st.lists(st.builds(charge, some_facts), max_size=2).map(tuple),
    cancel_requested_at=st.none() | st.just(T + DAY),
    money_held=st.booleans(),
    settled=st.booleans(),
)


@given(views, st.integers(0, 15 * 24).map(lambda n: T + n * HOUR))
@settings(max_examples=200, deadline=None)
def test_law_6_holds_for_whatever_is_known(given_view, now):
    found = told(given_view, now)
    if found.verdict not in (Verdict.CANCEL, Verdict.FAIL):
        return
    assert given_view.status in (Status.MISSING, Status.FAILED)
    assert not given_view.settled
    assert not given_view.money_held
    assert not any(one.facts.net or one.facts.pending_at for one in given_view.charges)
    assert not any(one.is_open(now) or one.answer is not Answer.UNPAID for one in given_view.payments)
    if found.verdict is Verdict.CANCEL:
        assert all(one.late_until <= now and now - one.asked_at <= FRESH for one in given_view.payments)


# Moved by hand.


BY_HAND = replace(EXPIRED, status=Status.PROCESSING, basis="manual")


def test_moved_by_hand_and_nothing_came_until_the_late_window_was_over():
    assert unpaid_by_hand(BY_HAND, OLD)
    assert not unpaid_by_hand(BY_HAND, T + 2 * DAY)


@pytest.mark.parametrize(
    "more",
    [
        {"basis": "cod"},
        {"status": Status.MISSING},
        {"settled": True},
        {"money_held": True},
        {"charges": (charge(PAID),)},
        {"charges": (charge(Facts(pending_at=T)),)},
        {"payments": (payment(asked=OLD, answer=Answer.UNKNOWN),)},
        {"payments": (payment(),)},
        {"payments": (payment(asked=OLD, expires_at=OLD + DAY),)},
    ],
)
def test_not_unpaid_by_hand(more):
    assert not unpaid_by_hand(replace(BY_HAND, **more), OLD)
