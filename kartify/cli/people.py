"""``kartify apikey`` and ``kartify user``."""

from __future__ import annotations

import sys
from typing import Literal

import click

from kartify.cli.house import open_house
from kartify.cli.output import json_option, show
from kartify.flows.people import keys, users


@click.group()
def apikey() -> None:
    """Make and revoke API keys."""


@apikey.command("create")
@click.argument("store")
@click.option("--scope", type=click.Choice(["storefront", "oms"]), required=True)
@click.option("--label", help="Who uses it; the timeline shows this name.")
@json_option
def create_key(store: str, scope: Literal["storefront", "oms"], label: str | None, as_json: bool) -> None:
    """Make a key for one store. It is shown this once only."""
    with open_house() as house:
        key = keys.create_key(house, store, scope, label=label)
    show({"key": key, "store": store, "scope": scope}, as_json=as_json)


@apikey.command()
@click.argument("prefix")
@json_option
def revoke(prefix: str, as_json: bool) -> None:
    """Revoke the key that begins with PREFIX, as the admin shows it."""
    with open_house() as house:
        keys.revoke_key(house, prefix)
    show({"revoked": prefix}, as_json=as_json)


@click.group()
def user() -> None:
    """Make people who work in the admin."""


@user.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice(users.ROLES), required=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@json_option
def create_user(email: str, role: str, password_stdin: bool, as_json: bool) -> None:
    """Make a user. Without --password-stdin the password is asked for."""
    password = (
        sys.stdin.read().rstrip("\r\n")
        if password_stdin
        else click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    )
    with open_house() as house:
        user_id = users.create_user(house, email, role, password)
    show({"id": user_id, "email": email, "role": role}, as_json=as_json)
