"""How values look to people: money, moments in the store's zone, status words with their tone, masked personal data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from babel.dates import get_month_names
from flask_babel import get_locale, gettext
from markupsafe import Markup

from kartify import clock
from kartify.clock import zone_of
from kartify.domain import telling
from kartify.domain.money import display
from kartify.domain.telling import mask_mail, mask_name, mask_phone, scrub
from kartify.languages import ENGLISH, translated

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


def words(name: str | None) -> str:
    """The name of a state, a kind or a field, in the language of the page."""
    return translated(telling.words(name))


def title(name: str | None) -> str:
    """The same, as a heading."""
    return translated(telling.title(name))


def money(minor: int | None, currency: str | None) -> str:
    return "–" if minor is None else display(minor, currency or "")


def exact(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def plain_when(moment: datetime | None, zone: str | None = None, *, seconds: bool = False) -> str:
    """13:22 of today, 22 Nov 13:22 of this year, else with the year. ``seconds``: 13:22:15, for moments that are close
    together."""
    if moment is None:
        return gettext("never")
    local, today = moment.astimezone(zone_of(zone)), clock.now().astimezone(zone_of(zone))
    hour = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    if local.date() == today.date():
        return hour
    month = get_month_names("abbreviated", locale=get_locale() or ENGLISH)[local.month]
    return f"{local.day} {month} {hour}" if local.year == today.year else f"{local.day} {month} {local.year} {hour}"


def when(moment: datetime | None, zone: str | None = None, *, seconds: bool = False) -> Markup:
    """The exact UTC is in the title and in the element's own attribute."""
    if moment is None:
        return Markup("–")
    template = '<time datetime="{}" title="{}">{}</time>'
    shown = plain_when(moment, zone, seconds=seconds)
    return Markup(template).format(moment.astimezone(UTC).isoformat(), exact(moment), shown)


def age(moment: datetime | None) -> str:
    return "–" if moment is None else span(clock.now() - moment)


def span(length: timedelta) -> str:
    """A length of time in two steps at most: 45 s, 12 min, 3 h 5 min, 2 d 4 h."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return gettext("%(seconds)s s", seconds=seconds)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if minutes < 60:
        return gettext("%(minutes)s min", minutes=minutes)
    if hours < 24 and minutes % 60:
        return gettext("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes % 60)
    if hours < 24:
        return gettext("%(hours)s h", hours=hours)
    if days < 7 and hours % 24:
        return gettext("%(days)s d %(hours)s h", days=days, hours=hours % 24)
    return gettext("%(days)s d", days=days)


def lag(length: timedelta) -> str:
    """Like ``span``; a short one to the tenth of a second."""
    tenths = max(timedelta(), length) // timedelta(milliseconds=100)
    if tenths >= 100:
        return span(length)
    exactly = f"{tenths // 10}.{tenths % 10}"
    return gettext("%(seconds)s s", seconds=exactly)


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


__all__ = [
    "TONES", "age", "exact", "mask_mail", "mask_name", "mask_phone", "money", "person", "plain_when",
    "scrub", "short", "span", "status", "title", "when", "words", "zone_of",
]
