"""The core's own crons: what each does in words, how often unless somebody says otherwise, and its work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from kartify import clock
from kartify.flows.lookups import runs, schedules
from kartify.flows.proof import laws, seal_watch, seals
from kartify.house import House
from kartify.models import Cron, new_id, table

log = structlog.get_logger()
crons = table(Cron)
# The name under which broken chains stand beside the numbers of broken laws.
SEALS: Final = "seals"
MOST_TOLD: Final = 20
QUIET_KEPT: Final = timedelta(days=1)


@dataclass(slots=True, kw_only=True)
class Done:
    """How a run ended. ``asked`` of ``total`` is how far it came; ``detail`` is what it has to show besides."""

    result: str
    state: str = "done"
    total: int = 0
    asked: int = 0
    unknown: int = 0
    recovered: int = 0
    money: Counter[str] = field(default_factory=Counter)
    numbers: list[str] = field(default_factory=list)
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreCron:
    """``work`` is given the run in hand and says how it ended; what it raises is a failed run."""

    name: str
    title: str
    about: str
    schedule: str
    work: Callable[[House, runs.Taken], Done]


def _laws(house: House, run: runs.Taken) -> Done:
    """``detail``: rows that break a law, at most a hundred each, by the law's number; breaks of chains as "seals"."""
    seals.seal(house)
    broken = Counter(str(one.law) for one in laws.check(house))
    for law, rows in broken.items():
        log.error("a law is broken", law=int(law), rows=rows)
    torn = seal_watch.light(house)
    for one in torn[:MOST_TOLD]:
        log.error("a sealed row was touched", chain=one.chain, row=one.row, text=one.text)
    said = [f"broken: law {', law '.join(sorted(broken, key=int))}"] if broken else []
    many = "1 break" if len(torn) == 1 else f"{len(torn)} breaks, the first"
    said += [f"sealed chains: {many}: {torn[0]}".rstrip(".")] if torn else []
    checked = len(laws.LAWS)
    detail: dict[str, Any] = {"broken": dict(broken)}
    if torn:
        detail["broken"][SEALS] = len(torn)
        detail[SEALS] = [str(one) for one in torn[:MOST_TOLD]]
    return Done(result="; ".join(said) or "every law holds", total=checked, asked=checked, detail=detail)


def _seal(house: House, run: runs.Taken) -> Done:
    sealed = seals.seal(house)
    runs.forget_quiet(house, run.cron_id, before=clock.now() - QUIET_KEPT)
    said = f"{sealed} rows sealed" if sealed else "nothing new to seal"
    return Done(result=said, total=sealed, asked=sealed)


CORE: Final[Mapping[str, CoreCron]] = {
    one.name: one
    for one in (
        CoreCron(
            name="laws", title="Check the laws", schedule="every 600", work=_laws,
            about="Checks the ten promises on the live database (every payment counted once, nothing due forgotten), "
            "and that nobody altered what was sealed.",
        ),
        CoreCron(
            name="seal", title="Seal the history", schedule="every 30", work=_seal,
            about="Seals what was written about orders, by staff and from outside, so that a row that anybody alters, "
            "removes or slips in later is found.",
        ),
    )
}


def ensure(house: House) -> None:
    """A row for each of them; what somebody scheduled stays as it is."""
    with house.database.read() as connection:
        there = set(connection.execute(select(crons.c.name).where(crons.c.account_id.is_(None))).scalars())
    missing = [one for name, one in CORE.items() if name not in there]
    if missing:
        house.database.run(lambda connection: _insert(connection, missing))


def _insert(connection: Connection, missing: list[CoreCron]) -> None:
    for one in missing:
        following = schedules.next_time(one.schedule, "UTC", clock.now())
        values = {"id": new_id(), "name": one.name, "schedule": one.schedule, "next_at": following}
        connection.execute(insert(crons).values(values).on_conflict_do_nothing())


def work_run(house: House, run: runs.Taken, name: str) -> Done:
    """Does a run that was taken, and closes it."""
    known = CORE.get(name)
    if known is None:
        done = Done(state="failed", result=f"this version knows no cron called {name}")
    else:
        try:
            done = known.work(house, run)
        except Exception as problem:
            log.exception("core cron failed", cron=name, run=str(run.id))
            done = Done(state="failed", result=f"failed: {type(problem).__name__}")
    runs.finish(house, run, done, state=done.state, result=done.result, detail=done.detail)
    return done
