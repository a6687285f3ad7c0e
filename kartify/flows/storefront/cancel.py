"""Cancel, guarded: never silently cancelled but paid. The storefront asks, staff decide, both end here.

An unpaid order is cancelled at once where the clock's own conclusion allows it, else the request stays on it and the
clock finishes. Out of *processing* it depends on the OMS: what it surely does not have is withdrawn, else it is asked
to cancel and the order waits for its word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, bindparam, exists, select

from kartify import clock
from kartify.domain.cases import CaseType
from kartify.domain.delivery import FULFILMENT, RESTING, Kind, State
from kartify.domain.errors import Conflict, Invalid
from kartify.domain.reports import ChargeState
from kartify.domain.status import Actor, Guard, Status
from kartify.flows.delivering import withdrawing
from kartify.flows.ground.writes import Write, execute
from kartify.flows.settling import facts, moves
from kartify.flows.settling.facts import Snapshot
from kartify.flows.settling.moves import Move
from kartify.flows.storefront import gateways
from kartify.flows.ticking import concluding
from kartify.house import House
from kartify.models import Case, Delivery, Order, Payment, deliveries_of, new_id, table

orders, payments, outbox, case_rows = table(Order), table(Payment), table(Delivery), table(Case)
Word = Literal["cancelled", "requested"]
UNPAID = (Status.MISSING, Status.FAILED)
_GONE = frozenset({ChargeState.FAILED, ChargeState.VOIDED, ChargeState.CREATED, ChargeState.PENDING,
                   ChargeState.UNKNOWN, ChargeState.REFUNDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Who wants it cancelled, and why. ``confirmed``: staff were shown the open attempts. ``refund``: staff decided
    about the money (no status edit moves any: it stays an exception *refund due* until it is refunded)."""

    actor: Literal[Actor.STOREFRONT, Actor.STAFF]
    by: str
    reason: str = ""
    confirmed: bool = False
    refund_decided: bool = False
    version: int | None = None


def request_cancel(house: House, order_id: UUID, wish: Wish) -> Word:
    """Cancelled at once, or requested. Raises ``Conflict``, and ``Invalid`` for staff without a reason."""
    if wish.actor is Actor.STAFF and not wish.reason.strip():
        raise Invalid("reason", "expected why, in a few words: it stays on the order's timeline")
    plans = _plans(house, order_id)
    word = house.database.run(lambda connection: _cancel(connection, order_id, wish, plans))
    with house.database.read() as connection:
        due = moves.open_accounts(connection, order_id)
    for account_id in due:
        house.waker.wake("deliver", str(account_id))
    return word


def _plans(house: House, order_id: UUID) -> dict[UUID, Any]:
    """By account; None where its plugin is broken: then nothing is concluded now."""
    found = select(payments.c.account_id).where(payments.c.order_id == order_id)
    with house.database.read() as connection:
        ids = set(connection.execute(found).scalars())
    loaded = [house.accounts.get(account_id) for account_id in ids]
    return {one.id: gateways.plan_of(one) if one.partner else None for one in loaded}


def _cancel(connection: Connection, order_id: UUID, wish: Wish, plans: dict[UUID, Any]) -> Word:
    snapshot = facts.locked(connection, order_id)
    status = snapshot.view.status
    if status is Status.CANCELLED:
        return "cancelled"
    if wish.version is not None and wish.version != snapshot.version:
        raise Conflict("the order changed meanwhile; look at it again before cancelling it")
    if status in UNPAID:
        by_staff = wish.actor is Actor.STAFF
        return _by_staff(connection, snapshot, wish) if by_staff else _unpaid(connection, snapshot, wish, plans)
    moves.refuse_unless(status, (Status.PROCESSING,), f"order {snapshot.number} cannot be cancelled any more")
    return _processing(connection, snapshot, wish)


def _unpaid(connection: Connection, snapshot: Snapshot, wish: Wish, plans: dict[UUID, Any]) -> Word:
    """The request is recorded, and the clock's own conclusion drawn under the same lock."""
    _request(connection, snapshot, wish)
    concluding.conclude_order(connection, snapshot.order_id, plans)
    now = connection.execute(select(orders.c.status).where(orders.c.id == snapshot.order_id)).scalar_one()
    if now != Status.CANCELLED:
        return "requested"
    _call_off(connection, snapshot, wish)
    return "cancelled"


def _call_off(connection: Connection, snapshot: Snapshot, wish: Wish) -> None:
    """A push of the unpaid order that has not left yet need not leave any more."""
    if not concluding.oms_knows(connection, snapshot.order_id):
        withdrawing.call_off(connection, snapshot.order_id, by=wish.by, at=clock.now())


