"""The inbox statements: store a message and lock its order, in one command on PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Connection, bindparam, exists, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from kartify.flows.ground.locate import Located
from kartify.models import InboxMessage, Order, Payment, new_id, table
from kartify.plugin.partner import Inbound

inbox, orders, payments = table(InboxMessage), table(Order), table(Payment)
# Everything else is kept: a message that waits is read again from what came.
DROPPED_HEADERS = frozenset({
    "authorization", "cookie", "proxy-authorization", "x-kartify-peer", "connection", "apikey", "x-api-key",
})
MOST_HEADERS, LONGEST_HEADER = 60, 2_000


FINISHED = ("done", "ignored")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The message row, new or known, and the payment that it names where there is one (its order is then locked)."""

    id: UUID
    state: str
    new: bool
    attempts: int
    located: Located | None

    @property
    def finished(self) -> bool:
        """De-duplicate on *done*, not on *seen*."""
        return not self.new and self.state in FINISHED


COLUMNS = (
    "id", "account_id", "event_key", "channel", "event", "method", "path", "headers", "body", "secret", "received_at",
    "state", "reason", "due_at", "done_at",
)
_values = {name: bindparam(f"m_{name}", type_=inbox.c[name].type) for name in COLUMNS}
_upsert = postgres_insert(inbox).values(_values)
STORE = _upsert.on_conflict_do_update(
    index_elements=["account_id", "event_key"], set_={"duplicates": inbox.c.duplicates + 1}
).returning(inbox.c.id, inbox.c.state, inbox.c.duplicates, inbox.c.attempts)

_msg = STORE.cte("msg")
# Evaluated before the lock is taken: a message that is done locks nothing, and two copies in flight wait for one
# another at the message, never crosswise at the order.
_open = exists(
    # Not IN: SQLAlchemy would write the list into the statement anew at each execution.
    select(_msg.c.id).where(or_(_msg.c.duplicates == 0, _msg.c.state == "waiting", _msg.c.state == "exception"))
)
_FIND = (
    select(orders.c.id.label("order_id"), payments.c.id.label("payment_id"))
    .select_from(payments.join(orders, orders.c.id == payments.c.order_id))
    .where(
        payments.c.account_id == bindparam("m_account_id", type_=payments.c.account_id.type),
        payments.c.gateway_order_id == bindparam("gateway_order_id", type_=payments.c.gateway_order_id.type),
    )
)
_found = _FIND.where(_open).with_for_update(of=orders).cte("found")
STORE_AND_LOCK = select(
    _msg.c.id, _msg.c.state, _msg.c.duplicates, _msg.c.attempts, _found.c.order_id, _found.c.payment_id
).select_from(_msg.outerjoin(_found, true()))


def message_values(
    message: Inbound, *, account_id: UUID, key: str, event: str, channel: str, secret: str, at: datetime
) -> dict[str, Any]:
    """A row that says *done*: whoever cannot finish it in this transaction says so before the commit."""
    return {
        "m_id": new_id(),
        "m_account_id": account_id,
        "m_event_key": key.replace("\0", "")[:200],
        "m_channel": channel,
        "m_event": event.replace("\0", "")[:200],
        "m_method": message.method,
        "m_path": f"{message.path}?{urlencode(message.query)}" if message.query else message.path,
        "m_headers": kept_headers(message),
        "m_body": message.body,
        "m_secret": secret,
        "m_received_at": at,
        "m_state": "done",
        "m_reason": None,
        "m_due_at": None,
        "m_done_at": at,
    }


def kept_headers(message: Inbound) -> dict[str, str]:
    """What may be kept of the headers: no credentials, bounded."""
    names = [name for name in message.headers if name not in DROPPED_HEADERS][:MOST_HEADERS]
    return {name: message.headers[name][:LONGEST_HEADER] for name in names}


def store(connection: Connection, values: dict[str, Any]) -> Stored:
    """Stores it, or counts a duplicate; locks nothing else."""
    row = connection.execute(STORE, values).one()
    return Stored(id=row.id, state=row.state, new=row.duplicates == 0, attempts=row.attempts, located=None)


def store_and_lock(connection: Connection, values: dict[str, Any], gateway_order_id: str | None) -> Stored:
    """Stores it and takes the lock of the order whose payment it names, if it still has something to say."""
    named = {**values, "gateway_order_id": gateway_order_id}
    if connection.dialect.name == "postgresql":
        return stored_of(connection.execute(STORE_AND_LOCK, named).one())
    stored = store(connection, values)
    if stored.finished:
        return stored
    found = connection.execute(
        _FIND, {"m_account_id": values["m_account_id"], "gateway_order_id": gateway_order_id}
    ).first()
    located = Located(payment_id=found.payment_id, order_id=found.order_id) if found else None
    return Stored(id=stored.id, state=stored.state, new=stored.new, attempts=stored.attempts, located=located)


def stored_of(row: Any) -> Stored:
    """What the row of ``STORE_AND_LOCK`` says."""
    located = Located(payment_id=row.payment_id, order_id=row.order_id) if row.order_id else None
    return Stored(id=row.id, state=row.state, new=row.duplicates == 0, attempts=row.attempts, located=located)


_STATE = (
    update(inbox)
    .where(inbox.c.id == bindparam("b_id"))
    .values(
        state=bindparam("b_state"),
        reason=bindparam("b_reason"),
        due_at=bindparam("b_due_at", type_=inbox.c.due_at.type),
        done_at=bindparam("b_done_at", type_=inbox.c.done_at.type),
        lease_until=None,
        fence=0,
    )
)


def set_state(
    connection: Connection, message_id: UUID, state: str, *, at: datetime, reason: str | None = None,
    due_at: datetime | None = None,
) -> None:
    """Law 7: done, ignored, waiting with a due time, or exception."""
    done_at = at if state in ("done", "ignored") else None
    connection.execute(
        _STATE,
        {"b_id": message_id, "b_state": state, "b_reason": reason, "b_due_at": due_at, "b_done_at": done_at},
    )
