"""The tick: every second it sees what is due, closes what died, starts what the schedules ask for, and wakes workers.

It decides by rows alone, so a lost tick is a delay and two at once are harmless. ``inline`` does the work itself:
what ``kartify tick`` does where no worker runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import Connection

from kartify import clock
from kartify.domain.errors import KartifyError
from kartify.flows.delivering import deliver
from kartify.flows.exporting import exports
from kartify.flows.lookups import lookup, runs
from kartify.flows.operating import operations
from kartify.flows.ticking import concluding, cron_work, due, retry, unable
from kartify.house import House

log = structlog.get_logger()
MOST_ROUNDS = 200


def tick(house: House) -> Counter[str]:
    """One tick of the clock: rows are started and closed here, the work goes to the workers."""
    found = _due(house)
    if found["cron"]:
        house.database.run(_crons)
        found = _due(house)
    for name, ids in found.items():
        if name == "cron":
            continue
        for one in _each(ids):
            house.waker.wake(name, *([str(one)] if one else []))
    return Counter({name: max(1, len(ids)) for name, ids in found.items() if ids or name in _UNNAMED})


class _Found(dict[str, list[UUID]]):
    def __missing__(self, name: str) -> list[UUID]:
        return []


def _each(ids: list[UUID]) -> list[UUID | None]:
    """Work that is of no account or run has one job without a name."""
    return [*ids] or [None]


_UNNAMED = ("inbox", "operations", "conclude")


def _due(house: House) -> _Found:
    at = clock.now()
    with house.database.read() as connection:
        rows = due.due(connection, at)
    found = _Found()
    for name, one, _count in rows:
        found.setdefault(name, [])
        if one is not None:
            found[name].append(one)
    return found


def _crons(connection: Connection) -> int:
    at = clock.now()
    runs.close_lost(connection, at)
    return len(runs.start_due(connection, at))


def close_lost(house: House) -> int:
    """Runs whose worker fell silent."""
    return house.database.run(lambda connection: runs.close_lost(connection, clock.now()))


def inline(house: House, *, worker: str = "tick") -> Counter[str]:
    """Everything that is due now, done here, until nothing is due or nothing moves any more."""
    done: Counter[str] = Counter()
    close_lost(house)
    unable.watch(house)
    seen: set[tuple[str, str]] = set()
    for _ in range(MOST_ROUNDS):
        found = _due(house)
        if found["cron"]:
            house.database.run(_crons)
            found = _due(house)
        work = _jobs(house, found, worker)
        fresh = [(key, job) for key, job in work if key not in seen]
        if not fresh:
            return done
        for key, job in fresh:
            count = _guarded(key, job)
            done[key[0]] += count
            if not count or key[0] in ("run", "lookup"):
                seen.add(key)
    return done


def _jobs(house: House, found: _Found, worker: str) -> list[tuple[tuple[str, str], Callable[[], int]]]:
    jobs: list[tuple[tuple[str, str], Callable[[], int]]] = []
    for name, ids in found.items():
        if name == "cron":
            continue
        jobs += [((name, str(one)), partial(run, house, name, one, worker=worker)) for one in _each(ids)]
    return sorted(jobs, key=lambda item: _ORDER.index(item[0][0]))


# Messages first, then what the gateways say, then conclusions, then what they cause; files for people last.
_ORDER = ("inbox", "run", "lookup", "conclude", "operations", "deliver", "export")


def run(house: House, name: str, one: UUID | None, *, worker: str) -> int:
    """One kind of due work; returns how much was done."""
    match name:
        case "inbox":
            return retry.retry_due(house)
        case "conclude":
            return len(concluding.conclude_due(house))
        case "operations":
            return operations.work_operations(house, limit=100, worker=worker).done
        case "deliver" if one is not None:
            return deliver.deliver_due(house, one, limit=100, worker=worker).handled
        case "lookup" if one is not None:
            return lookup.serve_due(house, one).asked
        case "run" if one is not None:
            tally = cron_work.work_run(house, one, worker=worker)
            return tally.asked if tally else 0
        case "export" if one is not None:
            return exports.work(house, one, worker=worker)
        case _:
            return 0


def _guarded(key: tuple[str, str], job: Callable[[], int]) -> int:
    """One kind of work that fails does not stop the others."""
    try:
        return job()
    except KartifyError as problem:
        log.warning("due work failed", what=key[0], id=key[1], error=str(problem))
    except Exception as problem:
        log.exception("due work failed", what=key[0], id=key[1], error=type(problem).__name__)
    return 0
