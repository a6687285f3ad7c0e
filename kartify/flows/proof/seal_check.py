"""Whether the chains are whole: links follow one another, cover what stands in the database, and leave nothing out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, select, tuple_

from kartify.flows.proof import seal_links, seal_rows
from kartify.flows.proof.seal_links import START, Keys, seals
from kartify.flows.proof.seal_rows import BOOK, SOURCES, Source
from kartify.flows.proof.seals import OVERLAP, read_anchor

Found = dict[str, Row[Any]]
_ALTERED: Final = "is not as it was sealed: it was altered."
_WRONG: Final = "is not the link that was made: its digest is wrong."
_MISSING: Final = "is missing from the chain."
_NO_KEY: Final = (
    "is sealed by a key that is not ours. If KARTIFY_SECRET_KEYS lost an old key, put it back at the end of the list."
)
_ORDERED: Final = tuple(one for one in SOURCES.values() if one.orders)


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Where a chain does not hold. ``row`` is "move:…", "audit:…" and so on, or a link as "staff#12". ``seen``: the
    link that shows it, where one does."""

    chain: str
    row: str
    text: str
    seen: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"Chain {self.chain}: {self.row} {self.text}"


def orders(connection: Connection, keys: Keys, ids: Sequence[UUID], until: Mapping[str, UUID]) -> list[Break]:
    """The whole chains of some orders. ``until``: how far each kind is sealed."""
    names = [seal_rows.order_chain(one) for one in ids]
    links: dict[str, list[Row[Any]]] = defaultdict(list)
    query = select(seals).where(seals.c.chain.in_(names)).order_by(seals.c.chain, seals.c.position)
    for link in connection.execute(query):
        links[link.chain].append(link)
    rows: dict[str, Found] = defaultdict(dict)
    for source in _ORDERED:
        for row in connection.execute(source.select().where(source.table.c.order_id.in_(ids))):
            rows[source.chain(row)][f"{source.kind}:{row.id.hex}"] = row
    broken: list[Break] = []
    for name in names:
        broken += chain(name, links[name], rows[name], keys)
        covered = {one.name for link in links[name] for one in seal_links.entries(link.rows)}
        broken += [_unsealed(name, one) for one, row in rows[name].items()
                   if one not in covered and overdue(one.partition(":")[0], row.id, until)]
    return broken


def waiting(connection: Connection, order_id: UUID) -> int:
    """Rows of an order that have no seal yet."""
    covered = {
        entry.name for rows in connection.execute(
            select(seals.c.rows).where(seals.c.chain == seal_rows.order_chain(order_id))
        ).scalars() for entry in seal_links.entries(rows)
    }
    there = {
        f"{source.kind}:{row_id.hex}" for source in _ORDERED for row_id in
        connection.execute(select(source.table.c.id).where(source.table.c.order_id == order_id)).scalars()
    }
    return len(there - covered)


def overdue(kind: str, row_id: UUID, until: Mapping[str, UUID]) -> bool:
    """No sealer will take it any more: it came from elsewhere than our transactions."""
    mark = until.get(kind)
    return mark is not None and seal_rows.millis(row_id) < seal_rows.millis(mark) - OVERLAP


def _unsealed(chain: str, name: str) -> Break:
    return Break(chain=chain, row=name, text="has no seal although rows after it have: it was put in by another hand.")


def chain(name: str, links: Sequence[Row[Any]], rows: Found, keys: Keys) -> list[Break]:
    """A chain from its first link."""
    broken: list[Break] = []
    for gap, link, before in _follow(name, links, 1):
        broken += [*gap, *_link(link, before, rows, keys)]
    return broken


def _follow(name: str, links: Sequence[Row[Any]], first: int) -> Iterator[tuple[list[Break], Row[Any], str | None]]:
    """Each link from ``first`` on, with the gap before it and the digest it follows on (None after a gap). ``links``
    may begin with the one before."""
    left = list(links)
    before = left.pop(0) if left and left[0].position < first else None
    position = before.position if before else max(0, first - 2)
    digest = before.digest if before else START
    for link in left:
        gap = _missing(name, position + 1, link.position)
        yield gap, link, None if gap else digest
        position, digest = link.position, link.digest


def _missing(name: str, first: int, there: int) -> list[Break]:
    if first == there:
        return []
    gone = seal_links.link_name(name, first) if there - first < 2 else f"{name}#{first} to #{there - 1}"
    return [Break(chain=name, row=gone, text=_MISSING, seen=seal_links.link_name(name, there))]


def _link(link: Row[Any], before: str | None, rows: Found, keys: Keys) -> list[Break]:
    """``before``: None where the link before it is gone, so that its own digest cannot be told."""
    own = seal_links.link_name(link.chain, link.position)
    key = seal_links.key_of(link)
    if not keys.knows(key):
        return [Break(chain=link.chain, row=own, text=_NO_KEY, seen=own)]
    macs: list[str] = []
    broken: list[Break] = []
    for entry in seal_links.entries(link.rows):
        row = rows.get(entry.name)
        if row is None:
            broken.append(Break(chain=link.chain, row=entry.name, text="was sealed and is gone.", seen=own))
            continue
        macs.append(keys.mac(key, seal_rows.canonical(SOURCES[entry.kind], row)))
        if not macs[-1].startswith(entry.short) or not entry.short:
            broken.append(Break(chain=link.chain, row=entry.name, text=_ALTERED, seen=own))
    if not broken and before is not None and (wrong := _unlike(link, before, macs, keys)):
        broken.append(Break(chain=link.chain, row=own, text=wrong, seen=own))
    return broken


