"""Writes an export: slice by slice, so that the worker has its hands free for orders in between.

CSV is written as it is read. XLSX is a zip, which nobody can go on with: its rows are kept first, and made into a
file when all of them are there.
"""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from kartify import clock
from kartify.database import unavailable
from kartify.flows.exporting import export_rows
from kartify.flows.exporting.export_rows import Job
from kartify.flows.reading import order_cells, sheets
from kartify.flows.reading.order_list import Listed, Reader, listed
from kartify.flows.reading.order_query import Known, Query
from kartify.flows.reading.scope import Scope
from kartify.house import House

log = structlog.get_logger()
SLICE: Final = 8.0
AT_ONCE: Final = 1_000
# What can be opened on a small machine, and made into a file while nobody waits long for a worker.
MOST_XLSX: Final = 200_000
PIECE: Final = 1 << 20


def work(house: House, export_id: UUID, *, worker: str) -> int:
    """One slice of it; more than 0 while there is more to do."""
    job = export_rows.take(house, export_id)
    if job is None:
        return 0
    if job.tries > export_rows.MOST_TRIES:
        export_rows.fail(house, job, f"given up: its worker ended {export_rows.MOST_TRIES} times while it wrote this")
        return 0
    try:
        return _slice(house, job)
    except Exception as problem:
        if unavailable(problem):
            raise  # Its lease ends by itself, and another goes on.
        log.exception("export failed", export=str(export_id), worker=worker)
        export_rows.fail(house, job, f"failed: {type(problem).__name__}")
        return 0


def _slice(house: House, job: Job) -> int:
    begun = time.monotonic()
    while not job.read:
        if not _read_on(house, job):
            return 0
        if job.format == "xlsx" and job.rows > MOST_XLSX:
            export_rows.fail(house, job, f"more than {MOST_XLSX:,} orders: narrow the filters, or take CSV")
            return 0
        if time.monotonic() - begun > SLICE:
            return int(export_rows.put(house, job, b"", lease_until=None))
    _finish(house, job)
    return 0


def _read_on(house: House, job: Job) -> bool:
    """The next orders as a piece. False where it is no longer ours."""
    found = _listed(house, job)
    rows = order_cells.rows(found, personal=job.personal)
    head = sheets.csv_head() if job.format == "csv" and job.next == 0 else ""
    data = f"{head}{sheets.csv_lines(rows)}".encode() if job.format == "csv" else _packed(rows)
    job.rows += len(rows)
    job.bytes += len(data)
    job.cursor, job.read, job.tries = found.page.following, found.page.following is None, 0
    return export_rows.put(house, job, data)


def _listed(house: House, job: Job) -> Listed:
    with house.database.read() as connection, Session(connection, expire_on_commit=False) as session:
        scope = Scope.of(session, job.stores)
        # What was known when it was asked for: a store that is gone since then shows nothing, not everything.
        query = replace(Query.read(job.params, Known.of(session, Scope())), cursor=job.cursor)
        if query.ignored:
            left_out = query.ignored[0]
            raise ValueError(f"{left_out.name} “{left_out.shown}”: {left_out.why}")
        return listed(session, query, Reader(scope=scope, personal=job.personal), size=AT_ONCE, patience=1.0)


def _finish(house: House, job: Job) -> None:
    done = {"state": "done", "finished_at": clock.now(), "lease_until": None, "result": None}
    if job.format == "xlsx":
        _make_sheet(house, job, done)
        return
    with house.database.write() as connection:
        if export_rows.keep(connection, job, **done):
            export_rows.finished(connection, job)


def _make_sheet(house: House, job: Job, done: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory(prefix="kartify-export-") as folder:
        path = Path(folder) / "orders.xlsx"
        with sheets.Sheet(path) as sheet:
            for data in export_rows.pieces(house, job.id):
                # Whoever took it up meanwhile may have put the file in the place of these.
                if not export_rows.put(house, job, b""):
                    return
                sheet.add(json.loads(gzip.decompress(data)))
        job.bytes = path.stat().st_size
        export_rows.replace_parts(house, job, _pieces(path), **done)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(PIECE):
            yield data


def _packed(rows: list[order_cells.Row]) -> bytes:
    return gzip.compress(json.dumps(rows).encode(), compresslevel=1) if rows else b""


__all__ = ["AT_ONCE", "MOST_XLSX", "work"]
