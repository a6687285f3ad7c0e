"""PayU speaks Indian time without saying so; kartify speaks UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

# No daylight saving in India since 1945: a fixed offset is the zone.
INDIA: Final = timezone(timedelta(hours=5, minutes=30), "IST")
_FORM: Final = re.compile(r"\s*(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?\s*\Z")


def read_moment(text: object) -> datetime | None:
    """"2026-06-01 11:51:47"; anything else, all noughts too, is no moment."""
    found = _FORM.match(text) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        return datetime.fromisoformat(f"{found.group(1)}T{found.group(2)}").replace(tzinfo=INDIA).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_moment(moment: datetime) -> str:
    return moment.astimezone(INDIA).strftime("%Y-%m-%d %H:%M:%S")
