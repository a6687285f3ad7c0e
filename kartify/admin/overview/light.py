"""A light: what it is about, a word with its tone, why, and where one acts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from kartify.admin.frame.look import span

_ORDER: Final = ("bad", "warn", "wait", "quiet", "good")


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """``tone``: good, quiet, wait, warn or bad. ``endpoint`` and ``ties``: the page where one acts; ``act``: the words
    of its link."""

    name: str
    tone: str
    word: str
    reason: str
    endpoint: str
    act: str
    ties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def calls(self) -> bool:
        """Whether somebody should do something."""
        return self.tone in ("bad", "warn")


def worst_first(found: Iterable[Light]) -> list[Light]:
    return sorted(found, key=lambda one: _ORDER.index(one.tone))


def ago(moment: datetime, now: datetime) -> str:
    return span(max(timedelta(), now - moment))
