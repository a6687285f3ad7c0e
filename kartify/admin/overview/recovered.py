"""What was recognised today and by whom, and how long it took from the gateway's capture to processing.

Settlements of a time are a range of their primary key, since ids are in the order of time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Select, case, exists, extract, func, select
from sqlalchemy.orm import Session

from kartify.admin.frame.scope import Scope
from kartify.admin.overview.sums import Day, Sum, by_currency, counted
from kartify.domain.reports import Channel
from kartify.domain.status import Actor, Status
from kartify.models import Order, OrderMove, Settlement, ids_since

WEEK: Final = timedelta(days=7)


class Source(StrEnum):
    """Who brought the news. ``ASKED``: a look-up because a person pressed a button."""

    WEBHOOK = "webhook"
    CALLBACK = "callback"
    LOOKUP = "lookup"
    ASKED = "asked"
    PERSON = "person"


_CHANNELS: Final = {
    Channel.WEBHOOK: Source.WEBHOOK, Channel.CALLBACK: Source.CALLBACK, Channel.LOOKUP: Source.LOOKUP,
    Channel.MANUAL: Source.PERSON,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """``hours``: how many orders by source, for each hour of the day. ``unproved``: moved by hand without a payment."""

    sources: Mapping[Source, list[Sum]]
    hours: Sequence[Counter[Source]]
    unproved: list[Sum]

    @property
    def orders(self) -> int:
        return sum(counted(sums) for sums in self.sources.values())

    @property
    def total(self) -> list[Sum]:
        return by_currency(one for sums in self.sources.values() for one in sums)


def read(session: Session, scope: Scope, day: Day) -> Recovered:
    hour = case(*((Settlement.settled_at < start, number) for number, start in enumerate(day.hours[1:])),
                else_=len(day.hours) - 1)
    asked = case((Settlement.by.contains("@"), 1), else_=0)
    by = (Settlement.channel, asked.label("asked"), Settlement.currency, hour.label("hour"))
    found = _scoped(_settled(select(*by, func.count(), func.sum(Settlement.amount)), day.midnight), scope)
    sources: dict[Source, list[Sum]] = {source: [] for source in Source}
    hours: list[Counter[Source]] = [Counter() for _ in day.hours]
    for channel, pressed, currency, number, count, minor in session.execute(found.group_by(*by)):
        source = _source(channel, pressed)
        sources[source].append(Sum(currency=currency, count=count, minor=int(minor)))
        hours[number][source] += count
    return Recovered(
        sources={source: by_currency(sums) for source, sums in sources.items()}, hours=hours,
        unproved=_unproved(session, scope, day),
    )


def _source(channel: str, pressed: int) -> Source:
    if channel == Channel.LOOKUP and pressed:
        return Source.ASKED
    return _CHANNELS.get(Channel(channel), Source.PERSON)


def _settled(found: Select[Any], since: datetime) -> Select[Any]:
    return found.where(
        Settlement.id >= ids_since(since), Settlement.settled_at >= since, Settlement.reversed_at.is_(None)
    )


def _scoped(found: Select[Any], scope: Scope) -> Select[Any]:
    """A settlement knows its order only; who sees all needs no look at it."""
    if scope.stores is None:
        return found
    return scope.rows(found.join(Order, Order.id == Settlement.order_id), Order.store_id)


def _unproved(session: Session, scope: Scope, day: Day) -> list[Sum]:
    """By hand to processing today, and no payment has been bound since."""
    bound = exists().where(Settlement.order_id == Order.id, Settlement.reversed_at.is_(None))
    moved = exists().where(
        OrderMove.id >= ids_since(day.midnight), OrderMove.at >= day.midnight, OrderMove.order_id == Order.id,
        OrderMove.actor == Actor.STAFF, OrderMove.target == Status.PROCESSING,
    )
    found: Select[Any] = select(Order.currency, func.count(), func.sum(Order.due)).where(moved, ~bound, Order.due > 0)
    rows = session.execute(scope.rows(found, Order.store_id).group_by(Order.currency))
    return by_currency(Sum(currency=currency, count=count, minor=int(minor)) for currency, count, minor in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Nearest-rank percentiles of the time from capture to processing, of ``count`` orders."""

    channel: Channel
    count: int
    p50: timedelta
    p95: timedelta
    p99: timedelta


def speeds(session: Session, scope: Scope, since: datetime) -> list[Speed]:
    """By channel, in the order of the channels. What was sent out before its capture took no time."""
    seconds = extract("epoch", Settlement.settled_at) - extract("epoch", Settlement.captured_at)
    rank = func.row_number().over(partition_by=Settlement.channel, order_by=seconds)
    many = func.count().over(partition_by=Settlement.channel)
    each = select(Settlement.channel, Settlement.settled_at, Settlement.captured_at, rank.label("rank"),
                  many.label("many"))
    inner = _scoped(_settled(each.where(Settlement.captured_at.is_not(None)), since), scope).subquery()
    wanted = [(inner.c.many * share + 99) // 100 for share in (50, 95, 99)]
    found = session.execute(select(inner).where(inner.c.rank.in_(wanted)))
    ranks: dict[str, dict[int, timedelta]] = {}
    sizes: dict[str, int] = {}
    for row in found:
        ranks.setdefault(row.channel, {})[row.rank] = max(timedelta(), row.settled_at - row.captured_at)
        sizes[row.channel] = row.many
    return [_speed(channel, sizes[channel], ranks[channel]) for channel in Channel if channel in ranks]


def _speed(channel: Channel, many: int, ranks: Mapping[int, timedelta]) -> Speed:
    p50, p95, p99 = (ranks[(many * share + 99) // 100] for share in (50, 95, 99))
    return Speed(channel=channel, count=many, p50=p50, p95=p95, p99=p99)
