"""An admin on a fresh database. Most tests use SQLite; what turns on locks asks for ``either``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_oms import Ledger, LedgerPlugin
from fakes import Bank

from kartify.testing.builder import make_house, make_shop

sys.path.insert(0, str(Path(__file__).parent))

from browser import TOOL, Cockpit, LinkedPlugin, make_cockpit


@pytest.fixture
def build() -> Iterator[Callable[..., Cockpit]]:
    """Makes an admin on the database of a URL."""
    made: list[Cockpit] = []

    def build(
        url: str, *, way: str | None = "push", public_url: str = "http://127.0.0.1:8000", **languages: Any
    ) -> Cockpit:
        bank, ledger = Bank(), Ledger()
        plugins = [LinkedPlugin(bank), LedgerPlugin(ledger, tools=(TOOL,), order_url=_order_url)]
        house = make_house(url, plugins=plugins, public_url=public_url)
        made.append(make_cockpit(house, make_shop(house), bank, ledger, way=way, **languages))
        return made[-1]

    yield build
    for one in made:
        one.house.database.engine.dispose()


def _order_url(self: object, oms_order_id: str) -> str:
    return f"https://oms.example/orders/{oms_order_id}"


@pytest.fixture
def cockpit(tmp_path: Path, build: Callable[..., Cockpit]) -> Cockpit:
    return build(f"sqlite:///{tmp_path / 'kartify.db'}")


@pytest.fixture
def confirming(tmp_path: Path, build: Callable[..., Cockpit]) -> Cockpit:
    """A store whose OMS holds the order unpaid until its payment is confirmed."""
    return build(f"sqlite:///{tmp_path / 'kartify.db'}", way="confirm")


@pytest.fixture
def either(database_url: str, build: Callable[..., Cockpit]) -> Cockpit:
    return build(database_url)
