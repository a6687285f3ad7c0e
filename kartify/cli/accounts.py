"""``kartify account``: gateway and OMS accounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import click

from kartify import contain
from kartify.accounts import Broken, secret_names
from kartify.cli import find
from kartify.cli.here import me
from kartify.cli.house import open_house
from kartify.cli.output import json_option, show
from kartify.cli.values import pairs
from kartify.flows.ground import audit
from kartify.flows.people import stores
from kartify.house import House
from kartify.plugin.oms import Oms
from kartify.plugin.partner import Partner

KEYS = "KEY=VALUE..."


@click.group()
def account() -> None:
    """Add, change, pause and test gateway and OMS accounts.

    Secrets come as key=@env:NAME, or as key=- from standard input (several: one a line, in their order).
    """


@account.command()
@click.argument("store")
@click.argument("slug")
@click.argument("values", nargs=-1, metavar=KEYS)
@click.option("--label", help="What people call this account.")
@click.option("--test", is_flag=True, help="Refuse settings that move real money.")
@click.option("--uncertified-because", metavar="REASON",
              help="Take a live account of a plugin without a certificate upon yourself; audited.")
@json_option
def add(
    store: str, slug: str, values: tuple[str, ...], as_json: bool, uncertified_because: str | None, **options: Any
) -> None:
    """Add an account of plugin SLUG to a store; prints where the partner finds us."""
    if uncertified_because is not None:
        options["uncertified"] = audit.Act(
            by=me(), action="uncertified plugin", subject="", text=f"{slug}: {uncertified_because}"
        )
    with open_house() as house:
        kind = house.registry.partner(slug)
        given = pairs(values, secrets=secret_names(kind) if kind else ())
        account_id = stores.add_account(house, store, slug, given, **options)
        show(_told(house, account_id), as_json=as_json)


def _told(house: House, account_id: UUID) -> dict[str, Any]:
    row = find.account(house, account_id)
    kind = house.registry.partner(row["slug"])
    return {
        "id": str(account_id), "slug": row["slug"], "label": row["label"], "mode": row["mode"], "state": row["state"],
        "webhook_url": _webhook_url(house, account_id, kind),
        "callback_url": house.callback_url(account_id) if row["kind"] == "gateway" else None,
    }


def _webhook_url(house: House, account_id: UUID, kind: type[Partner] | None) -> str | None:
    """A gateway's door; an OMS calls the first route that its plugin declares."""
    if kind is None or not issubclass(kind, Oms):
        return house.webhook_url(account_id)
    return f"{house.public_url}/partners/{account_id}/{kind.routes[0].path}" if kind.routes else None


@account.command("set")
@click.argument("account_id", metavar="ID")
@click.argument("values", nargs=-1, required=True, metavar=KEYS)
@json_option
def set_(account_id: str, values: tuple[str, ...], as_json: bool) -> None:
    """Change settings of an account; 'key=' takes an optional one away."""
    with open_house() as house:
        found = find.account_id(house, account_id)
        kind = house.registry.partner(find.account(house, found)["slug"])
        stores.set_account(house, found, pairs(values, secrets=secret_names(kind) if kind else ()), by=me())
        show(_told(house, found), as_json=as_json)


@account.command()
@click.argument("account_id", metavar="ID")
@click.option("--reason", default="", help="Why; shown in the admin.")
@json_option
def pause(account_id: str, reason: str, as_json: bool) -> None:
    """No more calls to this partner; what reaches us is still taken."""
    with open_house() as house:
        found = find.account_id(house, account_id)
        stores.pause_account(house, found, by=me(), reason=reason or "paused by hand")
        show(_told(house, found), as_json=as_json)


@account.command()
@click.argument("account_id", metavar="ID")
@json_option
def resume(account_id: str, as_json: bool) -> None:
    """Calls go on."""
    with open_house() as house:
        found = find.account_id(house, account_id)
        stores.resume_account(house, found, by=me())
        show(_told(house, found), as_json=as_json)


@account.command()
@click.argument("account_id", metavar="ID")
@json_option
def test(account_id: str, as_json: bool) -> None:
    """Make one harmless call with the account's settings."""
    with open_house() as house:
        loaded = house.accounts.get(find.account_id(house, account_id))
        if loaded.partner is None:
            raise Broken(loaded.problem or "this account cannot be used")
        partner = loaded.partner
        said = contain.asking("test", str, lambda: partner.test(house.client), seconds=partner.deadline)
    show({"id": str(loaded.id), "ok": True, "answer": said}, as_json=as_json, text=said)


@account.command()
@click.argument("store")
@click.argument("account_id", metavar="ID")
@json_option
def link(store: str, account_id: str, as_json: bool) -> None:
    """Let one more store use an account."""
    with open_house() as house:
        found = find.account_id(house, account_id)
        stores.link_account(house, store, found)
        show({"store": store, **_told(house, found)}, as_json=as_json)
