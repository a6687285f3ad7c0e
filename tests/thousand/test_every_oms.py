"""A thousand orders, four workers at once, an OMS that drops answers after accepting, throttles, ends tokens and
restarts, and workers killed at random: exactly a thousand orders there."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from acme_oms import AcmePlugin, AcmeStandIn

from kartify import registry
from kartify.simulation import OmsStandIn

from .fynd import FyndAtWork
from .town import Restarting, Town, town

COUNT = 1000


INSTALLED = {
    slug: kind for slug, kind in registry.load().simulators.items()
    if isinstance(kind, type) and issubclass(kind, OmsStandIn)
}


def exact(done: Town) -> None:
    there = [one.number for one in done.oms.book.orders]
    assert len(there) == len(set(there)), "an order is there twice"
    assert len(there) == COUNT, "an order is missing there"
    assert done.states() == {"done": COUNT}
    assert len(set(done.receipts())) == COUNT
    assert done.cases() == {}
    assert done.broken_laws() == []


def stand_in(slug: str) -> tuple[Any, dict[str, Any]]:
    simulator = INSTALLED.get(slug, AcmeStandIn)
    return simulator, {} if slug in INSTALLED else {"extra": "acme_oms:AcmePlugin", "plugins": [AcmePlugin()]}


def never_twice(done: Town) -> Counter[str]:
    """What holds where nobody can be asked: no order twice, and each that may be lost is in a person's hands."""
    there = [one.number for one in done.oms.book.orders]
    assert len(there) == len(set(there)), "an order is there twice"
    states = done.states()
    assert set(states) == {"done", "dead"}
    assert states.total() == COUNT
    assert done.cases() == {"uncertain": states["dead"]}
    assert set(done.numbers("done")) <= set(there), "an order that counts as delivered is missing there"
    assert len(set(done.receipts())) == states["done"]
    assert len(set(done.numbers("dead"))) == states["dead"]
    assert done.broken_laws() == []
    return states


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("kill", [False, True], ids=["faults", "faults and kills"])
@pytest.mark.parametrize("slug", ["acme", *sorted(INSTALLED)])
def test_a_thousand_orders_are_there_exactly_once(database_url: str, slug: str, kill: bool) -> None:
    simulator, extra = stand_in(slug)
    with town(database_url, Restarting(simulator, seed=11), **extra) as here:
        here.fill(COUNT)
        rounds = here.work(kill=kill)
        exact(here)
        assert bool(here.kills) is kill
        calls = sum(here.oms.stand_in.calls.values())
        print(f"{slug}: {rounds} rounds, {here.kills} kills, {calls} calls since the last restart")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("kill", [False, True], ids=["faults", "faults and kills"])
def test_a_thousand_orders_are_confirmed_at_fynd_exactly_once(database_url: str, kill: bool) -> None:
    with town(database_url, FyndAtWork(seed=11), confirm_cod=True) as here:
        here.fill(COUNT, "confirm")
        here.work(kill=kill)
        exact(here)
        assert bool(here.kills) is kill


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("kill", [False, True], ids=["faults", "faults and kills"])
@pytest.mark.parametrize("slug", ["acme", *(slug for slug, kind in sorted(INSTALLED.items()) if kind.weakest)])
def test_where_nobody_can_be_asked_each_lost_answer_is_one_exception(database_url: str, slug: str, kill: bool) -> None:
    simulator, extra = stand_in(slug)
    with town(database_url, Restarting(simulator, seed=11), **extra, **simulator.weakest) as here:
        assert not here.house.accounts.get(here.account).oms().can.lookup
        here.fill(COUNT)
        here.work(kill=kill)
        states = never_twice(here)
        assert states["dead"] > 0
        assert bool(here.kills) is kill
        print(f"{slug}: {states['done']} delivered, {states['dead']} uncertain, {here.kills} kills")
