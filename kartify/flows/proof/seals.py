"""The sealer: whatever was written about orders, by staff or from outside gets a link in a chain that shows tampering.

It works behind the settling, never in it: a batch is read and digested without a lock, then written in a short
transaction that must find the book where the batch saw it, so two sealers cannot fork a chain. Rows are found by
ranges of their ids. Each batch ends with a link of the *book*, which covers the batch's links: what is cut off a chain
leaves a gap there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from kartify import clock
from kartify.flows.proof import seal_links, seal_rows
from kartify.flows.proof.seal_links import Covered, Keys, Link, seals
from kartify.flows.proof.seal_rows import BOOK, LINES, SOURCES, Source
from kartify.house import House
from kartify.models import Counter, new_id, table

log = structlog.get_logger()
counters = table(Counter)
# A transaction may commit this long after it made its ids. In milliseconds, as the ids have them.
OVERLAP: Final = 10 * 60 * 1_000
# Clocks of machines differ; what is further ahead has no honest id.
SKEW: Final = 60 * 1_000
MOST_BATCHES: Final = 10_000
ANCHOR: Final = "seals"


@dataclass(slots=True, kw_only=True)
class _Batch:
    """What one batch found. ``full``: a kind gave as much as is read at once, so there is more."""

    marks: dict[str, UUID]
    covered: dict[str, list[Covered]] = field(default_factory=lambda: defaultdict(list))
    full: bool = False

    @property
    def rows(self) -> int:
        return sum(map(len, self.covered.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Where the chains stood after a batch, as it is logged and kept: positions by chain, the book's digest."""

    position: int
    digest: str
    lines: Mapping[str, int]


def seal(house: House, *, most: int = MOST_BATCHES) -> int:
    """Seals what is not sealed yet; returns how many rows. What another sealer has in hand is left to it."""
    keys, done = seal_links.keys_of(house), 0
    for number in range(most):
        rows, more = _seal_batch(house, keys, late=number == 0)
        done += rows
        if not more:
            break
    return done


def _seal_batch(house: House, keys: Keys, *, late: bool) -> tuple[int, bool]:
    """How many rows, and whether there may be more."""
    with house.database.read() as connection:
        anchor = read_anchor(connection)
        batch = _found(connection, keys, late=late)
        links = _links(connection, keys, anchor, batch) if batch.rows else []
    if not links or not house.database.run(lambda connection: _write(connection, anchor, links)):
        return 0, False
    _log(links, batch.rows)
    return batch.rows, batch.full


def read_anchor(connection: Connection) -> Anchor:
    row = connection.execute(select(counters).where(counters.c.name == ANCHOR)).first()
    data = (row.data or {}) if row else {}
    return Anchor(position=row.value if row else 0, digest=data.get("digest", ""), lines=data.get("lines", {}))


def sealed_until(connection: Connection) -> dict[str, UUID]:
    """The marks of the book's last link: until which id each kind was sealed."""
    last = seal_links.head(connection)
    return seal_links.marks(last.rows) if last else {}


def _found(connection: Connection, keys: Keys, *, late: bool) -> _Batch:
    """The next rows of each kind, and those that were committed late: behind the mark and not sealed."""
    batch = _Batch(marks=sealed_until(connection))
    known = _known(connection, batch.marks) if late else frozenset()
    for source in SOURCES.values():
        mark = batch.marks.get(source.kind)
        if late and mark:
            missed = [one for one in _behind(connection, source, mark) if f"{source.kind}:{one.hex}" not in known]
            for row in seal_rows.by_ids(connection, source, missed):
                _cover(batch, keys, source, row)
        ahead = seal_rows.floor(seal_rows.id_now() + SKEW)
        count = 0
        for row in connection.execute(_ahead(source, mark, ahead)):
            _cover(batch, keys, source, row)
            batch.marks[source.kind], count = row.id, count + 1
        batch.full |= count == source.most
    return batch


def _ahead(source: Source, mark: UUID | None, until: UUID) -> Any:
    key = source.table.c.id
    fresh = source.select().where(key < until).order_by(key).limit(source.most)
    return fresh.where(key > mark) if mark else fresh


