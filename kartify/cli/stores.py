"""``kartify store``."""

from __future__ import annotations

import click

from kartify.cli.here import me
from kartify.cli.house import open_house
from kartify.cli.output import json_option, show
from kartify.cli.values import pairs
from kartify.flows.people import stores


@click.group()
def store() -> None:
    """Make stores and set their policy."""


@store.command()
@click.argument("code")
@click.option("--name", required=True, help="What people call the shop.")
@click.option("--currency", default="INR", show_default=True)
@json_option
def create(code: str, name: str, currency: str, as_json: bool) -> None:
    """Make a store. CODE is its short name: a-z, 0-9 and '-'."""
    with open_house() as house:
        store_id = stores.create_store(house, code, name=name, currency=currency)
    show({"id": store_id, "code": code, "name": name, "currency": currency}, as_json=as_json)


@store.command("set")
@click.argument("code")
@click.argument("values", nargs=-1, required=True, metavar="KEY=VALUE...")
@json_option
def set_(code: str, values: tuple[str, ...], as_json: bool) -> None:
    """Change a store: name, timezone, return_origins (comma separated), or its policy."""
    with open_house() as house:
        changed = stores.set_store(house, code, pairs(values), by=me())
    show({"code": code, **changed}, as_json=as_json)
