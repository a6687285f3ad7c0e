"""Place: the purchase is complete without a gateway, because it is paid at the door or nothing is due."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from kartify import clock
from kartify.domain.conclude import Answer
from kartify.domain.errors import Conflict
from kartify.domain.reports import ChargeState
from kartify.domain.status import Actor, Guard, Status
from kartify.flows.ground.writes import execute
from kartify.flows.lookups import asking
from kartify.flows.settling import facts, moves
from kartify.flows.settling.facts import Snapshot
from kartify.house import House
from kartify.models import Order, Payment, table

orders, payments = table(Order), table(Payment)
PATIENCE = 3.0
# A charge in these states leaves the customer free to pay at the door.
_NO_MONEY = frozenset({ChargeState.FAILED, ChargeState.VOIDED})
_BASES = ("cod", "nothing_due")


def place(house: House, order_id: UUID, *, by: str) -> None:
    """COD, or nothing due: processing. Placing it again changes nothing. Raises ``Conflict``.

    A prepaid order becomes COD where the gateway says just now that nothing was paid and nothing is under way.
    """
    with house.database.read() as connection:
        handed_out = connection.execute(_HANDED_OUT, {"b_order_id": order_id}).first() is not None
        waiting = facts.load(connection, order_id).view.status in (Status.MISSING, Status.FAILED)
    if handed_out and waiting:
        asking.check_order(house, order_id, by="place", seconds=PATIENCE)
    delivers_to = house.database.run(lambda connection: _place(connection, order_id, by))
    if delivers_to is not None:
        house.waker.wake("deliver", str(delivers_to))


# Only a session whose id we know was ever shown to the customer.
_HANDED_OUT = select(payments.c.answer).where(
    payments.c.order_id == bindparam("b_order_id"), payments.c.gateway_order_id.is_not(None)
)


def _place(connection: Connection, order_id: UUID, by: str) -> UUID | None:
    snapshot = facts.locked(connection, order_id)
    view, number = snapshot.view, snapshot.number
    if view.status is Status.PROCESSING and view.basis in _BASES:
        return None
    moves.refuse_unless(view.status, (Status.MISSING, Status.FAILED), f"order {number} cannot be placed")
    if view.cancel_requested:
        raise Conflict(f"order {number} is to be cancelled")
    _refuse_money(connection, snapshot)
    at = clock.now()
    basis = "cod" if view.due else "nothing_due"
    move = moves.Move(
        target=Status.PROCESSING, actor=Actor.STOREFRONT, by=by, at=at, guards=frozenset({Guard.PLACED}), basis=basis,
        reason="cash on delivery" if view.due else "nothing is due",
    )
    execute(connection, moves.writes(snapshot, move))
    placed: dict[str, Any] = {"placed_at": at} | ({"method": "cod"} if view.due else {})
    connection.execute(update(orders).where(orders.c.id == order_id).values(placed))
    return snapshot.oms_account_id


def _refuse_money(connection: Connection, snapshot: Snapshot) -> None:
    held = [known.view.facts.base_state for known in snapshot.charges if known.view.facts.base_state not in _NO_MONEY]
    if held:
        raise Conflict(f"order {snapshot.number} has a payment that is {held[0]}: it cannot be switched to COD")
    answers = connection.execute(_HANDED_OUT, {"b_order_id": snapshot.order_id}).scalars().all()
    if any(answer != Answer.UNPAID for answer in answers):
        raise Conflict(f"whether order {snapshot.number} was paid is not known yet: try again in a moment")