def _by_staff(connection: Connection, snapshot: Snapshot, wish: Wish) -> Word:
    held = [known.view.facts.base_state for known in snapshot.charges if known.view.facts.base_state not in _GONE]
    if held:
        raise Conflict(f"order {snapshot.number} has a payment that is {held[0]}: settle or refund that first")
    attempts = connection.execute(_OPEN_ATTEMPTS, {"b_order_id": snapshot.order_id}).all()
    if attempts and not wish.confirmed:
        names = ", ".join(f"{row.reference} ({row.state})" for row in attempts)
        raise Conflict(f"the customer may still pay: {names}; confirm to cancel all the same")
    move = _move(wish, Guard.REASON, Guard.NO_MONEY)
    writes = moves.writes(snapshot, move)
    if concluding.oms_knows(connection, snapshot.order_id):
        writes.append(moves.delivery(snapshot, Kind.CANCEL, move, reason="cancelled unpaid"))
    execute(connection, writes)
    _call_off(connection, snapshot, wish)
    return "cancelled"


_OPEN_ATTEMPTS = select(payments.c.reference, payments.c.state).where(
    payments.c.order_id == bindparam("b_order_id"), payments.c.state != "over"
)


def _processing(connection: Connection, snapshot: Snapshot, wish: Wish) -> Word:
    if wish.actor is Actor.STAFF and _holds_money(snapshot) and not wish.refund_decided:
        raise Conflict(f"order {snapshot.number} is paid: decide about the refund to cancel it")
    if _at_oms(connection, snapshot):
        _request(connection, snapshot, wish)
        _ask_oms(connection, snapshot, wish)
        return "requested"
    move = _move(wish, Guard.REASON, Guard.REFUND_DECISION)
    rows = moves.delivery_rows(connection, snapshot.order_id)
    execute(connection, moves.writes(snapshot, move, rows))
    withdrawing.restate(connection, snapshot, Status.CANCELLED, by=wish.by, at=move.at)
    return "cancelled"


def _move(wish: Wish, *guards: Guard) -> Move:
    return Move(
        target=Status.CANCELLED, actor=wish.actor, by=wish.by, at=clock.now(), guards=frozenset(guards),
        reason=wish.reason.strip() or "the customer asked to cancel it", cancelled_by=wish.actor.value,
    )


def _holds_money(snapshot: Snapshot) -> bool:
    return any(known.view.facts.net > 0 for known in snapshot.charges)


_ROWS = (
    select(outbox.c.kind, outbox.c.state, outbox.c.position)
    .where(deliveries_of(bindparam("b_order_id")), outbox.c.state != State.WITHDRAWN)
    .with_for_update()
)
_UNCERTAIN = select(
    exists().where(
        case_rows.c.order_id == bindparam("b_order_id"), case_rows.c.type == CaseType.UNCERTAIN,
        case_rows.c.closed_at.is_(None),
    )
)


def _at_oms(connection: Connection, snapshot: Snapshot) -> bool:
    """Whether an OMS has the order, or may have it."""
    if snapshot.oms_account_id is None:
        return False
    rows = connection.execute(_ROWS, {"b_order_id": snapshot.order_id}).all()
    uncertain = bool(connection.execute(_UNCERTAIN, {"b_order_id": snapshot.order_id}).scalar())
    return snapshot.oms_order_id is not None or any(_may_be_there(row, uncertain) for row in rows)


def _may_be_there(row: Any, uncertain: bool) -> bool:
    if row.kind == Kind.NONE or row.kind not in (*FULFILMENT, Kind.PUSH_UNPAID):
        return False
    if row.state == State.DEAD:
        return uncertain or row.position is not None
    return row.state != State.DUE or row.position is not None


def _request(connection: Connection, snapshot: Snapshot, wish: Wish) -> None:
    if snapshot.cancel_requested_at is not None:
        return
    at = clock.now()
    text = f"cancel requested{f': {wish.reason.strip()}' if wish.reason.strip() else ''}"
    flag = {"id": snapshot.order_id, "cancel_requested_at": at, "cancel_requested_by": wish.actor.value}
    note = {"id": new_id(), "order_id": snapshot.order_id, "at": at, "kind": "cancel", "by": wish.by, "text": text,
            "data": {"actor": wish.actor.value}}
    execute(connection, [Write("order_cancel", flag), Write("timeline", note)])


def _ask_oms(connection: Connection, snapshot: Snapshot, wish: Wish) -> None:
    """One request at a time; a deliverer carries it, the OMS's answer moves the order."""
    rows = moves.delivery_rows(connection, snapshot.order_id)
    if any(row.kind is Kind.CANCEL and row.state not in RESTING for row in rows):
        return
    execute(connection, [moves.delivery(snapshot, Kind.CANCEL, _move(wish), reason="cancel requested")])
