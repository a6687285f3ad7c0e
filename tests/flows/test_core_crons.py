"""The core's own crons: rows of their own, due by the clock, run by a worker, with a result that can be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import insert, select, update

from kartify.domain.errors import Conflict
from kartify.flows.ground import audit
from kartify.flows.lookups import runs
from kartify.flows.ticking import core_crons, tick
from kartify.models import AuditEntry, Cron, Order, Run, new_id, table

crons, known, orders, entries = table(Cron), table(Run), table(Order), table(AuditEntry)


@pytest.fixture
def clock():
    with time_machine.travel(datetime(2026, 11, 23, 8, 0, tzinfo=UTC), tick=True) as traveller:
        yield traveller


@pytest.fixture
def core(house, clock):
    """Their ids by name, as a worker makes them."""
    core_crons.ensure(house)
    with house.database.read() as connection:
        rows = connection.execute(select(crons.c.name, crons.c.id).where(crons.c.account_id.is_(None))).all()
    return {row.name: row.id for row in rows}


def the_runs(house, name):
    query = select(known).join(crons, crons.c.id == known.c.cron_id).where(crons.c.name == name)
    with house.database.read() as connection:
        return connection.execute(query.order_by(known.c.created_at)).mappings().all()


def test_there_is_one_row_for_each_and_a_schedule_of_somebody_is_kept(house, core):
    runs.set_cron(house, core["laws"], schedule="every 900", zone="UTC", enabled=False)
    core_crons.ensure(house)
    with house.database.read() as connection:
        rows = connection.execute(select(crons).where(crons.c.account_id.is_(None))).mappings().all()
    assert {row["name"] for row in rows} == set(core_crons.CORE)
    kept = next(row for row in rows if row["name"] == "laws")
    assert (kept["schedule"], kept["enabled"]) == ("every 900", False)


def test_the_laws_are_checked_when_their_time_has_come(house, core, clock):
    tick.inline(house)
    assert the_runs(house, "laws") == []
    clock.shift(timedelta(seconds=601))
    tick.inline(house)
    (run,) = the_runs(house, "laws")
    assert (run["state"], run["by"], run["result"]) == ("done", "clock", "every law holds")
    assert run["detail"] == {"broken": {}}


def test_a_broken_law_is_told_with_its_rows(house, core, shop):
    shop.order("K1")

    def break_it(connection):
        connection.execute(update(orders).values(status="processing", basis=None))

    house.database.run(break_it)
    run_id = runs.start_core(house, core["laws"], by="root@example.com")
    tick.run(house, "run", run_id, worker="w")
    (run,) = the_runs(house, "laws")
    assert run["result"].startswith("broken: law ")
    assert run["detail"]["broken"]


def test_the_seal_runs_twice_a_minute_and_forgets_its_quiet_runs(house, core, clock, shop):
    shop.account("plain", {"webhook_secret": "whsec"})
    house.database.run(lambda connection: audit.write(
        connection, audit.Act(by="asha@example.com", action="note", subject="x", text="x")))
    clock.shift(timedelta(seconds=31))
    tick.inline(house)
    clock.shift(timedelta(seconds=31))
    tick.inline(house)
    assert [run["result"] for run in the_runs(house, "seal")] == ["1 rows sealed", "nothing new to seal"]
    clock.shift(timedelta(days=2))
    tick.inline(house)
    assert [run["result"] for run in the_runs(house, "seal")] == ["1 rows sealed", "nothing new to seal"]
    assert the_runs(house, "seal")[1]["created_at"] > datetime(2026, 11, 24, tzinfo=UTC)


def test_a_broken_chain_turns_the_light_of_the_laws_red_and_is_named(house, core):
    act = audit.Act(by="asha@example.com", action="note", subject="x", text="x")
    house.database.run(lambda connection: audit.write(connection, act))
    tick.run(house, "run", runs.start_core(house, core["laws"], by="root@example.com"), worker="w")
    house.database.run(lambda connection: connection.execute(update(entries).values(by="nobody")))
    tick.run(house, "run", runs.start_core(house, core["laws"], by="root@example.com"), worker="w")
    first, second = the_runs(house, "laws")
    assert first["detail"] == {"broken": {}}
    assert second["detail"]["broken"] == {"seals": 1}
    assert "it was altered" in second["detail"]["seals"][0]
    assert second["result"].startswith("sealed chains: 1 break: Chain staff: audit:")


def test_one_run_of_a_core_cron_at_a_time(house, core):
    runs.start_core(house, core["laws"], by="root@example.com")
    with pytest.raises(Conflict, match="under way"):
        runs.start_core(house, core["laws"], by="root@example.com")


def test_a_cron_that_this_version_does_not_know_fails_in_words_and_is_not_due_for_ever(house, clock):
    def add(connection):
        at = datetime.now(UTC)
        connection.execute(insert(crons).values(id=new_id(), name="gone", schedule="every 60", next_at=at))

    house.database.run(add)
    tick.inline(house)
    (run,) = the_runs(house, "gone")
    assert (run["state"], run["result"]) == ("failed", "this version knows no cron called gone")
    assert "run" not in tick.inline(house)
