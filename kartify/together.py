"""Work that comes at the same moment is done together: whoever finds nobody at it does it, for all who wait.

One transaction for several messages costs little more than for one. Where only one comes, it is done alone and at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

Job = TypeVar("Job")
Result = TypeVar("Result")
MOST = 16
PATIENCE = 10.0


class Overdue(Exception):
    """Those who were first did not come to an end in time."""


def _silent() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Ticket(Generic[Job, Result]):
    job: Job
    # Held until the ticket is called. A bare lock: an event is five times the work, once a message.
    bell: threading.Lock = field(default_factory=_silent)
    called: bool = False
    leads: bool = False
    outcome: Result | BaseException | None = None

    def call(self) -> None:
        self.called = True
        self.bell.release()


Work = Callable[[Sequence[Job]], Sequence[Result | BaseException]]


class Together(Generic[Job, Result]):
    """One desk for one kind of work. Each caller leads at most once, so nobody works for others longer than for one
    batch, and one thread at a time works."""

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._waiting: list[_Ticket[Job, Result]] = []
        self._busy = False

    def do(self, job: Job, work: Work[Job, Result], *, patience: float = PATIENCE) -> Result:
        """``work`` takes several jobs and gives, in their order, a result or an exception for each. Raises what came of
        this one, and ``Overdue`` when its turn did not come in time; then it may be done all the same, or not."""
        ticket: _Ticket[Job, Result] = _Ticket(job)
        with self._lock:
            self._waiting.append(ticket)
            ticket.leads, self._busy = not self._busy, True
        if not ticket.leads and not ticket.bell.acquire(timeout=patience):
            self._give_up(ticket)
        if ticket.leads:
            self._lead(work)
        if isinstance(ticket.outcome, BaseException):
            raise ticket.outcome
        return cast(Result, ticket.outcome)

    def _give_up(self, ticket: _Ticket[Job, Result]) -> None:
        with self._lock:
            if ticket.called:  # called in the last moment
                return
            if ticket in self._waiting:
                self._waiting.remove(ticket)
        raise Overdue("those who were first did not come to an end in time")

    def _lead(self, work: Work[Job, Result]) -> None:
        with self._lock:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            outcomes = work([ticket.job for ticket in batch])
        except BaseException as problem:  # nobody may wait for ever, whatever it was
            outcomes = [problem] * len(batch)
        for ticket, outcome in zip(batch, outcomes, strict=True):
            ticket.outcome = outcome
            if ticket is not batch[0]:
                ticket.call()
        self._hand_over()

    def _hand_over(self) -> None:
        with self._lock:
            if not self._waiting:
                self._busy = False
                return
            following = self._waiting[0]
            following.leads = True
            following.call()
