"""What is due now, in one query: what the tick wakes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    String,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from kartify.domain.delivery import State
from kartify.models import Cron, Delivery, Export, InboxMessage, Operation, Order, Payment, Run, table

payments, outbox, messages = table(Payment), table(Delivery), table(InboxMessage)
operations, orders, runs, crons = table(Operation), table(Order), table(Run), table(Cron)
exports = table(Export)

_at = bindparam("at", type_=payments.c.next_ask_at.type)
_nothing = cast(null(), payments.c.account_id.type)


def _free(lease_until: Column[Any]) -> ColumnElement[bool]:
    """Nobody has it in hand."""
    return or_(lease_until.is_(None), lease_until < _at)


DUE = union_all(
    select(literal("deliver", String).label("what"), outbox.c.account_id.label("id"), func.count().label("many"))
    .where(
        outbox.c.account_id.is_not(None),
        outbox.c.state.in_([State.DUE, State.CLAIMED, State.SENT_UNKNOWN, State.FOUND]),
        outbox.c.due_at <= _at,
        _free(outbox.c.lease_until),
    )
    .group_by(outbox.c.account_id),
    select(literal("lookup"), payments.c.account_id, func.count())
    .where(payments.c.next_ask_at <= _at, _free(payments.c.lease_until))
    .group_by(payments.c.account_id),
    select(literal("cron"), crons.c.id, literal(1)).where(crons.c.enabled, crons.c.next_at <= _at),
    select(literal("run"), runs.c.id, literal(1)).where(runs.c.state == "waiting"),
    select(literal("inbox"), _nothing, func.count())
    .where(messages.c.state == "waiting", messages.c.due_at <= _at, _free(messages.c.lease_until))
    .having(func.count() > 0),
    select(literal("operations"), _nothing, func.count())
    .where(operations.c.due_at <= _at, _free(operations.c.lease_until))
    .having(func.count() > 0),
    select(literal("conclude"), _nothing, func.count())
    .where(orders.c.clock_at <= _at)
    .having(func.count() > 0),
    select(literal("export"), exports.c.id, literal(1)).where(
        exports.c.state.in_(["waiting", "running"]), _free(exports.c.lease_until)
    ),
)


def due(connection: Connection, at: datetime) -> list[tuple[str, UUID | None, int]]:
    """(what, account or run id, how many) of everything whose time has come and that nobody has in hand."""
    return [(row.what, row.id, row.many) for row in connection.execute(DUE, {"at": at})]
