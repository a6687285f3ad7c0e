"""A Core statement compiled once for psycopg, and run for many rows in one trip to the server.

SQLAlchemy looks at each bound value several times on its way; for the few statements that every webhook runs that is
more than half of what they cost. Pool, connection and transaction stay SQLAlchemy's.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

_Place = tuple[str, Callable[[Any], Any] | None, Any]


class Prepared:
    """``statement`` with its parameters by name; those that carry a value of their own need none."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._text = ""
        self._places: tuple[_Place, ...] = ()
        self._row: Callable[..., Any] = tuple

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """For each of ``rows`` (values by name) the rows that came back, with their columns as attributes. PostgreSQL
        only. Raises psycopg's errors as SQLAlchemy's."""
        if not self._text:
            self._compile(connection.dialect)
        values = [tuple(self._values(row)) for row in rows]
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(self._text, values, returning=True)  # type: ignore[call-arg]
            return self._sets(cursor)
        except connection.dialect.loaded_dbapi.Error as problem:
            connection._handle_dbapi_exception(problem, self._text, None, cursor, None)
            raise
        finally:
            cursor.close()

    def _sets(self, cursor: DBAPICursor) -> list[list[Any]]:
        found = [[self._row(*row) for row in cursor.fetchall()]]
        while cast(Any, cursor).nextset():
            found.append([self._row(*row) for row in cursor.fetchall()])
        return found

    def _values(self, row: Mapping[str, Any]) -> list[Any]:
        found = []
        for name, processor, own in self._places:
            value = row.get(name, own)
            found.append(value if processor is None else processor(value))
        return found

    def _compile(self, dialect: Dialect) -> None:
        compiled = cast(SQLCompiler, self._statement.compile(dialect=dialect))
        self._places = tuple(
            (name, bound.type.dialect_impl(dialect).bind_processor(dialect), bound.effective_value)
            for name in compiled.positiontup or ()
            if (bound := compiled.binds[name]) is not None
        )
        names = [str(column.key) for column in self._statement.selected_columns]  # type: ignore[attr-defined]
        # What has no name of its own is called by its place.
        self._row = namedtuple("Row", names, rename=True)  # type: ignore[misc]
        # Last: another thread may look.
        self._text = str(compiled)
