"""The news cron of an OMS account: asks how the orders stand there that it has, and does what the answers say.

News told again changes nothing, so a run that is lost or repeated is harmless.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

import structlog
from sqlalchemy import Connection, func, select

from kartify import clock, contain
from kartify.accounts import Broken, Loaded
from kartify.domain.delivery import FULFILMENT, Kind, State
from kartify.domain.errors import KartifyError, NotFound
from kartify.domain.status import Status
from kartify.flows.lookups import health, runs
from kartify.flows.partners import oms_news
from kartify.flows.partners.oms_news import Teller
from kartify.flows.receiving import inbox
from kartify.house import House
from kartify.models import Delivery, Order, Run, table
from kartify.plugin.oms import Known, OmsNews
from kartify.plugin.partner import Inbound

log = structlog.get_logger()
outbox, orders, past = table(Delivery), table(Order), table(Run)
# Answers of a run are worked off in parts, with a beat between them.
PART, PART_LASTS, MOST = 100, 120.0, 20_000
# What changed just before the last run began may have been told late.
OVERLAP = timedelta(minutes=10)
# A delivered order brings no more news that moves it; older ones are left to the OMS's own messages.
LOOK_BACK = timedelta(days=45)


@dataclass(slots=True, kw_only=True)
class Tally:
    """Progress of a run. ``recovered`` counts orders that moved."""

    total: int = 0
    asked: int = 0
    unknown: int = 0
    recovered: int = 0
    money: Counter[str] = field(default_factory=Counter)
    numbers: list[str] = field(default_factory=list)


def work_run(house: House, run: runs.Taken) -> Tally:
    """Does a run that this worker has taken."""
    tally = Tally()
    try:
        loaded = house.accounts.get(run.account_id)
        loaded.oms()
        state, result = _work(house, loaded, run, tally)
    except (Broken, NotFound, KartifyError) as problem:
        state, result = "failed", str(problem)
    except Exception as problem:
        log.exception("news run failed", run=str(run.id))
        state, result = "failed", f"failed: {type(problem).__name__}"
    runs.finish(house, run, tally, state=state, result=result)
    return tally


def _work(house: House, loaded: Loaded, run: runs.Taken, tally: Tally) -> tuple[str, str]:
    if run.by == "clock" and not health.may_call(loaded, clock.now()):
        return "failed", f"the account is {loaded.state}"
    with house.database.read() as connection:
        known, since = _open_orders(connection, loaded.id, run), _since(connection, run)
    tally.total = len(known)
    if not known:
        return "done", "no order waits for news of this OMS"
    oms = loaded.oms()
    try:
        told = contain.pure("poll", Iterator, lambda: oms.poll(house.client, known, since))
        for part in _parts(told):
            _apply(house, loaded, part, run, tally)
            if (stop := runs.beat(house, run, tally)) is not None:
                return stop
    except KartifyError as problem:
        health.note(house, loaded, [problem])
        return "failed", str(problem)
    health.note(house, loaded, [None])
    return "done", f"{tally.asked} pieces of news, {tally.recovered} orders moved"


def _parts(told: Iterator[OmsNews]) -> Iterator[list[OmsNews]]:
    """Each part is fetched in a bounded time: a plugin that hangs costs that and no more."""
    while part := contain.asking("poll", list, lambda: list(islice(told, PART)), seconds=PART_LASTS):
        if not all(isinstance(one, OmsNews) and (one.at is None or one.at.tzinfo) for one in part):
            raise contain.PluginFailure("the plugin gave something else than news from poll", sent=True)
        yield part


def _open_orders(connection: Connection, account_id: UUID, run: runs.Taken) -> list[Known]:
    """Orders that this OMS has or may have and that are not at their end, oldest first."""
    query = (
        select(orders.c.number, orders.c.oms_order_id, orders.c.status, outbox.c.created_at)
        .select_from(outbox.join(orders, orders.c.id == outbox.c.order_id))
        .where(
            outbox.c.account_id == account_id, outbox.c.kind.in_([*FULFILMENT, Kind.PUSH_UNPAID]),
            outbox.c.state.in_([State.DONE, State.SENT_UNKNOWN]),
            orders.c.status.in_([Status.MISSING, Status.PROCESSING, Status.SHIPPED]),
            outbox.c.created_at > clock.now() - LOOK_BACK,
        )
    )
    if run.orders:
        query = query.where(orders.c.number.in_(run.orders))
    found = connection.execute(query.order_by(outbox.c.order_id).limit(MOST)).all()
    return [
        Known(number=row.number, oms_order_id=row.oms_order_id, status=row.status, since=row.created_at)
        for row in found
    ]


def _since(connection: Connection, run: runs.Taken) -> datetime | None:
    """When the last run began that asked everything, less some overlap."""
    query = select(func.max(past.c.started_at)).where(past.c.cron_id == run.cron_id, past.c.state == "done")
    last: datetime | None = connection.execute(query).scalar()
    return last - OVERLAP if last else None


def _apply(house: House, loaded: Loaded, part: list[OmsNews], run: runs.Taken, tally: Tally) -> None:
    for news in part:
        tally.asked += 1
        if not run.dry:
            _one(house, loaded, news, tally)


def _one(house: House, loaded: Loaded, news: OmsNews, tally: Tally) -> None:
    """Kept like a message that came, under its own key: told again, it is a duplicate and not even a line."""
    at = clock.now()
    message = Inbound(method="POLL", path=f"/poll/{loaded.id}", headers={}, body=_bytes(news))
    values = inbox.message_values(
        message, account_id=loaded.id, key=news.key, event=news.kind, channel="poll", secret="current", at=at
    )

    def work(connection: Connection) -> oms_news.Told | None:
        ids = oms_news.find(connection, loaded.id, news)
        if len(ids) != 1:
            tally.unknown += 1
            return None
        if inbox.store(connection, values).finished:
            return None
        teller = Teller(by=f"{loaded.label}, asked", at=at, account_id=loaded.id)
        return oms_news.apply(connection, ids[0], news, teller)

    told = house.database.run(work)
    if told is not None and told.before is not told.after:
        tally.recovered += 1
        tally.numbers.append(told.number)
        log.info(f"order.{told.after}", number=told.number, before=told.before)


def _bytes(news: OmsNews) -> bytes:
    return json.dumps(asdict(news), default=str, sort_keys=True).encode()
