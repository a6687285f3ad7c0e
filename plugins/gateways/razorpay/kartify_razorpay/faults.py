"""Seeded faults of the simulator: the ways in which a real API fails, before or after it acted."""

from __future__ import annotations

import random
import threading
from typing import Literal

Fault = Literal[
    "none", "429", "429-wait", "500", "html-502", "truncated", "slow", "dropped-before", "dropped-after"
]
KINDS: tuple[Fault, ...] = (
    "429", "429-wait", "500", "html-502", "truncated", "slow", "dropped-before", "dropped-after"
)  # fmt: skip
SLOW_MOST = 0.4


class Faults:
    """Every third call or so, but never more than twice in a row: what tries again gets through. ``next`` plays a
    given fault once, seed or not."""

    def __init__(self, seed: int | None) -> None:
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
            if self._random is None or self._row == 2 or self._random.random() > 0.3:
                self._row = 0
                return "none"
            self._row += 1
            return self._random.choice(KINDS)

    def pause(self) -> float:
        """Seconds of a slow answer."""
        with self._lock:
            return self._random.uniform(0.05, SLOW_MOST) if self._random else SLOW_MOST
