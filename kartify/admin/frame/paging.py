"""Keyset paging: a page starts after the row where the last one ended, however deep; nothing is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import Session

SIZE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """``following`` is the cursor of the next page; None at the end."""

    rows: Sequence[Any]
    following: str | None
    first: bool


def by_id(session: Session, found: Select[Any], column: Any, cursor: str | None) -> Page:
    """Newest first: our ids are in the order of time, so the primary key is the index."""
    after = _uuid(cursor)
    if after is not None:
        found = found.where(column < after)
    rows = session.scalars(found.order_by(column.desc()).limit(SIZE + 1)).all()
    return _page(rows, cursor=after, name=lambda row: row.id.hex)


def by_moment(session: Session, found: Select[Any], moment: Any, column: Any, cursor: str | None) -> Page:
    """Newest first by a moment, ties by id: for lists whose index has the moment in it."""
    after = _moment(cursor)
    if after is not None:
        found = found.where(_before(moment, column, *after))
    rows = session.scalars(found.order_by(moment.desc(), column.desc()).limit(SIZE + 1)).all()
    return _page(rows, cursor=after, name=lambda row: f"{getattr(row, moment.key).isoformat()}_{row.id.hex}")


def first_id(moment: datetime) -> UUID:
    """The least id that can have been made then: our ids begin with their milliseconds (UUIDv7), so that the primary
    key is the index for a day or an age."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def _before(moment: Any, column: Any, at: datetime, row_id: UUID) -> ColumnElement[bool]:
    return tuple_(moment, column) < tuple_(literal(at, moment.type), literal(row_id, column.type))


def _page(rows: Sequence[Any], *, cursor: Any, name: Any) -> Page:
    shown = rows[:SIZE]
    return Page(rows=shown, following=name(shown[-1]) if len(rows) > SIZE else None, first=cursor is None)


def _uuid(cursor: str | None) -> UUID | None:
    """A cursor that someone mangled starts from the top."""
    try:
        return UUID(cursor) if cursor else None
    except ValueError:
        return None


def _moment(cursor: str | None) -> tuple[datetime, UUID] | None:
    stamp, _, row_id = (cursor or "").partition("_")
    try:
        at = datetime.fromisoformat(stamp)
        return (at, UUID(row_id)) if at.tzinfo else None
    except ValueError:
        return None
