"""The one door: the only function in the tree that changes an order's status.

A move is a guarded update that must hit one row, with its history row and its delivery row in the same commit. Every
caller holds the order's lock and brings the guards that the table of moves asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from kartify.domain.delivery import FULFILMENT, Event, Kind, State, step
from kartify.domain.errors import Conflict
from kartify.domain.status import Actor, Guard, Status, permit
from kartify.flows.ground.writes import Write
from kartify.flows.settling.facts import Snapshot, news_receipt
from kartify.models import Delivery, deliveries_of, new_id, table

outbox = table(Delivery)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a caller asks for. ``by`` names the mover; ``evidence`` is data for the timeline."""

    target: Status
    actor: Actor
    by: str
    reason: str
    at: datetime
    guards: frozenset[Guard] = frozenset()
    channel: str | None = None
    basis: str | None = None
    evidence: Mapping[str, Any] | None = None
    settlement_id: UUID | None = None
    deliver: bool = True
    no_delivery: str | None = None
    cancelled_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery row as a move must know it. ``maybe_sent``: a call that may have left is unaccounted for."""

    id: UUID
    kind: Kind
    state: State
    account_id: UUID | None
    receipt: str | None = field(default=None)
    maybe_sent: bool = False


def writes(snapshot: Snapshot, move: Move, rows: tuple[DeliveryRow, ...] = ()) -> list[Write]:
    """The move as writes. ``rows``: the order's delivery rows, needed when it leaves processing.

    Raises ``Conflict`` for a move that the table does not have or whose guards are not brought.
    """
    source = snapshot.view.status
    permit(source, move.target, move.actor, move.guards)
    leaving = source is Status.PROCESSING and move.target in (Status.CANCELLED, Status.REFUNDED)
    return [
        _status(snapshot, move),
        _history(snapshot, move),
        *(_arrivals(snapshot, move) if move.target is Status.PROCESSING or move.no_delivery else ()),
        *(_withdrawals(snapshot, move, rows) if leaving else ()),
        *(_receipts(snapshot, move, rows) if move.target in (Status.SHIPPED, Status.DELIVERED) else ()),
    ]


def _status(snapshot: Snapshot, move: Move) -> Write:
    kept = move.target in (Status.PROCESSING, Status.MISSING)
    return Write(
        "order_move",
        {
            "id": snapshot.order_id,
            "old_status": snapshot.view.status,
            "status": move.target,
            "status_at": move.at,
            "basis": move.basis or (snapshot.view.basis if move.target is not Status.MISSING else None),
            "cancelled_by": move.cancelled_by if move.target is Status.CANCELLED else
            (None if kept else snapshot.cancelled_by),
            "cancel_requested_at": None if kept else snapshot.cancel_requested_at,
            # The clock looks at what is unpaid, and at what a person moved without a payment.
            "clock_at": move.at if move.target in (Status.MISSING, Status.FAILED) or move.basis == "manual" else None,
        },
        must=True,
    )


def _history(snapshot: Snapshot, move: Move) -> Write:
    return Write(
        "move",
        {
            "id": new_id(),
            "order_id": snapshot.order_id,
            "source": snapshot.view.status,
            "target": move.target,
            "actor": move.actor,
            "by": move.by,
            "channel": move.channel,
            "reason": move.reason,
            "evidence": dict(move.evidence) if move.evidence else None,
            "at": move.at,
        },
    )


def _arrivals(snapshot: Snapshot, move: Move) -> list[Write]:
    """Exactly one delivery row: what the store's OMS wants, or none with its reason."""
    account = snapshot.oms_account_id
    reason = move.no_delivery or ("the store has no OMS" if account is None or snapshot.delivery is None else None)
    kind = Kind.NONE if reason else Kind(snapshot.delivery or Kind.NONE)
    return [delivery(snapshot, kind, move, reason=reason)]


