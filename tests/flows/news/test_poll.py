"""The news cron of an OMS that can be asked: how orders stand there, told as often as it likes, done once."""

from __future__ import annotations

import pytest

from kartify.flows.delivering import deliver
from kartify.flows.lookups import runs
from kartify.flows.people import stores
from kartify.flows.ticking import cron_work, tick


@pytest.fixture
def account(desk):
    desk.open(poll=True)
    return desk.account


def run(desk, **options):
    found = runs.start(desk.house, desk.account, by="asha@example.com", **options)
    return cron_work.work_run(desk.house, found, worker="w")


def delivered(desk, *numbers):
    for number in numbers:
        desk.order(number)
    deliver.deliver_due(desk.house, desk.account, worker="w")


def at_oms(desk, number, state):
    desk.ledger.of(number)[0]["state"] = state


def statuses(rows):
    return {row["number"]: row["status"] for row in rows("orders")}


def test_what_the_oms_says_when_asked_moves_the_orders_once(desk, account, rows):
    delivered(desk, "K1", "K2", "K3")
    at_oms(desk, "K1", "shipped")
    at_oms(desk, "K2", "cancelled")
    tally = run(desk)
    assert (tally.total, tally.asked, tally.recovered) == (3, 3, 2)
    assert statuses(rows) == {"K1": "shipped", "K2": "cancelled", "K3": "processing"}
    lines = len(rows("timeline"))
    again = run(desk)
    assert (again.recovered, len(rows("timeline"))) == (0, lines), "told again is not even a line"
    at_oms(desk, "K1", "delivered")
    assert run(desk).recovered == 1
    assert statuses(rows)["K1"] == "delivered"


def test_the_clock_starts_it_by_its_schedule_and_asks_what_changed_since(desk, account, rows):
    delivered(desk, "K1")
    at_oms(desk, "K1", "shipped")
    desk.later(minutes=16)
    tick.inline(desk.house)
    assert statuses(rows) == {"K1": "shipped"}
    desk.later(minutes=16)
    tick.inline(desk.house)
    assert [call[1] for call in desk.ledger.calls if call[0] == "poll"] == ["all", "since"]
    assert [one["state"] for one in rows("runs")] == ["done", "done"]


def test_a_dry_run_moves_nothing(desk, account, rows):
    delivered(desk, "K1")
    at_oms(desk, "K1", "shipped")
    assert run(desk, dry=True).asked == 1
    assert statuses(rows) == {"K1": "processing"}


def test_an_oms_that_breaks_in_the_middle_fails_the_run_and_the_next_does_the_rest(desk, account, rows):
    delivered(desk, "K1", "K2")
    at_oms(desk, "K1", "shipped")
    at_oms(desk, "K2", "broken")
    run(desk)
    [failed] = rows("runs")
    assert (failed["state"], "broke in the middle" in failed["result"]) == ("failed", True)
    at_oms(desk, "K2", "shipped")
    run(desk)
    assert statuses(rows) == {"K1": "shipped", "K2": "shipped"}


def test_only_an_oms_that_can_be_asked_has_the_cron_and_settings_may_switch_it_on(desk, rows):
    desk.open()
    assert rows("crons") == []
    stores.set_account(desk.house, desk.account, {"poll": True})
    stores.set_account(desk.house, desk.account, {"cancels": False})
    assert [one["name"] for one in rows("crons")] == ["news"]
