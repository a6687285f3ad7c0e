"""*Capture* and *Void* by a person: an authorised charge is taken where it is what the order needs, and let go where it
is not; once, whoever asks and however often. A refund goes its own way: ``operations``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, Select, select, update

from kartify import clock
from kartify.domain.decide import captures, voids
from kartify.domain.errors import Conflict, Invalid, KartifyError, NotFound
from kartify.domain.money import display
from kartify.flows.ground import audit
from kartify.flows.ground.writes import Write, execute
from kartify.flows.operating.operation_rows import OPEN
from kartify.flows.settling import facts
from kartify.flows.settling.facts import KnownCharge, Snapshot
from kartify.house import House
from kartify.models import Charge, Operation, new_id, table

operations, charges = table(Operation), table(Charge)
Kind = Literal["capture", "void"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Who wants it and why. ``amount``: the authorised sum that was shown, in minor units."""

    by: str
    reason: str
    amount: int


def request_capture(house: House, charge_id: UUID, wish: Wish) -> UUID:
    """Queues the capture of a charge and returns the operation's id.

    Raises ``Invalid`` (no reason), ``NotFound``, ``Conflict`` (not authorised, not what is due, another charge pays,
    asked for already, being voided, no capture by API), ``Broken``.
    """
    return _request(house, charge_id, "capture", wish)


def request_void(house: House, charge_id: UUID, wish: Wish) -> UUID:
    """Queues the void of an authorised charge, so that the customer's bank lets go of the money, and returns the
    operation's id.

    Raises ``Invalid`` (no reason), ``NotFound``, ``Conflict`` (not authorised, the order needs it or went out on it,
    asked for already, being captured, no void by API), ``Broken``.
    """
    return _request(house, charge_id, "void", wish)


def open_to(house: House, order_id: UUID) -> dict[UUID, Kind]:
    """Which charges of the order a person may capture or void now: by what it needs, what is out, and what the gateway
    takes by API. Raises ``NotFound``."""
    with house.database.read() as connection:
        snapshot = facts.load(connection, order_id)
        out = list(connection.execute(_out(order_id)))
    found: dict[UUID, Kind] = {}
    for known in snapshot.charges:
        kind = _fitting(snapshot, known)
        if kind is None or any((row.charge_id, row.kind) == (known.view.id, kind) for row in out):
            continue
        if not any(_in_the_way(row, known.view.id, kind) for row in out) and _takes(house, known.account_id, kind):
            found[known.view.id] = kind
    return found


def _fitting(snapshot: Snapshot, known: KnownCharge) -> Kind | None:
    if captures(snapshot.view, known.view):
        return "capture"
    return "void" if voids(snapshot.view, known.view) else None


def _takes(house: House, account_id: UUID, kind: Kind) -> bool:
    try:
        return bool(getattr(house.accounts.get(account_id).gateway().can, kind))
    except KartifyError:
        return False


def _out(order_id: UUID) -> Select[Any]:
    """Captures and voids that the gateway has not answered for good."""
    return select(operations.c.charge_id, operations.c.kind, operations.c.by, operations.c.state).where(
        operations.c.order_id == order_id, operations.c.state.in_(OPEN), operations.c.kind != "refund"
    )


def _in_the_way(row: Any, charge_id: UUID, kind: Kind) -> bool:
    """The capture of another charge; or the other way for this one, once it is out: what is only due is held against
    the order before it goes."""
    if row.charge_id != charge_id:
        return bool(row.kind == kind == "capture")
    return bool(row.kind != kind and row.state != "due")


def _request(house: House, charge_id: UUID, kind: Kind, wish: Wish) -> UUID:
    if not wish.reason.strip():
        raise Invalid("reason", "expected why, in a few words: it stays on the order's timeline")
    with house.database.read() as connection:
        query = select(charges.c.account_id, charges.c.order_id).where(charges.c.id == charge_id)
        row = connection.execute(query).first()
    if row is None or row.order_id is None:
        raise NotFound("there is no such charge of an order")
    gateway = house.accounts.get(row.account_id).gateway()
    if not getattr(gateway.can, kind):
        raise Conflict(f"{gateway.name} has no {kind} by API: do it in its dashboard, the news comes by itself")
    operation_id = house.database.run(lambda connection: _queue(connection, row.order_id, charge_id, kind, wish))
    house.waker.wake("operations")
    return operation_id


def _queue(connection: Connection, order_id: UUID, charge_id: UUID, kind: Kind, wish: Wish) -> UUID:
    snapshot = facts.locked(connection, order_id)
    known = next((one for one in snapshot.charges if one.view.id == charge_id), None)
    if known is None:
        raise NotFound("this order has no such charge")
    _check(snapshot, known, kind, wish)
    _check_others(connection, snapshot, known, kind)
    query = select(operations).where(operations.c.key == _key(charge_id, kind)).with_for_update()
    asked = connection.execute(query).mappings().first()
    operation_id = _again(connection, asked, wish) if asked else _new(connection, snapshot, known, kind, wish)
    text = f"{kind} of {display(wish.amount, known.view.facts.currency or '')} asked for: {wish.reason.strip()}"
    act = audit.Act(by=wish.by, action=kind, subject=f"operation:{operation_id}", text=text)
    audit.write(connection, act, order_id=order_id)
    return operation_id


def _key(charge_id: UUID, kind: Kind) -> str:
    """The same as the store's policy uses: a charge has one capture and one void."""
    return f"{kind}-{charge_id.hex}"


def _check(snapshot: Snapshot, known: KnownCharge, kind: Kind, wish: Wish) -> None:
    money = known.view.facts
    if kind == "capture" and not captures(snapshot.view, known.view):
        raise Conflict(f"this charge is {money.state} and not what the order needs: it is not captured")
    if kind == "void" and not voids(snapshot.view, known.view):
        raise Conflict(f"this charge is {money.state}: only an authorised one that the order does not need is voided")
    if money.authorized != wish.amount:
        raise Conflict(f"{display(money.authorized, money.currency or '')} is authorised by now")


def _check_others(connection: Connection, snapshot: Snapshot, known: KnownCharge, kind: Kind) -> None:
    for row in connection.execute(_out(snapshot.order_id)):
        if not _in_the_way(row, known.view.id, kind):
            continue
        if row.charge_id != known.view.id:
            raise Conflict("another charge of this order is being captured: one is enough")
        raise Conflict(f"its {row.kind} was asked for by {row.by}: wait for what the gateway says")


def _again(connection: Connection, asked: Any, wish: Wish) -> UUID:
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


def _new(connection: Connection, snapshot: Snapshot, known: KnownCharge, kind: Kind, wish: Wish) -> UUID:
    at, operation_id = clock.now(), new_id()
    values = {
        "id": operation_id, "key": _key(known.view.id, kind), "charge_id": known.view.id,
        "order_id": snapshot.order_id, "account_id": known.account_id, "kind": kind, "amount": wish.amount,
        "currency": known.view.facts.currency, "state": "due", "by": wish.by[:200], "reason": wish.reason.strip(),
        "due_at": at, "created_at": at,
    }
    execute(connection, [Write("operation_once", values)])
    return operation_id
