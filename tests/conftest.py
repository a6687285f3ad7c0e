"""Fixtures that all tests share. Plugins' tests get theirs from ``kartify.testing.plugin``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from kartify.house import House
from kartify.models import Base
from kartify.testing.builder import Shop, make_house, make_shop
from kartify.testing.postgres import postgres_database, postgres_server, postgres_url
from kartify.testing.redis import redis_url

# Tests share their fakes; with import mode importlib the folder is not on the path by itself.
sys.path.insert(0, str(Path(__file__).parent))

from fakes import Bank, PlainPlugin  # noqa: E402

__all__ = ["postgres_database", "postgres_server", "postgres_url", "redis_url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'kartify.db'}"
    return request.getfixturevalue("postgres_database")


@pytest.fixture
def bank() -> Bank:
    """What the plain gateway of ``fakes`` answers."""
    return Bank()


@pytest.fixture
def house(database_url: str, bank: Bank) -> Iterator[House]:
    """A house with every installed plugin and the plain gateway."""
    made = make_house(database_url, plugins=[PlainPlugin(bank)])
    yield made
    made.database.engine.dispose()


@pytest.fixture
def shop(house: House) -> Shop:
    return make_shop(house)


@pytest.fixture
def rows(house: House) -> Callable[..., list[dict[str, Any]]]:
    """``rows("orders", number="K1")``: what stands in a table."""

    def read(name: str, **where: Any) -> list[dict[str, Any]]:
        found = Base.metadata.tables[name]
        query = select(found).where(*(found.c[column] == value for column, value in where.items()))
        with house.database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    return read
