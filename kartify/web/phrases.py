"""How a customer's page puts values into sentences: money, moments in the store's zone, the gateway's name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeAlias

from babel.dates import format_datetime
from flask_babel import get_locale, gettext
from markupsafe import Markup, escape

from kartify import clock
from kartify.clock import zone_of
from kartify.domain.money import display
from kartify.flows.customers.standing import Standing

Teller: TypeAlias = Iterable[Markup]


class Words:
    """The values of one order's sentences, in the language of whoever reads."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing

    @staticmethod
    def say(text: str, **values: object) -> Markup:
        """``text`` is translated already."""
        return Markup(escape(text) % values) if values else escape(text)

    @property
    def due(self) -> str:
        return self.money(self.standing.due, self.standing.currency)

    @staticmethod
    def money(minor: int, currency: str) -> str:
        return display(minor, currency)

    @staticmethod
    def name(gateway: str | None) -> str:
        return gateway or gettext("the payment provider")

    def when(self, moment: datetime | None) -> Markup:
        """At 13:22, or on 22 Nov at 13:22; the exact moment is behind it."""
        if moment is None:
            return escape("–")
        zone, locale = zone_of(self.standing.timezone), get_locale()
        local, today = moment.astimezone(zone), clock.now().astimezone(zone)
        values = {"time": format_datetime(local, "HH:mm", locale=locale)}
        if local.date() == today.date():
            told = gettext("at %(time)s") % values
        else:
            shape = "d MMM" if local.year == today.year else "d MMM y"
            told = gettext("on %(day)s at %(time)s") % {**values, "day": format_datetime(local, shape, locale=locale)}
        return _exact(moment, told)

    def day(self, moment: datetime) -> Markup:
        """For a table: 22 Nov 2026, 13:22."""
        local = moment.astimezone(zone_of(self.standing.timezone))
        return _exact(moment, format_datetime(local, "d MMM y, HH:mm", locale=get_locale()))


def _exact(moment: datetime, told: str) -> Markup:
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        utc.isoformat(timespec="seconds"), f"{utc:%Y-%m-%d %H:%M:%S} UTC", told
    )
