"""PayU speaks Indian time without saying so; kartify speaks UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

# No daylight saving in India since 1945: a fixed offset is the zone.
INDIA: Final = timezone(timedelta(hours=5, minutes=30), "IST")
_SHAPE: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\Z")


def read_moment(text: object) -> datetime | None:
    """Of "2026-06-01 11:51:47"; anything else is no moment."""
    if not isinstance(text, str) or not _SHAPE.match(text):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=INDIA).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_moment(moment: datetime) -> str:
    return moment.astimezone(INDIA).strftime("%Y-%m-%d %H:%M:%S")
