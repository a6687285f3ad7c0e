"""The first two statements of a settled webhook, for several of them in one command each. PostgreSQL only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, select, union_all
from sqlalchemy.dialects.postgresql import insert

from kartify.flows.receiving.inbox import COLUMNS
from kartify.flows.settling.facts import CHARGES, Snapshot, facts_of, snapshot_of
from kartify.listed import Listed, Rows
from kartify.models import Charge, InboxMessage, Order, Payment, table

inbox, orders, payments, charges = table(InboxMessage), table(Order), table(Payment), table(Charge)

# ``duplicates``: how many more copies of the message there are among those that are stored.
_messages = Rows("messages", {name: inbox.c[name].type for name in (*COLUMNS, "duplicates")})
_named = Rows("named", {
    "id": inbox.c.id.type, "account_id": payments.c.account_id.type,
    "gateway_order_id": payments.c.gateway_order_id.type,
})
_insert = insert(inbox).from_select(
    [*COLUMNS, "duplicates"], select(*(_messages[name] for name in (*COLUMNS, "duplicates"))), include_defaults=False
)
_stored = _insert.on_conflict_do_update(
    index_elements=["account_id", "event_key"],
    set_={"duplicates": inbox.c.duplicates + _insert.excluded.duplicates + 1},
).returning(inbox.c.id, inbox.c.account_id, inbox.c.event_key, inbox.c.state).cte("stored")
# Locks are taken in one order everywhere, so that two batches do not wait for one another: those of all messages first,
# as they stand in the list, then those of the orders, by their ids. A message that was here before locks nothing.
_locked = (
    select(_named["id"].label("id"), orders.c.id.label("order_id"), payments.c.id.label("payment_id"))
    .select_from(
        _named.table.join(_stored, _stored.c.id == _named["id"])
        .join(payments, and_(payments.c.account_id == _named["account_id"],
                             payments.c.gateway_order_id == _named["gateway_order_id"]))
        .join(orders, orders.c.id == payments.c.order_id)
    )
    .where(payments.c.account_id == _named.any_of("account_id"),
           payments.c.gateway_order_id == _named.any_of("gateway_order_id"))
    .order_by(orders.c.id)
    .with_for_update(of=orders)
    .cte("locked")
)
_STORE_AND_LOCK = Listed(
    select(*_stored.c, _locked.c.order_id, _locked.c.payment_id)
    .select_from(_stored.outerjoin(_locked, _locked.c.id == _stored.c.id))
)


def store_and_lock(
    connection: Connection, messages: Sequence[Mapping[str, Any]], named: Sequence[Mapping[str, Any]]
) -> dict[tuple[UUID, str], Any]:
    """Stores messages, no two with the same key, and takes the locks of the orders whose payments the new ones name.
    Gives by account and key what is stored: id (another one where it was here before), state, order and payment."""
    found = _STORE_AND_LOCK.run(connection, messages=messages, named=named)
    return {(row.account_id, row.event_key): row for row in found}


_asked = Rows("asked", {
    "order_id": orders.c.id.type, "account_id": charges.c.account_id.type,
    "gateway_payment_id": charges.c.gateway_payment_id.type,
})
_ours = union_all(
    CHARGES.add_columns(charges.c.order_id.label("of")).where(charges.c.order_id == _asked.any_of("order_id")),
    CHARGES.add_columns(_asked["order_id"].label("of")).where(
        charges.c.order_id.is_(None),
        charges.c.account_id == _asked.any_of("account_id"),
        charges.c.gateway_payment_id == _asked.any_of("gateway_payment_id"),
        charges.c.account_id == _asked["account_id"],
        charges.c.gateway_payment_id == _asked["gateway_payment_id"],
    ),
).subquery("ours")
_FACTS = Listed(facts_of(_ours, _ours.c["of"] == orders.c.id, orders.c.id == _asked.any_of("order_id")))


def load(connection: Connection, asked: Sequence[Mapping[str, Any]]) -> dict[UUID, Snapshot]:
    """``facts.load`` for several orders, by their ids. ``asked``: what it takes, by name."""
    rows: dict[UUID, list[Any]] = {}
    for row in _FACTS.run(connection, asked=asked):
        rows.setdefault(row.id, []).append(row)
    return {order_id: snapshot_of(connection, found) for order_id, found in rows.items()}
