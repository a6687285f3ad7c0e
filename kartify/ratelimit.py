"""Calls a second for one account: a token bucket that many threads share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class RateLimiter:
    """Lets ``rate`` calls a second pass, and ``burst`` at once after a rest.

    Kept as one number, the moment at which the bucket would be full again; a caller reserves its turn under the lock
    and sleeps outside of it, so turns are fair and no thread wakes for nothing.
    """

    def __init__(
        self,
        rate: float,
        burst: int = 1,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError("rate must be above 0 and burst at least 1")
        self._interval = 1 / rate
        self._slack = (burst - 1) / rate
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._full_at = clock()

    def acquire(self, deadline: float | None = None) -> bool:
        """Waits for a turn. False at once, and no turn taken, where it would come after ``deadline`` (by the clock)."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._full_at - self._slack)
            if deadline is not None and turn > deadline:
                return False
            self._full_at = max(now, self._full_at) + self._interval
        if turn > now:
            self._sleep(turn - now)
        return True

    def pause(self, seconds: float) -> None:
        """No turn before so many seconds from now, and no burst after them: what a Retry-After asks for."""
        with self._lock:
            self._full_at = max(self._full_at, self._clock() + seconds + self._slack)


class RateLimiters:
    """One limiter for each account, made when first asked for."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._limiters: dict[tuple[str, float], RateLimiter] = {}

    def of(self, account: str, rate: float) -> RateLimiter:
        """The limiter of an account, without bursts. A changed rate begins a new one."""
        with self._lock:
            key = (account, rate)
            if key not in self._limiters:
                self._limiters[key] = RateLimiter(rate, clock=self._clock, sleep=self._sleep)
            return self._limiters[key]
