"""When a payment is asked again: the plan's steps, the window's end, the pause after answers that told nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartify.domain.plan import LookupPlan, backoff

T = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
PLAN = LookupPlan()


@pytest.mark.parametrize(
    ("age", "pause"),
    [
        (timedelta(0), timedelta(seconds=30)),
        (timedelta(seconds=119), timedelta(seconds=30)),
        (timedelta(minutes=2), timedelta(minutes=3)),
        (timedelta(minutes=15), timedelta(minutes=10)),
        (timedelta(hours=2), timedelta(hours=1)),
        (timedelta(days=1), timedelta(hours=6)),
        (timedelta(days=5) - timedelta(seconds=1), timedelta(hours=6)),
    ],
)
def test_the_pause_grows_with_the_age(age, pause):
    assert PLAN.next_ask(T, T + age) == T + age + pause


def test_after_the_last_step_it_is_asked_no_more():
    assert PLAN.next_ask(T, T + PLAN.window) is None
    assert PLAN.window == timedelta(days=5)


def test_the_first_ask_is_a_minute_after_the_opening():
    assert PLAN.first_ask(T) == T + timedelta(seconds=60)


def test_a_whole_plan_asks_a_bounded_number_of_times_in_ever_longer_pauses():
    asked, moments = PLAN.first_ask(T), []
    while asked is not None:
        moments.append(asked)
        asked = PLAN.next_ask(T, asked)
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert pauses == sorted(pauses)
    assert 40 < len(moments) < 80
    assert moments[-1] >= T + PLAN.window


def test_the_late_window_is_inside_what_is_asked():
    assert PLAN.late_window <= PLAN.window
    assert PLAN.lifetime <= PLAN.window


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 5), (1, 5), (2, 10), (3, 20), (8, 640), (9, 900), (10**9, 900)])
def test_backoff_doubles_up_to_its_most(attempts, seconds):
    assert backoff(attempts) == timedelta(seconds=seconds)


@given(st.integers(-5, 10**6), st.floats(0.1, 60), st.floats(60, 7200))
def test_backoff_never_shrinks_and_stays_in_its_bounds(attempts, first, most):
    pause = backoff(attempts, first=first, most=most).total_seconds()
    assert first - 1e-6 <= pause <= most + 1e-6
    assert pause <= backoff(attempts + 1, first=first, most=most).total_seconds() + 1e-6