def delivery(snapshot: Snapshot, kind: Kind, move: Move, *, reason: str | None = None) -> Write:
    """One delivery row, due now (or done at once where there is nothing to deliver)."""
    nothing = kind is Kind.NONE
    return Write(
        "delivery",
        {
            "id": new_id(),
            "order_id": snapshot.order_id,
            "store_id": snapshot.store_id,
            "account_id": None if nothing else snapshot.oms_account_id,
            "kind": kind,
            "state": State.DONE if nothing else State.DUE,
            "reason": reason,
            "settlement_id": move.settlement_id,
            "due_at": None if nothing else move.at,
            "by": move.by,
            "created_at": move.at,
            "done_at": move.at if nothing else None,
        },
    )


def _withdrawals(snapshot: Snapshot, move: Move, rows: tuple[DeliveryRow, ...]) -> list[Write]:
    """Out of processing: an undelivered row is withdrawn; what the OMS has or may have is cancelled there."""
    found = []
    for row in rows:
        if row.kind not in FULFILMENT or row.state is State.WITHDRAWN:
            continue
        resting = row.kind is Kind.NONE or row.state in (State.DUE, State.DEAD)
        if resting:
            found.append(row_state(row, Event.WITHDRAW, move, reason=f"order {move.target}"))
        if (not resting or row.maybe_sent) and move.actor is not Actor.OMS:
            found.append(delivery(snapshot, Kind.CANCEL, move, reason=f"order {move.target}"))
    return found


def _receipts(snapshot: Snapshot, move: Move, rows: tuple[DeliveryRow, ...]) -> list[Write]:
    """News that it is on its way proves that the OMS has it: an open row is closed by this receipt."""
    open_states = (State.DUE, State.SENT_UNKNOWN, State.FOUND, State.DEAD, State.CLAIMED)
    return [
        Write(
            "delivery_receipt",
            {
                "id": row.id,
                "old_state": row.state,
                "state": step(row.state, Event.RECEIPT),
                "receipt": row.receipt or snapshot.oms_order_id or news_receipt(snapshot.number, snapshot.order_id),
                "receipt_kind": "news",
                "due_at": None,
                "done_at": move.at,
            },
            must=True,
        )
        for row in rows
        if row.kind in FULFILMENT and row.state in open_states
    ]


def row_state(row: DeliveryRow, event: Event, move: Move, *, reason: str) -> Write:
    return Write(
        "delivery_state",
        {
            "id": row.id,
            "old_state": row.state,
            "state": State.WITHDRAWN if row.kind is Kind.NONE else step(row.state, event),
            "reason": reason,
            "due_at": None,
            "done_at": move.at,
        },
        must=True,
    )


_ROWS = (
    select(outbox.c.id, outbox.c.kind, outbox.c.state, outbox.c.account_id, outbox.c.receipt, outbox.c.call_until)
    .where(deliveries_of(bindparam("order_id")))
    .with_for_update()
)


def delivery_rows(connection: Connection, order_id: UUID) -> tuple[DeliveryRow, ...]:
    """The order's delivery rows, locked: the order's lock is held already, the rows come second."""
    found = connection.execute(_ROWS, {"order_id": order_id}).all()
    return tuple(
        DeliveryRow(id=row.id, kind=Kind(row.kind), state=State(row.state), account_id=row.account_id,
                    receipt=row.receipt, maybe_sent=row.call_until is not None)
        for row in found
    )


_OPEN = select(outbox.c.account_id).where(
    deliveries_of(bindparam("order_id")), outbox.c.state == State.DUE, outbox.c.account_id.is_not(None)
)


def open_accounts(connection: Connection, order_id: UUID) -> list[UUID]:
    """The OMS accounts that have something due for this order."""
    return list(connection.execute(_OPEN, {"order_id": order_id}).scalars())


def refuse_unless(status: Status, allowed: tuple[Status, ...], what: str) -> None:
    """Raises ``Conflict`` with a sentence."""
    if status not in allowed:
        raise Conflict(f"{what}: the order is {status}")
