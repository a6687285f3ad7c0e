"""System » Crons: in words, by hand, resumable, red where something is wrong, and only a person's own stores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from browser import Cockpit, Person, plain
from sqlalchemy import insert, update

from kartify import clock
from kartify.admin import cron_look
from kartify.domain.errors import Conflict, Invalid
from kartify.flows.lookups import asking, fitting, lookup, resume, runs
from kartify.flows.people import stores
from kartify.flows.ticking import core_crons, cron_work, tick
from kartify.flows.ticking.cron_words import OF_ACCOUNTS, words
from kartify.models import Cron, Run, User, new_id, table

known, crons = table(Run), table(Cron)


@pytest.fixture
def time() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 11, 23, 8, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def core(cockpit: Cockpit) -> dict[str, UUID]:
    core_crons.ensure(cockpit.house)
    return {row["name"]: row["id"] for row in cockpit.rows(Cron, account_id=None)}


def lookup_cron(cockpit: Cockpit) -> UUID:
    return UUID(str(cockpit.rows(Cron, name="lookup")[0]["id"]))


def past(cockpit: Cockpit, cron_id: UUID, state: str = "done", *, seconds: float = 1, **changes: Any) -> UUID:
    """A run that is over, newer than those before it."""
    number = len(cockpit.rows(Run))
    at = clock.now() - timedelta(hours=2) + timedelta(minutes=number)
    values = {"id": new_id(), "cron_id": cron_id, "account_id": cockpit.gateway, "state": state, "by": "clock",
              "created_at": at, "started_at": at, "finished_at": at + timedelta(seconds=seconds), "result": "so",
              **changes}
    cockpit.house.database.run(lambda connection: connection.execute(insert(known).values(values)))
    return UUID(str(values["id"]))


def limited(cockpit: Cockpit, person: Person, *codes: str) -> Person:
    change = update(table(User)).where(table(User).c.email == person.email).values(stores=list(codes))
    cockpit.house.database.run(lambda connection: connection.execute(change))
    return person


# In words, and by hand.


def test_every_cron_stands_there_in_words(cockpit: Cockpit, core: dict[str, UUID]) -> None:
    page = cockpit.person("viewer").text("/admin/crons/")
    for one in core_crons.CORE.values():
        assert f"{one.title} ✓ on" in page
        assert one.about in page
    assert "Order lookup: Plain Pay" in page
    assert OF_ACCOUNTS["lookup"].about in page
    assert page.index("Order lookups") < page.index("kartify's own")
    assert "Run now" not in page


def test_a_cron_of_the_core_is_run_by_hand_and_its_result_read(cockpit: Cockpit, core: dict[str, UUID]) -> None:
    person = cockpit.person("support")
    assert "Waiting for a worker." in person.press(f"/admin/crons/{core['laws']}/run")
    run = cockpit.rows(Run)[0]
    assert (run["by"], run["cron_id"]) == (person.email, core["laws"])
    assert "is under way" in person.press(f"/admin/crons/{core['laws']}/run")
    cron_work.work_run(cockpit.house, run["id"], worker="w")
    assert "Every law holds." in person.text(f"/admin/crons/runs/{run['id']}")
    assert "done every law holds" in person.text("/admin/crons/")
    assert "Done 10 of 10" in person.text(f"/admin/crons/runs/{run['id']}")
    assert [row["text"][:7] for row in cockpit.audited("run")] == ["Started", "not don"]


def test_only_a_lookup_has_a_dry_run(cockpit: Cockpit, core: dict[str, UUID]) -> None:
    person = cockpit.person("support")
    assert "Dry run" in person.text(f"/admin/crons/{lookup_cron(cockpit)}")
    assert "Dry run" not in person.text(f"/admin/crons/{core['seal']}")
    said = person.press(f"/admin/crons/{core['seal']}/run", dry="yes")
    assert "Not done: there is no dry run of this cron" in said
    assert cockpit.rows(Run) == []
    assert len(cockpit.audited("dry run")) == 1


def test_a_run_that_found_a_break_says_what_is_broken(cockpit: Cockpit, core: dict[str, UUID]) -> None:
    run = past(cockpit, core["laws"], account_id=None,
               detail={"broken": {"2": 3, "seals": 1}, "seals": ["Chain staff: audit:1 was altered."]})
    person = cockpit.person("support")
    page = person.text(f"/admin/crons/runs/{run}")
    assert "What is broken Law 2: 3 rows Chain staff: audit:1 was altered." in page
    assert "Its last run found something broken: so. Open the run" in person.text("/admin/crons/")
    past(cockpit, core["laws"], account_id=None, detail={"broken": {}})
    assert "something broken" not in person.text("/admin/crons/")


def test_a_cron_that_this_version_does_not_know_is_shown_by_its_name(cockpit: Cockpit) -> None:
    assert words("old_thing").title == "Old thing"
    values = {"id": new_id(), "name": "old_thing", "schedule": "every 60"}
    cockpit.house.database.run(lambda connection: connection.execute(insert(crons).values(values)))
    assert "Old thing" in cockpit.person("support").text("/admin/crons/")


def test_the_rhythm_in_words(cockpit: Cockpit) -> None:
    with cockpit.app.test_request_context("/admin/"):
        told = {one: cron_look.rhythm(one) for one in ("every 30", "every 300", "every 7200", "*/5 * * * *", "every x")}
    assert told == {"every 30": "every 30 s", "every 300": "every 5 min", "every 7200": "every 2 h",
                    "*/5 * * * *": "*/5 * * * *", "every x": "every x"}


def test_times_that_are_close_together_are_told_to_the_second(cockpit: Cockpit) -> None:
    path = f"/admin/crons/{lookup_cron(cockpit)}"
    for schedule, shape in (("every+20", r"\d\d:\d\d:\d\d"), ("every+300", r"\d\d:\d\d")):
        shown = cockpit.person("admin").text(f"{path}?schedule={schedule}&timezone=UTC")
        told = shown.partition("Next five times")[2]
        assert re.search(rf": {shape} ?, {shape} ?, {shape} ?, {shape} ?, {shape}\b(?!:)", told), told[:80]


# What cannot work (SC-83).


def test_sc_83_a_schedule_quicker_than_its_runs_is_refused(cockpit: Cockpit) -> None:
    cron = lookup_cron(cockpit)
    for number in range(20):
        past(cockpit, cron, seconds=400 if number == 7 else 90 + number)
    person = cockpit.person("admin")
    form = {"timezone": "UTC", "enabled": "yes", "version": 1}
    answer = person.post(f"/admin/crons/{cron}/schedule", schedule="every 60", **form)
    assert answer.status_code == 409
    assert "expected at least 109 s between two runs" in plain(answer)
    assert "Next five times with what is typed, not saved yet" in plain(answer)
    assert cockpit.one(Cron, cron)["schedule"] == "every 300"
    assert "This cannot work: schedule: expected at least 109 s" in person.text(
        f"/admin/crons/{cron}?schedule=*/1+*+*+*+*&timezone=UTC")
    assert "Saved." in person.press(f"/admin/crons/{cron}/schedule", schedule="every 120", **form)
    assert [row["text"][:8] for row in cockpit.audited("schedule")] == ["not done", "every 12"]


def test_a_few_runs_or_runs_by_hand_say_nothing_about_how_long_one_takes(cockpit: Cockpit) -> None:
    cron = lookup_cron(cockpit)
    for _ in range(fitting.FEWEST - 1):
        past(cockpit, cron, seconds=900)
    past(cockpit, cron, seconds=900, by="asha@example.com")
    past(cockpit, cron, "stopped", seconds=900)
    assert runs.set_cron(cockpit.house, cron, schedule="every 60", zone="UTC", enabled=True)
    past(cockpit, cron, seconds=900)
    with pytest.raises(Invalid, match="at least 15 min"):
        runs.set_cron(cockpit.house, cron, schedule="every 60", zone="UTC", enabled=True)
    assert runs.set_cron(cockpit.house, cron, schedule="every 60", zone="UTC", enabled=False)


@pytest.mark.parametrize("hour", [8, 18])
def test_sc_83_a_lookup_rarer_than_its_gateways_payments_live_is_refused(
    cockpit: Cockpit, core: dict[str, UUID], time: time_machine.Traveller, hour: int
) -> None:
    """The plain gateway's payments can be paid for half an hour."""
    time.move_to(datetime(2026, 11, 23, hour, 45, tzinfo=UTC))
    cron = lookup_cron(cockpit)
    assert runs.set_cron(cockpit.house, cron, schedule="*/30 * * * *", zone="UTC", enabled=True)
    for schedule in ("every 1801", "0 9-17 * * *", "*/20 9-17 * * *", "*/20 * * * 1-5"):
        with pytest.raises(Invalid, match="schedule: expected at most 30 min between two runs"):
            runs.set_cron(cockpit.house, cron, schedule=schedule, zone="UTC", enabled=True)
    assert cockpit.one(Cron, cron)["schedule"] == "*/30 * * * *"
    assert runs.set_cron(cockpit.house, core["laws"], schedule="0 9 * * *", zone="UTC", enabled=True)


