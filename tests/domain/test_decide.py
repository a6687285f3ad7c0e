"""What ``decide`` does beyond single rows: several charges, operations, refunds of ours, sentences, deadlines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from kartify.domain.cases import NEXT_ACTION, CaseType
from kartify.domain.decide import ChargeView, Match, OrderView, Policy, Settlement, compare, decide, settles
from kartify.domain.reports import Facts
from kartify.domain.status import Status

A, B = UUID(int=1), UUID(int=2)
T = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MISSING = OrderView(status=Status.MISSING, due=1000, currency="INR")
BOUND = Settlement(charge=A, amount=1000, currency="INR")
PAID = OrderView(status=Status.PROCESSING, due=1000, currency="INR", settlement=BOUND, basis="settlement")
CANCELLED = OrderView(status=Status.CANCELLED, due=1000, currency="INR", cancelled_by="clock")


def charge(key, captured=0, **more):
    views = {name: more.pop(name) for name in ("ours", "kept", "can_void") if name in more}
    at = {"captured_at": T} if captured else {}
    return ChargeView(id=key, facts=Facts(currency="INR", captured=captured, **at, **more), **views)


def authorized(key, amount=1000, **more):
    return charge(key, authorized=amount, authorized_at=T, release_at=T + timedelta(days=5), **more)


def kinds(decision):
    return {(key, kind): (case.held, case.difference) for (key, kind), case in decision.cases.items()}


def test_nothing_known_changes_nothing():
    decision = decide(MISSING, [], [])
    assert (decision.move, decision.settlement, decision.cases, decision.operations) == (None, None, {}, ())


def test_of_two_captures_the_first_given_settles_and_the_other_is_held():
    decision = decide(MISSING, [charge(A, 1000), charge(B, 1000)], [B, A])
    assert decision.settled_by == B
    assert kinds(decision) == {(A, CaseType.SECOND_PAYMENT): (1000, 0)}


def test_in_one_answer_a_whole_capture_settles_before_one_that_was_refunded():
    decision = decide(MISSING, [charge(A, 1000, refunded=1000), charge(B, 1000)], [A, B])
    assert (decision.move, decision.settled_by) == (Status.PROCESSING, B)


def test_a_capture_that_was_not_just_reported_settles_too():
    by_hand = OrderView(status=Status.PROCESSING, due=1000, currency="INR", basis="manual")
    decision = decide(by_hand, [charge(A, 1200)], [])
    assert decision.settlement == BOUND
    assert decision.move is None


def test_of_two_authorisations_one_is_captured():
    decision = decide(MISSING, [authorized(A), authorized(B)], [A, B])
    assert [(one.charge, one.kind, one.amount) for one in decision.operations] == [(A, "capture", 1000)]


def test_an_authorisation_beside_a_capture_is_voided_never_captured():
    decision = decide(MISSING, [authorized(A, can_void=True), charge(B, 1000)], [A, B])
    assert decision.settled_by == B
    assert [(one.charge, one.kind) for one in decision.operations] == [(A, "void")]


COD = OrderView(status=Status.PROCESSING, due=1000, currency="INR", basis="cod")


@pytest.mark.parametrize("view", [CANCELLED, COD])
def test_what_must_not_be_captured_is_voided_where_the_plugin_can(view):
    decision = decide(view, [authorized(A, can_void=True)], [A])
    assert [one.kind for one in decision.operations] == ["void"]
    assert not decision.cases


def test_an_authorisation_that_cannot_be_voided_has_its_release_as_deadline():
    (case,) = decide(CANCELLED, [authorized(A)], [A]).cases.values()
    assert (case.type, case.deadline) == (CaseType.AUTHORIZED_AFTER_CANCEL, T + timedelta(days=5))


def test_money_after_a_cancel_is_refunded_once_by_policy():
    view = OrderView(status=Status.CANCELLED, due=1000, currency="INR", policy=Policy(after_cancel="refund"))
    (refund,) = decide(view, [charge(A, 1000, refunded=100)], [A]).operations
    assert (refund.kind, refund.amount, refund.currency) == ("refund", 900, "INR")
    assert not decide(view, [charge(A, 1000, ours=1000)], [A]).operations


def test_a_refund_of_ours_is_no_news():
    assert not decide(PAID, [charge(A, 1000, refunded=300, ours=300)], [A]).cases
    whole = decide(PAID, [charge(A, 1000, refunded=1000, ours=1000)], [A])
    assert whole.move is Status.REFUNDED
    assert not whole.cases


def test_a_refund_outside_shows_beside_a_refund_of_ours():
    found = decide(PAID, [charge(A, 1200, refunded=300, ours=200)], [A])
    assert kinds(found) == {(A, CaseType.PARTLY_REFUNDED): (0, -100)}


def test_a_surplus_that_a_person_kept_is_no_longer_held():
    assert not decide(PAID, [charge(A, 1200, kept=200)], [A]).cases
    found = decide(PAID, [charge(A, 1200, kept=200, refunded=300)], [A])
    assert kinds(found) == {(A, CaseType.PARTLY_REFUNDED): (0, -300)}


def test_kept_money_of_a_second_payment_is_no_longer_held():
    assert not decide(PAID, [charge(A, 1000), charge(B, 900, kept=900)], [B]).cases


def test_a_refund_of_an_unsettled_charge_never_moves_the_order():
    found = decide(PAID, [charge(A, 1000), charge(B, 1000, refunded=1000)], [B])
    assert (found.move, found.settlement, found.cases) == (None, None, {})


def test_every_exception_that_stands_is_given_whoever_was_reported():
    found = decide(PAID, [charge(A, 1300), charge(B, 1000)], [])
    assert kinds(found) == {(A, CaseType.SURPLUS): (300, 300), (B, CaseType.SECOND_PAYMENT): (1000, 0)}


def test_a_dispute_has_its_deadline_until_it_is_closed():
    due = T + timedelta(days=7)
    (case,) = decide(PAID, [charge(A, 1000, disputed_at=T, dispute_deadline=due)], [A]).cases.values()
    assert (case.type, case.deadline) == (CaseType.DISPUTE, due)
    assert not decide(PAID, [charge(A, 1000, disputed_at=T, dispute_closed=True)], [A]).cases


@pytest.mark.parametrize(("amount", "flagged"), [(100_000, True), (10, True), (99_999, False), (1, False), (9, False)])
def test_a_sum_off_by_a_factor_of_100_is_flagged(amount, flagged):
    (case,) = decide(MISSING, [charge(A, amount)], [A]).cases.values()
    assert ("factor of 100" in case.reason) is flagged


def test_a_settlement_of_another_currency_is_left_alone():
    bound = Settlement(charge=A, amount=15, currency="USD", accepted=985)
    view = OrderView(status=Status.PROCESSING, due=1000, currency="INR", settlement=bound)
    found = decide(view, [ChargeView(id=A, facts=Facts(currency="USD", captured=15, captured_at=T))], [A])
    assert (found.settlement, found.cases) == (None, {})


@pytest.mark.parametrize(
    ("amount", "currency", "match"),
    [(1000, "INR", "exact"), (999, "INR", "low"), (1001, "INR", "high"), (1000, "USD", "other"), (1000, None, "other")],
)
def test_match(amount, currency, match):
    assert compare(amount, currency, 1000, "INR") == match


def test_evidence_for_a_move_by_hand_must_settle_by_itself():
    facts = {n: Facts(currency="INR", captured=n, captured_at=T) for n in (900, 1000, 1100)}
    assert {n: settles(MISSING, known) for n, known in facts.items()} == {900: False, 1000: True, 1100: True}
    assert not settles(MISSING, Facts(currency="INR", authorized=1000, authorized_at=T))
    assert not settles(MISSING, Facts(currency="INR", captured=1000, captured_at=T, refunded=1000))
    assert Match.EXACT == "exact"


def test_every_exception_has_its_next_safe_action():
    assert set(NEXT_ACTION) == set(CaseType)
