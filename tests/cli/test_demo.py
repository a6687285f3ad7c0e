"""The demo's goods, its sentences and its numbers."""

import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from kartify.demo import goods, people, scenes, setup
from kartify.demo.narrator import sentence
from kartify.demo.simulators import SLUGS, addresses
from kartify.demo.teller import AT_MOST, daily
from kartify.flows.storefront.order_body import OrderBody
from kartify.models import first_id, new_id
from kartify.settings import Settings

URLS = {slug: f"http://127.0.0.1:{9100 + place}" for place, slug in enumerate(SLUGS)}


@pytest.mark.parametrize("number", [f"K{number}" for number in range(1001, 1061)])
def test_every_order_adds_up_and_is_always_the_same(number):
    body = OrderBody.model_validate(goods.order(number))
    body.check()
    assert body.due == body.total > 0
    assert OrderBody.model_validate(goods.order(number)).digest == body.digest


def move(**changes):
    row = {
        "number": "K1007", "source": "missing", "target": "processing", "actor": "gateway", "by": "order lookup",
        "channel": "lookup", "reason": "found by lookup", "due": 249900, "total": 254900, "currency": "INR",
        "customer": {"name": "Asha Rao"},
    }
    return SimpleNamespace(**{**row, **changes})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "K1007 missing → processing, found by lookup, ₹2,499.00 recovered"),
        ({"channel": "webhook", "by": "webhook"}, "K1007 missing → processing, paid, told by webhook, ₹2,499.00"),
        ({"by": "kartify: capture"}, "K1007 missing → processing, authorised before, captured now, ₹2,499.00"),
        ({"source": "processing", "target": "shipped", "actor": "oms"}, "K1007 processing → shipped (OMS)"),
        ({"actor": "staff", "by": "Ravi", "reason": "cheque"}, "K1007 missing → processing, by Ravi: cheque"),
        ({"target": "failed", "actor": "clock", "reason": "all over"}, "K1007 missing → failed, all over"),
        ({"source": None, "target": "missing"}, "K1007 missing: Asha Rao confirmed an order of ₹2,549.00"),
    ],
)
def test_a_move_is_one_line(changes, told):
    assert sentence(move(**changes)) == told


def test_the_narrator_looks_back_by_the_moment_in_the_id():
    now = datetime.now(UTC)
    assert first_id(now - timedelta(seconds=1)) < new_id() < first_id(now + timedelta(seconds=5))
    assert isinstance(first_id(now), uuid.UUID)


def test_new_orders_go_on_after_the_highest_number():
    found = list(daily({"K1001", "K1044", "F2001"}))
    assert len(found) == AT_MOST
    assert [number for number, _ in found][:2] == ["K1045", "K1046"]
    assert next(daily(set()))[0] == f"K{max(int(number[1:]) for number in scenes.OPENING) + 1}"


def test_the_demo_is_prepared_once_and_follows_its_simulators(empty):
    empty("db", "upgrade")
    with empty.house() as house:
        first = setup.prepare(house, empty.home, URLS)
        moved = {slug: url.replace(":91", ":92") for slug, url in URLS.items()}
        again = setup.prepare(house, empty.home, moved)
        assert again.accounts == first.accounts
        assert (again.keys, again.logins) == (first.keys, first.logins)
        for slug, account in again.accounts.items():
            loaded = house.accounts.get(account, fresh=True)
            assert loaded.problem is None
            assert loaded.partner.settings.api_base == moved[slug]


def test_a_key_that_the_database_does_not_know_is_made_again(empty):
    empty("db", "upgrade")
    with empty.house() as house:
        first = setup.prepare(house, empty.home, URLS)
    (empty.home / "kartify.db").unlink()
    empty("db", "upgrade")
    with empty.house() as house:
        again = setup.prepare(house, empty.home, URLS)
    assert not set(again.keys.values()) & set(first.keys.values())


def test_passwords_are_for_their_owner_alone(empty):
    empty("db", "upgrade")
    with empty.house() as house:
        [(email, password)] = people.first_admin(house, empty.home).items()
        assert people.first_admin(house, empty.home) == {email: password}
    [file] = empty.home.glob("*_password")
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(password) >= 12


def test_no_administrator_is_made_beside_people_who_are_there(empty):
    empty("db", "upgrade")
    empty("user", "create", "own@example.com", "--role", "admin", "--password-stdin", stdin="long enough")
    with empty.house() as house:
        assert people.first_admin(house, empty.home) == {}


def test_simulators_keep_their_addresses(tmp_path):
    first = addresses(tmp_path, after=41_000)
    assert addresses(tmp_path, after=42_000) == first
    assert len(set(first.values())) == len(SLUGS)


def test_settings_name_all_variables_that_children_get():
    assert set(Settings.model_fields) == {
        "database_url", "redis_url", "secret_keys", "public_url", "host", "port", "home",
    }
