"""The OAuth token of one account: kept, renewed before it ends, by one thread at a time.

Threads that have no token wait for the one that fetches it and share what came of it, its failure too; threads that
still have a good one use it meanwhile. Time is counted from the moment a token came, so a wrong clock does no harm.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from kartify.plugin import PartnerError, Temporary

RENEW_BEFORE = 240.0  # seconds; PhonePe advises 3 to 5 minutes
REST = 30.0  # after a renewal that failed while the old token is still good
PATIENCE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """``seconds``: how long it is good from the moment it came."""

    text: str = field(repr=False)
    seconds: float


@dataclass(slots=True)
class _Held:
    text: str = field(repr=False)
    renew_at: float
    ends_at: float


Fetch = Callable[[], Token]


class TokenBook:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._failures = 0
        self._problem: PartnerError | None = None

    def get(self, fetch: Fetch) -> str:
        """A token that is good now. Raises what ``fetch`` raises."""
        held, now = self._held, self._monotonic()
        if held is None or now >= held.ends_at:
            return self._wait(held, fetch)
        if now >= held.renew_at and self._lock.acquire(blocking=False):
            try:
                self._renew(held, fetch)
            finally:
                self._lock.release()
        return (self._held or held).text

    def replace(self, refused: str, fetch: Fetch) -> str:
        """Another token than the one that PhonePe refused before its time; maybe another thread has it already."""
        held = self._held
        if held is not None and held.text != refused:
            return held.text
        return self._wait(held, fetch)

    def _renew(self, held: _Held, fetch: Fetch) -> None:
        if self._held is not held:
            return
        try:
            self._keep(fetch())
        except PartnerError:
            held.renew_at = self._monotonic() + REST

    def _wait(self, stale: _Held | None, fetch: Fetch) -> str:
        failures = self._failures
        if not self._lock.acquire(timeout=PATIENCE):
            raise Temporary("PhonePe's token service is slow: no token in time", sent=False)
        try:
            if self._held is not None and self._held is not stale:
                return self._held.text
            if self._failures != failures and self._problem is not None:
                raise copy.copy(self._problem)
            return self._fetched(fetch)
        finally:
            self._lock.release()

    def _fetched(self, fetch: Fetch) -> str:
        """With the lock held. A failure is told to those who waited for it, and to nobody after them."""
        try:
            return self._keep(fetch())
        except PartnerError as problem:
            self._failures += 1
            self._problem, self._held = problem, None
            raise

    def _keep(self, token: Token) -> str:
        now = self._monotonic()
        early = min(RENEW_BEFORE, token.seconds / 2)
        self._held = _Held(token.text, now + token.seconds - early, now + token.seconds)
        return token.text
