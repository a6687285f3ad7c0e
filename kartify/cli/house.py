"""The house that a command works with."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from kartify import registry
from kartify.cli.here import set_logging, settings_here
from kartify.database import Database, make_engine
from kartify.house import House, build
from kartify.http import HttpClient
from kartify.queue import Wake
from kartify.settings import Settings
from kartify.vault import Vault
from kartify.web.wakes import CoalescedWaker


@contextmanager
def house_of(settings: Settings, *, connections: int = 5) -> Iterator[House]:
    engine = make_engine(settings.sqlalchemy_url, connections=connections)
    wake = Wake(settings.redis_url)
    waker = CoalescedWaker(wake)
    try:
        yield build(
            Database(engine), registry.load(), Vault(settings.fernet_keys), client=HttpClient(),
            public_url=settings.public_url, waker=waker,
        )
    finally:
        waker.flush()
        wake.close()
        engine.dispose()


@contextmanager
def open_house() -> Iterator[House]:
    """For a command that works and ends."""
    set_logging(logging.ERROR)
    with house_of(settings_here()) as house:
        yield house