# Red, with what to do.


def test_a_cron_that_is_late_says_so_and_what_to_do(cockpit: Cockpit, time: time_machine.Traveller) -> None:
    cron, person = lookup_cron(cockpit), cockpit.person("support")
    runs.set_cron(cockpit.house, cron, schedule="every 300", zone="UTC", enabled=True)
    time.shift(timedelta(seconds=355))
    assert "It is late" not in person.text("/admin/crons/")
    time.shift(timedelta(seconds=10))
    for path in ("/admin/crons/", f"/admin/crons/{cron}"):
        assert "It is late by 1 min: nobody started it. Look at Processes" in person.text(path)
    runs.set_cron(cockpit.house, cron, schedule="every 300", zone="UTC", enabled=False)
    time.shift(timedelta(hours=1))
    assert "It is late" not in person.text("/admin/crons/")


def test_three_failed_runs_in_a_row_say_so_and_what_to_do(cockpit: Cockpit) -> None:
    cron, person = lookup_cron(cockpit), cockpit.person("support")
    for state in ("done", "failed", "failed"):
        past(cockpit, cron, state)
    assert "Its last three runs failed" not in person.text("/admin/crons/")
    past(cockpit, cron, "failed", result="the account was paused: keys revoked")
    page = person.text("/admin/crons/")
    assert "Its last three runs failed: the account was paused: keys revoked. Press Test connection" in page
    past(cockpit, cron, "lost")
    assert "failed: the account was paused: keys revoked. Press Test" in person.text(f"/admin/crons/{cron}")
    for _ in range(2):
        past(cockpit, cron, "lost")
    assert "Its worker died each time" in person.text(f"/admin/crons/{cron}")


