"""Who looks at the chains, and how much of them: the light every few minutes, an order's page, a full check by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from kartify.domain.errors import Invalid
from kartify.flows.proof import seal_check, seal_links, seal_rows, seals
from kartify.flows.proof.seal_check import Break, Walk
from kartify.flows.proof.seal_links import Keys
from kartify.flows.proof.seal_rows import BOOK, LINES, SOURCES
from kartify.house import House
from kartify.models import Counter, Order, table

orders, counters = table(Order), table(Counter)
CURSOR: Final = "seals:watch"
# A run of the light: so many of the newest links and orders, and as many of the older ones in turn.
BOOK_PART, LINE_PART, ORDER_PART, AT_ONCE = 200, 25, 1_000, 200
KEPT: Final = 200


@dataclass(slots=True, kw_only=True)
class Cursor:
    """Where the turn through the old links is, and what was broken when last seen: a light that went red in passing
    stays red until that is whole."""

    order: UUID | None = None
    book: int = 0
    lines: dict[str, Walk] = field(default_factory=lambda: {one: Walk() for one in LINES})
    found: list[Break] = field(default_factory=list)


def light(house: House) -> list[Break]:
    """A bounded check, for every few minutes: the newest part, the next of the old ones, and all that was broken."""
    keys = seal_links.keys_of(house)
    with house.database.read() as connection:
        cursor = _cursor(connection)
        broken = [*_known(connection, keys, cursor), *_newest(connection, keys), *_in_turn(connection, keys, cursor)]
    found = list(dict.fromkeys(broken))
    cursor.found = found[:KEPT]
    house.database.run(lambda connection: _keep(connection, cursor))
    return found


def full(house: House) -> list[Break]:
    """Every link and every row of every chain. Takes minutes for a million orders."""
    keys = seal_links.keys_of(house)
    broken: list[Break] = []
    with house.database.read() as connection:
        until = seals.sealed_until(connection)
        broken += [*seal_check.ends(connection), *_behind(connection, until)]
        broken += _all_of_book(connection, keys, until)
        for name in LINES:
            done = Walk()
            while _walked(connection, keys, name, done, broken):
                pass
        after: UUID | None = None
        while ids := _order_ids(connection, after, AT_ONCE):
            broken += seal_check.orders(connection, keys, ids, until)
            after = ids[-1]
    return list(dict.fromkeys(broken))


def _walked(connection: Connection, keys: Keys, name: str, done: Walk, broken: list[Break]) -> bool:
    before = done.position
    broken += seal_check.walk(connection, keys, name, done, LINE_PART)
    return done.position > before


def _all_of_book(connection: Connection, keys: Keys, until: dict[str, UUID]) -> list[Break]:
    """With the chains of orders that are there no more."""
    last = seal_links.head(connection)
    broken: list[Break] = []
    for first in range(1, (last.position if last else 0) + 1, BOOK_PART):
        broken += seal_check.book(connection, keys, first, first + BOOK_PART - 1)
        named = _orders_in(connection, first, first + BOOK_PART - 1)
        for start in range(0, len(named), AT_ONCE):
            part = named[start : start + AT_ONCE]
            there = set(connection.execute(select(orders.c.id).where(orders.c.id.in_(part))).scalars())
            broken += seal_check.orders(connection, keys, [one for one in part if one not in there], until)
    return broken


def _order_ids(connection: Connection, after: UUID | None, most: int) -> list[UUID]:
    found = select(orders.c.id).order_by(orders.c.id).limit(most)
    return list(connection.execute(found.where(orders.c.id > after) if after else found).scalars())


def _orders_in(connection: Connection, first: int, last: int) -> list[UUID]:
    """Orders whose chains a part of the book names."""
    found: dict[UUID, None] = {}
    for link in seal_links.span(connection, BOOK, first, last):
        for chain, _, _ in seal_links.links_in(link.rows):
            if (order_id := seal_rows.order_of(chain)) is not None:
                found[order_id] = None
    return list(found)


def _behind(connection: Connection, until: dict[str, UUID]) -> list[Break]:
    """Rows that wait for a seal for too long: nobody seals."""
    since = seal_rows.floor(seal_rows.id_now() - seals.OVERLAP)
    for source in SOURCES.values():
        key = source.table.c.id
        waits = select(key).where(key < since).order_by(key.desc()).limit(1)
        mark = until.get(source.kind)
        row_id = connection.execute(waits.where(key > mark) if mark else waits).scalar()
        if row_id is not None:
            return [Break(chain=BOOK, row=f"{source.kind}:{row_id.hex}", text=(
                "waits for its seal for more than ten minutes: see that the cron “Seal the history” runs."
            ))]
    return []


def _newest(connection: Connection, keys: Keys) -> list[Break]:
    broken = [*seal_check.ends(connection), *_behind(connection, until := seals.sealed_until(connection))]
    last = seal_links.head(connection)
    if last is None:
        return broken
    broken += seal_check.book(connection, keys, last.position - BOOK_PART + 1, last.position)
    named = _orders_in(connection, last.position - BOOK_PART + 1, last.position)[-ORDER_PART:]
    broken += _of_orders(connection, keys, named, until)
    for name in LINES:
        end = seal_links.head(connection, name)
        if end is not None:
            broken += seal_check.line(connection, keys, name, end.position - LINE_PART + 1, end.position)
    return broken


def _of_orders(connection: Connection, keys: Keys, ids: Sequence[UUID], until: dict[str, UUID]) -> list[Break]:
    return [
        one for start in range(0, len(ids), AT_ONCE)
        for one in seal_check.orders(connection, keys, ids[start : start + AT_ONCE], until)
    ]


def _in_turn(connection: Connection, keys: Keys, cursor: Cursor) -> list[Break]:
    """The next part of the old ones; at the end it begins anew."""
    broken: list[Break] = []
    last = seal_links.head(connection)
    broken += seal_check.book(connection, keys, cursor.book + 1, cursor.book + BOOK_PART)
    cursor.book = cursor.book + BOOK_PART if last and cursor.book + BOOK_PART < last.position else 0
    for name in LINES:
        if not _walked(connection, keys, name, cursor.lines[name], broken):
            cursor.lines[name] = Walk()
            _walked(connection, keys, name, cursor.lines[name], broken)
    ids = _order_ids(connection, cursor.order, ORDER_PART)
    broken += _of_orders(connection, keys, ids, seals.sealed_until(connection))
    cursor.order = ids[-1] if len(ids) == ORDER_PART else None
    return broken


def _known(connection: Connection, keys: Keys, cursor: Cursor) -> list[Break]:
    """What was broken, looked at again: what is put right leaves the list."""
    until = seals.sealed_until(connection)
    broken: list[Break] = []
    for chain, link in dict.fromkeys((one.chain, one.seen) for one in cursor.found):
        name, _, place = link.rpartition("#")
        if name == BOOK:
            broken += seal_check.book(connection, keys, int(place), int(place))
        elif name in LINES:
            broken += seal_check.line(connection, keys, name, int(place), int(place))
        elif (order_id := seal_rows.order_of(chain)) is not None:
            broken += seal_check.orders(connection, keys, [order_id], until)
    return [*broken, *(one for one in cursor.found if not one.seen and _stands(connection, one))]


def _stands(connection: Connection, found: Break) -> bool:
    """Whether a row of a line that has no seal is still there."""
    kind, _, key = found.row.partition(":")
    if found.chain not in LINES or kind not in SOURCES:
        return False
    rows = SOURCES[kind].table
    return connection.execute(select(rows.c.id).where(rows.c.id == UUID(key))).first() is not None


def _cursor(connection: Connection) -> Cursor:
    data = connection.execute(select(counters.c.data).where(counters.c.name == CURSOR)).scalar() or {}
    return Cursor(
        order=UUID(data["order"]) if data.get("order") else None, book=data.get("book", 0),
        lines={one: _walk(data.get("lines", {}).get(one, {})) for one in LINES},
        found=[Break(**one) for one in data.get("found", ())],
    )


def _walk(data: dict[str, Any]) -> Walk:
    named = {part: {name: UUID(one) for name, one in data.get(part, {}).items()} for part in ("marks", "open")}
    return Walk(position=data.get("position", 0), **named)


def _keep(connection: Connection, cursor: Cursor) -> None:
    data = {
        "order": cursor.order.hex if cursor.order else None, "book": cursor.book,
        "found": [asdict(one) for one in cursor.found],
        "lines": {name: {"position": one.position, "marks": _plain(one.marks), "open": _plain(one.open)}
                  for name, one in cursor.lines.items()},
    }
    kept = insert(counters).values(name=CURSOR, value=0, data=data)
    connection.execute(kept.on_conflict_do_update(index_elements=["name"], set_={"data": data}))


def _plain(ids: dict[str, UUID]) -> dict[str, str]:
    return {name: one.hex for name, one in ids.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an order's chain stands. ``waiting``: rows that are too new to have a seal."""

    state: Literal["sealed", "waiting", "broken"]
    links: int
    waiting: int
    broken: tuple[Break, ...] = ()


