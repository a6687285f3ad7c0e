"""What was recognised today and by whom, and how long it took from the gateway's capture to processing.

Settlements of a time are a range of their primary key, since ids are in the order of time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import BigInteger, Select, case, cast, exists, func, select
from sqlalchemy.orm import Session

from kartify.admin.overview.sums import Day, Sum, by_currency, counted
from kartify.domain.reports import Channel
from kartify.domain.status import Actor, Status
from kartify.flows.reading.scope import Scope
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
    found: Any = select(Order.currency, func.count(), func.sum(Order.due)).where(moved, ~bound, Order.due > 0)
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


def speeds(session: Session, scope: Scope, day: Day) -> tuple[list[Speed], list[Speed]]:
    """Of today and of the last seven days, by channel. What was sent out before its capture took no time.

    The database counts how many took how long, as exactly as the page shows it, and sorts nothing.
    """
    since = day.now - WEEK
    today = case((Settlement.settled_at >= day.midnight, 1), else_=0)
    by = (Settlement.channel, today.label("today"), _shown(_tenths(session)).label("tenths"))
    found = _settled(select(*by, func.count()).where(Settlement.captured_at.is_not(None)), since)
    rows = session.execute(_scoped(found, scope).group_by(*by)).all()
    days = (Counter[tuple[str, int]](), Counter[tuple[str, int]]())
    for channel, of_today, tenths, count in rows:
        days[1][channel, max(0, tenths)] += count
        if of_today:
            days[0][channel, max(0, tenths)] += count
    return _by_channel(days[0]), _by_channel(days[1])


def _tenths(session: Session) -> Any:
    """From capture to processing in tenths of a second; the two databases reckon with moments each in its own way."""
    after, before = Settlement.settled_at, Settlement.captured_at
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.floor(func.date_part("epoch", after - before) * 10), BigInteger)
    return cast((func.julianday(after) - func.julianday(before)) * 864_000 + 0.01, BigInteger)


def _shown(tenths: Any) -> Any:
    """Tenths up to ten seconds, seconds up to ten minutes, then minutes: some two thousand different values at most."""
    return case((tenths < 100, tenths), (tenths < 6000, tenths // 10 * 10), else_=tenths // 600 * 600)


def _by_channel(found: Mapping[tuple[str, int], int]) -> list[Speed]:
    lags = {channel: sorted((tenths, count) for (name, tenths), count in found.items() if name == channel)
            for channel in Channel}
    return [_speed(channel, pairs) for channel, pairs in lags.items() if pairs]


def _speed(channel: Channel, pairs: Sequence[tuple[int, int]]) -> Speed:
    many = sum(count for _, count in pairs)
    p50, p95, p99 = (_ranked(pairs, (many * share + 99) // 100) for share in (50, 95, 99))
    return Speed(channel=channel, count=many, p50=p50, p95=p95, p99=p99)


def _ranked(pairs: Sequence[tuple[int, int]], rank: int) -> timedelta:
    passed = accumulate(count for _, count in pairs)
    tenths = next(tenths for (tenths, _), so_far in zip(pairs, passed, strict=True) if so_far >= rank)
    return timedelta(milliseconds=100 * tenths)