def test_the_bars_of_the_last_runs(cockpit: Cockpit) -> None:
    cron, person = lookup_cron(cockpit), cockpit.person("support")
    past(cockpit, cron)
    assert "<svg" not in person.get(f"/admin/crons/{cron}").text  # nothing was asked: nothing to draw
    for number in range(40):
        past(cockpit, cron, "failed" if number == 39 else "done", asked=100 + number, recovered=1, unknown=10)
    page = person.get(f"/admin/crons/{cron}").text
    assert page.count('<rect class="calm"') == cron_look.SHOWN
    assert page.count('<rect class="bad"') == 1
    assert "style=" not in page
    assert "The last 30 runs as bars, oldest first" in page
    assert re.search(r"139 asked, 1 recovered, 10 unknown</title>", page)


def test_history_is_paged(cockpit: Cockpit) -> None:
    cron, person = lookup_cron(cockpit), cockpit.person("support")
    made = [past(cockpit, cron) for _ in range(55)]
    first = person.get(f"/admin/crons/{cron}").text
    assert (str(made[-1]) in first, str(made[0]) in first) == (True, False)
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    assert str(made[0]) in person.get(older[1].replace("&amp;", "&")).text


# Run the rest (SC-32).


def lost_run(cockpit: Cockpit, time: time_machine.Traveller, numbers: list[str], asked: int) -> UUID:
    """Its worker died after it had asked about the first few."""
    ids = [cockpit.missing(number) for number in numbers]
    time.shift(timedelta(seconds=30))
    run_id = runs.start(cockpit.house, cockpit.gateway, by="asha@example.com", numbers=numbers)
    assert runs.take(cockpit.house, run_id, worker="dies")
    for order_id in ids[:asked]:
        asking.check_order(cockpit.house, order_id, by="order lookup by asha@example.com")
    time.shift(timedelta(minutes=4))
    assert tick.close_lost(cockpit.house) == 1
    return run_id


