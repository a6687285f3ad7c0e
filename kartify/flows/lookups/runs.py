"""Cron runs as rows: started by the clock or a person, taken by one worker, beating, ended, or found lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from kartify import clock
from kartify.domain.errors import Conflict, NotFound
from kartify.flows.lookups import fitting, schedules
from kartify.house import House
from kartify.models import Cron, Run, new_id, table

crons, runs = table(Cron), table(Run)
LASTS_AT_MOST = timedelta(minutes=30)
SILENT_FOR = timedelta(minutes=3)
TIMES_KEPT = 200
# The crons of accounts: one of a gateway asks for payments, one of an OMS asks how its orders stand.
LOOKUP, NEWS = fitting.LOOKUP, "news"


class Progress(Protocol):
    """What a run has to show."""

    total: int
    asked: int
    unknown: int
    recovered: int
    money: Any
    numbers: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A run in a worker's hand."""

    id: UUID
    cron_id: UUID
    account_id: UUID
    by: str
    dry: bool
    orders: list[str] | None
    fence: int
    deadline_at: datetime


def account_cron(connection: Connection, account_id: UUID) -> Any:
    """The row of an account's own cron. Raises ``NotFound``."""
    found = select(crons).where(crons.c.account_id == account_id, crons.c.name.in_([LOOKUP, NEWS]))
    row = connection.execute(found).mappings().first()
    if row is None:
        raise NotFound("this account has no cron: it is neither a gateway's nor one of an OMS that can be asked")
    return row


def interval_of(connection: Connection, account_id: UUID) -> int | None:
    """Seconds between two scheduled runs; None while the cron is switched off."""
    row = account_cron(connection, account_id)
    return schedules.gap(row["schedule"], row["timezone"], clock.now()) if row["enabled"] else None


def start(
    house: House, account_id: UUID, *, by: str, dry: bool = False, numbers: list[str] | None = None
) -> UUID:
    """A run of an account's cron by hand, waiting for a worker. Raises ``Conflict`` while one is running."""
    def work(connection: Connection) -> UUID:
        cron = account_cron(connection, account_id)
        return insert_run(connection, cron["id"], account_id, by=by, dry=dry, numbers=numbers)

    return _one_at_a_time(house, work)


def start_core(house: House, cron_id: UUID, *, by: str) -> UUID:
    """A run of a cron of the core by hand. Raises ``Conflict`` while one is running."""
    return _one_at_a_time(house, lambda connection: insert_run(connection, cron_id, None, by=by))


def _one_at_a_time(house: House, work: Callable[[Connection], UUID]) -> UUID:
    try:
        return house.database.run(work)
    except IntegrityError:
        raise Conflict("a run of this cron is under way; it can be watched or stopped") from None


def insert_run(
    connection: Connection, cron_id: UUID, account_id: UUID | None, *, by: str, dry: bool = False,
    numbers: list[str] | None = None,
) -> UUID:
    """The partial unique index lets one run of a cron wait or run at a time."""
    run_id = new_id()
    connection.execute(
        insert(runs).values(
            id=run_id, cron_id=cron_id, account_id=account_id, state="waiting", by=by, dry=dry, orders=numbers,
            created_at=clock.now(), stop_requested=False,
        )
    )
    return run_id


_TAKE = (
    update(runs)
    .where(runs.c.id == bindparam("b_id"), runs.c.state == "waiting")
    .values(
        state="running", fence=runs.c.fence + 1, started_at=bindparam("b_at", type_=runs.c.started_at.type),
        beat_at=bindparam("b_at", type_=runs.c.started_at.type),
        deadline_at=bindparam("b_deadline", type_=runs.c.started_at.type),
    )
    .returning(*(runs.c[name] for name in Taken.__slots__))
)


def take(house: House, run_id: UUID, *, worker: str) -> Taken | None:
    """Waiting becomes running; None where it is no longer waiting."""
    at = clock.now()
    values = {"b_id": run_id, "b_at": at, "b_deadline": at + LASTS_AT_MOST}
    row = house.database.run(lambda connection: connection.execute(_TAKE, values).mappings().first())
    return Taken(**row) if row else None


def _progress(tally: Progress) -> dict[str, Any]:
    return {
        "total": tally.total, "asked": tally.asked, "unknown": tally.unknown, "recovered": tally.recovered,
        "money": dict(tally.money),
    }


