"""Values as Uniware writes them, read without trust; and its words for a refusal. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from kartify.plugin import Invalid, from_major, to_major

_LONGEST: Final = 300
_UNKEEPABLE: Final = re.compile("[\x00\ud800-\udfff]")
_FIRST, _LAST = 10**11, 10**14  # milliseconds from 1973 to 5138: a number of seconds is told apart


def amount(minor: int, currency: str) -> Decimal:
    """The one place where minor units become rupees."""
    return Decimal(to_major(minor, currency))


def minor(value: Any, currency: str) -> int | None:
    """Minor units of a sum that Uniware told; None where it told none that can be read."""
    try:
        return from_major(value, currency)
    except Invalid:
        return None


def dump(value: Any) -> bytes:
    """JSON bytes, decimals with exactly their digits."""
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError


def text(value: Any) -> str:
    """Text and whole numbers as text; anything else, and what no database takes, is not told."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or _UNKEEPABLE.search(value):
        return ""
    return value.strip()


def table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def moment(value: Any, zone: str = "UTC") -> datetime | None:
    """Milliseconds, an ISO moment, or ``Jul 19, 2024 10:56:22 AM``; without a zone it is in ``zone``."""
    if isinstance(value, int) and not isinstance(value, bool):
        return datetime.fromtimestamp(value // 1000, UTC) if _FIRST < value < _LAST else None
    said = " ".join(text(value).split())
    at = _iso(said) or _spoken(said)
    if at is None:
        return None
    try:
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except OverflowError:
        return None


def _iso(said: str) -> datetime | None:
    try:
        return datetime.fromisoformat(said)
    except ValueError:
        return None


def _spoken(said: str) -> datetime | None:
    try:
        return datetime.strptime(said, "%b %d, %Y %I:%M:%S %p")  # noqa: DTZ007 (the caller knows the zone)
    except ValueError:
        return None


def stamp(at: datetime) -> str:
    """A moment as Uniware takes it: UTC without a zone."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def line(said: str) -> str:
    """Short and on one line."""
    shown = "".join(sign if sign.isprintable() else " " for sign in said)
    return " ".join(shown.split())[:_LONGEST]


def words(body: Any) -> str:
    """Why Uniware says no: what its errors describe, else its message, else the OAuth error. Not yet masked or cut."""
    told = table(body)
    said = [text(one.get("description")) or text(one.get("message")) for one in rows(told.get("errors"))]
    known = [word for word in dict.fromkeys(said) if word]
    other = text(told.get("message")) or text(told.get("error_description")) or text(told.get("error"))
    return "; ".join(known) or other or "no reason given"


def marks(body: Any) -> frozenset[str]:
    """Numbers and names of the errors: by these, never by a sentence, an answer is told apart."""
    errors = rows(table(body).get("errors"))
    found = [text(one.get(name)) for one in errors for name in ("code", "message")]
    # A number may be told as 40005.0.
    decimals = [one["code"] for one in errors if isinstance(one.get("code"), Decimal)]
    return frozenset(mark for mark in [*found, *(f"{number:.0f}" for number in decimals)] if mark)


def wrong_field(body: Any) -> str:
    """The first field that Uniware names."""
    return next((name for one in rows(table(body).get("errors")) if (name := text(one.get("fieldName")))), "")
