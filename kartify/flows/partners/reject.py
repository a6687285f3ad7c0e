"""A pulling OMS refuses an order that it was listed: the order stays in processing, and a person must look."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, select

from kartify import clock
from kartify.domain.cases import CaseType
from kartify.domain.errors import Conflict
from kartify.flows.delivering import deliver_ends, deliver_rows, feed, order_view
from kartify.flows.settling import facts
from kartify.flows.settling.cases import raise_case
from kartify.house import House
from kartify.models import Delivery, Order, deliveries_of, table
from kartify.plugin.oms import Ack

outbox, orders = table(Delivery), table(Order)


def by_oms(house: House, account_id: UUID, store_id: UUID, ack: Ack, *, by: str) -> None:
    """Raises ``Conflict`` where the order is not in this account's feed."""
    house.database.run(lambda connection: _reject(connection, account_id, store_id, ack, by))


def _reject(connection: Connection, account_id: UUID, store_id: UUID, ack: Ack, by: str) -> None:
    found = select(orders.c.id).where(orders.c.store_id == store_id, orders.c.number == ack.number)
    order_id = connection.execute(found).scalar_one()
    facts.lock(connection, order_id)
    query = select(outbox).where(
        deliveries_of(order_id), outbox.c.account_id == account_id, feed.IN_FEED
    )
    row = connection.execute(query.order_by(outbox.c.created_at.desc())).mappings().first()
    if row is None:
        raise Conflict(f"order {ack.number} is not in the feed")
    at, why = clock.now(), f"The OMS refuses the order: {ack.refused}"[:500]
    raise_case(
        connection, deliver_ends.case_wanted(order_view.load(connection, order_id), CaseType.OMS_REFUSED, why),
        subject=f"delivery:{row['id']}", at=at, store_id=store_id, order_id=order_id, account_id=account_id,
    )
    line = deliver_rows.Line(call="ack", event="refused", by=by, text=why, at=at)
    deliver_rows.note(connection, row["id"], order_id, line)
