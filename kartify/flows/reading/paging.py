"""Keyset paging: a page starts after the row where the last one ended, however deep; nothing is counted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import Session

SIZE: Final = 50
# Rows that are looked through at a time where no index knows which of them fit, and seconds before a page shows what
# it has.
WINDOW: Final = 2_000
PATIENCE: Final = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """``following`` is the cursor of the next page; None at the end. ``partial``: older rows were not looked through
    yet, so that fewer than a page are here."""

    rows: Sequence[Any]
    following: str | None
    first: bool
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """What a list is ordered by, newest first: an id, or a moment and an id; an index has to begin with it."""

    id: Any
    moment: Any = None

    @property
    def columns(self) -> tuple[Any, ...]:
        return (self.id,) if self.moment is None else (self.moment, self.id)

    def read(self, cursor: str | None) -> tuple[Any, ...] | None:
        """A cursor that someone mangled starts from the top."""
        stamp, _, row_id = (cursor or "").rpartition("_")
        try:
            at = (datetime.fromisoformat(stamp),) if self.moment is not None else ()
            found = UUID(row_id)
        except ValueError:
            return None
        return (*at, found) if all(one.tzinfo for one in at) else None

    def name(self, values: Sequence[Any]) -> str:
        return "_".join(one.hex if isinstance(one, UUID) else one.isoformat() for one in values)

    def of(self, row: Any) -> tuple[Any, ...]:
        return tuple(getattr(row, column.key) for column in self.columns)

    def _pair(self, values: Sequence[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        given = [literal(one, column.type) for one, column in zip(values, self.columns, strict=True)]
        return (self.id, given[0]) if self.moment is None else (tuple_(*self.columns), tuple_(*given))

    def after(self, found: Select[Any], values: Sequence[Any] | None) -> Select[Any]:
        """What follows the row with these values: the older ones."""
        if values is None:
            return found
        mine, given = self._pair(values)
        return found.where(mine < given)

    def down_to(self, found: Select[Any], values: Sequence[Any] | None) -> Select[Any]:
        if values is None:
            return found
        mine, given = self._pair(values)
        return found.where(mine >= given)

    def ordered(self, found: Select[Any]) -> Select[Any]:
        return found.order_by(*(column.desc() for column in self.columns))


def by_id(session: Session, found: Select[Any], column: Any, cursor: str | None) -> Page:
    """Newest first: our ids are in the order of time, so the primary key is the index."""
    return paged(session, found, Keys(column), cursor=cursor)


def by_moment(session: Session, found: Select[Any], moment: Any, column: Any, cursor: str | None) -> Page:
    """Newest first by a moment, ties by id: for lists whose index has the moment in it."""
    return paged(session, found, Keys(column, moment), cursor=cursor)


def paged(session: Session, found: Select[Any], keys: Keys, *, cursor: str | None, size: int = SIZE) -> Page:
    after = keys.read(cursor)
    rows = session.scalars(keys.ordered(keys.after(found, after)).limit(size + 1)).all()
    return _page(rows, keys, size=size, first=after is None)


def _page(rows: Sequence[Any], keys: Keys, *, size: int, first: bool) -> Page:
    shown = rows[:size]
    following = keys.name(keys.of(shown[-1])) if len(rows) > size else None
    return Page(rows=shown, following=following, first=first)


def sought(
    session: Session, found: Select[Any], narrow: Sequence[ColumnElement[bool]], keys: Keys, *,
    cursor: str | None = None, size: int = SIZE, patience: float | None = PATIENCE,
) -> Page:
    """The same where no index knows which rows fit: looks through window after window, for as long as it has patience.

    However few of a million rows fit, a page is there in time; the next one goes on where it stopped.
    """
    after = keys.read(cursor)
    rows: list[Any] = []
    first, begun = after is None, time.monotonic()
    while True:
        here = keys.after(found, after)
        edge = session.execute(_edge(here, keys)).first()
        window = keys.ordered(keys.down_to(here, edge).where(*narrow)).limit(size + 1 - len(rows))
        rows += session.scalars(window).all()
        if len(rows) > size or edge is None:
            return _page(rows, keys, size=size, first=first)
        after = tuple(edge)
        if patience is not None and time.monotonic() - begun > patience:
            return Page(rows=rows, following=keys.name(after), first=first, partial=True)


def _edge(found: Select[Any], keys: Keys) -> Select[Any]:
    """The last row of the window; nothing where fewer are left."""
    return keys.ordered(found.with_only_columns(*keys.columns)).offset(WINDOW - 1).limit(1)


__all__ = ["PATIENCE", "SIZE", "WINDOW", "Keys", "Page", "by_id", "by_moment", "paged", "sought"]
