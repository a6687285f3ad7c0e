"""What the tests of delivery, news and feed do, in their own words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from fake_oms import Ledger
from sqlalchemy import select, update

from kartify import clock
from kartify.domain.delivery import Kind, State
from kartify.domain.status import Actor, Guard, Status
from kartify.flows.delivering import deliver
from kartify.flows.ground.writes import Write, execute
from kartify.flows.settling import facts, moves
from kartify.house import House
from kartify.models import Delivery, Order, new_id, table
from kartify.testing.builder import Shop

outbox, orders = table(Delivery), table(Order)


class Desk:
    """A store, its OMS account, and the clock."""

    def __init__(self, house: House, shop: Shop, ledger: Ledger, travel: Any) -> None:
        self.house, self.shop, self.ledger, self.travel = house, shop, ledger, travel
        self.account: UUID | None = None

    def open(self, **settings: Any) -> UUID:
        self.account = self.shop.account("ledger", settings)
        return self.account

    def order(self, number: str, **changes: Any) -> UUID:
        """A paid order (cash on delivery) that has just become processing: its delivery row is due."""
        order_id = self.shop.order(number, method="cod", **changes)
        self.move(order_id, Status.PROCESSING, Actor.STOREFRONT, basis="cod")
        return order_id

    def move(self, order_id: UUID, target: Status, actor: Actor, **changes: Any) -> None:
        with self.house.database.write() as connection:
            snapshot = facts.locked(connection, order_id)
            move = moves.Move(
                target=target, actor=actor, by="test", reason="test", at=clock.now(), guards=frozenset(Guard), **changes
            )
            execute(connection, moves.writes(snapshot, move, moves.delivery_rows(connection, order_id)))

    def add(self, order_id: UUID, kind: Kind) -> UUID:
        """One more delivery row of an order, as checkout and cancel make them."""
        row = {
            "id": new_id(), "order_id": order_id, "store_id": self.shop.id, "account_id": self.account, "kind": kind,
            "state": State.DUE, "reason": None, "settlement_id": None, "due_at": clock.now(), "by": "test",
            "created_at": clock.now(), "done_at": None,
        }
        with self.house.database.write() as connection:
            execute(connection, [Write("delivery", row)])
        return row["id"]

    def ask_to_cancel(self, order_id: UUID) -> UUID:
        with self.house.database.write() as connection:
            values = {"cancel_requested_at": clock.now(), "cancel_requested_by": "asha"}
            connection.execute(update(orders).where(orders.c.id == order_id).values(values))
        return self.add(order_id, Kind.CANCEL)

    def drain(self, worker: str = "w1", **options: Any) -> deliver.Drained:
        assert self.account is not None
        return deliver.deliver_due(self.house, self.account, worker=worker, **options)

    def later(self, **amount: float) -> None:
        self.travel.shift(timedelta(**amount))

    def settle_down(self, *, rounds: int = 12) -> None:
        """Drains again and again while time goes by, as the tick does."""
        for _ in range(rounds):
            self.drain()
            self.later(minutes=20)

    def row(self, order_id: UUID, kind: Kind = Kind.PUSH) -> dict[str, Any]:
        query = select(outbox).where(outbox.c.order_id == order_id, outbox.c.kind == kind)
        with self.house.database.read() as connection:
            return dict(connection.execute(query).mappings().one())
