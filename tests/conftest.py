"""Fixtures that all tests share. Plugins' tests get theirs from ``kartify.testing.plugin``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from kartify.database import make_engine
from kartify.house import House
from kartify.models import Base
from kartify.testing.builder import Shop, make_house, make_shop, new_sqlite
from kartify.testing.copies import Copies
from kartify.testing.postgres import (
    fresh_database,
    postgres_database,
    postgres_server,
    postgres_url,
)
from kartify.testing.redis import redis_url

# Tests share their fakes; with import mode importlib the folder is not on the path by itself.
sys.path.insert(0, str(Path(__file__).parent))

from fakes import Bank, PlainPlugin

__all__ = ["postgres_database", "postgres_server", "postgres_url", "redis_url"]


@pytest.fixture(scope="session")
def postgres_copies(postgres_url: str) -> Copies:
    """Of a database with the tables; each test is lent one."""
    template = fresh_database(postgres_url)
    engine = make_engine(template)
    Base.metadata.create_all(engine)
    engine.dispose()
    return Copies(postgres_url, template)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return new_sqlite(tmp_path / "kartify.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database of each kind, with its tables."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    with request.getfixturevalue("postgres_copies").one() as url:
        yield url


@pytest.fixture
def bank() -> Bank:
    """What the plain gateway of ``fakes`` answers."""
    return Bank()


@pytest.fixture
def house(database_url: str, bank: Bank) -> Iterator[House]:
    """A house with every installed plugin and the plain gateway."""
    made = make_house(database_url, plugins=[PlainPlugin(bank)], tables=False)
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
