"""What is sealed: rows that nobody may change, each as the bytes that its digest is over.

All moments here are those inside the ids (UUIDv7): they are what the rows are found by.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, select

from kartify.models import AuditEntry, InboxMessage, OrderMove, Report, TimelineEntry, new_id, table

STAFF, INBOX, BOOK = "staff", "inbox", "book"
LINES: Final = (STAFF, INBOX)
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """``line``: the chain of the rows that belong to no order. ``most``: how many are read at once."""

    kind: str
    table: Table
    columns: tuple[str, ...]
    line: str | None = None
    most: int = 1_000

    @property
    def orders(self) -> bool:
        return "order_id" in self.columns

    def chain(self, row: Row[Any]) -> str:
        owner = row.order_id if self.orders else None
        return order_chain(owner) if owner else str(self.line)

    def select(self) -> Select[Any]:
        return select(*(self.table.c[name] for name in self.columns))

    def of_line(self) -> list[ColumnElement[bool]]:
        """Conditions for the rows that are on the line, not on an order's chain."""
        return [self.table.c.order_id.is_(None)] if self.orders else []


def _all(rows: Table) -> tuple[str, ...]:
    return tuple(column.name for column in rows.columns)


_moves, _timeline, _reports, _audit = table(OrderMove), table(TimelineEntry), table(Report), table(AuditEntry)
# Of a message only what came: its state, tries and copies go on changing.
_CAME = ("id", "account_id", "event_key", "channel", "method", "path", "headers", "body", "received_at")

SOURCES: Final[Mapping[str, Source]] = {
    one.kind: one
    for one in (
        Source(kind="move", table=_moves, columns=_all(_moves)),
        Source(kind="timeline", table=_timeline, columns=_all(_timeline)),
        Source(kind="report", table=_reports, columns=_all(_reports), line=INBOX),
        Source(kind="audit", table=_audit, columns=_all(_audit), line=STAFF),
        Source(kind="inbox", table=table(InboxMessage), columns=_CAME, line=INBOX, most=200),
    )
}


def on_line(line: str) -> tuple[Source, ...]:
    return tuple(one for one in SOURCES.values() if one.line == line)


def order_chain(order_id: UUID) -> str:
    return f"order:{order_id.hex}"


def order_of(chain: str) -> UUID | None:
    name, _, key = chain.partition(":")
    try:
        return UUID(key) if name == "order" else None
    except ValueError:
        return None


def canonical(source: Source, row: Row[Any]) -> bytes:
    """The same bytes whichever database the row stands in."""
    values = {name: getattr(row, name) for name in source.columns}
    return json.dumps([source.kind, values], default=_plain, sort_keys=True, separators=(",", ":")).encode()


def _plain(value: Any) -> str:
    match value:
        case UUID():
            return value.hex
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case bytes() | memoryview():
            return sha256(value).hexdigest()
        case _:
            raise TypeError(type(value).__name__)


def by_ids(connection: Connection, source: Source, ids: Sequence[UUID]) -> Iterator[Row[Any]]:
    """In the order of their ids, a part at a time: a message may be a megabyte."""
    step = min(source.most, _AT_ONCE)
    wanted = sorted(ids)
    for start in range(0, len(wanted), step):
        part = source.select().where(source.table.c.id.in_(wanted[start : start + step]))
        yield from connection.execute(part.order_by(source.table.c.id))


def millis(row_id: UUID) -> int:
    return row_id.int >> 80


def floor(moment: int) -> UUID:
    """The smallest id of a moment."""
    return UUID(int=max(0, moment) << 80)


def id_now() -> int:
    return millis(new_id())
