"""The guided set-up: each step at the partner's side, with the address to paste and what of it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext

from kartify.plugin.setup import SetupStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """``done``: None where kartify cannot see it."""

    text: str
    done: bool | None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A step as the page shows it."""

    step: SetupStep
    address: str
    marks: tuple[Mark, ...]


def items(
    steps: Sequence[SetupStep], addresses: Mapping[str, tuple[str, str]], given: Mapping[str, Any],
    seen: datetime | None,
) -> list[Item]:
    """``given``: the settings that are set, secrets by name only; ``seen``: when the partner last reached us."""
    return [_item(step, addresses, given, seen) for step in steps if not step.address or step.address in addresses]


def _item(
    step: SetupStep, addresses: Mapping[str, tuple[str, str]], given: Mapping[str, Any], seen: datetime | None
) -> Item:
    marks = [Mark(text=name, done=bool(given.get(name))) for name in step.settings]
    if step.address and step.address != "callback":
        text = gettext("a message came") if seen else gettext("no message has come yet")
        marks.append(Mark(text=text, done=seen is not None, at=seen))
    return Item(step=step, address=addresses[step.address][1] if step.address else "", marks=tuple(marks))
