"""Rows into tables, many at a time: COPY on PostgreSQL, one statement for many rows on SQLite."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Connection, Table, insert

from kartify.models import Base

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def moment_id(at: datetime, salt: int) -> UUID:
    """A UUIDv7 of that moment: lists go by our ids, which are in the order of time. ``salt``: 74 random bits."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | (salt >> 62) << 64 | 2 << 62 | salt & (1 << 62) - 1)


def pour(connection: Connection, rows: Rows, *, postgres: bool) -> None:
    """``rows`` by table, parents first; each row of a table may lack what the column has a default for."""
    put = _copy if postgres else _insert
    for name, found in rows.items():
        if found:
            put(connection, Base.metadata.tables[name], found)


def _columns(target: Table, found: Sequence[Mapping[str, Any]]) -> list[Any]:
    """What the rows name; what only some of them name is NULL in the others, so it has to be nullable."""
    names = set().union(*found)
    return [column for column in target.c if column.name in names]


def _insert(connection: Connection, target: Table, found: Sequence[Mapping[str, Any]]) -> None:
    names = [column.name for column in _columns(target, found)]
    connection.execute(insert(target), [{name: row.get(name) for name in names} for row in found])


def _copy(connection: Connection, target: Table, found: Sequence[Mapping[str, Any]]) -> None:
    columns = _columns(target, found)
    readers: list[tuple[str, Callable[[Any], Any] | None]] = [
        (column.name, json.dumps if isinstance(column.type, JSON) else None) for column in columns
    ]
    named = ", ".join(f'"{column.name}"' for column in columns)
    driver: Any = connection.connection
    with driver.cursor() as cursor:
        with cursor.copy(f"COPY {target.name} ({named}) FROM STDIN") as copy:
            for row in found:
                copy.write_row([_value(row.get(name), read) for name, read in readers])


def _value(value: Any, read: Callable[[Any], Any] | None) -> Any:
    return read(value) if read and value is not None else value
