"""The one clock. Every moment that reaches the database is a parameter that came from here."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def now() -> datetime:
    """Aware, in UTC. Tests set it with time-machine."""
    return datetime.now(UTC)


def zone_of(name: str | None) -> ZoneInfo:
    """A zone by its name; UTC where there is none of that name."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
