"""The embedded stack: migrations, Redis, web, worker and clock under one supervisor."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import urllib3

from kartify.cli.here import as_environment
from kartify.database import make_engine
from kartify.domain.errors import KartifyError
from kartify.migrations.run import upgrade
from kartify.settings import Settings
from kartify.stack import places, redis_server
from kartify.stack.places import only_one
from kartify.stack.supervise import Supervisor
from kartify.stack.web import port_problem

Say = Callable[[str, str], None]
KARTIFY: Final = (sys.executable, "-m", "kartify.cli")
_LONGEST_START: Final = 60.0
_TRIES: Final = 3


class NotUp(KartifyError):
    """The stack did not come up; the text says why."""


@contextmanager
def stack(
    settings: Settings, *, say: Say, more: Mapping[str, Sequence[str]] | None = None
) -> Iterator[Supervisor]:
    """Up and answering inside of the context; all of it is gone afterwards. ``more``: further kartify commands that
    run as its children, by name.

    Raises ``NotUp``, ``Busy`` (another stack has this home), ``NoRedis``.
    """
    with only_one(settings.home):
        if problem := port_problem(settings.host, settings.port, patience=1.0):
            raise NotUp(problem)
        migrate(settings)
        with Supervisor(say=_worth_saying(say)) as children:
            _start(children, settings, more or {})
            _wait_until_ready(children, settings)
            yield children


def migrate(settings: Settings) -> None:
    engine = make_engine(settings.sqlalchemy_url)
    try:
        upgrade(engine)
    finally:
        engine.dispose()


def local_url(settings: Settings) -> str:
    """Where this machine reaches the web server, whatever the world calls it."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _start(children: Supervisor, settings: Settings, more: Mapping[str, Sequence[str]]) -> None:
    if settings.redis_url == places.redis_url(settings.home):
        children.start("redis", redis_server.command(settings.home))
    commands = {**{role: [role, "--quiet"] for role in ("web", "worker", "clock")}, **more}
    for name, arguments in commands.items():
        children.start(name, [*KARTIFY, *arguments], as_environment(settings))


def _worth_saying(say: Say) -> Say:
    """Redis warns about the kernel's settings on every start: only its end is news."""
    def filtered(name: str, line: str) -> None:
        if line and (name != "redis" or line.startswith("ended (")):
            say(name, line)

    return filtered


def _wait_until_ready(children: Supervisor, settings: Settings) -> None:
    until = time.monotonic() + _LONGEST_START
    url = f"{local_url(settings)}/readyz"
    with urllib3.PoolManager(retries=False, timeout=2.0) as http:
        while time.monotonic() < until:
            if max(children.restarts.values()) > _TRIES:
                ended = [name for name, count in children.restarts.items() if count > _TRIES]
                raise NotUp(f"{', '.join(ended)} keeps ending; its last words are above")
            try:
                if http.request("GET", url).status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            time.sleep(0.1)
    raise NotUp(f"the web server did not answer at {url} within {_LONGEST_START:.0f} s")
