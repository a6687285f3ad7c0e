"""An account whose plugin is gone, or whose settings broke, while something of its is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from fakes import SECRET, webhook

from kartify import jobs
from kartify.accounts import Broken
from kartify.flows.people import stores
from kartify.flows.receiving import receive
from kartify.flows.ticking import unable
from kartify.house import House
from kartify.testing.builder import Shop, make_house

Rows = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def account(shop: Shop) -> UUID:
    return shop.account("plain", {"webhook_secret": SECRET})


@pytest.fixture
def bare(database_url: str, house: House) -> Iterator[House]:
    """The same database where the plugin is not installed."""
    made = make_house(database_url, tables=False)
    yield made
    made.database.engine.dispose()


def state(rows: Rows) -> tuple[str, str | None]:
    (row,) = rows("accounts")
    return row["state"], row["state_reason"]


def test_it_is_paused_with_one_alarm_and_told_why(shop: Shop, account: UUID, bare: House, rows: Rows) -> None:
    shop.payment(shop.order("K1"), account, "ord_1")
    assert [unable.watch(bare), unable.watch(bare)] == [1, 0]
    assert state(rows) == ("paused", "it cannot work: the plugin 'plain' is not installed")
    (case,) = rows("cases")
    assert (case["type"], case["account_id"], case["closed_at"]) == ("account_unable", account, None)


def test_it_goes_on_by_itself_when_the_plugin_is_back(
    shop: Shop, account: UUID, bare: House, house: House, rows: Rows
) -> None:
    shop.payment(shop.order("K1"), account, "ord_1")
    unable.watch(bare)
    assert unable.watch(house) == 1
    assert state(rows) == ("active", None)
    assert rows("cases")[0]["resolution"] == "it can work again"


def test_without_open_work_it_is_left_alone(account: UUID, bare: House, rows: Rows) -> None:
    assert unable.watch(bare) == 0
    assert state(rows) == ("active", None)


def test_a_persons_pause_is_not_ended(shop: Shop, account: UUID, house: House, rows: Rows) -> None:
    shop.payment(shop.order("K1"), account, "ord_1")
    stores.pause_account(house, account, by="asha", reason="holidays")
    assert unable.watch(house) == 0
    assert state(rows) == ("paused", "holidays")


def test_its_webhooks_are_refused_so_that_the_gateway_repeats_them(account: UUID, bare: House) -> None:
    with pytest.raises(Broken, match="is not installed"):
        receive.webhook(bare, account, webhook("e1", {"order": "ord_1"}))


def test_a_workers_tick_sees_to_it_once_a_minute(
    shop: Shop, account: UUID, bare: House, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.payment(shop.order("K1"), account, "ord_1")
    monkeypatch.setattr(jobs, "_watched", [])
    monkeypatch.setattr(jobs, "_houses", [bare])
    jobs.tick()
    assert state(rows)[0] == "paused"
