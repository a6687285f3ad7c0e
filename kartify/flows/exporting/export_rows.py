"""Exports as rows. Whoever writes one holds it by a lease and its fence: a killed worker's is taken up by another, and
what the killed one may still send changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from kartify import clock
from kartify.domain.errors import Conflict, NotFound
from kartify.flows.ground import audit
from kartify.house import House
from kartify.models import Export, ExportPart, new_id, table

exports, parts = table(Export), table(ExportPart)
LEASE: Final = timedelta(seconds=60)
KEPT: Final = timedelta(days=7)
# A job that ends its worker each time must not do so for ever.
MOST_TRIES: Final = 5
LIVING: Final = ("waiting", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """``params``: the filters as in an address. ``stores``: codes of those that may be in it; None is all."""

    by: str
    format: str
    params: Mapping[str, str]
    stores: Sequence[str] | None
    personal: bool


@dataclass(slots=True, kw_only=True)
class Job:
    """An export in a worker's hand. ``cursor``: where reading goes on; ``read``: nothing is left to read."""

    id: UUID
    by: str
    format: str
    params: dict[str, str]
    stores: list[str] | None
    personal: bool
    fence: int
    rows: int
    bytes: int
    tries: int
    cursor: str | None = None
    read: bool = False
    next: int = field(default=0)

    def state(self) -> dict[str, Any]:
        """What is kept of it between two hands."""
        return {"params": self.params, "stores": self.stores, "cursor": self.cursor, "read": self.read,
                "tries": self.tries}


def ask(house: House, wanted: Wanted) -> UUID:
    """A new one, waiting for a worker."""
    export_id = new_id()
    query = {"params": dict(wanted.params), "stores": list(wanted.stores) if wanted.stores is not None else None}
    values = {
        "id": export_id, "by": wanted.by, "format": wanted.format, "query": query, "personal": wanted.personal,
        "state": "waiting", "created_at": clock.now(),
    }
    house.database.run(lambda connection: connection.execute(insert(exports).values(values)))
    house.waker.wake("export", str(export_id))
    return export_id


def take(house: House, export_id: UUID) -> Job | None:
    """None where it is over, or somebody has it in hand."""
    return house.database.run(lambda connection: _take(connection, export_id))


def _take(connection: Connection, export_id: UUID) -> Job | None:
    at = clock.now()
    found = connection.execute(select(exports).where(exports.c.id == export_id)).mappings().first()
    if found is None:
        return None
    query, tries = dict(found["query"]), int(found["query"].get("tries", 0)) + 1
    mine = (
        update(exports)
        .where(
            exports.c.id == export_id, exports.c.fence == found["fence"], exports.c.state.in_(LIVING),
            or_(exports.c.lease_until.is_(None), exports.c.lease_until < at),
        )
        .values(state="running", fence=exports.c.fence + 1, lease_until=at + LEASE, query={**query, "tries": tries})
    )
    if connection.execute(mine).rowcount != 1:
        return None
    last = select(func.max(parts.c.position)).where(parts.c.export_id == export_id)
    position = connection.execute(last).scalar()
    return Job(
        id=export_id, by=found["by"], format=found["format"], params=dict(query["params"]), stores=query["stores"],
        personal=found["personal"], fence=found["fence"] + 1, rows=found["rows"], bytes=found["bytes"], tries=tries,
        cursor=query.get("cursor"), read=bool(query.get("read")), next=0 if position is None else position + 1,
    )


def keep(connection: Connection, job: Job, **values: Any) -> bool:
    """Writes how far it is, with a fresh lease; False where it is no longer ours, or was stopped."""
    at = clock.now()
    given = {"rows": job.rows, "bytes": job.bytes, "query": job.state(), "lease_until": at + LEASE, **values}
    mine = update(exports).where(exports.c.id == job.id, exports.c.fence == job.fence, exports.c.state == "running")
    return connection.execute(mine.values(given)).rowcount == 1


def put(house: House, job: Job, data: bytes, **values: Any) -> bool:
    """One more piece and how far it is, in one commit."""
    def work(connection: Connection) -> bool:
        if not keep(connection, job, **values):
            return False
        if data:
            piece = {"export_id": job.id, "position": job.next, "data": data}
            connection.execute(insert(parts).values(piece))
        return True

    done = house.database.run(work)
    job.next += bool(data)
    return done


def replace_parts(house: House, job: Job, pieces: Iterator[bytes], **values: Any) -> bool:
    """The finished file in place of what it was made from."""
    with house.database.write() as connection:
        if not keep(connection, job, **values):
            return False
        connection.execute(delete(parts).where(parts.c.export_id == job.id))
        for position, data in enumerate(pieces):
            connection.execute(insert(parts).values(export_id=job.id, position=position, data=data))
        finished(connection, job)
    return True


def finished(connection: Connection, job: Job) -> None:
    many = f"{job.rows} order{'' if job.rows == 1 else 's'}"
    act = audit.Act(by=job.by, action="export orders", subject=f"export:{job.id}", text=(
        f"{_filters(job.params)}: written, {many} as {job.format.upper()}"
    ), data={"rows": job.rows, "format": job.format, "filters": job.params})
    audit.write(connection, act)


def _filters(params: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in params.items())


def fail(house: House, job: Job, why: str) -> None:
    """Its pieces are of no use to anybody."""
    def work(connection: Connection) -> None:
        if keep(connection, job, state="failed", result=why, finished_at=clock.now(), lease_until=None):
            connection.execute(delete(parts).where(parts.c.export_id == job.id))

    house.database.run(work)


def stop(house: House, export_id: UUID, *, by: str) -> None:
    """At once: whoever has it in hand sees it with the next piece. Raises ``Conflict`` where it is over."""
    def work(connection: Connection) -> int:
        living = update(exports).where(exports.c.id == export_id, exports.c.state.in_(LIVING))
        values = {"state": "stopped", "result": f"stopped by {by}", "finished_at": clock.now(), "lease_until": None}
        done = connection.execute(living.values(values)).rowcount
        if done:
            connection.execute(delete(parts).where(parts.c.export_id == export_id))
        return done

    if not house.database.run(work):
        raise Conflict("this export is over already")


_PART = select(parts.c.data).where(
    parts.c.export_id == bindparam("export_id"), parts.c.position == bindparam("position")
)


def pieces(house: House, export_id: UUID) -> Iterator[bytes]:
    """In their order; each is read for itself."""
    position = 0
    while True:
        with house.database.read() as connection:
            data = connection.execute(_PART, {"export_id": export_id, "position": position}).scalar()
        if data is None:
            return
        yield data
        position += 1


def tidy(house: House) -> int:
    """Removes what is older than a week, whatever became of it."""
    before = clock.now() - KEPT

    def work(connection: Connection) -> int:
        old = select(exports.c.id).where(exports.c.created_at < before)
        connection.execute(delete(parts).where(parts.c.export_id.in_(old)))
        return connection.execute(delete(exports).where(exports.c.created_at < before)).rowcount

    return house.database.run(work)


def row(house: House, export_id: UUID) -> Any:
    """Raises ``NotFound``."""
    with house.database.read() as connection:
        found = connection.execute(select(exports).where(exports.c.id == export_id)).mappings().first()
    if found is None:
        raise NotFound("there is no such export; they are kept for a week")
    return found
