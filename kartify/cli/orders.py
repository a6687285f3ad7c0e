"""``kartify order``: the whole timeline, and the one door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import click
from sqlalchemy.orm import Session

from kartify import links
from kartify.admin.frame.look import zone_of
from kartify.admin.sales import order_data, sentence, timeline
from kartify.admin.sales.order_data import OrderData
from kartify.admin.sales.timeline import Entry
from kartify.cli import find
from kartify.cli.here import me
from kartify.cli.house import open_house
from kartify.cli.output import json_option, show
from kartify.cli.second import COMMANDS, by_option, told_of, told_to_wait
from kartify.domain.errors import Conflict
from kartify.domain.money import display
from kartify.domain.status import Actor, Status
from kartify.flows.people import byhand
from kartify.flows.people.approvals import NeedsSecond
from kartify.flows.storefront import cancel, order_read
from kartify.house import House


@click.group()
def order() -> None:
    """Look at an order, or move it."""


for command in COMMANDS:
    order.add_command(command)


@order.command("show")
@click.argument("store")
@click.argument("number")
@json_option
def show_order(store: str, number: str, as_json: bool) -> None:
    """Everything known of an order, and what every source said and when, oldest first."""
    with open_house() as house:
        order_id = find.order_id(house, store, number)
        summary = order_read.read_order(house, order_id)
        with Session(house.database.engine.execution_options(kartify_read=True)) as session:
            data = order_data.load(session, order_id)
            entries = sorted(timeline.entries(data, personal=True), key=lambda one: one.at)
            link = links.status_url(house, order_id)
            told = {**summary, "store": store, "status_url": link, **_money(data),
                    "timeline": [_entry(one) for one in entries]}
            show(told, as_json=as_json, text=f"{_text(data, entries)}\n\nThe customer's own page: {link}")


def _money(data: OrderData) -> dict[str, Any]:
    return {
        "settlements": [
            {"amount": one.amount, "currency": one.currency, "kind": one.kind, "channel": one.channel, "by": one.by,
             "at": one.settled_at, "reversed_at": one.reversed_at}
            for one in data.settlements
        ],
        "deliveries": [
            {"kind": one.kind, "state": one.state, "account": one.account_id, "receipt": one.receipt,
             "attempts": one.attempts, "reason": one.reason, "last_error": one.last_error}
            for one in data.deliveries
        ],
        "exceptions": [
            {"type": one.type, "reason": one.reason, "money_held": one.money_held, "difference": one.difference,
             "open": one.closed_at is None}
            for one in data.cases
        ],
    }


def _entry(one: Entry) -> dict[str, Any]:
    return {"at": one.at, "source": one.source, "title": one.title, "by": one.by, "more": list(one.more)}


def _text(data: OrderData, entries: Sequence[Entry]) -> str:
    row = data.order
    head = f"{row.number}  {row.status}  {display(row.total, row.currency)}, due {display(row.due, row.currency)}"
    lines = [head, *sentence.sentences(data), "", f"Timeline ({data.store.timezone}):"]
    zone = zone_of(data.store.timezone)
    for one in entries:
        by = f"  [{one.by}]" if one.by else ""
        lines.append(f"  {one.at.astimezone(zone):%d %b %H:%M:%S}  {one.title}{by}")
        lines += [f"                     {more}" for more in one.more if more]
    return "\n".join(lines)


@order.command()
@click.argument("store")
@click.argument("number")
@click.argument("status", type=click.Choice([status.value for status in Status]))
@click.option("--reason", required=True, help="Why, in a few words; it stays on the timeline.")
@click.option("--evidence", help="What shows it, such as a bank reference.")
@click.option("--no-ask", is_flag=True, help="Do not ask the gateway first.")
@click.option("--yes", is_flag=True, help="For cancelled: open attempts were seen, and the refund is decided.")
@by_option
@json_option
def move(store: str, number: str, status: str, **options: Any) -> None:
    """Move an order by hand. The gateway is asked first; its answer, or 'not reachable', is attached.

    Where the store wants a second person for it, the move is asked for and the exit code is 3.
    """
    with open_house() as house:
        order_id = find.order_id(house, store, number)
        target = Status(status)
        try:
            told = _cancel(house, order_id, options) if target is Status.CANCELLED else _move(
                house, order_id, target, options)
        except NeedsSecond as waits:
            told_to_wait(house, order_id, waits, names=(store, number), as_json=options["as_json"])
    done = {"store": store, "number": number, **told}
    show(done, as_json=options["as_json"], text=f"{number}: {told['text']}")


def _move(house: House, order_id: UUID, target: Status, options: dict[str, Any]) -> dict[str, Any]:
    moved = byhand.move(
        house, order_id, target=target, by=me(options["by"]), reason=options["reason"], evidence=options["evidence"],
        ask=not options["no_ask"],
    )
    return told_of(moved)


def _cancel(house: House, order_id: UUID, options: dict[str, Any]) -> dict[str, Any]:
    evidence = f" ({options['evidence']})" if options["evidence"] else ""
    wish = cancel.Wish(
        actor=Actor.STAFF, by=me(options["by"]), reason=f"{options['reason']}{evidence}", confirmed=options["yes"],
        refund_decided=options["yes"],
    )
    try:
        word = cancel.request_cancel(house, order_id, wish)
    except Conflict as problem:
        hint = "" if options["yes"] else " (--yes says that this was seen and decided)"
        raise Conflict(f"{problem}{hint}") from None
    text = "cancelled" if word == "cancelled" else "cancel requested; it follows when the OMS agrees"
    return {"status": word, "answers": [], "text": text}
