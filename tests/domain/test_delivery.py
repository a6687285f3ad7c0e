"""The states of a delivery row: the table is closed, nothing is stuck, nothing is sent twice by it."""

from __future__ import annotations

from itertools import product

import pytest

from kartify.domain.delivery import FULFILMENT, RESTING, TABLE, Event, Kind, State, step
from kartify.domain.errors import Conflict


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_pair_is_a_row_or_a_conflict(state, event):
    if (state, event) in TABLE:
        assert step(state, event) is TABLE[state, event]
    else:
        with pytest.raises(Conflict, match=f"{state} cannot take {event}"):
            step(state, event)


def reachable(start: State, without: frozenset[Event] = frozenset()) -> set[State]:
    found, fresh = {start}, {start}
    while fresh:
        fresh = {to for (source, event), to in TABLE.items() if source in fresh and event not in without} - found
        found |= fresh
    return found


def test_every_state_but_withdrawn_can_reach_done():
    assert {state for state in State if State.DONE in reachable(state)} == set(State) - {State.WITHDRAWN}


def test_done_and_withdrawn_are_the_end_and_only_a_person_or_news_leads_out_of_dead():
    assert {state for state in State if reachable(state) == {state}} == {State.DONE, State.WITHDRAWN}
    out = {event for source, event in TABLE if source is State.DEAD}
    assert out == {Event.AGAIN, Event.RECEIPT, Event.WITHDRAW}
    assert {State.DONE, State.WITHDRAWN, State.DEAD} == RESTING


def test_every_state_is_reached_from_due():
    assert reachable(State.DUE) == set(State)


def test_a_lost_answer_is_looked_up_before_anything_is_sent_again():
    """From a lost answer the only way back to sending is a look-up that found nothing, or a person."""
    assert {event for (source, event), to in TABLE.items() if source is State.SENT_UNKNOWN and to is State.DUE} == {
        Event.ABSENT
    }
    machine = reachable(State.SENT_UNKNOWN, without=frozenset({Event.ABSENT, Event.AGAIN}))
    assert State.CLAIMED not in machine


def test_a_deliverer_that_died_may_have_sent():
    assert step(State.CLAIMED, Event.LEASE_OVER) is State.SENT_UNKNOWN
    assert step(State.SENT_UNKNOWN, Event.LEASE_OVER) is State.SENT_UNKNOWN
    assert step(State.FOUND, Event.LEASE_OVER) is State.FOUND


def test_a_receipt_closes_whatever_is_open():
    for state in set(State) - {State.DONE, State.WITHDRAWN}:
        assert step(state, Event.RECEIPT) is State.DONE


def test_only_what_surely_did_not_arrive_is_withdrawn():
    assert {state for state, event in TABLE if event is Event.WITHDRAW} == {State.DUE, State.DEAD}


def test_the_kinds_of_which_there_is_one_per_stay_in_processing():
    assert set(FULFILMENT) == {Kind.PUSH, Kind.CONFIRM, Kind.FEED, Kind.NONE}
