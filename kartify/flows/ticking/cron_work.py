"""What a run of a cron does, by the cron's name."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from kartify.flows.lookups import lookup, runs
from kartify.flows.partners import oms_poll
from kartify.flows.ticking import core_crons
from kartify.house import House
from kartify.models import Cron, Run, table

crons, known = table(Cron), table(Run)


def work_run(house: House, run_id: UUID, *, worker: str) -> runs.Progress | None:
    """Does a run that waits. None where another worker has it or it is over."""
    query = select(crons.c.name).select_from(known.join(crons, crons.c.id == known.c.cron_id))
    with house.database.read() as connection:
        name = connection.execute(query.where(known.c.id == run_id)).scalar()
    if name is None or name == runs.LOOKUP:
        return lookup.work_run(house, run_id, worker=worker)
    run = runs.take(house, run_id, worker=worker)
    if run is None:
        return None
    return oms_poll.work_run(house, run) if name == runs.NEWS else core_crons.work_run(house, run, name)