def _behind(connection: Connection, source: Source, mark: UUID) -> list[UUID]:
    key = source.table.c.id
    window = select(key).where(key > seal_rows.floor(seal_rows.millis(mark) - OVERLAP), key <= mark)
    return list(connection.execute(window).scalars())


def _known(connection: Connection, marks: Mapping[str, UUID]) -> frozenset[str]:
    """Names of what was sealed since the oldest window began: links are found by their own ids."""
    if not marks:
        return frozenset()
    since = min(map(seal_rows.millis, marks.values())) - OVERLAP - SKEW
    recent = select(seals.c.rows).where(seals.c.id > seal_rows.floor(since), seals.c.chain != BOOK)
    return frozenset(
        one.name for rows in connection.execute(recent).scalars() for one in seal_links.entries(rows)
    )


def _cover(batch: _Batch, keys: Keys, source: Source, row: Any) -> None:
    mac = keys.mac(keys.first, seal_rows.canonical(source, row))
    batch.covered[source.chain(row)].append(Covered(name=f"{source.kind}:{row.id.hex}", mac=mac))


def _links(connection: Connection, keys: Keys, anchor: Anchor, batch: _Batch) -> list[dict[str, Any]]:
    """Rows of seals: one for each chain, the book's last. Where links were cut off, the position shows the gap."""
    at = clock.now()
    heads = seal_links.heads(connection, [one for one in batch.covered if one not in LINES])
    heads |= {line: last for line in (*LINES, BOOK) if (last := seal_links.head(connection, line))}
    made = [
        _link(keys, heads.get(chain), at, _told(chain, covered, batch), least=anchor.lines.get(chain, 0))
        for chain, covered in sorted(batch.covered.items())
    ]
    rows = [seal_links.mark(kind, row_id) for kind, row_id in sorted(batch.marks.items())]
    rows += [f"{seal_links.link_name(one['chain'], one['position'])}:{_short(one['digest'])}" for one in made]
    return [*made, _link(keys, heads.get(BOOK), at, (BOOK, rows, []), least=anchor.position)]


def _told(chain: str, covered: list[Covered], batch: _Batch) -> tuple[str, list[str], list[str]]:
    own = seal_rows.on_line(chain)
    known = [seal_links.mark(one.kind, batch.marks[one.kind]) for one in own if one.kind in batch.marks]
    return chain, [*known, *(one.entry for one in covered)], [one.mac for one in covered]


def _short(digest: str) -> str:
    return digest.partition(":")[2][:16]


def _link(
    keys: Keys, last: Any, at: datetime, told: tuple[str, list[str], list[str]], *, least: int
) -> dict[str, Any]:
    chain, rows, macs = told
    position = max(last.position if last else 0, least) + 1
    before = last.digest if last else seal_links.START
    link = Link(chain=chain, position=position, before=before, at=at, rows=rows, macs=macs)
    return {"id": new_id(), "chain": chain, "position": position, "rows": rows, "at": at,
            "digest": link.digest(keys, keys.first)}


def _write(connection: Connection, seen: Anchor, links: list[dict[str, Any]]) -> bool:
    """False where another sealer was first: the book is no longer where this batch saw it."""
    book, lines = links[-1], {**seen.lines}
    lines |= {one["chain"]: one["position"] for one in links if one["chain"] in LINES}
    connection.execute(insert_or(counters).values(name=ANCHOR, value=0).on_conflict_do_nothing())
    taken = connection.execute(
        update(counters).where(counters.c.name == ANCHOR, counters.c.value == seen.position)
        .values(value=book["position"], data={"digest": book["digest"], "lines": lines})
    ).rowcount
    if taken != 1:
        return False
    connection.execute(insert(seals), links)
    return True


def _log(links: list[dict[str, Any]], rows: int) -> None:
    """The anchor for outside: whoever keeps the logs can tell that the whole database was put back."""
    lines = {one["chain"]: f"{one['position']}:{one['digest']}" for one in links if one["chain"] in LINES}
    log.info("seals.anchor", book=f"{links[-1]['position']}:{links[-1]['digest']}", rows=rows, **lines)