def standing(house: House, connection: Connection, order_id: UUID) -> Standing:
    """For the order's page: its whole chain, looked at now."""
    until = seals.sealed_until(connection)
    broken = tuple(seal_check.orders(connection, seal_links.keys_of(house), [order_id], until))
    links = seal_links.heads(connection, [name := seal_rows.order_chain(order_id)])
    waiting = seal_check.waiting(connection, order_id)
    state: Literal["sealed", "waiting", "broken"] = "broken" if broken else "waiting" if waiting else "sealed"
    return Standing(state=state, links=links[name].position if name in links else 0, waiting=waiting, broken=broken)


def anchored(house: House, anchor: str) -> list[Break]:
    """Whether the book still holds a link that somebody wrote down, as POSITION:DIGEST of the log's line
    ``seals.anchor``: also a whole database that was put back to an older state is found by it. Raises ``Invalid``."""
    place, _, digest = anchor.partition(":")
    if not place.isascii() or not place.isdigit() or not digest:
        raise Invalid("anchor", "expected POSITION:DIGEST, as the log's line seals.anchor has it under book")
    with house.database.read() as connection:
        links = seal_links.span(connection, BOOK, int(place), int(place))
    if links and links[0].digest == digest:
        return []
    name = seal_links.link_name(BOOK, int(place))
    return [Break(chain=BOOK, row=name, text="is not the link that was written down.", seen=name)]
