"""Hold at the OMS and let go: the wish as a delivery row, by a person or by the store's policy for disputes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from kartify.domain.delivery import FULFILMENT, Hold, Kind, State, hold_of
from kartify.domain.status import Actor, Status
from kartify.flows.ground.writes import Write
from kartify.flows.settling import moves
from kartify.flows.settling.facts import Snapshot
from kartify.flows.settling.moves import DeliveryRow


def fulfilment(rows: Sequence[DeliveryRow]) -> DeliveryRow | None:
    """The row by which an OMS gets the order; None where none does."""
    found = (row for row in rows if row.kind in FULFILMENT and row.state is not State.WITHDRAWN)
    row = next(found, None)
    return row if row is not None and row.account_id is not None else None


def standing(rows: Sequence[DeliveryRow]) -> Hold:
    """Ids are UUIDv7: the oldest row first."""
    return hold_of((row.kind, row.state) for row in sorted(rows, key=lambda row: row.id))


def wish(snapshot: Snapshot, row: DeliveryRow, kind: Kind, *, by: str, reason: str, at: datetime) -> Write:
    """The order's OMS account is that of its delivery, whatever the store has by now."""
    there = replace(snapshot, oms_account_id=row.account_id)
    move = moves.Move(target=Status.PROCESSING, actor=Actor.STAFF, by=by, reason=reason, at=at)
    return moves.delivery(there, kind, move, reason=reason)


def on_dispute(
    connection: Connection, before: Snapshot, after: Snapshot, status: Status, *, at: datetime
) -> list[Write]:
    """A charge that is disputed from now on holds its order at the OMS, in the same commit. It is not let go by
    itself when the dispute ends: that is a person's decision."""
    if not after.view.policy.hold_on_dispute or status is not Status.PROCESSING:
        return []
    if not _disputed(after) - _disputed(before):
        return []
    rows = moves.delivery_rows(connection, after.order_id)
    row = fulfilment(rows)
    if row is None or standing(rows) is not Hold.FREE:
        return []
    return [wish(after, row, Kind.HOLD, by="kartify", reason="the customer's bank disputes the payment", at=at)]


def _disputed(snapshot: Snapshot) -> set[UUID]:
    charges = (known.view for known in snapshot.charges)
    return {view.id for view in charges if view.facts.disputed and not view.facts.dispute_closed}