def _unlike(link: Row[Any], before: str, macs: Sequence[str], keys: Keys) -> str:
    if not keys.knows(seal_links.key_of(link)):
        return _NO_KEY
    return "" if seal_links.same(link, before, macs, keys) else _WRONG


def covered_rows(connection: Connection, links: Iterable[Row[Any]]) -> Found:
    """The rows that links name, as they stand now."""
    wanted: dict[str, list[UUID]] = defaultdict(list)
    for link in links:
        for entry in seal_links.entries(link.rows):
            if entry.kind in SOURCES:
                wanted[entry.kind].append(entry.id)
    return {
        f"{kind}:{row.id.hex}": row
        for kind, ids in wanted.items() for row in seal_rows.by_ids(connection, SOURCES[kind], ids)
    }


def line(connection: Connection, keys: Keys, name: str, first: int, last: int) -> list[Break]:
    """A part of a long chain: its links, and what they cover."""
    links = seal_links.span(connection, name, max(1, first) - 1, last)
    broken: list[Break] = []
    for gap, link, before in _follow(name, links, max(1, first)):
        broken += [*gap, *_link(link, before, covered_rows(connection, [link]), keys)]
    return broken


@dataclass(slots=True, kw_only=True)
class Walk:
    """How far a long chain was walked. ``marks``: the ids up to which the table was read; ``open``: rows read that no
    link has covered yet."""

    position: int = 0
    marks: dict[str, UUID] = field(default_factory=dict)
    open: dict[str, UUID] = field(default_factory=dict)


def walk(connection: Connection, keys: Keys, name: str, done: Walk, most: int) -> list[Break]:
    """The next links of a long chain, side by side with the rows they cover: what has no seal is found too."""
    first, last = done.position + 1, done.position + most
    broken = line(connection, keys, name, first, last)
    for link in seal_links.span(connection, name, first, last):
        for kind, mark in seal_links.marks(link.rows).items():
            _read(connection, SOURCES[kind], done, mark)
        for entry in seal_links.entries(link.rows):
            done.open.pop(entry.name, None)
        late = [one for one, row_id in done.open.items() if overdue(one.partition(":")[0], row_id, done.marks)]
        broken += [_unsealed(name, one) for one in late]
        done.open = {one: row_id for one, row_id in done.open.items() if one not in late}
        done.position = link.position
    return broken


def _read(connection: Connection, source: Source, done: Walk, mark: UUID) -> None:
    key, start = source.table.c.id, done.marks.get(source.kind, UUID(int=0))
    ids = select(key).where(key > start, key <= mark, *source.of_line())
    done.open |= {f"{source.kind}:{one.hex}": one for one in connection.execute(ids).scalars()}
    done.marks[source.kind] = max(start, mark)


def book(connection: Connection, keys: Keys, first: int, last: int) -> list[Break]:
    """A part of the book: its links, and that every link it names is there as it was made."""
    links = seal_links.span(connection, BOOK, max(1, first) - 1, last)
    broken: list[Break] = []
    for gap, link, before in _follow(BOOK, links, max(1, first)):
        broken += [*gap, *_named(connection, link, before, keys)]
    return broken


def ends(connection: Connection) -> list[Break]:
    """Whether the long chains end where the sealer left them."""
    anchor = read_anchor(connection)
    broken = []
    for name, position in {**anchor.lines, BOOK: anchor.position}.items():
        last = seal_links.head(connection, name)
        there = last.position if last else 0
        if there < position:
            broken.append(Break(chain=name, row=seal_links.link_name(name, position), text=(
                f"was made and is gone: the chain ends at {there}."
            )))
    return broken


def _named(connection: Connection, link: Row[Any], before: str | None, keys: Keys) -> list[Break]:
    """A link of the book stands on its own rows, which hold the beginnings of the digests that it covers."""
    own = seal_links.link_name(BOOK, link.position)
    if before is not None and (wrong := _unlike(link, before, [], keys)):
        return [Break(chain=BOOK, row=own, text=wrong, seen=own)]
    named = seal_links.links_in(link.rows)
    there = _there(connection, [(name, place) for name, place, _ in named])
    broken = []
    for name, place, short in named:
        digest = there.get((name, place))
        if digest is None or digest.partition(":")[2][:16] != short:
            text = _MISSING if digest is None else _WRONG
            broken.append(Break(chain=name, row=seal_links.link_name(name, place), text=text, seen=own))
    return broken


def _there(connection: Connection, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The digests of links."""
    found: dict[tuple[str, int], str] = {}
    for start in range(0, len(wanted), 500):
        part = tuple_(seals.c.chain, seals.c.position).in_(wanted[start : start + 500])
        for row in connection.execute(select(seals.c.chain, seals.c.position, seals.c.digest).where(part)):
            found[row.chain, row.position] = row.digest
    return found
