"""``kartify laws``: the ten laws on the live database."""

from __future__ import annotations

from dataclasses import asdict

import click

from kartify.cli.house import open_house
from kartify.cli.output import json_option, show
from kartify.flows.proof.laws import LAWS, check


@click.command()
@json_option
def laws(as_json: bool) -> None:
    """Check the ten laws. Exit code 1, and the rows, when one is broken."""
    with open_house() as house:
        broken = check(house)
    good = f"All {len(LAWS)} laws hold."
    text = "\n".join(str(one) for one in broken) or good
    show({"ok": not broken, "broken": [asdict(one) for one in broken]}, as_json=as_json, text=text)
    if broken:
        raise click.exceptions.Exit(1)
