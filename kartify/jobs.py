"""What RQ runs. A job carries ids only, may run twice, may be lost: the rows decide what there is to do."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from kartify import clock
from kartify.flows.ticking import core_crons, unable
from kartify.flows.ticking import tick as ticking
from kartify.house import House
from kartify.models import Heartbeat, table

heartbeats = table(Heartbeat)
BEAT_EVERY = timedelta(seconds=5)
WATCH_EVERY = timedelta(minutes=1)
_houses: list[House] = []
_watched: list[datetime] = []
_beats: dict[str, object] = {}
WORKER = f"{socket.gethostname()}:{os.getpid()}"


def use(house: House) -> None:
    """The worker process says which house its jobs work in."""
    _houses[:] = [house]


def _house() -> House:
    if not _houses:
        raise RuntimeError("no house: jobs run in 'kartify worker', which makes one")
    return _houses[0]


def beat(role: str, *, house: House | None = None) -> None:
    """A heartbeat row, at most every few seconds."""
    at = clock.now()
    last = _beats.get(role)
    if isinstance(last, type(at)) and at - last < BEAT_EVERY:
        return
    name = f"{role}@{WORKER}" if role != "clock" else "clock"
    values = {"name": name, "role": role, "at": at, "started_at": at}
    statement = insert(heartbeats).values(values).on_conflict_do_update(index_elements=["name"], set_={"at": at})
    (house or _house()).database.run(lambda connection: connection.execute(statement))
    _beats[role] = at


def tick() -> None:
    """Woken every second by the clock."""
    beat("clock")
    ticking.tick(_house())
    _watch()


def _watch() -> None:
    """Once a minute, in each worker: what is installed changes with a restart only."""
    at = clock.now()
    if _watched and at - _watched[0] < WATCH_EVERY:
        return
    _watched[:] = [at]
    unable.watch(_house())
    core_crons.ensure(_house())


def _run(name: str, one: str | None = None) -> None:
    done = ticking.run(_house(), name, UUID(one) if one else None, worker=WORKER)
    if done and name in ("deliver", "inbox", "operations", "conclude", "export"):
        # There may be more than one batch.
        _house().waker.wake(name, *([one] if one else []))


def deliver(account_id: str) -> None:
    _run("deliver", account_id)


def lookup(account_id: str) -> None:
    _run("lookup", account_id)


def run(run_id: str) -> None:
    _run("run", run_id)


def export(export_id: str) -> None:
    _run("export", export_id)


def inbox() -> None:
    _run("inbox")


def operations() -> None:
    _run("operations")


def conclude() -> None:
    _run("conclude")
