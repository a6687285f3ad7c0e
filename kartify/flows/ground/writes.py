"""The write step: a list of small Core statements, one command on PostgreSQL, run in order on SQLite.

A ``Write`` names a template and its values. On PostgreSQL the list is folded into one data-modifying CTE; the folded
statement is built once per sequence of templates and kept, so a hot path costs no compilation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, CursorResult, func, literal, select
from sqlalchemy.sql.dml import UpdateBase

from kartify.domain.errors import Conflict
from kartify.flows.ground.templates import INSERTS, TEMPLATES, Bound, OfList
from kartify.listed import Listed


@dataclass(frozen=True, slots=True)
class Write:
    """One statement to run. ``must``: it has to hit exactly one row, else the transaction is rolled back."""

    template: str
    values: dict[str, Any]
    must: bool = False


def execute(connection: Connection, writes: Sequence[Write]) -> None:
    """Runs them all. Raises ``Conflict`` when a write that must hit one row did not: someone else was first."""
    if not writes:
        return
    if connection.dialect.name == "postgresql" and len(writes) > 1:
        shape, values = _shaped(writes)
        _must(connection.execute(_folded(shape), values).one())
        return
    for write in writes:
        statement = _single(write.template, _given(write))
        result: CursorResult[Any] = connection.execute(statement, {f"v_{name}": write.values[name] for name in
                                                                   _names(write)})
        if write.must and result.rowcount != 1:
            raise Conflict(f"{write.template}: changed by someone else meanwhile")


def execute_many(connection: Connection, orders: Sequence[Sequence[Write]]) -> None:
    """The writes of several orders, those of one sequence of templates in one command. PostgreSQL only. Raises
    ``Conflict``, as ``execute``."""
    sequences: dict[Sequenced, list[Sequence[Write]]] = {}
    for writes in orders:
        sequences.setdefault(tuple([(write.template, write.must) for write in writes]), []).append(writes)
    for sequence, found in sequences.items():
        columns = enumerate(zip(*found, strict=True))
        lists = {f"list{index}": [write.values for write in column] for index, column in columns}
        [counts] = _listed(sequence).run(connection, **lists)
        if any(must for _, must in sequence):
            _must(counts, len(found))


def _must(counts: Sequence[int], hit: int = 1) -> None:
    if any(count != hit for count in counts):
        raise Conflict("changed by someone else meanwhile")


# What a folded statement depends on: of each write the template, whether it must hit a row, and its parameters by
# column. Ids and moments that stand in it more than once are one parameter.
Shape = tuple[tuple[str, bool, tuple[tuple[str, str], ...]], ...]


def _shaped(writes: Sequence[Write]) -> tuple[Shape, dict[str, Any]]:
    """The shape, and the values by the names of its parameters."""
    values: dict[str, Any] = {}
    known: dict[int, str] = {}
    shape = []
    for index, write in enumerate(writes):
        called = []
        for name in _names(write):
            value = write.values[name]
            given = f"p{index}_{name}"
            if isinstance(value, UUID | datetime):
                given = known.setdefault(id(value), given)
            values[given] = value
            called.append((name, given))
        shape.append((write.template, write.must, tuple(called)))
    return tuple(shape), values


def _names(write: Write) -> list[str]:
    """The columns of an insert that have a value; an update writes all of its own."""
    if write.template in INSERTS:
        return [name for name, value in write.values.items() if value is not None]
    return list(write.values)


def _given(write: Write) -> frozenset[str]:
    return frozenset(_names(write)) if write.template in INSERTS else frozenset()


@lru_cache(maxsize=256)
def _single(template: str, given: frozenset[str]) -> UpdateBase:
    return TEMPLATES[template](Bound("v_{}".format), given)


@lru_cache(maxsize=512)
def _folded(shape: Shape) -> Any:
    return _in_one([
        (TEMPLATES[template](Bound(dict(called).__getitem__), frozenset(dict(called))), must)
        for template, must, called in shape
    ])


# The template of each write, and whether it must hit its row.
Sequenced = tuple[tuple[str, bool], ...]


@lru_cache(maxsize=512)
def _listed(sequence: Sequenced) -> Listed:
    return Listed(_in_one([
        (TEMPLATES[template](OfList(f"list{index}"), None), must) for index, (template, must) in enumerate(sequence)
    ]))


def _in_one(statements: Sequence[tuple[Any, bool]]) -> Any:
    """All of them as one command, which gives how many rows each of those hit that must."""
    parts: list[Any] = []
    counts: list[Any] = []
    for index, (statement, must) in enumerate(statements):
        if not must:
            parts.append(statement.cte(f"w{index}"))
            continue
        part = statement.returning(next(iter(statement.table.primary_key)).label("hit")).cte(f"w{index}")
        parts.append(part)
        counts.append(select(func.count()).select_from(part).scalar_subquery())
    nothing: list[Any] = [literal(1)]
    return select(*(counts or nothing)).add_cte(*parts)
