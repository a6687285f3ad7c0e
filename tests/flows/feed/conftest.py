"""A store with an OMS whose ledger the test can read, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from fake_oms import Ledger, LedgerPlugin
from fakes import Bank, PlainPlugin
from oms_desk import Desk

from kartify.house import House
from kartify.testing.builder import Shop, make_house, make_shop


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def house(database_url: str, bank: Bank, ledger: Ledger) -> Iterator[House]:
    made = make_house(database_url, plugins=[PlainPlugin(bank), LedgerPlugin(ledger)], connections=24)
    yield made
    made.database.engine.dispose()


@pytest.fixture
def travel() -> Iterator[Any]:
    with time_machine.travel(datetime(2026, 11, 23, 8, 0, tzinfo=UTC), tick=True) as traveller:
        yield traveller


@pytest.fixture
def shop(travel: Any, house: House) -> Shop:
    return make_shop(house)


@pytest.fixture
def desk(travel: Any, house: House, shop: Shop, ledger: Ledger) -> Desk:
    return Desk(house, shop, ledger, travel)
