"""A real Redis for tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from kartify.stack.redis_server import running_redis


@pytest.fixture(scope="session")
def redis_server_url() -> Iterator[str]:
    """One server for each pytest process, started when first asked for."""
    home = Path(tempfile.mkdtemp(prefix="kartify-"))
    try:
        with running_redis(home) as url:
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """A Redis with nothing in it."""
    with Redis.from_url(redis_server_url) as client:
        client.flushall()
    return redis_server_url
