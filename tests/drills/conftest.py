"""Drills: real processes on real servers, killed at random moments of a fixed seed."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from ground import Ground, ground

from kartify.testing.postgres import Postgres
from kartify.testing.redis import redis_server_url, redis_url

__all__ = ["redis_server_url", "redis_url"]


@pytest.fixture
def stage(postgres_database: str, redis_url: str, tmp_path: Path) -> Iterator[Ground]:
    """Everything but the processes runs."""
    with ground(postgres_database, redis_url, tmp_path) as made:
        yield made


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that the test may stop. Its commits outlive a crash of the server, not one of the machine."""
    home = Path(tempfile.mkdtemp(prefix="kartify-"))
    server = Postgres(home, fsync=False)
    try:
        server.start()
        yield server
    finally:
        server.remove()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def own_stage(own_postgres: Postgres, redis_url: str, tmp_path: Path) -> Iterator[Ground]:
    with ground(own_postgres.url, redis_url, tmp_path) as made:
        yield made
