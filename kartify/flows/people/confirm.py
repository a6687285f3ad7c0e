"""*Confirm payment*: for stores whose OMS holds the order unpaid until it is told (FYND). The button and the cron use
the same delivery row, so one press, two presses and the cron together make one call."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, select

from kartify.domain.delivery import Kind, State
from kartify.domain.errors import Conflict, NotFound
from kartify.domain.status import Status
from kartify.flows.delivering import deliver
from kartify.flows.people import byhand
from kartify.house import House
from kartify.models import Delivery, Order, table

outbox, orders = table(Delivery), table(Order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What came of it, in words for the person who pressed."""

    state: str
    text: str


def confirm_payment(house: House, order_id: UUID, *, by: str, reason: str) -> Confirmed:
    """A missing order is first moved by hand (gateway asked, reason kept); then its confirmation is delivered now.

    Raises ``Conflict`` when someone else has it in hand or there is nothing to confirm.
    """
    with house.database.read() as connection:
        status = _status(connection, order_id)
    if status in (Status.MISSING, Status.FAILED):
        byhand.move(house, order_id, target=Status.PROCESSING, by=by, reason=reason)
    with house.database.read() as connection:
        row = _row(connection, order_id)
    if row is None:
        raise Conflict(f"this order is {status} and has no payment to confirm at its OMS")
    if row["state"] == State.DONE:
        return Confirmed(state=State.DONE, text=f"Already confirmed at the OMS as {row['receipt']}.")
    result = deliver.deliver_now(house, row["id"], by=by)
    return Confirmed(state=result.state, text=result.text)


def find_order(house: House, name: str, *, stores: Collection[UUID] | None = None) -> UUID:
    """By the OMS's own order id or our number, in these ``stores`` (None is all). Raises ``NotFound``, ``Conflict``
    when two stores have that number."""
    found = select(orders.c.id).where(or_(orders.c.oms_order_id == name.strip(), orders.c.number == name.strip()))
    if stores is not None:
        found = found.where(orders.c.store_id.in_(stores))
    with house.database.read() as connection:
        ids = list(connection.execute(found.limit(2)).scalars())
    if not ids:
        raise NotFound(f"no order has the number or OMS id '{name.strip()}'")
    if len(ids) > 1:
        raise Conflict("two stores have an order of that number; open the right one in Sales » Orders")
    return ids[0]


def _status(connection: Connection, order_id: UUID) -> Status:
    found = connection.execute(select(orders.c.status).where(orders.c.id == order_id)).scalar()
    if found is None:
        raise NotFound("there is no such order")
    return Status(found)


def _row(connection: Connection, order_id: UUID) -> Any:
    found = select(outbox).where(
        outbox.c.order_id == order_id, outbox.c.kind == Kind.CONFIRM, outbox.c.state != State.WITHDRAWN
    )
    return connection.execute(found).mappings().first()
