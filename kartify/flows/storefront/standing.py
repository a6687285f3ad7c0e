"""What a customer may be told of an order, from its rows: no name, no address, nothing that is not so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from kartify.domain.conclude import Answer
from kartify.domain.errors import NotFound
from kartify.domain.status import Status
from kartify.flows.storefront import attempts
from kartify.house import House
from kartify.models import Account, Case, Charge, Operation, Order, Store, table

orders, stores, accounts = table(Order), table(Store), table(Account)
charges, cases, operations = table(Charge), table(Case), table(Operation)
UNPAID = (Status.MISSING, Status.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """The newest refund that was asked for. ``state``: done, failed, or under way."""

    amount: int
    asked_at: datetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """``gateway``: its public name; None where none is involved. ``answer``: of the last look-up (``Answer``).
    ``held``: minor units that the gateway took and that did not go back; ``looked_at``: an open exception holds it."""

    number: str
    status: str
    status_at: datetime
    method: str
    due: int
    currency: str
    confirmed_at: datetime
    store: str
    zone: str
    gateway: str | None = None
    attempt: str | None = None
    answer: str = Answer.NEVER
    asked_at: datetime | None = None
    next_ask_at: datetime | None = None
    held: int = 0
    captured_at: datetime | None = None
    returned: int = 0
    looked_at: bool = False
    refund: Refund | None = None

    @property
    def may_ask(self) -> bool:
        """Whether asking the gateway could bring news."""
        return self.status in UNPAID and self.attempt is not None and self.gateway is not None


def standing(house: House, order_id: UUID) -> Standing:
    """Raises ``NotFound``."""
    with house.database.read() as connection:
        row = connection.execute(
            select(orders, stores.c.name.label("store_name"), stores.c.timezone)
            .join(stores, stores.c.id == orders.c.store_id).where(orders.c.id == order_id)
        ).mappings().first()
        if row is None:
            raise NotFound("there is no such order")
        names = ("number", "status", "status_at", "method", "due", "currency", "confirmed_at")
        return Standing(
            **{name: row[name] for name in names}, store=row["store_name"], zone=row["timezone"],
            **_payment(house, connection, order_id), **_money(connection, order_id),
        )


def _payment(house: House, connection: Connection, order_id: UUID) -> dict[str, Any]:
    payment = attempts.latest(connection, order_id)
    if payment is None:
        return {}
    slug = connection.execute(select(accounts.c.slug).where(accounts.c.id == payment["account_id"])).scalar_one()
    partner = house.registry.partner(slug)
    return {
        "gateway": partner.name if partner is not None else slug, "attempt": payment["state"],
        **{name: payment[name] for name in ("answer", "asked_at", "next_ask_at")},
    }


def _money(connection: Connection, order_id: UUID) -> dict[str, Any]:
    taken = connection.execute(
        select(
            func.coalesce(func.sum(charges.c.captured - charges.c.refunded - charges.c.lost), 0).label("held"),
            func.coalesce(func.sum(charges.c.refunded), 0).label("returned"),
            func.max(charges.c.captured_at).label("captured_at"),
        ).where(charges.c.order_id == order_id)
    ).one()
    holds = select(cases.c.id).where(
        cases.c.order_id == order_id, cases.c.closed_at.is_(None), cases.c.money_held > 0
    )
    return {
        "held": int(taken.held), "returned": int(taken.returned), "captured_at": taken.captured_at,
        "looked_at": connection.execute(holds.limit(1)).first() is not None, "refund": _refund(connection, order_id),
    }


def _refund(connection: Connection, order_id: UUID) -> Refund | None:
    found = select(operations).where(operations.c.order_id == order_id, operations.c.kind == "refund")
    row = connection.execute(found.order_by(operations.c.created_at.desc()).limit(1)).mappings().first()
    return Refund(amount=row["amount"], asked_at=row["created_at"], state=row["state"]) if row else None
