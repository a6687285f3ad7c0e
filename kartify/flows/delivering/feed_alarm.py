"""A listed order without a receipt is an alarm: the OMS does not fetch, or does not acknowledge."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from kartify import clock
from kartify.domain.cases import CaseType
from kartify.domain.delivery import Kind, State
from kartify.flows.delivering import deliver_ends, deliver_rows, order_view
from kartify.flows.delivering.feed import WAITING
from kartify.flows.settling.cases import raise_case
from kartify.house import House
from kartify.models import Delivery, table

outbox = table(Delivery)
MOST = 200


def alarm(house: House, account_id: UUID) -> int:
    """Raises one exception for each row that is over its time; returns how many."""
    overdue = select(outbox).where(
        outbox.c.account_id == account_id, outbox.c.kind == Kind.FEED, outbox.c.state.in_(WAITING),
        outbox.c.position.is_not(None), outbox.c.due_at <= clock.now(),
    )
    with house.database.read() as connection:
        rows = connection.execute(overdue.limit(MOST)).mappings().all()
    return sum(house.database.run(partial(_raise, row=row)) for row in rows)


def _raise(connection: Connection, row: Any) -> int:
    if not deliver_rows.write(connection, row, due_at=None):
        return 0
    served = row["state"] == State.SENT_UNKNOWN
    why = "The OMS was listed this order and has not acknowledged it." if served else "The OMS has not fetched it."
    order = order_view.load(connection, row["order_id"])
    raise_case(
        connection, deliver_ends.case_wanted(order, CaseType.UNACKNOWLEDGED, why), subject=f"delivery:{row['id']}",
        at=clock.now(), store_id=row["store_id"], order_id=row["order_id"], account_id=row["account_id"],
    )
    return 1
