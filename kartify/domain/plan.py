"""When a payment is asked about: the plan is data that a gateway plugin declares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupPlan:
    """``steps``: (up to this age, ask every so often), in order; after the last the payment is asked no more.

    ``lifetime``: how long a session stays payable where the gateway names no end. ``late_window``: how long after the
    opening a failed attempt may still succeed. ``knows_after``: from which age "no such payment" means "not paid";
    None where it never does. ``interval``: default seconds between two runs of the order lookup cron.
    """

    steps: tuple[tuple[timedelta, timedelta], ...] = (
        (timedelta(minutes=2), timedelta(seconds=30)),
        (timedelta(minutes=15), timedelta(minutes=3)),
        (timedelta(hours=2), timedelta(minutes=10)),
        (timedelta(days=1), timedelta(hours=1)),
        (timedelta(days=5), timedelta(hours=6)),
    )
    first: timedelta = timedelta(seconds=60)
    lifetime: timedelta = timedelta(hours=24)
    late_window: timedelta = timedelta(days=3)
    knows_after: timedelta | None = timedelta(minutes=15)
    interval: int = 300

    def first_ask(self, created_at: datetime) -> datetime:
        return created_at + self.first

    def next_ask(self, created_at: datetime, asked_at: datetime) -> datetime | None:
        """When to ask again after an answer that settled nothing; None when the window is over."""
        age = asked_at - created_at
        for until, every in self.steps:
            if age < until:
                return asked_at + every
        return None

    @property
    def window(self) -> timedelta:
        return self.steps[-1][0]


def backoff(attempts: int, *, first: float = 5.0, most: float = 900.0) -> timedelta:
    """The pause after so many answers in a row that told nothing."""
    return timedelta(seconds=min(most, first * 2 ** max(0, min(attempts, 20) - 1)))
