"""``kartify apikey`` and ``kartify user``."""

from __future__ import annotations

import sys
from typing import Any, Literal

import click

from kartify.cli.here import me
from kartify.cli.house import open_house
from kartify.cli.output import json_option, show
from kartify.domain.errors import NotFound
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
        key = keys.create_key(house, store, scope, label=label, by=me())
    show({"key": key, "store": store, "scope": scope}, as_json=as_json)


@apikey.command()
@click.argument("prefix")
@click.option("--reason", default="", help="Why; it stays in the audit.")
@json_option
def revoke(prefix: str, reason: str, as_json: bool) -> None:
    """Revoke the key that begins with PREFIX, as the admin shows it."""
    with open_house() as house:
        keys.revoke_key(house, prefix, by=me(), reason=reason)
    show({"revoked": prefix}, as_json=as_json)


@click.group()
def user() -> None:
    """Make and change people who work in the admin."""


@user.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice(users.ROLES), required=True)
@click.option("--store", "stores", multiple=True, metavar="CODE", help="A store that they may see; without: all.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@json_option
def create_user(email: str, role: str, stores: tuple[str, ...], password_stdin: bool, as_json: bool) -> None:
    """Make a user. Without --password-stdin the password is asked for."""
    password = (
        sys.stdin.read().rstrip("\r\n")
        if password_stdin
        else click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    )
    with open_house() as house:
        user_id = users.create_user(house, email, role, password, stores=stores or None, by=me())
    show({"id": user_id, "email": email, "role": role, "stores": list(stores) or "all"}, as_json=as_json)


@user.command("set")
@click.argument("email")
@click.option("--role", type=click.Choice(users.ROLES))
@click.option("--store", "stores", multiple=True, metavar="CODE", help="The stores that they may see from now on.")
@click.option("--all-stores", is_flag=True, help="They may see every store.")
@click.option("--active/--inactive", default=None, help="Give access, or take it away.")
@json_option
def set_user(email: str, as_json: bool, **options: Any) -> None:
    """Change role, stores or access of a user. Their sessions end."""
    stores, everywhere = options["stores"], options["all_stores"]
    if stores and everywhere:
        raise click.UsageError("--store and --all-stores exclude one another")
    if not (stores or everywhere or options["role"] or options["active"] is not None):
        raise click.UsageError("nothing to change: give --role, --store, --all-stores, --active or --inactive")
    with open_house() as house:
        member = users.find(house, email)
        if member is None:
            raise NotFound(f"there is no user {email}")
        users.set_user(
            house, member.id, by=me(), role=options["role"], active=options["active"],
            stores=stores or (None if everywhere else ...),
        )
        now = users.find(house, email)
    assert now is not None
    show({"email": now.email, "role": now.role, "stores": list(now.stores) if now.stores is not None else "all",
          "active": now.active}, as_json=as_json)
