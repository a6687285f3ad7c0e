"""Schedules that are well formed and cannot work all the same (SC-83): each is refused with its reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select

from kartify.accounts import Broken
from kartify.domain.errors import Invalid, NotFound
from kartify.flows.lookups import schedules
from kartify.house import House
from kartify.models import Cron, Run, table

crons, runs = table(Cron), table(Run)
# So many of the last runs tell how long one usually takes; fewer than these tell nothing.
LOOKED_AT, FEWEST = 40, 5
LOOKUP: Final = "lookup"


def check(house: House, cron_id: UUID, schedule: str, zone: str, at: datetime) -> None:
    """Raises ``Invalid``, naming the field, for a schedule that cannot work for this cron."""
    times = schedules.next_times(schedule, zone, at, 10)
    gaps = [after - before for before, after in pairwise(times)]
    with house.database.read() as connection:
        cron = connection.execute(select(crons.c.name, crons.c.account_id).where(crons.c.id == cron_id)).first()
        usual = usual_length(connection, cron_id)
    if cron is None:
        return
    if usual is not None and min(gaps) < usual:
        raise Invalid("schedule", (
            f"expected at least {said(usual)} between two runs: of the last runs 95 in 100 took up to that long, and "
            "a run does not start while the one before it goes on"
        ))
    lifetime = _lifetime(house, cron)
    if lifetime is not None and max([*gaps, *_pauses(schedule, zone, at)]) > lifetime:
        raise Invalid("schedule", (
            f"expected at most {said(lifetime)} between two runs: for that long a payment of this gateway can be paid, "
            "and none may come and go unasked"
        ))


def _pauses(schedule: str, zone: str, at: datetime) -> list[timedelta]:
    """How long one waits from each hour of the next week and a day: nights and weekends in which nothing runs."""
    if schedules.interval(schedule) is not None:
        return []
    starts = [at + timedelta(hours=hours) for hours in range(8 * 24)]
    return [schedules.next_time(schedule, zone, start) - start for start in starts]


def usual_length(connection: Connection, cron_id: UUID) -> timedelta | None:
    """How long 95 in 100 of the last scheduled runs took; None where there were too few."""
    last = (
        select(runs.c.started_at, runs.c.finished_at)
        .where(runs.c.cron_id == cron_id, runs.c.by == "clock", runs.c.state == "done")
        .order_by(runs.c.created_at.desc()).limit(LOOKED_AT)
    )
    took = sorted(row.finished_at - row.started_at for row in connection.execute(last) if row.started_at)
    return took[-(-95 * len(took) // 100) - 1] if len(took) >= FEWEST else None


def _lifetime(house: House, cron: Any) -> timedelta | None:
    """How long a payment of the cron's gateway can be paid; None for other crons and missing plugins."""
    if cron.name != LOOKUP or cron.account_id is None:
        return None
    try:
        return house.accounts.get(cron.account_id).gateway().plan.lifetime
    except (Broken, NotFound):
        return None


def said(length: timedelta) -> str:
    seconds = -(-int(length.total_seconds() * 1000) // 1000)
    for size, name in ((3600, "h"), (60, "min")):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {name}"
    return f"{seconds} s"
