"""When a call to a partner that failed is tried again: data, with jitter so that a backlog does not come at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

STEPS = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=3),
)
THEN = timedelta(hours=6)
PATIENCE = timedelta(days=3)
JITTER = 0.1


def planned(failures: int) -> timedelta | None:
    """The pause after so many failures, at least one; None when the patience is over."""
    if failures <= len(STEPS):
        return STEPS[max(failures, 1) - 1]
    spent = sum(STEPS, timedelta()) + THEN * (failures - len(STEPS))
    return THEN if spent <= PATIENCE else None


def pause(failures: int, *, spread: Callable[[], float] = random.random) -> timedelta | None:
    """``planned`` with up to a tenth more."""
    plain = planned(failures)
    return None if plain is None else plain * (1 + JITTER * spread())
