"""The figures of Home as charts. The numbers are those of the tables beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from flask_babel import gettext as _
from markupsafe import Markup

from kartify.admin.frame.charts import Bar, Chart, Span, bars, columns, spans
from kartify.admin.frame.look import lag, money, span, zone_of
from kartify.admin.overview.recovered import Recovered, Source, Speed
from kartify.admin.overview.risk import ANSWERS, BUCKETS, Risk
from kartify.admin.overview.sums import Day, Sum
from kartify.admin.overview.verdict import amounts, orders
from kartify.domain.reports import Channel

CURRENCIES: Final = 3
TICKS: Final = (1, 10, 60, 600, 3_600, 86_400, 864_000)


def answer_names() -> dict[str, str]:
    return {
        "paid": _("Gateway says paid"), "nothing": _("Gateway says nothing"), "unasked": _("Not asked yet"),
    }


def age_names() -> dict[str | None, str]:
    """Each bucket from its beginning to the next."""
    found = (_("under 15 min"), _("15 min to 1 h"), _("1 h to 1 day"), _("1 to 7 days"), _("over 7 days"))
    return dict(zip(BUCKETS, found, strict=True))


def source_names() -> dict[Source, str]:
    return {
        Source.WEBHOOK: _("Webhook"), Source.CALLBACK: _("Callback"), Source.LOOKUP: _("Look-up, by itself"),
        Source.ASKED: _("Look-up, a person pressed it"), Source.PERSON: _("A person, with proof"),
    }


def risk_charts(risk: Risk) -> list[Markup]:
    """One for each currency, since money of two cannot stand on one scale."""
    return [_risk_chart(risk, one) for one in risk.total[:CURRENCIES]]


def _risk_chart(risk: Risk, total: Sum) -> Markup:
    names = age_names()
    rows = []
    for row in risk.ages:
        mine = _in(row.total, total.currency)
        rows.append(Bar(
            label=names[row.key], parts=[_in(row.answers[name], total.currency).minor for name in ANSWERS],
            shown=f"{money(mine.minor, mine.currency)} · {orders(mine.count)}",
        ))
    about = "; ".join(f"{row.label}: {row.shown}" for row in rows)
    named = _("Money at risk by age, %(currency)s", currency=total.currency)
    return bars(Chart(name=f"risk-{total.currency}", title=named, about=about), rows)


def _in(sums: Sequence[Sum], currency: str) -> Sum:
    return next((one for one in sums if one.currency == currency), Sum(currency=currency, count=0, minor=0))


def recovered_chart(found: Recovered, day: Day) -> Markup:
    rows = [
        Bar(label=hour.astimezone(zone_of(day.zone)).strftime("%H:%M"), shown=str(sum(counts.values())),
            parts=[counts[source] for source in Source])
        for hour, counts in zip(day.hours, found.hours, strict=True)
    ]
    names = source_names()
    told = [f"{names[source]}: {amounts(sums)}" for source, sums in found.sources.items() if sums]
    about = _("%(orders)s by the hour. %(told)s", orders=orders(found.orders), told="; ".join(told))
    return columns(Chart(name="recovered", title=_("Recovered today by the hour"), about=about), rows)


def speed_names() -> dict[Channel, str]:
    return {
        Channel.WEBHOOK: _("Webhook"), Channel.CALLBACK: _("Callback"), Channel.LOOKUP: _("Look-up"),
        Channel.MANUAL: _("A person, with proof"),
    }


def speed_chart(found: Sequence[Speed]) -> Markup:
    names = speed_names()
    rows = [
        Span(label=names[one.channel], marks=[_seconds(one.p50), _seconds(one.p95), _seconds(one.p99)],
             shown=" · ".join(lag(value) for value in (one.p50, one.p95, one.p99)))
        for one in found
    ]
    about = "; ".join(f"{row.label}: {row.shown}" for row in rows)
    return spans(Chart(name="speed", title=_("From capture to processing: p50, p95, p99"), about=about), rows, _ticks())


def _ticks() -> list[tuple[float, str]]:
    return [(seconds, span(timedelta(seconds=seconds))) for seconds in TICKS]


def _seconds(length: timedelta) -> float:
    return length / timedelta(seconds=1)
