"""Schedules as text: ``every N`` seconds, or five cron fields in a zone. What cannot work is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from kartify.domain.errors import Invalid

LEAST, MOST = 5, 86_400


def next_time(schedule: str, zone: str, after: datetime) -> datetime:
    """The first moment after ``after``. Daylight saving neither skips nor doubles a run. Raises ``Invalid``."""
    seconds = interval(schedule)
    if seconds is not None:
        return after + timedelta(seconds=seconds)
    try:
        local = after.astimezone(ZoneInfo(zone))
        return next(CronSim(schedule, local)).astimezone(UTC)
    except (CronSimError, StopIteration):
        raise Invalid("schedule", "expected 'every N' (seconds), or five cron fields such as '*/5 * * * *'") from None
    except (ZoneInfoNotFoundError, ValueError):
        raise Invalid("timezone", "expected a zone such as Asia/Kolkata or UTC") from None


def next_times(schedule: str, zone: str, after: datetime, count: int = 5) -> list[datetime]:
    """The next times, as shown beside the form."""
    found: list[datetime] = []
    for _ in range(count):
        after = next_time(schedule, zone, after)
        found.append(after)
    return found


def interval(schedule: str) -> int | None:
    """Seconds of ``every N``; None for cron fields. Raises ``Invalid``."""
    word, _, number = schedule.strip().partition(" ")
    if word != "every":
        return None
    if not number.isascii() or not number.isdigit() or not LEAST <= int(number) <= MOST:
        raise Invalid("schedule", f"expected 'every N' with N from {LEAST} to {MOST} seconds")
    return int(number)


def gap(schedule: str, zone: str, at: datetime) -> int:
    """Seconds between the next two runs: what "more often than the cron" is measured by."""
    first, second = next_times(schedule, zone, at, 2)
    return int((second - first).total_seconds())
