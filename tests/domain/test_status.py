"""The table of moves: exactly these rows, everything else is refused, guards that lack are named."""

from __future__ import annotations

from itertools import product

import pytest

from kartify.domain.errors import Conflict
from kartify.domain.status import MOVES, Actor, Guard, Status, permit, targets

ALL_GUARDS = frozenset(Guard)
# Written out a second time, from the law book: who may move an order from where to where.
PERMITTED = """
new missing storefront
missing processing gateway storefront staff
failed processing gateway storefront staff
missing failed clock
failed missing storefront
missing cancelled clock storefront staff
failed cancelled clock storefront staff
cancelled processing gateway staff
processing shipped oms staff
processing delivered oms staff
shipped delivered oms staff
processing cancelled oms staff storefront
missing refunded gateway
failed refunded gateway
processing refunded gateway staff
shipped refunded gateway staff
delivered refunded gateway staff
cancelled refunded gateway staff
"""
ROWS = {
    (None if source == "new" else Status(source), Status(target), Actor(actor))
    for source, target, *actors in (line.split() for line in PERMITTED.split("\n") if line)
    for actor in actors
}
EVERY = list(product([None, *Status], Status, Actor))


def test_each_move_stands_once_in_the_table():
    keys = [(move.source, move.target, move.actor) for move in MOVES]
    assert len(keys) == len(set(keys))
    assert set(keys) == ROWS


@pytest.mark.parametrize(("source", "target", "actor"), EVERY)
def test_exactly_the_rows_are_permitted(source, target, actor):
    if (source, target, actor) in ROWS:
        move = permit(source, target, actor, ALL_GUARDS)
        assert (move.source, move.target, move.actor) == (source, target, actor)
        assert move.follows
    else:
        with pytest.raises(Conflict, match=f"cannot become {target} by {actor}"):
            permit(source, target, actor, ALL_GUARDS)


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move.source}-{move.target}-{move.actor}")
def test_each_guard_that_lacks_is_named(move):
    assert permit(move.source, move.target, move.actor, frozenset(move.guards)) is move
    for guard in move.guards:
        with pytest.raises(Conflict) as refused:
            permit(move.source, move.target, move.actor, ALL_GUARDS - {guard})
        assert guard.value in str(refused.value)
        assert not any(other.value in str(refused.value) for other in move.guards if other is not guard)


def test_only_opening_an_order_and_trying_again_and_an_oms_cancel_need_no_guard():
    free = {(move.source, move.target, move.actor) for move in MOVES if not move.guards}
    assert free == {
        (None, Status.MISSING, Actor.STOREFRONT),
        (Status.FAILED, Status.MISSING, Actor.STOREFRONT),
        (Status.PROCESSING, Status.CANCELLED, Actor.OMS),
    }


def test_staff_always_give_a_reason():
    assert all(Guard.REASON in move.guards for move in MOVES if move.actor is Actor.STAFF)


def test_never():
    edges = {(move.source, move.target) for move in MOVES}
    assert {source for source, target in edges if target is Status.MISSING} == {None, Status.FAILED}
    assert (Status.PROCESSING, Status.FAILED) not in edges
    assert not {target for source, target in edges if source is Status.REFUNDED}
    for sent in (Status.SHIPPED, Status.DELIVERED):
        assert {target for source, target in edges if source is sent} <= {Status.DELIVERED, Status.REFUNDED}
    assert not {(source, target) for source, target in edges if source is target}


def test_targets_are_what_an_actor_may_do_from_here():
    assert set(targets(Status.MISSING, Actor.STAFF)) == {Status.PROCESSING, Status.CANCELLED}
    assert targets(Status.REFUNDED, Actor.STAFF) == ()
    for source, actor in product(Status, Actor):
        assert set(targets(source, actor)) == {to for start, to, by in ROWS if (start, by) == (source, actor)}
