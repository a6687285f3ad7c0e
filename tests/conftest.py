"""Fixtures that all tests share. Plugins' tests get theirs from ``kartify.testing.plugin``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kartify.house import House
from kartify.testing.builder import Shop, make_house, make_shop


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'kartify.db'}"
    return request.getfixturevalue("fresh_postgres_url")


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    made = make_house(database_url)
    yield made
    made.database.engine.dispose()


@pytest.fixture
def shop(house: House) -> Shop:
    return make_shop(house)
