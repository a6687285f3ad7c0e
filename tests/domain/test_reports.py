"""Facts of a charge: the same from every order and repetition of the reports; states derived, never copied."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kartify.domain.errors import Invalid
from kartify.domain.reports import Channel, ChargeState, Dispute, Facts, Report, foreign, is_news, merge

T = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
S = ChargeState


def at(minutes):
    return T + timedelta(minutes=minutes)


def report(state, minute=None, **more):
    return Report(state=state, word=str(state), currency="INR", at=None if minute is None else at(minute), **more)


def facts_of(*said, channel=Channel.WEBHOOK, start=None):
    facts = start or Facts()
    for one in said:
        facts = merge(facts, one, channel=channel, seen_at=one.at or T)
    return facts


moments = st.integers(0, 6).map(at)
sums = st.sampled_from([0, 300, 900, 1000, 1200])
disputes = st.none() | st.builds(Dispute, deadline=st.none() | moments, lost=sums, closed=st.booleans())
some_reports = st.builds(
    Report,
    state=st.sampled_from(ChargeState),
    word=st.just("x"),
    currency=st.sampled_from(["INR", None]),
    authorized=sums,
    captured=sums,
    refunded=sums,
    fee=st.sampled_from([0, 20]),
    discount=st.sampled_from([0, 50]),
    at=st.none() | moments,
    release_at=st.none() | moments,
    dispute=disputes,
)
# A message keeps the moment it first came, however often it is read.
said = st.lists(st.tuples(some_reports, moments), max_size=6)


def merged(messages):
    facts = Facts()
    for one, seen_at in messages:
        facts = merge(facts, one, channel=Channel.WEBHOOK, seen_at=seen_at)
    return facts


@given(said, st.randoms(use_true_random=False), st.data())
@settings(max_examples=150, deadline=None)
def test_every_order_and_repetition_gives_the_same_facts(messages, random, data):
    again = messages + (data.draw(st.lists(st.sampled_from(messages), max_size=4)) if messages else [])
    random.shuffle(again)
    assert merged(again) == merged(messages)
    assert merged(again).state is merged(messages).state


@given(said, some_reports, moments)
@settings(max_examples=80, deadline=None)
def test_facts_only_grow(messages, one, seen_at):
    before = merged(messages)
    after = merge(before, one, channel=Channel.WEBHOOK, seen_at=seen_at)
    for name in ("authorized", "captured", "refunded", "lost", "fee", "discount"):
        assert getattr(after, name) >= getattr(before, name)
    for name in ("failed_at", "voided_at", "authorized_at", "captured_at", "pending_at", "disputed_at"):
        assert (getattr(before, name) is None) >= (getattr(after, name) is None)
    assert before.currency in (None, after.currency)


@given(said)
@settings(max_examples=80, deadline=None)
def test_what_went_back_never_exceeds_what_was_captured(messages):
    facts = merged(messages)
    assert 0 <= facts.returned <= facts.captured
    assert facts.net == facts.captured - facts.returned
    assert facts.base_state is not S.DISPUTED


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ([], S.CREATED),
        ([report(S.CREATED, 1)], S.CREATED),
        ([report(S.UNKNOWN, 1)], S.CREATED),
        ([report(S.PENDING, 1)], S.PENDING),
        ([report(S.FAILED, 1)], S.FAILED),
        ([report(S.PENDING, 1), report(S.FAILED, 2)], S.FAILED),
        ([report(S.FAILED, 1), report(S.PENDING, 2)], S.PENDING),
        ([report(S.PENDING, 1), report(S.FAILED, 2), report(S.PENDING, 3)], S.PENDING),
        ([report(S.FAILED, 1), report(S.AUTHORIZED, 2, authorized=1000)], S.AUTHORIZED),
        ([report(S.AUTHORIZED, 1, authorized=1000), report(S.FAILED, 2)], S.VOIDED),
        ([report(S.AUTHORIZED, 1, authorized=1000), report(S.VOIDED, 2)], S.VOIDED),
        ([report(S.AUTHORIZED, 1, authorized=1000), report(S.VOIDED, 1)], S.AUTHORIZED),
        ([report(S.VOIDED, 2)], S.VOIDED),
        ([report(S.CAPTURED, 1, captured=1000)], S.CAPTURED),
        ([report(S.CAPTURED, 1, captured=1000), report(S.AUTHORIZED, 0, authorized=1000)], S.CAPTURED),
        ([report(S.CAPTURED, 1, captured=1000), report(S.FAILED, 2)], S.CAPTURED),
        ([report(S.CAPTURED, 1, captured=1000), report(S.VOIDED, 2)], S.CAPTURED),
        ([report(S.CAPTURED, 1, captured=1000), report(S.PENDING, 2)], S.CAPTURED),
        ([report(S.PARTIALLY_REFUNDED, 1, captured=1000, refunded=300)], S.PARTIALLY_REFUNDED),
        ([report(S.REFUNDED, 1, captured=1000, refunded=1000)], S.REFUNDED),
        ([report(S.REFUNDED, 2, captured=1000, refunded=1000), report(S.CAPTURED, 3, captured=1000)], S.REFUNDED),
        ([report(S.DISPUTED, 1, captured=1000, dispute=Dispute())], S.DISPUTED),
        ([report(S.DISPUTED, 1, captured=1000, dispute=Dispute(closed=True))], S.CAPTURED),
        ([report(S.DISPUTED, 1, captured=1000, dispute=Dispute(lost=1000, closed=True))], S.REFUNDED),
        ([report(S.DISPUTED, 1, captured=1000, dispute=Dispute(lost=400, closed=True))], S.PARTIALLY_REFUNDED),
    ],
)
def test_state(said, state):
    assert facts_of(*said).state is state
    assert facts_of(*reversed(said)).state is state


def test_a_failure_newer_than_the_capture_is_a_reason_to_ask_never_a_fact():
    older = facts_of(report(S.CAPTURED, 5, captured=1000), report(S.FAILED, 4))
    newer = facts_of(report(S.CAPTURED, 5, captured=1000), report(S.FAILED, 6))
    assert (older.contradicted, newer.contradicted) == (False, True)
    assert newer.state is S.CAPTURED
    assert newer.net == 1000


def test_another_currency_is_never_merged():
    known = facts_of(report(S.CAPTURED, 1, captured=1000))
    foreigner = replace(report(S.REFUNDED, 2, captured=9000, refunded=9000), currency="USD")
    assert foreign(known, foreigner)
    assert merge(known, foreigner, channel=Channel.LOOKUP, seen_at=at(2)) == known
    assert not foreign(Facts(), foreigner)
    assert not foreign(known, replace(foreigner, currency=None))


def test_a_dispute_keeps_its_first_deadline_and_stays_closed():
    opened = report(S.DISPUTED, 1, captured=1000, dispute=Dispute(deadline=at(100)))
    extended = report(S.DISPUTED, 2, captured=1000, dispute=Dispute(deadline=at(200)))
    closed = report(S.DISPUTED, 3, captured=1000, dispute=Dispute(closed=True))
    facts = facts_of(closed, extended, opened)
    assert (facts.disputed_at, facts.dispute_deadline, facts.dispute_closed) == (at(1), at(100), True)


# Look-ups that deny.


CAPTURE = facts_of(report(S.CAPTURED, 5, captured=1000))


@pytest.mark.parametrize("state", [S.FAILED, S.VOIDED])
def test_a_look_up_asked_after_the_capture_denies_it(state):
    facts = merge(CAPTURE, report(state, 1), channel=Channel.LOOKUP, seen_at=at(9))
    assert facts.denied
    assert facts.state is S.CAPTURED


def test_only_look_ups_deny():
    for channel in set(Channel) - {Channel.LOOKUP}:
        assert not merge(CAPTURE, report(S.FAILED, 9), channel=channel, seen_at=at(9)).denied


def test_a_look_up_asked_before_the_capture_denies_nothing():
    failed = merge(Facts(), report(S.FAILED, 1), channel=Channel.LOOKUP, seen_at=at(2))
    assert not failed.denied
    assert not facts_of(report(S.CAPTURED, 5, captured=1000), start=failed).denied


def test_a_look_up_asked_at_the_very_moment_of_the_capture_denies_nothing():
    assert not merge(CAPTURE, report(S.FAILED, 1), channel=Channel.LOOKUP, seen_at=at(5)).denied
    assert merge(CAPTURE, report(S.FAILED, 1), channel=Channel.LOOKUP, seen_at=at(6)).denied


def test_a_webhook_that_comes_late_does_not_matter_to_a_denial():
    denied = merge(Facts(), report(S.FAILED, 1), channel=Channel.LOOKUP, seen_at=at(9))
    assert facts_of(report(S.CAPTURED, 5, captured=1000), start=denied).denied


def test_a_later_look_up_that_affirms_ends_the_denial_and_a_webhook_does_not():
    denied = merge(CAPTURE, report(S.FAILED, 9), channel=Channel.LOOKUP, seen_at=at(9))
    again = report(S.CAPTURED, 5, captured=1000)
    assert merge(denied, again, channel=Channel.WEBHOOK, seen_at=at(10)).denied
    assert merge(denied, report(S.PENDING, 10), channel=Channel.LOOKUP, seen_at=at(10)).denied
    assert merge(denied, report(S.UNKNOWN, 10), channel=Channel.LOOKUP, seen_at=at(10)).denied
    assert not merge(denied, again, channel=Channel.LOOKUP, seen_at=at(10)).denied


def test_an_authorisation_can_be_denied_too():
    held = facts_of(report(S.AUTHORIZED, 1, authorized=1000))
    denied = merge(held, report(S.VOIDED, 2), channel=Channel.LOOKUP, seen_at=at(3))
    assert denied.denied
    assert denied.state is S.VOIDED
    assert not merge(denied, report(S.AUTHORIZED, 1, authorized=1000), channel=Channel.LOOKUP, seen_at=at(4)).denied


def test_the_same_failure_told_again_later_is_no_news():
    once = merge(Facts(), report(S.FAILED), channel=Channel.LOOKUP, seen_at=at(1))
    again = merge(once, report(S.FAILED), channel=Channel.LOOKUP, seen_at=at(9))
    assert again != once
    assert not is_news(once, again)
    assert is_news(Facts(), once)
    assert is_news(again, facts_of(report(S.CAPTURED, 10, captured=1000), start=again))
    assert is_news(CAPTURE, merge(CAPTURE, report(S.FAILED, 9), channel=Channel.LOOKUP, seen_at=at(9)))


# A report that cannot be true.


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (report(S.CAPTURED, 1), "captured"),
        (report(S.REFUNDED, 1, captured=1000), "refunded"),
        (report(S.PARTIALLY_REFUNDED, 1, captured=1000), "refunded"),
        (report(S.AUTHORIZED, 1), "authorized"),
        (report(S.CAPTURED, 1, captured=-1), "captured"),
        (report(S.CAPTURED, 1, captured=10.0), "captured"),
        (report(S.CAPTURED, 1, captured=1000, fee=-1), "fee"),
        (replace(report(S.CAPTURED, 1, captured=1000), currency=None), "currency"),
        (replace(report(S.CAPTURED, 1, captured=1000), currency="rupees"), "currency"),
        (replace(report(S.PENDING, 1, authorized=1000), currency=None), "currency"),
        (replace(report(S.VOIDED, 1), gateway_payment_id="pay_1", currency=None), "currency"),
        (replace(report(S.CAPTURED, 1, captured=1000), at=datetime(2026, 1, 1)), "at"),  # noqa: DTZ001
        (replace(report(S.AUTHORIZED, 1, authorized=1), release_at=datetime(2026, 1, 1)), "release_at"),  # noqa: DTZ001
    ],
)
def test_a_report_that_cannot_be_true_is_refused(broken, field):
    with pytest.raises(Invalid) as refused:
        broken.check()
    assert refused.value.field == field


@pytest.mark.parametrize(
    "fine",
    [
        report(S.CAPTURED, 1, captured=1000),
        Report(state=S.FAILED, word="failed", gateway_payment_id="pay_1"),
        Report(state=S.PENDING, word="created"),
        Report(state=S.UNKNOWN, word="?", gateway_payment_id="pay_1"),
        report(S.DISPUTED, 1, captured=1000, dispute=Dispute(deadline=at(9))),
    ],
)
def test_a_report_that_can_be_true_passes(fine):
    fine.check()
