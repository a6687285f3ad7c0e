"""Brings webhooks to the shop as a real gateway does: from the background, again after a failure, a bounded while."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import urllib3

# Pauses before each further try, in seconds; after the last the webhook is given up.
PAUSES = (1.0, 3.0, 10.0, 30.0, 60.0)
WORKERS = 4
TIMEOUT = 5.0
_IDLE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    url: str
    body: bytes
    headers: Mapping[str, str]


class Courier:
    """``statuses``: what each try was answered with, None where no answer came. Threads live only while something is
    due."""

    def __init__(self) -> None:
        self.pauses: tuple[float, ...] = PAUSES
        self.statuses: list[int | None] = []
        self._pool = urllib3.PoolManager(maxsize=WORKERS, timeout=TIMEOUT, retries=False)
        self._due: list[tuple[float, int, Parcel, int]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._workers = 0
        self._busy = 0

    def send(self, parcel: Parcel, *, delay: float = 0.0, copies: int = 1) -> None:
        """Soon, from a thread of its own."""
        for _ in range(copies):
            self._later(delay, parcel, 1)

    def deliver(self, parcel: Parcel) -> int | None:
        """One try, now: the shop's status, or None when no answer came."""
        try:
            answer = self._pool.request(
                "POST", parcel.url, body=parcel.body, headers=dict(parcel.headers), redirect=False
            )
            status: int | None = answer.status
        except Exception:  # whatever the network or a guard against it raises: no answer
            status = None
        with self._changed:
            self.statuses.append(status)
        return status

    def wait(self, timeout: float = 5.0) -> bool:
        """Whether everything due was brought or given up in this time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._due and not self._busy, timeout)

    def _later(self, delay: float, parcel: Parcel, attempt: int) -> None:
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + delay, next(self._order), parcel, attempt))
            if self._workers < WORKERS:
                self._workers += 1
                threading.Thread(target=self._work, name="courier", daemon=True).start()
            self._changed.notify_all()

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            parcel, attempt = taken
            try:
                status = self.deliver(parcel)
                if (status is None or not 200 <= status < 300) and attempt <= len(self.pauses):
                    self._later(self.pauses[attempt - 1], parcel, attempt + 1)
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

    def _take(self) -> tuple[Parcel, int] | None:
        """Waits for what is due next; None when nothing has been for a while: the thread may end."""
        with self._changed:
            idle_until = time.monotonic() + _IDLE
            while True:
                left = (self._due[0][0] if self._due else idle_until) - time.monotonic()
                if left > 0:
                    self._changed.wait(left)
                elif self._due:
                    _, _, parcel, attempt = heapq.heappop(self._due)
                    self._busy += 1
                    return parcel, attempt
                else:
                    self._workers -= 1
                    return None
