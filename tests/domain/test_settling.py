"""The settling tables as data: complete, without overlap, and closed with the table of moves."""

from __future__ import annotations

from itertools import chain, combinations, product

import pytest

from kartify.domain.cases import CaseType
from kartify.domain.render import MONEY
from kartify.domain.reports import ChargeState
from kartify.domain.settling import (
    ACTIONS,
    RULED,
    STANDING,
    STATES,
    Match,
    Settle,
    Situation,
    Then,
    When,
    action,
    standing,
)
from kartify.domain.status import MOVES, Actor, Status

CELLS = list(product(Situation, STATES, Match))
WHENS = [frozenset(some) for some in chain.from_iterable(combinations(When, n) for n in range(len(When) + 1))]
# The statuses an order can have in each situation.
STATUSES = {
    Situation.OPEN: {Status.MISSING, Status.FAILED},
    Situation.WITHDRAWN: {Status.MISSING, Status.FAILED, Status.CANCELLED},
    Situation.SETTLED: {Status.PROCESSING, Status.SHIPPED, Status.DELIVERED},
    Situation.BY_HAND: {Status.PROCESSING, Status.SHIPPED, Status.DELIVERED},
    Situation.CANCELLED: {Status.CANCELLED},
}


def fitting(table, situation, state, match):
    return [row for row in table if row.situation is situation and state in row.states and match in row.matches]


def test_the_states_are_all_but_disputed_which_counts_as_captured():
    assert set(ChargeState) - {ChargeState.DISPUTED} == STATES


@pytest.mark.parametrize("situation", Situation)
def test_every_cell_has_one_plain_row_and_at_most_one_per_condition(situation):
    for state, match in product(STATES, Match):
        whens = [row.when for row in fitting(ACTIONS, situation, state, match)]
        assert whens.count(None) == 1, (state, match)
        assert whens[-1] is None, "a plain row before one with a condition would hide it"
        assert len(whens) == len(set(whens)), (state, match)
        cases = [row.when for row in fitting(STANDING, situation, state, match)]
        assert len(cases) == len(set(cases)), (state, match)


@pytest.mark.parametrize("situation", Situation)
def test_every_combination_of_conditions_gives_the_first_row_that_fits(situation):
    for state, match, whens in product(STATES, Match, WHENS):
        row = action(situation, state, match, whens)
        rows = [one for one in fitting(ACTIONS, situation, state, match) if one.when is None or one.when in whens]
        assert row is rows[0]
        known = [one for one in fitting(STANDING, situation, state, match) if one.when is None or one.when in whens]
        assert standing(situation, state, match, whens) == (known[0].cases if known else ())


def test_every_row_is_reached():
    reached = {id(action(*cell, whens)) for cell in CELLS for whens in WHENS}
    assert reached == {id(row) for row in ACTIONS}


def test_a_state_that_is_not_in_the_table_is_refused():
    with pytest.raises(LookupError):
        action(Situation.OPEN, ChargeState.DISPUTED, Match.EXACT, ())


def test_every_move_of_the_table_is_one_that_a_gateway_may_make():
    allowed = {(move.source, move.target) for move in MOVES if move.actor is Actor.GATEWAY}
    for row in ACTIONS:
        if row.move is not None:
            assert {(status, row.move) for status in STATUSES[row.situation]} <= allowed, row


def test_a_move_to_processing_carries_a_settlement_and_one_to_refunded_a_reversed_one():
    wanted = {
        Status.PROCESSING: {Settle.DUE, Settle.AUTHORIZED},
        Status.REFUNDED: {Settle.REVERSED, Settle.REVERSE},
    }
    for row in ACTIONS:
        assert row.move is None or row.settle in wanted[row.move], row


def test_money_that_must_not_be_captured_is_voided_and_only_authorisations_are():
    for row in ACTIONS:
        if row.then in (Then.VOID, Then.CAPTURE):
            assert row.states == {ChargeState.AUTHORIZED}, row
    voided = {row.situation for row in ACTIONS if row.then is Then.VOID}
    assert voided == {
        Situation.WITHDRAWN, Situation.CANCELLED, Situation.OTHER, Situation.COD, Situation.REFUNDED_OTHER
    }


def test_captured_money_is_always_settled_or_held():
    """Law 5 by table: no cell with money has neither a settlement nor an exception."""
    for situation, state, match in CELLS:
        if state not in (ChargeState.CAPTURED, ChargeState.PARTIALLY_REFUNDED):
            continue
        for whens in WHENS:
            row = action(situation, state, match, whens)
            assert row.settle or standing(situation, state, match, whens), (situation, state, match, whens)


def test_what_decide_rules_is_what_the_docs_explain():
    assert set(MONEY) == RULED
    assert CaseType.UNCERTAIN not in RULED
