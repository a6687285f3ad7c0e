"""The one clock. Every moment that reaches the database is a parameter that came from here."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Aware, in UTC. Tests set it with time-machine."""
    return datetime.now(UTC)
