"""Editing by people: customer, addresses, notes and metadata until it has left, guarded by the version column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from kartify import clock
from kartify.domain.errors import Conflict, Invalid
from kartify.domain.status import Status
from kartify.flows.ground import audit
from kartify.flows.settling import facts
from kartify.house import House
from kartify.models import Order, OrderMove, TimelineEntry, table

orders, moves, timeline = table(Order), table(OrderMove), table(TimelineEntry)
EDITABLE: Final = ("customer", "shipping_address", "billing_address", "notes", "metadata")
UNTIL: Final = (Status.MISSING, Status.FAILED, Status.PROCESSING)
LONGEST: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What someone else did since the form was opened: a field with both values, or a move of the status."""

    field: str
    before: Any
    after: Any
    by: str
    at: datetime


class Stale(Conflict):
    """The order changed since the form was opened; nothing was saved."""

    def __init__(self, differences: tuple[Difference, ...], version: int) -> None:
        super().__init__("Nothing was saved: the order was changed while this form was open.")
        self.differences = differences
        self.version = version


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the person saw: the version, and when (to tell what happened since)."""

    version: int
    seen_at: datetime | None = None


def edit_order(house: House, order_id: UUID, changes: Mapping[str, Any], *, form: Form, by: str) -> tuple[str, ...]:
    """Saves whole fields of ``EDITABLE``; gives the names of what really changed.

    Raises ``Stale`` with the differences, ``Conflict`` once the order has left, ``Invalid`` naming the field.
    """
    for name, value in changes.items():
        check(name, value)
    return house.database.run(lambda connection: _edit(connection, order_id, changes, form, by=by))


def check(name: str, value: Any) -> None:
    """Raises ``Invalid``."""
    if name not in EDITABLE:
        raise Invalid(name, f"expected one of {', '.join(EDITABLE)}")
    if name == "notes":
        if value is not None and (not isinstance(value, str) or len(value) > LONGEST):
            raise Invalid(name, f"expected a text of at most {LONGEST} characters")
        return
    if value is None and name in ("shipping_address", "billing_address"):
        return
    if not isinstance(value, Mapping) or len(str(value)) > LONGEST:
        raise Invalid(name, f"expected fields and values, at most {LONGEST} characters together")


_ROW = select(orders).where(orders.c.id == bindparam("order_id"))


def _edit(
    connection: Connection, order_id: UUID, changes: Mapping[str, Any], form: Form, *, by: str
) -> tuple[str, ...]:
    facts.lock(connection, order_id)
    row = connection.execute(_ROW, {"order_id": order_id}).mappings().one()
    if row["version"] != form.version:
        raise Stale(since(connection, order_id, form), row["version"])
    if row["status"] not in UNTIL:
        raise Conflict(f"the order is {row['status']}: what it was sent with can no longer be edited")
    changed = {name: value for name, value in changes.items() if row[name] != value}
    if not changed:
        return ()
    version = row["version"] + 1
    guarded = update(orders).where(orders.c.id == order_id, orders.c.version == form.version)
    done = connection.execute(guarded.values(**changed, **_contact(changed), version=version))
    if done.rowcount != 1:
        raise Stale(since(connection, order_id, form), version)
    data = {
        "version": version, "before": {name: row[name] for name in changed}, "after": changed,
    }
    text = f"edited {', '.join(name.replace('_', ' ') for name in changed)}"
    act = audit.Act(by=by, action="edit", subject=f"order:{order_id}", text=text, data=data)
    audit.write(connection, act, order_id=order_id)
    return tuple(changed)


def _contact(changed: Mapping[str, Any]) -> dict[str, Any]:
    """The searchable columns follow the customer."""
    if "customer" not in changed:
        return {}
    customer = changed["customer"]
    return {name: (str(customer.get(name) or "").strip() or None) for name in ("email", "phone")}


def since(connection: Connection, order_id: UUID, form: Form) -> tuple[Difference, ...]:
    """What others did to the order since the form was opened: edits by version, moves by time."""
    edits = select(timeline).where(timeline.c.order_id == order_id, timeline.c.kind == "edit")
    found = [
        Difference(field=name, before=row["data"]["before"].get(name), after=value, by=row["by"], at=row["at"])
        for row in connection.execute(edits.order_by(timeline.c.at)).mappings()
        if row["data"] and row["data"].get("version", 0) > form.version
        for name, value in row["data"]["after"].items()
    ]
    if form.seen_at is not None:
        later = select(moves).where(moves.c.order_id == order_id, moves.c.at >= form.seen_at)
        found += [
            Difference(field="status", before=row["source"], after=row["target"], by=row["by"], at=row["at"])
            for row in connection.execute(later.order_by(moves.c.at)).mappings()
        ]
    return tuple(sorted(found, key=lambda one: one.at))


def refuse_stale(house: House, order_id: UUID, form: Form) -> None:
    """For buttons whose flow has no version of its own. Raises ``Stale``."""
    with house.database.read() as connection:
        version = connection.execute(_ROW, {"order_id": order_id}).mappings().one()["version"]
        if version != form.version:
            raise Stale(since(connection, order_id, form), version)


def add_note(house: House, order_id: UUID, text: str, *, by: str) -> None:
    """A line of the staff on the timeline. Raises ``Invalid``."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise Invalid("note", f"expected a text of 1 to {LONGEST} characters")

    def work(connection: Connection) -> None:
        facts.lock(connection, order_id)
        act = audit.Act(by=by, action="note", subject=f"order:{order_id}", text=text)
        audit.write(connection, act, order_id=order_id)

    house.database.run(work)


def moment_seen(text: str) -> datetime | None:
    """The hidden field of a form that says when it was shown; None where it is not a moment."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo and found <= clock.now() else None
