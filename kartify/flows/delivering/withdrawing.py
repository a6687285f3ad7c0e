"""Cancelling at the OMS: what follows when it agrees, and deliveries of an order that shall not go out any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection, update

from kartify.domain.decide import Decision, decide
from kartify.domain.delivery import FULFILMENT, Event, Kind, State, step
from kartify.domain.reports import Channel
from kartify.domain.status import Actor, Guard, Status
from kartify.flows.ground.writes import execute
from kartify.flows.settling import facts, moves
from kartify.flows.settling.facts import Snapshot, news_receipt
from kartify.flows.settling.moves import DeliveryRow
from kartify.flows.settling.settle_rows import Source, case_writes
from kartify.models import Delivery, table

outbox = table(Delivery)
_OUTGOING = (*FULFILMENT, Kind.PUSH_UNPAID, Kind.HOLD, Kind.UNHOLD)


def agreed(connection: Connection, order_id: UUID, *, by: str, at: datetime, reason: str) -> bool:
    """The OMS does not (or no longer) have the order: one that waits for this is cancelled now. The caller holds the
    order's lock. True where it moved."""
    snapshot = facts.load(connection, order_id)
    if snapshot.view.status is not Status.PROCESSING or not snapshot.view.cancel_requested:
        return False
    cancel(connection, snapshot, by=by, at=at, reason=reason)
    return True


def cancel(connection: Connection, snapshot: Snapshot, *, by: str, at: datetime, reason: str) -> None:
    """Processing → cancelled because the OMS says so; *refund due* opens in the same commit."""
    move = moves.Move(
        target=Status.CANCELLED, actor=Actor.OMS, by=by, reason=reason, at=at, guards=frozenset({Guard.NEWER}),
        cancelled_by=snapshot.cancelled_by or "oms",
    )
    rows = moves.delivery_rows(connection, snapshot.order_id)
    execute(connection, moves.writes(snapshot, move, rows))
    _close_served(connection, snapshot, [row for row in rows if row.kind is Kind.FEED], at)
    restate(connection, snapshot, Status.CANCELLED, by=by, at=at)


def _close_served(connection: Connection, snapshot: Snapshot, rows: list[DeliveryRow], at: datetime) -> None:
    """An OMS that cancels what it was listed has had it: no acknowledgement is waited for any more."""
    for row in rows:
        if row.state is State.SENT_UNKNOWN:
            connection.execute(
                update(outbox)
                .where(outbox.c.id == row.id, outbox.c.state == row.state)
                .values(
                    state=step(row.state, Event.RECEIPT), due_at=None, done_at=at, receipt_kind="news",
                    receipt=row.receipt or snapshot.oms_order_id or news_receipt(snapshot.number, snapshot.order_id),
                )
            )


def restate(connection: Connection, snapshot: Snapshot, status: Status, *, by: str, at: datetime) -> None:
    """Opens and closes the exceptions of the order's charges as they stand in its new status."""
    asked = snapshot.view.cancel_requested and status in (Status.MISSING, Status.FAILED)
    view = replace(snapshot.view, status=status, cancel_requested=asked)
    decision = decide(view, [known.view for known in snapshot.charges], [])
    # Of the source only name and moment are used: no report is written.
    source = Source(account_id=uuid4(), payment_id=uuid4(), channel=Channel.MANUAL, by=by, at=at)
    execute(connection, case_writes(connection, snapshot, Decision(cases=decision.cases), source))


def call_off(connection: Connection, order_id: UUID, *, by: str, at: datetime) -> None:
    """An order that shall be cancelled has a delivery that surely did not arrive: it is withdrawn. If the OMS knows
    nothing of the order it is cancelled at once, else the OMS is asked to cancel. Takes the order's lock."""
    snapshot = facts.locked(connection, order_id)
    rows = moves.delivery_rows(connection, order_id)
    status = snapshot.view.status
    if status in (Status.MISSING, Status.FAILED) or (
        status is Status.PROCESSING and not snapshot.view.cancel_requested
    ):
        return
    wanting = [row for row in rows if row.state is State.DUE and row.kind in _OUTGOING]
    if all(row.kind in (Kind.HOLD, Kind.UNHOLD) for row in wanting):
        # To hold what has left, or is cancelled, is no reason to cancel it.
        _withdraw(connection, wanting, at)
        return
    if _is_known(snapshot, rows):
        _withdraw(connection, wanting, at)
        _ask_to_cancel(connection, snapshot, rows, by=by, at=at)
        return
    if status is Status.PROCESSING:
        cancel(connection, snapshot, by=by, at=at, reason="the OMS never got it, so it is cancelled as asked")
        wanting = [row for row in wanting if row.kind is Kind.PUSH_UNPAID]
    _withdraw(connection, [*wanting, *(row for row in rows if row.kind is Kind.CANCEL)], at)


def _is_known(snapshot: Snapshot, rows: tuple[DeliveryRow, ...]) -> bool:
    """Whether the OMS has the order, or may have it."""
    there = any(row.state is State.DONE and row.kind in (Kind.PUSH, Kind.CONFIRM, Kind.PUSH_UNPAID) for row in rows)
    return there or snapshot.oms_order_id is not None


def _ask_to_cancel(
    connection: Connection, snapshot: Snapshot, rows: tuple[DeliveryRow, ...], *, by: str, at: datetime
) -> None:
    if any(row.kind is Kind.CANCEL and row.state is not State.WITHDRAWN for row in rows):
        return
    move = moves.Move(target=Status.CANCELLED, actor=Actor.OMS, by=by, reason="", at=at)
    execute(connection, [moves.delivery(snapshot, Kind.CANCEL, move, reason="the order shall be cancelled")])


def _withdraw(connection: Connection, rows: list[DeliveryRow], at: datetime) -> None:
    for row in rows:
        if row.state is not State.DUE:
            continue
        connection.execute(
            update(outbox)
            .where(outbox.c.id == row.id, outbox.c.state == row.state)
            .values(
                state=step(row.state, Event.WITHDRAW), reason="the order is not to go out", due_at=None, done_at=at,
                lease_until=None,
            )
        )
