"""How values look to people: money, moments in the store's zone, status words with their tone, masked personal data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

from kartify import clock
from kartify.domain.money import display

# The tone goes with the word, never instead of it.
TONES = {
    "missing": "wait", "failed": "bad", "processing": "good", "shipped": "good", "delivered": "good",
    "cancelled": "quiet", "refunded": "quiet",
    "due": "wait", "claimed": "wait", "sent_unknown": "warn", "found": "wait", "done": "good", "dead": "bad",
    "withdrawn": "quiet", "waiting": "wait", "running": "wait", "lost": "bad", "stopped": "warn", "ignored": "quiet",
    "exception": "bad", "active": "good", "paused": "warn", "probing": "warn", "denied": "bad", "open": "wait",
    "over": "quiet", "opening": "wait", "unknown": "warn", "captured": "good", "authorized": "wait",
    "pending": "wait", "created": "wait", "voided": "quiet", "partially_refunded": "warn", "disputed": "bad",
    "paid": "good", "unpaid": "bad", "never asked": "quiet", "live": "bad", "test": "quiet", "on": "good",
    "off": "quiet", "late": "bad", "closed": "quiet", "locked": "warn",
    "approved": "good", "refused": "bad", "stale": "quiet", "in use": "good", "revoked": "quiet",
    "sealed": "good", "broken": "bad", "certified": "good", "changed since": "warn", "not certified": "warn",
}
_ICONS = {"good": "✓", "wait": "◷", "warn": "!", "bad": "✕", "quiet": "–"}
_MAIL = re.compile(r"[^\s@<>]+@([^\s@<>]+)")
_DIGITS = re.compile(r"\+?[0-9][0-9 -]{7,}[0-9]")
PERSONAL = "hidden for your role"


def zone_of(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def money(minor: int | None, currency: str | None) -> str:
    return "–" if minor is None else display(minor, currency or "")


def exact(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def plain_when(moment: datetime | None, zone: str | None = None) -> str:
    """13:22 of today, 22 Nov 13:22 of this year, else with the year."""
    if moment is None:
        return "never"
    local, today = moment.astimezone(zone_of(zone)), clock.now().astimezone(zone_of(zone))
    if local.date() == today.date():
        return local.strftime("%H:%M")
    shape = "%-d %b %H:%M" if local.year == today.year else "%-d %b %Y %H:%M"
    return local.strftime(shape)


def when(moment: datetime | None, zone: str | None = None) -> Markup:
    """The exact UTC is in the title and in the element's own attribute."""
    if moment is None:
        return Markup("–")
    template = '<time datetime="{}" title="{}">{}</time>'
    return Markup(template).format(moment.astimezone(UTC).isoformat(), exact(moment), plain_when(moment, zone))


def age(moment: datetime | None) -> str:
    return "–" if moment is None else span(clock.now() - moment)


def span(length: timedelta) -> str:
    """A length of time in two steps at most: 45 s, 12 min, 3 h 5 min, 2 d 4 h."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if days < 7 and hours % 24 else f"{days} d"


def lag(length: timedelta) -> str:
    """Like ``span``; a short one to the tenth of a second."""
    tenths = max(timedelta(), length) // timedelta(milliseconds=100)
    return f"{tenths // 10}.{tenths % 10} s" if tenths < 100 else span(length)


_SPELLED = {"oms": "OMS", "cod": "COD", "line1": "line 1", "line2": "line 2", "sku": "SKU"}


def words(name: str | None) -> str:
    """sent_unknown is "sent unknown", oms_refused is "OMS refused"."""
    return " ".join(_SPELLED.get(part, part) for part in (name or "–").split("_"))


def title(name: str | None) -> str:
    """The same, as a heading; abbreviations keep their capitals."""
    text = words(name)
    return text[:1].upper() + text[1:]


def status(name: str | None, label: str | None = None) -> Markup:
    """A word with an icon and a tone."""
    return toned(TONES.get(name or "", "quiet"), label or words(name))


def toned(tone: str, label: str) -> Markup:
    """``tone``: good, wait, warn, bad or quiet."""
    template = '<span class="status {}"><span aria-hidden="true">{}</span> {}</span>'
    return Markup(template).format(tone, _ICONS[tone], label)


def short(value: Any) -> str:
    """The last signs of a UUIDv7: its beginning is the time and the same for neighbours."""
    return str(value)[-8:]


def mask_mail(text: str | None) -> str:
    return _MAIL.sub(lambda found: f"•••@{found[1]}", text) if text else "–"


def mask_phone(text: str | None) -> str:
    return f"••••••{text[-3:]}" if text and len(text) > 3 else "–"


def mask_name(text: str | None) -> str:
    return " ".join(f"{part[0]}•••" for part in text.split()) if text else "–"


def scrub(text: str | None, personal: bool) -> str:
    """Free text for someone who may not see personal data: mail addresses and telephone numbers are covered."""
    if personal or not text:
        return text or ""
    return _DIGITS.sub("••••••", mask_mail(text))


def person(values: Mapping[str, Any] | None, personal: bool) -> dict[str, str]:
    """A customer's or an address's fields, in their order; masked where the role may not see them."""
    given = {name: str(value) for name, value in (values or {}).items() if value not in (None, "")}
    if personal:
        return given
    return {name: _masked(name, value) for name, value in given.items()}


_PLAIN = frozenset({"city", "state", "country"})
_MASKS = {"email": mask_mail, "phone": mask_phone, "name": mask_name}


def _masked(name: str, value: str) -> str:
    if name in _PLAIN:
        return value
    return _MASKS[name](value) if name in _MASKS else "•••"
