"""One statement for several rows, which go to PostgreSQL as one JSON text: a list of many values costs little more than
one, where a parameter for each value of each row costs more than all the rest of the statement.

Pool, connection, transaction and events stay SQLAlchemy's. PostgreSQL only.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson
from sqlalchemy import JSON, ColumnElement, Connection, FromClause, String, any_, bindparam, column, func, select
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.type_api import TypeEngine
from sqlalchemy.types import LargeBinary

Types = Mapping[str, TypeEngine[Any]]


class Rows:
    """The rows of the list ``name``, for use inside a statement."""

    def __init__(self, name: str, types: Types) -> None:
        self.name, self._types = name, types
        self.table = self._of(tuple(types), name)

    def __getitem__(self, column_name: str) -> ColumnElement[Any]:
        found = self.table.c[column_name]
        if isinstance(self._types[column_name], LargeBinary):
            return func.decode(found, "base64", type_=LargeBinary)
        return found

    def any_of(self, column_name: str) -> ColumnElement[Any]:
        """For ``key = ANY (…)``: an array, so that the planner goes by the index whatever it believes of the list."""
        alone = self._of((column_name,), f"{self.name}_{column_name}")
        return any_(func.array(select(alone.c[column_name]).scalar_subquery()))

    def _of(self, names: Sequence[str], alias: str) -> FromClause:
        # JSON has no bytes: they come as base64.
        types = {name: String() if isinstance(self._types[name], LargeBinary) else self._types[name] for name in names}
        told = func.json_to_recordset(bindparam(self.name, type_=JSON()))
        return told.table_valued(*(column(name, kind) for name, kind in types.items())).render_derived(
            name=alias, with_types=True
        )


class Listed:
    """``statement``, whose parameters are lists, or have a value of their own; compiled once."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._text = ""
        self._parameters: tuple[tuple[str, Any], ...] = ()

    def run(self, connection: Connection, **lists: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
        """All rows that come back."""
        if not self._text:
            self._compile(connection)
        values = tuple(_told(lists[name]) if name in lists else own for name, own in self._parameters)
        return connection.exec_driver_sql(self._text, values).all()

    def _compile(self, connection: Connection) -> None:
        compiled = cast(SQLCompiler, self._statement.compile(connection))
        self._parameters = tuple((name, compiled.binds[name].effective_value) for name in compiled.positiontup or ())
        # Last: another thread may look.
        self._text = str(compiled)


def _told(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(rows, default=_bytes).decode()


def _bytes(value: Any) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(type(value).__name__)
