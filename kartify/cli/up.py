"""``kartify up``: everything on one machine, in one process group."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, suppress

import click

from kartify import registry
from kartify.cli import embedded
from kartify.cli.here import ADDRESS, set_logging
from kartify.cli.house import house_of
from kartify.demo import people, simulators
from kartify.demo.narrator import Narrator
from kartify.demo.players import Players
from kartify.demo.setup import GATEWAYS_SHOP, Demo, prepare, wanted_by
from kartify.demo.teller import Teller
from kartify.demo.till import make_till
from kartify.house import House
from kartify.settings import Settings
from kartify.testing.serve import serving, simulating


@click.command()
@click.option("--demo", is_flag=True, help="Fill a store that tells the story, and keep telling it.")
def up(demo: bool) -> None:
    """Bring up the embedded stack: migrate, Redis, web, worker, clock. Ctrl-C stops all."""
    set_logging(logging.WARNING)
    settings = Settings.embedded()
    click.echo("kartify starts …")
    urls = simulators.addresses(settings.home, _slugs(), after=settings.port) if demo else {}
    # Ctrl-C is how it is meant to end, at whatever moment.
    with suppress(KeyboardInterrupt), ExitStack() as until_the_end:
        story = {slug: url for slug, url in urls.items() if slug in simulators.SLUGS}
        children = until_the_end.enter_context(embedded.stack(settings, say=_child, more=_simulators(story)))
        house = until_the_end.enter_context(house_of(settings))
        for slug in urls.keys() - story.keys() - {TILL}:
            port = int(urls[slug].rpartition(":")[2])
            until_the_end.enter_context(simulating(house.registry.simulators[slug], port=port))
        (settings.home / ADDRESS).write_text(f"{settings.public_url}\n", "utf-8")
        logins = people.first_admin(house, settings.home)
        ready = _demo(house, settings, urls) if demo else None
        click.echo(_welcome(settings, ready.logins if ready else logins, ready, urls.get(TILL)))
        until_the_end.enter_context(Narrator(house, click.echo))
        if ready:
            players = Players(embedded.local_url(settings), ready)
            until_the_end.enter_context(_till(house, players, urls[TILL]))
            until_the_end.enter_context(Teller(house, players, click.echo))
        children.wait()
    click.echo("kartify has stopped.")


def _child(name: str, line: str) -> None:
    click.echo(f"{name}: {line}", err=True)


def _simulators(urls: Mapping[str, str]) -> dict[str, list[str]]:
    return {slug: ["simulate", slug, "--port", url.rpartition(":")[2], "--quiet"] for slug, url in urls.items()}


TILL = "till"


def _slugs() -> tuple[str, ...]:
    """Those of the story, then every other gateway that has a stand-in, then the till."""
    found = registry.load()
    others = sorted(slug for slug, one in found.partners.items()
                    if one.partner.kind == "gateway" and slug in found.simulators and slug not in simulators.SLUGS)
    return (*simulators.SLUGS, *others, TILL)


def _till(house: House, players: Players, url: str) -> AbstractContextManager[str]:
    slugs = [slug for slug in wanted_by(players.demo.urls)[GATEWAYS_SHOP] if slug in house.registry.partners]
    partners = {slug: house.registry.partners[slug].partner for slug in slugs}
    names = {slug: kind.name for slug, kind in partners.items() if kind.kind == "gateway"}
    return serving(make_till(players, names, address=lambda: url), int(url.rpartition(":")[2]))


def _demo(house: House, settings: Settings, urls: Mapping[str, str]) -> Demo:
    served = {slug: url for slug, url in urls.items() if slug != TILL}
    simulators.wait_for(served)
    return prepare(house, settings.home, served)


def _welcome(settings: Settings, logins: Mapping[str, str], ready: Demo | None, till: str | None) -> str:
    lines = ["", "kartify is up.", f"  Admin       {settings.public_url}/admin/", f"  API         {settings.public_url}"
             "/api/docs"]
    for place, (email, password) in enumerate(logins.items()):
        lines.append(f"  {'Log in as' if not place else '':<10}  {email}  {password}")
    if not logins:
        lines.append("  Log in as a user that was made with 'kartify user create' or in the admin.")
    if ready:
        lines += [
            f"  Pay page and gateway's dashboard   {ready.urls['sandbox']}/dashboard",
            f"  The OMS                            {ready.urls['sandbox-oms']}/",
            f"  Try every gateway by hand          {till}/",
            f"  Stores: {', '.join(ready.keys)}; API keys in {settings.home}",
        ]
    return "\n".join([*lines, f"  Data in {settings.home}. Ctrl-C stops everything.", ""])
