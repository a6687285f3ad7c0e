"""Paytm speaks Indian time without saying so; kartify speaks UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

# No daylight saving in India since 1945: a fixed offset is the zone.
INDIA: Final = timezone(timedelta(hours=5, minutes=30), "IST")
_FORM: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.\d{1,6})?(Z|[+-]\d{2}:?\d{2})?\Z")


def read_moment(text: str | None) -> datetime | None:
    """"2026-06-01 11:51:47.0" (Indian time), or ISO 8601 with an offset; anything else is no moment."""
    found = _FORM.match(text or "")
    if found is None:
        return None
    day, time, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{zone or ''}")
        return (moment if moment.tzinfo else moment.replace(tzinfo=INDIA)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_moment(moment: datetime) -> str:
    """As the order list takes it: "2026-06-01T11:51:47+05:30"."""
    return moment.astimezone(INDIA).isoformat(timespec="seconds")


def write_date(moment: datetime) -> str:
    """As transactions carry it: "2026-06-01 11:51:47.0"."""
    return moment.astimezone(INDIA).strftime("%Y-%m-%d %H:%M:%S.0")
