"""*Capture* by a person: an authorised charge that matches what is due, once, whoever asks for it and however often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from kartify import clock
from kartify.domain.decide import captures
from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.domain.money import display
from kartify.flows.ground import audit
from kartify.flows.ground.writes import Write, execute
from kartify.flows.operating.operation_rows import OPEN
from kartify.flows.settling import facts
from kartify.flows.settling.facts import KnownCharge, Snapshot
from kartify.house import House
from kartify.models import Charge, Operation, new_id, table

operations, charges = table(Operation), table(Charge)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureWish:
    """Who wants it and why. ``amount``: the authorised sum that was shown."""

    by: str
    reason: str
    amount: int


def key_of(charge_id: UUID) -> str:
    """The same as the store's policy uses: a charge has one capture."""
    return f"capture-{charge_id.hex}"


def request_capture(house: House, charge_id: UUID, wish: CaptureWish) -> UUID:
    """Queues the capture of a charge and returns the operation's id.

    Raises ``Invalid`` (no reason), ``NotFound``, ``Conflict`` (not authorised, not what is due, another charge pays,
    asked for already, no capture by API), ``Broken``.
    """
    if not wish.reason.strip():
        raise Invalid("reason", "expected why, in a few words: it stays on the order's timeline")
    with house.database.read() as connection:
        query = select(charges.c.account_id, charges.c.order_id).where(charges.c.id == charge_id)
        row = connection.execute(query).first()
    if row is None or row.order_id is None:
        raise NotFound("there is no such charge of an order")
    gateway = house.accounts.get(row.account_id).gateway()
    if not gateway.can.capture:
        raise Conflict(f"{gateway.name} has no capture by API: do it in its dashboard, the news comes by itself")
    operation_id = house.database.run(lambda connection: _queue(connection, row.order_id, charge_id, wish))
    house.waker.wake("operations")
    return operation_id


def _queue(connection: Connection, order_id: UUID, charge_id: UUID, wish: CaptureWish) -> UUID:
    snapshot = facts.locked(connection, order_id)
    known = next((one for one in snapshot.charges if one.view.id == charge_id), None)
    if known is None:
        raise NotFound("this order has no such charge")
    _check(connection, snapshot, known, wish)
    query = select(operations).where(operations.c.key == key_of(charge_id)).with_for_update()
    asked = connection.execute(query).mappings().first()
    operation_id = _again(connection, asked, wish) if asked else _new(connection, snapshot, known, wish)
    text = f"capture of {display(wish.amount, known.view.facts.currency or '')} asked for: {wish.reason.strip()}"
    act = audit.Act(by=wish.by, action="capture", subject=f"operation:{operation_id}", text=text)
    audit.write(connection, act, order_id=order_id)
    return operation_id


def _check(connection: Connection, snapshot: Snapshot, known: KnownCharge, wish: CaptureWish) -> None:
    money = known.view.facts
    if not captures(snapshot.view, known.view):
        raise Conflict(f"this charge is {money.state} and not what the order needs: it is not captured")
    if money.authorized != wish.amount:
        raise Conflict(f"{display(money.authorized, money.currency or '')} is authorised by now")
    others = select(operations.c.id).where(
        operations.c.order_id == snapshot.order_id, operations.c.charge_id != known.view.id,
        operations.c.kind == "capture", operations.c.state.in_(OPEN),
    )
    if connection.execute(others).first() is not None:
        raise Conflict("another charge of this order is being captured: one is enough")


def _again(connection: Connection, asked: Any, wish: CaptureWish) -> UUID:
    """One that waits goes now; one that failed is tried once more; one that is out is not repeated."""
    at = clock.now()
    if asked["lease_until"] is not None and asked["lease_until"] > at:
        raise Conflict("the gateway is being told right now; look again in a few seconds")
    if asked["state"] in OPEN and asked["due_at"] is not None and asked["due_at"] <= at:
        raise Conflict(f"asked for already by {asked['by']}: the next free worker tells the gateway")
    fresh = asked["state"] not in OPEN
    values = {"due_at": at, "by": wish.by[:200], "reason": wish.reason.strip(), "fence": asked["fence"] + 1}
    if fresh:
        values |= {"state": "due", "attempts": 0, "last_error": None, "done_at": None, "lease_until": None}
    same = (operations.c.id == asked["id"]) & (operations.c.fence == asked["fence"])
    if connection.execute(update(operations).where(same).values(values)).rowcount != 1:
        raise Conflict("someone else was quicker; look again")
    operation_id: UUID = asked["id"]
    return operation_id


def _new(connection: Connection, snapshot: Snapshot, known: KnownCharge, wish: CaptureWish) -> UUID:
    at, operation_id = clock.now(), new_id()
    values = {
        "id": operation_id, "key": key_of(known.view.id), "charge_id": known.view.id, "order_id": snapshot.order_id,
        "account_id": known.account_id, "kind": "capture", "amount": wish.amount,
        "currency": known.view.facts.currency, "state": "due", "by": wish.by[:200], "reason": wish.reason.strip(),
        "due_at": at, "created_at": at,
    }
    execute(connection, [Write("operation_once", values)])
    return operation_id
