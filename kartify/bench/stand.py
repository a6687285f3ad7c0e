"""Everything that runs while it is measured: PostgreSQL at its defaults, Redis, two web workers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from cryptography.fernet import Fernet

from kartify import registry
from kartify.database import Database, make_engine
from kartify.house import House, build
from kartify.http import HttpClient
from kartify.migrations.run import upgrade
from kartify.stack.redis_server import running_redis
from kartify.stack.watch import parenthood
from kartify.testing.postgres import fresh_database, named_database, running_postgres
from kartify.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    house: House
    url: str
    port: int

    def analyze(self) -> None:
        """What PostgreSQL does by itself within a minute: plans made for empty tables are made anew."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def orders(self) -> int:
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SELECT count(*) FROM orders").fetchone()
            return int(found[0]) if found else 0

    def checkpoint(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")


@contextmanager
def stand(
    home: Path, *, serves: str = "kartify.cli.served:application", database: str | None = None
) -> Iterator[Stand]:
    """Runs while the context lasts. ``database``: one of that name, used again where it is there already."""
    with running_postgres(home) as server, running_redis(home / "redis") as redis:
        url = named_database(server, database) if database else fresh_database(server)
        key = _key(home)
        house = _house(url, key)
        environment = {"KARTIFY_DATABASE_URL": url, "KARTIFY_REDIS_URL": redis, "KARTIFY_SECRET_KEYS": key,
                       "KARTIFY_PUBLIC_URL": "http://127.0.0.1:8000"}
        try:
            with _web(home, environment, serves) as port:
                yield Stand(house=house, url=url, port=port)
        finally:
            house.database.engine.dispose()


def _key(home: Path) -> str:
    """The same for a home that is used again: the accounts in its database are sealed with it."""
    file = home / "key"
    if not file.exists():
        file.write_text(Fernet.generate_key().decode(), "utf-8")
    return file.read_text("utf-8")


def _house(url: str, key: str) -> House:
    engine = make_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    upgrade(engine)
    return build(
        Database(engine), registry.load(), Vault([key]), client=HttpClient(), public_url="http://127.0.0.1:8000"
    )


@contextmanager
def _web(home: Path, environment: dict[str, str], serves: str) -> Iterator[int]:
    port = _free_port()
    command = [sys.executable, "-m", "kartify.bench.serve", str(port), serves]
    process = subprocess.Popen(
        command, env={**os.environ, **environment, **parenthood()}, stdout=subprocess.DEVNULL,
        stderr=(home / "web.log").open("ab"),
    )
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 2) as probe:
                probe.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                if probe.recv(12).endswith(b"200"):
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the web server did not start")
