"""Work by hand, done in this process: ``kartify lookup``, ``kartify deliver``, ``kartify tick``."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any
from uuid import UUID

import click
from sqlalchemy import bindparam, select

from kartify import clock
from kartify.cli import find
from kartify.cli.here import me
from kartify.cli.house import open_house
from kartify.cli.output import json_option, show
from kartify.domain.errors import Conflict
from kartify.domain.money import display
from kartify.flows.delivering import deliver as delivering
from kartify.flows.lookups import lookup as looking
from kartify.flows.lookups import runs
from kartify.flows.ticking import core_crons, due
from kartify.flows.ticking import tick as ticking
from kartify.house import House
from kartify.models import Run, table

WORKER = "command line"
MOST_BATCHES = 1_000
_RUN = select(table(Run)).where(table(Run).c.id == bindparam("run_id"))
_SHOWN = ("id", "state", "dry", "total", "asked", "unknown", "recovered", "money", "orders", "result")


@click.command()
@click.argument("account")
@click.option("--order", "numbers", multiple=True, metavar="NUMBER", help="Only this order; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Ask, and change nothing.")
@json_option
def lookup(account: str, numbers: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """The order lookup cron, by hand: ask the gateway about orders, settle what is paid."""
    with open_house() as house:
        found = find.account_id(house, account)
        run_id = runs.start(house, found, by=me(), dry=dry_run, numbers=list(numbers) or None)
        looking.work_run(house, run_id, worker=WORKER)
        row = _ended(house, run_id)
    done = {name: row[name] for name in _SHOWN}
    show(done, as_json=as_json, text=_sentence(done))
    if row["state"] == "failed":
        raise click.exceptions.Exit(1)


def _ended(house: House, run_id: UUID) -> Any:
    """A worker may have taken the run: it ends there, at its own deadline at the latest."""
    until = time.monotonic() + runs.LASTS_AT_MOST.total_seconds()
    while time.monotonic() < until:
        with house.database.read() as connection:
            row = connection.execute(_RUN, {"run_id": run_id}).mappings().one()
        if row["state"] not in ("waiting", "running"):
            return row
        time.sleep(0.2)
    raise Conflict("the run goes on at a worker; see System » Crons")


def _sentence(run: dict[str, Any]) -> str:
    money = ", ".join(display(sum_, currency) for currency, sum_ in (run["money"] or {}).items())
    verb = "would be recovered" if run["dry"] else "recovered"
    found = f", {money} {verb}: {', '.join(run['orders'] or ())}" if money else ""
    counts = f"asked {run['asked']} of {run['total']}, {run['recovered']} {verb}, {run['unknown']} without an answer"
    return f"{run['state']}: {counts}{found}. {run['result'] or ''}".rstrip()


@click.command()
@json_option
def deliver(as_json: bool) -> None:
    """Drain the outbox: everything that is due at an OMS now."""
    with open_house() as house:
        with house.database.read() as connection:
            accounts = [one for what, one, _ in due.due(connection, clock.now()) if what == "deliver" and one]
        counts: Counter[str] = Counter()
        problems = [text for one in accounts if (text := _drain(house, one, counts))]
    done = ", ".join(f"{count} {state}" for state, count in counts.items()) or "nothing was due"
    show({"deliveries": counts, "problems": problems}, as_json=as_json, text="\n".join([done, *problems]))
    if problems:
        raise click.exceptions.Exit(1)


def _drain(house: House, account_id: UUID, counts: Counter[str]) -> str | None:
    """Why it could not go on, if it could not."""
    for _ in range(MOST_BATCHES):
        drained = delivering.deliver_due(house, account_id, worker=WORKER)
        counts.update({str(state): count for state, count in drained.counts.items()})
        if drained.problem or not drained.more:
            return f"account {account_id}: {drained.problem}" if drained.problem else None
    return None


@click.command()
@json_option
def tick(as_json: bool) -> None:
    """One clock tick: do everything that is due now, here."""
    with open_house() as house:
        core_crons.ensure(house)
        done = ticking.inline(house, worker=WORKER)
    told = {name: count for name, count in done.items() if count}
    text = ", ".join(f"{name} {count}" for name, count in told.items()) or "nothing was due"
    show(told, as_json=as_json, text=text)
