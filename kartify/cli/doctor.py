"""``kartify doctor``: what would keep this installation from working."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Literal

import click
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from kartify import certificates, clock, registry
from kartify.cli import find
from kartify.cli.here import NotHere, settings_here
from kartify.cli.house import open_house
from kartify.cli.output import columns, json_option, show
from kartify.house import House
from kartify.migrations.run import current, head
from kartify.models import Heartbeat, table
from kartify.plugin.gateway import Gateway
from kartify.registry import BrokenPlugins
from kartify.settings import BrokenSettings, Settings

SILENT = timedelta(seconds=60)
heartbeats = table(Heartbeat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A *note* is worth knowing and no reason to hold a deployment; a *problem* is."""

    name: str
    state: Literal["ok", "note", "problem"]
    text: str


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check configuration, database, Redis, plugins, accounts and heartbeats. Exit code 1 for any problem."""
    checks = list(_checks())
    bad = any(one.state == "problem" for one in checks)
    text = columns([(one.state, one.name, one.text.replace("\n", " ")) for one in checks])
    show({"ok": not bad, "checks": [asdict(one) for one in checks]}, as_json=as_json, text=text)
    if bad:
        raise click.exceptions.Exit(1)


def _checks() -> Iterator[Check]:
    try:
        settings = settings_here()
    except (BrokenSettings, NotHere) as problem:
        yield Check(name="configuration", state="problem", text=str(problem))
        return
    yield Check(name="configuration", state="ok", text=f"public address {settings.public_url}")
    yield _redis(settings)
    try:
        found = registry.load()
    except BrokenPlugins as problem:
        yield Check(name="plugins", state="problem", text=str(problem))
        return
    yield Check(name="plugins", state="ok", text=", ".join(sorted(found.partners)) or "none is installed")
    doubtful = sorted(
        slug for slug, one in found.partners.items()
        if issubclass(one.partner, Gateway) and certificates.standing(one.partner)[0] != "certified"
    )
    if doubtful:
        told = f"{', '.join(doubtful)}: not certified as they are now; 'kartify plugins certify SLUG' runs the kit"
        yield Check(name="certificates", state="note", text=told)
    with open_house() as house:
        database = _database(house)
        yield database
        if database.state == "ok":
            yield from _accounts(house)
            yield from _beats(house)


def _redis(settings: Settings) -> Check:
    try:
        with Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=2) as connection:
            connection.ping()
    except (RedisError, OSError) as problem:
        return Check(name="redis", state="problem", text=f"does not answer ({type(problem).__name__})")
    return Check(name="redis", state="ok", text="answers")


def _database(house: House) -> Check:
    try:
        with house.database.read() as connection:
            now = current(connection)
    except SQLAlchemyError as problem:
        return Check(name="database", state="problem", text=f"out of reach ({type(problem).__name__})")
    if now != head():
        told = f"at {now or 'nothing'}, expected {head()}: run 'kartify db upgrade'"
        return Check(name="database", state="problem", text=told)
    return Check(name="database", state="ok", text=f"{house.database.engine.dialect.name}, migrated to {now}")


def _accounts(house: House) -> Iterator[Check]:
    for row in find.all_accounts(house):
        loaded = house.accounts.get(row["id"])
        name = f"account {row['label']}"
        if loaded.problem:
            yield Check(name=name, state="problem", text=loaded.problem)
        elif row["state"] == "denied":
            yield Check(name=name, state="problem", text=f"{row['id']} was denied: {row['state_reason']}")
        elif row["state"] != "active":
            yield Check(name=name, state="note", text=f"{row['id']} is {row['state']}: {row['state_reason']}")
        else:
            yield Check(name=name, state="ok", text=f"{row['id']}, {row['mode']}")


def _beats(house: House) -> Iterator[Check]:
    """Never seen is normal before the first start; silent since is not."""
    newest = select(heartbeats.c.role, func.max(heartbeats.c.at).label("at")).group_by(heartbeats.c.role)
    with house.database.read() as connection:
        seen = {row.role: row.at for row in connection.execute(newest)}
    for role in ("worker", "clock"):
        if role not in seen:
            yield Check(name=role, state="note", text="never seen yet")
            continue
        age = clock.now() - seen[role]
        told = f"last seen {round(age.total_seconds())} s ago"
        yield Check(name=role, state="problem" if age > SILENT else "ok", text=told)
