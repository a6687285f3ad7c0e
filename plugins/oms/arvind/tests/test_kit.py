"""The conformance kit, once for every way in which an account may talk to its OMS."""

from __future__ import annotations

import pytest
from kartify_arvind.oms import Arvind
from kartify_arvind.simulator import ArvindSimulator

from kartify.testing.oms_kit import OmsKit


class TestLookup(OmsKit):
    oms = Arvind
    simulator = ArvindSimulator
    settings = {"auth": "hmac"}
    wrong_settings = {"hmac_secret": "guess-of-tests"}
    pull_settings = {"way": "pull"}


class TestWeakest(OmsKit):
    """Nothing is promised; their news is believed where it is signed."""

    oms = Arvind
    simulator = ArvindSimulator
    settings = {"preset": "weakest", "auth": "hmac", "supports_webhook": "true"}
    wrong_settings = {"hmac_secret": "guess-of-tests"}
    pull_settings = {"way": "pull"}


class TestContract(OmsKit):
    """Everything is promised."""

    oms = Arvind

    class simulator(ArvindSimulator):
        repeats = "replay"

    settings = {"preset": "contract"}
    wrong_settings = {"oauth_client_secret": "guess-of-tests"}


@pytest.mark.slow
class TestKey(OmsKit):
    oms = Arvind
    simulator = ArvindSimulator
    settings = {"auth": "api_key"}
    wrong_settings = {"api_key": "guess-of-tests"}


@pytest.mark.slow
class TestConflict(OmsKit):
    """A number that is there already is looked up and compared."""

    oms = Arvind

    class simulator(ArvindSimulator):
        repeats = "conflict"

    settings = {"auth": "basic", "lookup_by": "get"}
    wrong_settings = {"basic_password": "guess-of-tests"}


@pytest.mark.slow
class TestBearer(OmsKit):
    oms = Arvind
    simulator = ArvindSimulator
    settings = {"auth": "bearer", "money": "decimal_number"}
    wrong_settings = {"bearer_token": "guess-of-tests"}
