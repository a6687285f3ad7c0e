"""Tells every move of an order in the terminal, one line each, as the admin shows it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from kartify import clock
from kartify.domain.money import display
from kartify.house import House
from kartify.models import Order, OrderMove, first_id, table

EVERY: Final = 0.5
# A move may be committed a little later than its id was made: so far back we look again.
LATE: Final = timedelta(seconds=15)
# Who moves an order when our own capture of an authorisation succeeds.
CAPTURED: Final = "kartify: capture"
Say = Callable[[str], None]
moves, orders = table(OrderMove), table(Order)
_NEWS = (
    select(moves, orders.c.number, orders.c.due, orders.c.total, orders.c.currency, orders.c.customer)
    .select_from(moves.join(orders, orders.c.id == moves.c.order_id))
    .where(moves.c.id > bindparam("b_after", type_=moves.c.id.type))
    .order_by(moves.c.id)
)


class Narrator:
    """A context: a thread that tells while it lasts, from now on."""

    def __init__(self, house: House, say: Say) -> None:
        self._house, self._say = house, say
        self._told: deque[UUID] = deque(maxlen=5_000)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="narrator", daemon=True)

    def __enter__(self) -> Self:
        with self._house.database.read() as connection:
            self._fresh(connection)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=2)

    def _tell(self) -> None:
        while not self._over.wait(EVERY):
            try:
                with self._house.database.read() as connection:
                    found = self._fresh(connection)
            except SQLAlchemyError:
                continue
            for row in found:
                self._say(sentence(row))

    def _fresh(self, connection: Connection) -> list[Any]:
        rows = connection.execute(_NEWS, {"b_after": first_id(clock.now() - LATE)}).all()
        found = [row for row in rows if row.id not in self._told]
        self._told.extend(row.id for row in found)
        return found


def sentence(row: Any) -> str:
    """``K1007 missing → processing, found by lookup, ₹2,499.00 recovered``."""
    if row.source is None:
        name = row.customer.get("name") or "a customer"
        return f"{row.number} {row.target}: {name} confirmed an order of {display(row.total, row.currency)}"
    if row.actor == "oms":
        return f"{row.number} {row.source} → {row.target} (OMS)"
    return f"{row.number} {row.source} → {row.target}, {_how(row)}"


def _how(row: Any) -> str:
    money = display(row.due, row.currency)
    if row.actor == "gateway" and row.target == "processing":
        if row.by == CAPTURED:
            return f"authorised before, captured now, {money}"
        by_lookup = row.channel == "lookup"
        return f"found by lookup, {money} recovered" if by_lookup else f"paid, told by {row.channel}, {money}"
    if row.actor == "staff":
        return f"by {row.by}: {row.reason}"
    return str(row.reason)
