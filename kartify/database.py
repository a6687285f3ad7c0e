"""Transactions: the one place that knows how the two databases begin, lock and fail."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from psycopg import RawCursor
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

T = TypeVar("T")
BUSY_MS = 3_000
TRIES = 4
# Deadlock, serialization failure, lock not available.
_RETRY_STATES = frozenset({"40P01", "40001", "55P03"})
_READ = {"kartify_read": True}


class _Cursor(RawCursor[Any]):
    """Tells of its columns what SQLAlchemy reads, name and type: psycopg's objects cost more than the rows in them."""

    @property
    def description(self) -> Any:
        result = self.pgresult
        if result is None or not result.nfields:
            return None
        rest = (None,) * 5
        return [((result.fname(place) or b"").decode(), result.ftype(place), *rest) for place in range(result.nfields)]


def engine_options(url: str, *, connections: int = 5) -> dict[str, Any]:
    """Engine arguments: a wait for a connection ends after 2 s, so that the caller can answer 503."""
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": BUSY_MS / 1000}, "pool_timeout": 2, "pool_size": connections}
    return {
        "pool_timeout": 2,
        "pool_size": connections,
        "max_overflow": 2,
        # Numbered parameters, as PostgreSQL itself takes them. psycopg's own would be sought in the text of each long
        # statement anew: a third of what a settled webhook costs.
        "paramstyle": "numeric_dollar",
        "connect_args": {
            "connect_timeout": 3, "prepare_threshold": 3, "options": "-c timezone=UTC", "cursor_factory": _Cursor,
        },
    }


def prepare(engine: Engine) -> Engine:
    """Hooks SQLite's pragmas and explicit transactions into an engine; PostgreSQL needs nothing."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    return engine


def make_engine(url: str, *, connections: int = 5) -> Engine:
    return prepare(create_engine(url, **engine_options(url, connections=connections)))


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        f"busy_timeout={BUSY_MS}",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    """Writers take the lock at once: read-then-write in a deferred transaction fails whatever the time-out."""
    read = connection.get_execution_options().get("kartify_read")
    connection.exec_driver_sql("BEGIN" if read else "BEGIN IMMEDIATE")


class Database:
    """Transactions on one engine. No network while one is open, never a second connection while holding one."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.postgres = engine.dialect.name == "postgresql"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection.execution_options(**_READ)
            # A rollback would make psycopg forget the statements that the server has prepared.
            connection.commit()

    def run(self, work: Callable[[Connection], T]) -> T:
        """``work`` in a writing transaction, again with jitter after a deadlock; the result is the same."""
        for attempt in range(1, TRIES + 1):
            try:
                with self.write() as connection:
                    return work(connection)
            except DBAPIError as problem:
                if attempt == TRIES or not transient(problem):
                    raise
                time.sleep(random.uniform(0.005, 0.04) * attempt)
        raise AssertionError("unreachable")


def transient(problem: DBAPIError) -> bool:
    """Whether the same transaction may simply be tried again."""
    state = getattr(problem.orig, "sqlstate", None)
    return state in _RETRY_STATES or (state is None and "database is locked" in str(problem.orig))


def out_of_reach(problem: BaseException) -> bool:
    """Unavailable, and trying again at once would not help."""
    return unavailable(problem) and not (isinstance(problem, DBAPIError) and transient(problem))


def unavailable(problem: BaseException) -> bool:
    """Whether the database itself is out of reach or too busy: answered 503, so that the gateway repeats."""
    if isinstance(problem, TimeoutError | OperationalError):
        return True
    return isinstance(problem, DBAPIError) and problem.connection_invalidated
