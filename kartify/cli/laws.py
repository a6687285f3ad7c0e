"""``kartify laws``: the ten laws on the live database, and the chains of what must not change."""

from __future__ import annotations

from dataclasses import asdict

import click

from kartify.cli.house import open_house
from kartify.cli.output import json_option, show
from kartify.flows.proof import seal_watch
from kartify.flows.proof.laws import LAWS, check


@click.command()
@click.option("--seals", is_flag=True, help="Only the sealed chains.")
@click.option("--anchor", metavar="POSITION:DIGEST", help="Also compare the book with an anchor from an old log.")
@json_option
def laws(as_json: bool, seals: bool, anchor: str | None) -> None:
    """Check the ten laws, and every link and row of the sealed chains (minutes, for a million orders). Exit code 1,
    and the rows, when something is broken."""
    with open_house() as house:
        broken = [] if seals else check(house)
        torn = [*seal_watch.full(house), *(seal_watch.anchored(house, anchor) if anchor else ())]
    good = "Every chain is whole." if seals else f"All {len(LAWS)} laws hold, every chain is whole."
    text = "\n".join(str(one) for one in (*broken, *torn)) or good
    told = {"broken": [asdict(one) for one in broken], "seals": [asdict(one) for one in torn]}
    show({"ok": not broken and not torn, **told}, as_json=as_json, text=text)
    if broken or torn:
        raise click.exceptions.Exit(1)
