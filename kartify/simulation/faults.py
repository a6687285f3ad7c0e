"""Seeded faults: the ways in which a real API fails, before or after it acted."""

from __future__ import annotations

import random
import threading
from typing import Final, Literal, get_args

Fault = Literal["none", "429", "429-wait", "500", "html", "html-502", "truncated", "slow", "dropped-before",
                "dropped-after"]
KINDS: Final[tuple[Fault, ...]] = tuple(kind for kind in get_args(Fault) if kind != "none")
SLOWEST = 0.4


class Faults:
    """Every third call or so, but never more than twice in a row: what tries again gets through. ``next`` plays given
    faults once each, seed or not; ``kinds`` are those that the seed may draw."""

    def __init__(self, seed: int | None, *, kinds: tuple[Fault, ...] = KINDS, share: float = 0.3) -> None:
        self.kinds = kinds
        self.share = share
        self._random = random.Random(seed) if seed is not None else None
        self._lock = threading.Lock()
        self._queued: list[Fault] = []
        self._row = 0

    def next(self, *kinds: Fault) -> None:
        with self._lock:
            self._queued.extend(kinds)

    def draw(self) -> Fault:
        with self._lock:
            if self._queued:
                return self._queued.pop(0)
            if self._random is None or self._row == 2 or self._random.random() > self.share:
                self._row = 0
                return "none"
            self._row += 1
            return self._random.choice(self.kinds)

    def pause(self) -> float:
        """Seconds of a slow answer."""
        with self._lock:
            return self._random.uniform(0.05, SLOWEST) if self._random else SLOWEST
