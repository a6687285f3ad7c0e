"""What can go wrong between FYND and us, played by the simulator."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    DROP = "drop"  # acts, then the connection is gone
    BROKEN = "broken"  # acts, then answers 500
    ERROR = "error"  # 500 without acting
    UNAVAILABLE = "unavailable"  # 503 without acting
    THROTTLE = "throttle"  # 429
    SLOW = "slow"  # acts, and answers late
    EXPIRE = "expire"  # every token is over
    REFUSE = "refuse"  # 200 with success false, without acting


_OFTEN = (Fault.DROP, Fault.BROKEN, Fault.ERROR, Fault.UNAVAILABLE, Fault.THROTTLE, Fault.SLOW, Fault.EXPIRE)
_RATE = 0.25


class Faults:
    """Faults by seed, and before those the ones that a test asked for. ``Fault.REFUSE`` comes only when asked for: a
    refusal is FYND's word, not an accident."""

    def __init__(self, seed: int | None) -> None:
        self.seeded = seed is not None
        self._random = None if seed is None else Random(seed)
        self._asked: dict[str, deque[Fault | None]] = defaultdict(deque)
        self._lock = threading.Lock()

    def ask(self, call: str, *faults: Fault | None) -> None:
        """The next calls of this name meet these faults, one each; None lets one through."""
        with self._lock:
            self._asked[call].extend(faults)

    def next(self, call: str) -> Fault | None:
        with self._lock:
            if self._asked[call]:
                return self._asked[call].popleft()
            if self._random is None or self._random.random() >= _RATE:
                return None
            return self._random.choice(_OFTEN)

    def pause(self) -> float:
        """Seconds that a slow answer takes: at most one."""
        with self._lock:
            return 0.2 if self._random is None else self._random.uniform(0.05, 1.0)
