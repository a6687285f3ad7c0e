"""What the service ``API_SALES_ORDER_SRV`` publishes of itself: entity sets, their properties, types, and lengths.

``service.txt`` has an entity set per block and a property per line: its name, its type (``s10`` a text of ten
characters, ``n15,3`` a decimal, ``date``, ``moment``, ``bool``, …) and marks: *key*, *read* (only), *no-create*,
*no-update*. A line with ``>`` leads to another entity set, one entity of it or many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

NAMESPACE = "API_SALES_ORDER_SRV"


@dataclass(frozen=True, slots=True)
class Property:
    """``kind``: s, n, date, moment, bool, guid, time, double. ``size``: of a text; of a decimal digits and places."""

    name: str
    kind: str
    size: tuple[int, ...] = ()
    key: bool = False
    creatable: bool = True
    updatable: bool = True


@dataclass(frozen=True, slots=True)
class Navigation:
    name: str
    target: str
    many: bool


@dataclass(frozen=True, slots=True)
class EntitySet:
    name: str
    cannot: frozenset[str]
    properties: dict[str, Property] = field(default_factory=dict)
    navigations: dict[str, Navigation] = field(default_factory=dict)

    @property
    def type_name(self) -> str:
        return f"{self.name}Type"

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(name for name, one in self.properties.items() if one.key)


@cache
def entity_sets() -> Mapping[str, EntitySet]:
    """By name; read once."""
    text = files(__package__).joinpath("service.txt").read_text("utf-8")
    return {one.name: one for one in _blocks(text.splitlines())}


def _blocks(lines: list[str]) -> Iterator[EntitySet]:
    current: EntitySet | None = None
    for line in lines:
        words = line.split()
        if not line.startswith(" "):
            if current is not None:
                yield current
            current = EntitySet(words[0], frozenset(word.removeprefix("no-") for word in words[1:]))
        elif current is not None and words[0] == ">":
            current.navigations[words[1]] = Navigation(words[1], words[2], many=words[3] == "many")
        elif current is not None:
            current.properties[words[0]] = _property(*words)
    if current is not None:
        yield current


def _property(name: str, told: str, *marks: str) -> Property:
    kind = told[0] if told[1:2].isdigit() or told == "s" else told
    size = tuple(int(part) for part in told[1:].split(",")) if kind in "sn" and len(told) > 1 else ()
    return Property(
        name, kind, size, key="key" in marks, creatable=not {"read", "no-create"} & set(marks),
        updatable=not {"read", "no-update"} & set(marks),
    )
