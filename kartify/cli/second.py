"""``kartify order approve``, ``refuse``, ``withdraw``: what a second person must agree to."""

from __future__ import annotations

import sys
from typing import Any, Final, NoReturn
from uuid import UUID

import click

from kartify.admin.frame.permissions import Permission, allows, who_may
from kartify.cli import find
from kartify.cli.here import me
from kartify.cli.house import open_house
from kartify.cli.output import json_option, show
from kartify.domain.errors import Conflict
from kartify.flows.people import approvals, second, users
from kartify.flows.people.approvals import NeedsSecond
from kartify.flows.people.byhand import ByHand
from kartify.flows.storefront import order_read
from kartify.house import House

# Not done, and nothing is wrong: the move waits for a second person.
WAITS: Final = 3
by_option = click.option(
    "--by", metavar="NAME", help="Who you are, where several people share this login; it stands beside the name."
)


def told_of(moved: ByHand) -> dict[str, Any]:
    answers = "".join(f"\n  the gateway said: {answer}" for answer in moved.answers)
    return {"status": moved.status, "answers": list(moved.answers), "text": f"{moved.text}{answers}"}


def told_to_wait(
    house: House, order_id: UUID, waits: NeedsSecond, *, names: tuple[str, str], as_json: bool
) -> NoReturn:
    """Says that nothing was moved and what another person does now; ends with its own exit code."""
    store, number = names
    status = order_read.read_order(house, order_id)["status"]
    text = f"Not moved: {waits}. On the command line: kartify order approve {store} {number} --by NAME"
    if as_json:
        show({"store": store, "number": number, "status": status, "waits_for": "second person",
              "approval": waits.approval_id, "text": text}, as_json=True)
    else:
        click.echo(f"{number}: {text}", err=True)
    sys.exit(WAITS)


@click.command()
@click.argument("store")
@click.argument("number")
@by_option
@json_option
def approve(store: str, number: str, by: str | None, as_json: bool) -> None:
    """Agree, as the second person, to the move that someone asked for. The gateway is asked again before it."""
    with open_house() as house:
        request = _waiting(house, store, number)
        _may(house, by, store)
        told = told_of(second.approve(house, request["id"], by=me(by)))
    show({"store": store, "number": number, **told}, as_json=as_json, text=f"{number}: {told['text']}")


@click.command()
@click.argument("store")
@click.argument("number")
@click.option("--reason", required=True, help="Why not, in a few words; whoever asked reads it.")
@by_option
@json_option
def refuse(store: str, number: str, reason: str, by: str | None, as_json: bool) -> None:
    """Refuse the move that someone asked for. Nothing is moved."""
    with open_house() as house:
        request = _waiting(house, store, number)
        _may(house, by, store)
        text = second.refuse(house, request["id"], by=me(by), reason=reason)
    show({"store": store, "number": number, "request": "refused", "text": text}, as_json=as_json, text=text)


@click.command()
@click.argument("store")
@click.argument("number")
@by_option
@json_option
def withdraw(store: str, number: str, by: str | None, as_json: bool) -> None:
    """Take back the move that you asked for."""
    with open_house() as house:
        text = second.withdraw(house, _waiting(house, store, number)["id"], by=me(by))
    show({"store": store, "number": number, "request": "withdrawn", "text": text}, as_json=as_json, text=text)


COMMANDS: Final = (approve, refuse, withdraw)


def _waiting(house: House, store: str, number: str) -> Any:
    """Raises ``Conflict`` where nobody asked for anything."""
    order_id = find.order_id(house, store, number)
    with house.database.read() as connection:
        found = approvals.waiting(connection, order_id)
    if found is None:
        raise Conflict(f"nothing of order {number} waits for a second person")
    return found


def _may(house: House, name: str | None, store: str) -> None:
    """A name that is a user of the admin may here no more than there. Raises ``Conflict``."""
    member = users.find(house, name) if name else None
    if member is None:
        return
    if not member.active or not allows(member.role, Permission.WORK):
        raise Conflict(f"{name} may not agree to this: it takes an active user with role {who_may(Permission.WORK)}")
    if member.stores is not None and store not in member.stores:
        raise Conflict(f"{name} may not see store {store}")
