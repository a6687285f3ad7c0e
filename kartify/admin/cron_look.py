"""How crons and their runs look: the rhythm in words, what is wrong with one, and the bars of its last runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from flask_babel import gettext

from kartify import clock
from kartify.admin.frame.look import money, span, words
from kartify.domain.errors import KartifyError
from kartify.flows.lookups import runs, schedules
from kartify.flows.ticking import cron_words
from kartify.flows.ticking.cron_words import Words
from kartify.languages import translated
from kartify.models import Account, Cron, Run

LIVING: Final = ("waiting", "running")
BAD: Final = ("failed", "lost")
# A tick starts what is due each second; this much later nobody ticks.
LATE: Final = timedelta(minutes=1)
FAILED_IN_A_ROW: Final = 3
SHOWN: Final = 30
WIDE, HIGH = 12, 72


def told(name: str) -> Words:
    """What a cron is called and does."""
    found = cron_words.words(name)
    return replace(found, title=translated(found.title), about=translated(found.about))


def rhythm(schedule: str) -> str:
    """ "every 300" in words; cron fields as they are."""
    try:
        seconds = schedules.interval(schedule)
    except KartifyError:
        return schedule
    if seconds is None:
        return schedule
    if seconds % 3600 == 0:
        return gettext("every %(count)s h", count=seconds // 3600)
    if seconds % 60 == 0:
        return gettext("every %(count)s min", count=seconds // 60)
    return gettext("every %(count)s s", count=seconds)


def recovered(run: Run) -> str:
    return ", ".join(money(sum_, currency) for currency, sum_ in (run.money or {}).items() if sum_) or "–"


def took(run: Run) -> str:
    if run.started_at is None or run.finished_at is None:
        return "–"
    length = run.finished_at - run.started_at
    return gettext("under 1 s") if length < timedelta(seconds=1) else span(length)


def outcome(run: Run, core: bool) -> str:
    """What a run brought, in one line. The core's say it in their own words."""
    if core:
        return run.result or ""
    said = gettext("%(asked)s asked, %(recovered)s recovered", asked=run.asked, recovered=run.recovered)
    if run.recovered and recovered(run) != "–":
        said += f" ({recovered(run)})"
    return f"{said}, {gettext('%(count)s unknown', count=run.unknown)}" if run.unknown else said


def troubles(cron: Cron, last: Sequence[Run], account: Account | None) -> list[str]:
    """What is wrong with it and what to do, for a person. ``last``: its newest runs first."""
    found = []
    if cron.enabled and cron.next_at is not None and clock.now() - cron.next_at > LATE:
        found.append(gettext(
            "It is late by %(late)s: nobody started it. Look at Processes on the first page; the clock and a worker "
            "must run (kartify clock, kartify worker).", late=span(clock.now() - cron.next_at)))
    ended = [run for run in last if run.state not in LIVING][:FAILED_IN_A_ROW]
    if ended and (ended[0].detail or {}).get("broken"):
        found.append(gettext("Its last run found something broken: %(said)s. Open the run, and tell your engineer.",
                             said=ended[0].result))
    if len(ended) == FAILED_IN_A_ROW and all(run.state in BAD for run in ended):
        worst = next((run for run in ended if run.state == "failed"), ended[0])
        said = worst.result or words(worst.state)
        found.append(gettext("Its last three runs failed: %(said)s. %(todo)s", said=said,
                             todo=_todo(worst, cron, account)))
    return found


def _todo(run: Run, cron: Cron, account: Account | None) -> str:
    if run.state == "lost":
        return gettext("Its worker died each time: look at the worker's log, then press Run now.")
    if account is not None and account.state != "active":
        return gettext("Put the account right in System » Accounts and press Test connection, then Run now.")
    if cron.name in (runs.LOOKUP, runs.NEWS):
        return gettext("Press Test connection in System » Accounts; when that works, press Run now.")
    return gettext("Give this sentence and the worker's log to your engineer.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One run in the picture: where it stands, and how high each part is. ``calm``: asked, with nothing found."""

    run: Run
    x: int
    calm: int
    recovered: int
    unknown: int
    bad: bool

    @property
    def title(self) -> str:
        return f"{self.run.asked} / {self.run.recovered} / {self.run.unknown}"


def bars(last: Sequence[Run]) -> list[Bar]:
    """The newest runs, oldest first; nothing to draw where none asked anything."""
    drawn = [run for run in last[:SHOWN] if run.state not in LIVING][::-1]
    most = max((run.asked for run in drawn), default=0)
    if not most:
        return []
    return [_bar(run, number * WIDE, most) for number, run in enumerate(drawn)]


def _bar(run: Run, x: int, most: int) -> Bar:
    """A part that is there is seen, however small it is beside the rest."""
    def height(count: int) -> int:
        return max(2, HIGH * count // most) if count > 0 else 0

    return Bar(
        run=run, x=x, recovered=height(run.recovered), unknown=height(run.unknown),
        calm=height(run.asked - run.recovered - run.unknown), bad=run.state in BAD,
    )
