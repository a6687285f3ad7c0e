"""The sentence on top: all is well, or what to look at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import ngettext

from kartify.admin.frame.look import money, span, title
from kartify.admin.overview.light import Light, worst_first
from kartify.admin.overview.risk import Risk
from kartify.admin.overview.sums import Sum, counted
from kartify.admin.overview.waiting import Waiting

SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to look at, and where."""

    tone: str
    text: str
    endpoint: str
    ties: Mapping[str, Any] = field(default_factory=dict)


def findings(risk: Risk, waiting: Waiting, lights: Sequence[Light], now: datetime) -> list[Finding]:
    """The most pressing first: what is broken, what runs out of time, money that is not through, the rest."""
    calling = [one for one in worst_first(lights) if one.calls]
    return [
        *(_light(one) for one in calling if one.tone == "bad"),
        *_deadlines(waiting, now),
        *_paid(risk),
        *(_light(one) for one in calling if one.tone == "warn"),
        *_waiting(waiting),
    ]


def _light(one: Light) -> Finding:
    text = f"{one.name}: {one.word}."
    return Finding(tone=one.tone, text=f"{text} {one.reason}".strip(), endpoint=one.endpoint, ties=one.ties)


def _deadlines(waiting: Waiting, now: datetime) -> list[Finding]:
    if not waiting.urgent:
        return []
    first = waiting.urgent[0]
    left = first.deadline - now
    when = _("in %(time)s", time=span(left)) if left > timedelta() else _("passed %(time)s ago", time=span(-left))
    text = _("%(what)s: its deadline is %(when)s.", what=title(first.type), when=when) if left > timedelta() else _(
        "%(what)s: its deadline %(when)s.", what=title(first.type), when=when
    )
    return [Finding(tone="bad", text=text, endpoint="attention.index", ties={"type": first.type})]


def _paid(risk: Risk) -> list[Finding]:
    sums = risk.answer("paid")
    if not sums:
        return []
    text = _(
        "%(count)s: the gateway says paid (%(money)s), and still missing.",
        count=orders(counted(sums)), money=amounts(sums),
    )
    if risk.first:
        return [Finding(tone="warn", text=text, endpoint="orders.page", ties={"order_id": risk.first[0].id})]
    return [Finding(tone="warn", text=text, endpoint="orders.index")]


def _waiting(waiting: Waiting) -> list[Finding]:
    if not waiting.count:
        return []
    text = ngettext("%(count)s exception waits for a person.", "%(count)s exceptions wait for a person.",
                    waiting.count, count=waiting.count)
    return [Finding(tone="warn", text=text, endpoint="attention.index")]


def orders(count: int) -> str:
    return ngettext("%(count)s order", "%(count)s orders", count, count=count)


def amounts(sums: Sequence[Sum]) -> str:
    """Each currency for itself."""
    return ", ".join(money(one.minor, one.currency) for one in sums)
