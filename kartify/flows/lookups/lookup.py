"""The order lookup cron: a run is a row with progress, a heartbeat and a deadline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import Connection, and_, or_, select

from kartify import clock
from kartify.accounts import Broken, Loaded
from kartify.domain.errors import NotFound
from kartify.flows.lookups import health, runs
from kartify.flows.lookups.ask import Asked, Asker
from kartify.flows.lookups.asking import ask_all, ask_chunk, chunks, size, stopped_by
from kartify.house import House
from kartify.models import Order, Payment, table

log = structlog.get_logger()
payments, orders = table(Payment), table(Order)
MOST = 200_000


@dataclass(slots=True, kw_only=True)
class Tally:
    """Progress of a run."""

    total: int = 0
    asked: int = 0
    unknown: int = 0
    recovered: int = 0
    money: Counter[str] = field(default_factory=Counter)
    numbers: list[str] = field(default_factory=list)

    def add(self, one: Asked) -> None:
        self.asked += 1
        self.unknown += one.answer == "unknown"
        if one.recovered and one.outcome is not None:
            self.recovered += 1
            self.money[one.outcome.currency] += one.outcome.settled
            self.numbers.append(one.outcome.number)


def eager_age(loaded: Loaded, interval: int) -> timedelta:
    """Up to which age the plugin's plan asks more often than the cron runs: those are served in between."""
    young = timedelta(0)
    for until, every in loaded.gateway().plan.steps:
        if every.total_seconds() >= interval:
            break
        young = until
    return young


def due_ids(
    connection: Connection, account_id: UUID, *, at: datetime, limit: int, younger_than: timedelta | None = None
) -> list[UUID]:
    """Payments whose time has come, in fair order: never asked first, then the longest unasked."""
    found = select(payments.c.id).where(
        payments.c.account_id == account_id,
        payments.c.next_ask_at <= at,
        or_(payments.c.lease_until.is_(None), payments.c.lease_until < at),
    )
    if younger_than is not None:
        found = found.where(payments.c.created_at > at - younger_than)
    fair = found.order_by(payments.c.asked_at.asc().nulls_first(), payments.c.next_ask_at).limit(limit)
    return list(connection.execute(fair).scalars())


def _all_ids(connection: Connection, account_id: UUID, numbers: Sequence[str] | None) -> list[UUID]:
    """For a run that a person starts: every payment of the named orders, or of all that are missing or failed."""
    found = select(payments.c.id).select_from(payments.join(orders, orders.c.id == payments.c.order_id))
    found = found.where(payments.c.account_id == account_id)
    if numbers:
        found = found.where(orders.c.number.in_(numbers))
    else:
        waiting = and_(payments.c.next_ask_at.is_not(None), orders.c.status.in_(["missing", "failed"]))
        found = found.where(waiting)
    fair = found.order_by(payments.c.asked_at.asc().nulls_first(), payments.c.created_at.desc())
    return list(connection.execute(fair.limit(MOST)).scalars())


def serve_due(house: House, account_id: UUID, *, limit: int = 256) -> Tally:
    """In between two runs: young payments whose own next-ask time has come."""
    loaded = house.accounts.get(account_id)
    at = clock.now()
    if not health.may_call(loaded, at):
        return Tally()
    with house.database.read() as connection:
        interval = runs.interval_of(connection, account_id)
        young = eager_age(loaded, interval) if interval else timedelta(0)
        ids = due_ids(connection, account_id, at=at, limit=limit, younger_than=young) if young else []
    tally = Tally(total=len(ids))
    for one in ask_all(house, loaded, ids, Asker(by="order lookup")):
        tally.add(one)
    return tally


def work_run(house: House, run_id: UUID, *, worker: str) -> Tally | None:
    """Does a run that waits. None where another worker has it or it is over."""
    run = runs.take(house, run_id, worker=worker)
    if run is None:
        return None
    tally = Tally()
    try:
        loaded = house.accounts.get(run.account_id)
        loaded.gateway()
        _work(house, loaded, run, tally)
    except (Broken, NotFound) as problem:
        runs.finish(house, run, tally, state="failed", result=str(problem))
        return tally
    except Exception as problem:
        log.exception("lookup run failed", run=str(run_id))
        runs.finish(house, run, tally, state="failed", result=f"failed: {type(problem).__name__}")
        return tally
    return tally


def _work(house: House, loaded: Loaded, run: runs.Taken, tally: Tally) -> None:
    at = clock.now()
    with house.database.read() as connection:
        by_person = run.by != "clock"
        ids = (
            _all_ids(connection, loaded.id, run.orders)
            if by_person
            else due_ids(connection, loaded.id, at=at, limit=MOST)
        )
    tally.total = len(ids)
    asker = Asker(by=f"order lookup by {run.by}" if by_person else "order lookup cron", run_id=run.id, dry=run.dry)
    state, result = "done", "every payment was asked"
    if not health.may_call(loaded, at) and not by_person:
        ids, state, result = [], "failed", f"the account is paused: {loaded.state}"
    for chunk in chunks(ids, size(loaded, len(ids))):
        answers = ask_chunk(house, loaded, chunk, asker)
        for one in answers:
            tally.add(one)
        if (stop := runs.beat(house, run, tally)) is not None:
            state, result = stop
            break
        if (stop := stopped_by(answers)) is not None:
            state, result = stop
            break
    runs.finish(house, run, tally, state=state, result=result)
