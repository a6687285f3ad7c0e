"""Counts with their money. Currencies are never added together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kartify.admin.frame.look import zone_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """So many, and what they come to in one currency."""

    currency: str
    count: int
    minor: int


def by_currency(found: Iterable[Sum]) -> list[Sum]:
    """One for each currency, the one with the most rows first."""
    totals: dict[str, tuple[int, int]] = {}
    for one in found:
        count, minor = totals.get(one.currency, (0, 0))
        totals[one.currency] = (count + one.count, minor + one.minor)
    sums = [Sum(currency=name, count=count, minor=minor) for name, (count, minor) in totals.items()]
    return sorted(sums, key=lambda one: (-one.count, one.currency))


def counted(found: Iterable[Sum]) -> int:
    """How many of all currencies; orders may be added, money may not."""
    return sum(one.count for one in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The day that runs at ``now`` in the zone of the page."""

    now: datetime
    zone: str
    midnight: datetime

    @property
    def hours(self) -> list[datetime]:
        """When each hour of it begins; a day of a clock change has 23 or 25."""
        start = self.midnight
        return [start + timedelta(hours=number) for number in range(25) if start + timedelta(hours=number) < self._end]

    @property
    def _end(self) -> datetime:
        """The next midnight: noon of tomorrow is surely in tomorrow."""
        return midnight_of(self.midnight + timedelta(hours=36), self.zone)


def day_of(now: datetime, zone: str) -> Day:
    return Day(now=now, zone=zone, midnight=midnight_of(now, zone))


def midnight_of(moment: datetime, zone: str) -> datetime:
    """When the day of a moment began there, in UTC."""
    local = moment.astimezone(zone_of(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)
