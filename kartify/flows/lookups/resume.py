"""*Run the rest*: what a run that was lost, stopped or failed did not come to is asked by a new one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, or_, select

from kartify.domain.errors import Conflict, NotFound
from kartify.flows.lookups import runs
from kartify.house import House
from kartify.models import Order, Payment, Run, table

known, payments, orders = table(Run), table(Payment), table(Order)
UNFINISHED: Final = ("lost", "stopped", "failed")
_AT_ONCE: Final = 500


def rest(connection: Connection, run: Any) -> list[str]:
    """Orders that a person named for this run and whose payments were not asked about since."""
    if run.state not in UNFINISHED or run.account_id is None or run.by == "clock":
        return []
    return [number for part in _parts(run.orders or []) for number in _unasked(connection, run, part)]


def _parts(numbers: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(numbers), _AT_ONCE):
        yield numbers[start : start + _AT_ONCE]


def _unasked(connection: Connection, run: Any, numbers: list[str]) -> list[str]:
    query = (
        select(orders.c.number).select_from(payments.join(orders, orders.c.id == payments.c.order_id))
        .where(
            payments.c.account_id == run.account_id, orders.c.number.in_(numbers),
            or_(payments.c.asked_at.is_(None), payments.c.asked_at < run.created_at),
        )
        .distinct().order_by(orders.c.number)
    )
    return list(connection.execute(query).scalars())


def resume(house: House, run_id: UUID, *, by: str) -> tuple[UUID, int]:
    """The new run, and how many orders it asks about. Raises ``Conflict`` where nothing is left, or one runs."""
    with house.database.read() as connection:
        run = connection.execute(select(known).where(known.c.id == run_id)).first()
        if run is None:
            raise NotFound("there is no such run")
        left = rest(connection, run)
    if not left:
        raise Conflict("nothing of this run is left to ask")
    return runs.start(house, run.account_id, by=by, dry=run.dry, numbers=left), len(left)
