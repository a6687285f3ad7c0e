"""An application on a fresh database, a store with a scripted gateway, and its key."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from fakes import SECRET, Bank, PlainPlugin
from flask import Flask
from flask.testing import FlaskClient

sys.path.insert(0, str(Path(__file__).parent))

from customer import NOON, Customer, make_customer
from doors import Door, Till, TillPlugin, close, make_app, open_door

from kartify.house import House
from kartify.testing.builder import Shop, make_house


@pytest.fixture
def till() -> Till:
    return Till()


@pytest.fixture
def house(database_url: str, bank: Bank, till: Till) -> Iterator[House]:
    made = make_house(database_url, plugins=[PlainPlugin(bank), TillPlugin(till, bank)], tables=False)
    yield made
    made.database.engine.dispose()


@pytest.fixture
def app(house: House) -> Iterator[Flask]:
    made = make_app(house)
    yield made
    close(made)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def door(app: Flask, shop: Shop) -> Door:
    """The store has one account, at the till."""
    shop.account("till", {"webhook_secret": SECRET})
    return open_door(app, shop)


@pytest.fixture
def noon() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as travel:
        yield travel


@pytest.fixture
def customer(noon: Any, door: Door) -> Callable[..., Customer]:
    """Makes the order K1001 and gives whoever has its link."""
    return lambda **values: make_customer(door, **values)
