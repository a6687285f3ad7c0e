"""A running stand-in, a client, and accounts that point at it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from kartify_unicommerce import Unicommerce, UnicommerceSimulator
from kartify_unicommerce.settings import UnicommerceSettings

from kartify.http import HttpClient
from kartify.testing.serve import simulating

sys.path.insert(0, str(Path(__file__).parent))

from uniware_said import GIVEN, Canned, Clock


@pytest.fixture
def canned():
    return Canned


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def naps():
    return []


@pytest.fixture
def uniware(clock, naps):
    """A plugin object that needs no server; settings can be given by name."""
    def make(**more):
        return Unicommerce(UnicommerceSettings.model_validate({**GIVEN, **more}), now=clock, pause=naps.append)

    return make


@pytest.fixture
def simulator():
    with simulating(UnicommerceSimulator) as (_, running):
        yield running


@pytest.fixture
def client():
    made = HttpClient()
    yield made
    made.close()


@pytest.fixture
def account(simulator, naps):
    """The plugin with an account at the running stand-in."""
    def make(**more):
        return Unicommerce(
            UnicommerceSettings.model_validate({**simulator.settings(), **more}), pause=naps.append,
        )

    return make
