"""CCAvenue speaks Indian time without saying so; kartify speaks UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

# No daylight saving in India since 1945: a fixed offset is the zone.
INDIA: Final = timezone(timedelta(hours=5, minutes=30), "IST")
# "2015-09-16 15:05:55.573", and without the blank between: both stand in the documents.
_API: Final = re.compile(r"\s*(\d{4}-\d{2}-\d{2})[ T]*(\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?\s*\Z")


def read_moment(text: object) -> datetime | None:
    """Of an API answer; anything else is no moment."""
    found = _API.match(text) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        return datetime.fromisoformat(f"{found.group(1)}T{found.group(2)}").replace(tzinfo=INDIA).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_moment(moment: datetime) -> str:
    """As API answers have it: "2026-06-01 11:51:47.0"."""
    return moment.astimezone(INDIA).strftime("%Y-%m-%d %H:%M:%S.0")


def write_trans_date(moment: datetime) -> str:
    """As returns and notifications have it: "01/06/2026 11:51:47"."""
    return moment.astimezone(INDIA).strftime("%d/%m/%Y %H:%M:%S")


def day_of(moment: datetime) -> date:
    """The Indian day."""
    return moment.astimezone(INDIA).date()


def write_day(day: date) -> str:
    """As the order look-up takes it: "01-06-2026"."""
    return day.strftime("%d-%m-%Y")
