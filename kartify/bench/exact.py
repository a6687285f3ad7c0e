"""The count afterwards: fast and wrong is nothing."""

from __future__ import annotations

from sqlalchemy import func, select

from kartify.flows.proof import laws
from kartify.house import House
from kartify.models import Charge, Delivery, InboxMessage, Order, OrderMove, Settlement, table

orders, settlements, outbox = table(Order), table(Settlement), table(Delivery)
moves, inbox, charges = table(OrderMove), table(InboxMessage), table(Charge)
_COUNTS = {
    "processing": select(func.count()).where(orders.c.status == "processing"),
    "orders settled": select(func.count(settlements.c.order_id.distinct())),
    "settlements": select(func.count()).select_from(settlements),
    "money": select(func.sum(settlements.c.amount) - func.sum(charges.c.captured)).join(
        charges, charges.c.id == settlements.c.charge_id
    ),
    "moves": select(func.count()).select_from(moves),
    "deliveries due": select(func.count()).where(outbox.c.state == "due", outbox.c.kind == "push"),
    "deliveries": select(func.count()).select_from(outbox),
    "messages done": select(func.count()).where(inbox.c.state == "done"),
    "messages": select(func.count()).select_from(inbox),
    "duplicates": select(func.coalesce(func.sum(inbox.c.duplicates), 0)),
}


def inexact(house: House, *, paid: int, duplicates: int) -> list[str]:
    """A sentence for each figure that is not what it must be, and for each law that is broken."""
    wanted = dict.fromkeys(_COUNTS, paid) | {"duplicates": duplicates, "money": 0}
    with house.database.read() as connection:
        found = {name: int(connection.execute(query).scalar_one() or 0) for name, query in _COUNTS.items()}
    problems = [f"{name}: {found[name]}, expected {wanted[name]}" for name in wanted if found[name] != wanted[name]]
    return problems + [str(one) for one in laws.check(house, most=3)]