def test_sc_32_the_rest_of_a_lost_run_is_asked_and_nothing_twice(
    either: Cockpit, time: time_machine.Traveller
) -> None:
    run_id = lost_run(either, time, [f"B{number}" for number in range(6)], 4)
    either.bank.paid("order_B5", payment="pay_B5")
    person = either.person("support")
    page = person.text(f"/admin/crons/runs/{run_id}")
    assert "Run the rest Asks about the 2 that this run did not come to" in page
    assert "Started with the 2 that were not asked yet." in person.press(f"/admin/crons/runs/{run_id}/rest")
    second = next(row for row in either.rows(Run) if row["id"] != run_id)
    assert (second["orders"], second["by"]) == (["B4", "B5"], person.email)
    assert "is under way" in person.press(f"/admin/crons/runs/{run_id}/rest")
    lookup.work_run(either.house, second["id"], worker="w")
    assert {number: either.bank.asked[f"order_B{number}"] for number in range(6)} == dict.fromkeys(range(6), 1)
    assert re.search(r"B5 . processing paid", person.text(f"/admin/crons/runs/{second['id']}"))
    assert "Run the rest" not in person.text(f"/admin/crons/runs/{run_id}")
    assert "Not done: nothing of this run is left to ask" in person.press(f"/admin/crons/runs/{run_id}/rest")
    assert len(either.audited("run the rest")) == 3


def test_a_dry_run_that_was_lost_goes_on_dry(cockpit: Cockpit, time: time_machine.Traveller) -> None:
    run_id = lost_run(cockpit, time, ["B1", "B2"], 0)
    cockpit.house.database.run(lambda connection: connection.execute(update(known).values(dry=True)))
    made, count = resume.resume(cockpit.house, run_id, by="asha@example.com")
    assert (cockpit.one(Run, made)["dry"], count) == (True, 2)


@pytest.mark.parametrize("state", ["done", "running", "waiting"])
def test_a_run_that_is_done_or_under_way_has_no_rest(
    cockpit: Cockpit, time: time_machine.Traveller, state: str
) -> None:
    run_id = lost_run(cockpit, time, ["B1"], 0)
    cockpit.house.database.run(lambda connection: connection.execute(update(known).values(state=state)))
    assert "Run the rest" not in cockpit.person("support").text(f"/admin/crons/runs/{run_id}")
    with pytest.raises(Conflict, match="nothing of this run is left"):
        resume.resume(cockpit.house, run_id, by="asha@example.com")


# Only a person's own stores.


def test_a_person_sees_the_crons_and_runs_of_their_stores_only(cockpit: Cockpit, core: dict[str, UUID]) -> None:
    stores.create_store(cockpit.house, "other", name="Other", currency="INR")
    away = stores.add_account(cockpit.house, "other", "plain", {"merchant": "m2"}, label="Other Pay")
    cron = cockpit.rows(Cron, account_id=away)[0]["id"]
    run = runs.start(cockpit.house, away, by="x")
    person = limited(cockpit, cockpit.person("admin"), "demo")
    page = person.text("/admin/crons/")
    assert "Plain Pay" in page
    assert [one for one in ("Other Pay", "Check the laws") if one in page] == []
    for path in (f"{cron}", f"runs/{run}", f"runs/{run}.json", f"{core['laws']}"):
        assert person.get(f"/admin/crons/{path}").status_code == 404
    for path in (f"{cron}/run", f"{cron}/schedule", f"runs/{run}/stop", f"runs/{run}/rest", f"{core['laws']}/run"):
        assert person.post(f"/admin/crons/{path}", schedule="every 60", timezone="UTC").status_code == 404
    assert len(cockpit.rows(Run)) == 1
    assert cockpit.one(Run, run)["stop_requested"] is False
    assert limited(cockpit, person, "demo", "other").get(f"/admin/crons/{cron}").status_code == 200


def test_of_an_account_that_serves_two_stores_only_ones_own_orders_are_named(
    cockpit: Cockpit, time: time_machine.Traveller
) -> None:
    run_id = lost_run(cockpit, time, ["B1"], 1)
    stores.create_store(cockpit.house, "other", name="Other", currency="INR")
    stores.link_account(cockpit.house, "other", cockpit.gateway)
    person = limited(cockpit, cockpit.person("support"), "other")
    page = person.text(f"/admin/crons/runs/{run_id}")
    assert "Each order" not in page
    assert "Each order" in limited(cockpit, person, "demo").text(f"/admin/crons/runs/{run_id}")
    cockpit.house.database.run(lambda connection: connection.execute(update(known).values(by="clock")))
    assert "B1" in person.text(f"/admin/crons/runs/{run_id}")
    assert "B1" not in limited(cockpit, person, "other").text(f"/admin/crons/runs/{run_id}")