def beat(house: House, run: Taken, tally: Progress) -> tuple[str, str] | None:
    """Progress and heartbeat; (state, reason) when the run must end: stopped, over time, or no longer ours."""
    at = clock.now()

    def work(connection: Connection) -> tuple[str, str] | None:
        row = connection.execute(
            update(runs)
            .where(runs.c.id == run.id, runs.c.fence == run.fence, runs.c.state == "running")
            .values(beat_at=at, **_progress(tally))
            .returning(runs.c.stop_requested)
        ).first()
        if row is None:
            return "lost", "another worker closed this run"
        if row.stop_requested:
            return "stopped", "stopped by a person"
        return ("stopped", "the run's time was over; the rest is asked in the next") if at > run.deadline_at else None

    return house.database.run(work)


def finish(
    house: House, run: Taken, tally: Progress, *, state: str, result: str, detail: dict[str, Any] | None = None
) -> None:
    """A run that was closed as lost meanwhile stays as it is."""
    end = (
        update(runs)
        .where(runs.c.id == run.id, runs.c.fence == run.fence, runs.c.state == "running")
        .values(
            state=state, result=result, finished_at=clock.now(), beat_at=clock.now(), **_progress(tally),
            orders=run.orders or tally.numbers[:TIMES_KEPT], detail=detail,
        )
    )
    house.database.run(lambda connection: connection.execute(end))


def stop(house: House, run_id: UUID) -> None:
    """Asks a run to end at its next beat; one that still waits ends at once."""
    def work(connection: Connection) -> None:
        connection.execute(update(runs).where(runs.c.id == run_id).values(stop_requested=True))
        connection.execute(
            update(runs).where(runs.c.id == run_id, runs.c.state == "waiting")
            .values(state="stopped", result="stopped before it began", finished_at=clock.now())
        )

    house.database.run(work)


def close_lost(connection: Connection, at: datetime) -> int:
    """Runs whose worker died: no beat for minutes."""
    lost = (
        update(runs)
        .where(runs.c.state == "running", runs.c.beat_at < at - SILENT_FOR)
        .values(state="lost", result="its worker fell silent", finished_at=at, fence=runs.c.fence + 1)
    )
    return connection.execute(lost).rowcount


def start_due(connection: Connection, at: datetime) -> list[UUID]:
    """A run of every cron whose time has come: one, however many times were missed."""
    found = select(crons).where(crons.c.enabled, crons.c.next_at <= at)
    started: list[UUID] = []
    for cron in connection.execute(found.with_for_update()).mappings().all():
        following = schedules.next_time(cron["schedule"], cron["timezone"], at)
        connection.execute(update(crons).where(crons.c.id == cron["id"]).values(next_at=following))
        busy = select(runs.c.id).where(runs.c.cron_id == cron["id"], runs.c.state.in_(["waiting", "running"]))
        if connection.execute(busy).first() is None:
            started.append(insert_run(connection, cron["id"], cron["account_id"], by="clock"))
    return started


def forget_quiet(house: House, cron_id: UUID, *, before: datetime) -> None:
    """For a cron that runs every few seconds: its old runs that had nothing to do say nothing, and are not kept."""
    quiet = delete(runs).where(
        runs.c.cron_id == cron_id, runs.c.created_at < before, runs.c.state == "done", runs.c.total == 0,
    )
    house.database.run(lambda connection: connection.execute(quiet))


def set_cron(
    house: House, cron_id: UUID, *, schedule: str, zone: str, enabled: bool, version: int | None = None
) -> list[datetime]:
    """Saves a schedule; returns the next five times. Raises ``Invalid`` for what cannot work, ``Conflict`` when it
    was changed meanwhile."""
    at = clock.now()
    times = schedules.next_times(schedule, zone, at)
    if enabled:
        fitting.check(house, cron_id, schedule, zone, at)
    change = update(crons).where(crons.c.id == cron_id)
    if version is not None:
        change = change.where(crons.c.version == version)
    done = house.database.run(
        lambda connection: connection.execute(
            change.values(
                schedule=schedule, timezone=zone, enabled=enabled, next_at=times[0], version=crons.c.version + 1
            )
        ).rowcount
    )
    if done != 1:
        raise Conflict("the schedule was changed by someone else meanwhile; look at it again")
    return times


def waiting(connection: Connection) -> list[tuple[UUID, UUID]]:
    """Runs that no worker has taken yet."""
    found = select(runs.c.id, runs.c.account_id).where(runs.c.state == "waiting").order_by(runs.c.created_at)
    return [(row.id, row.account_id) for row in connection.execute(found)]
