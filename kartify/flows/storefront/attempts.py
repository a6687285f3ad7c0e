"""Payments of an order as rows: a new attempt, and the one that can still be used."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select

from kartify.domain.plan import LookupPlan
from kartify.models import Payment, new_id, table
from kartify.plugin.gateway import NextStep

payments = table(Payment)
# Without the letters that are read as digits.
_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
NOTHING_NEXT = NextStep(type="none").as_dict()


def new_reference() -> str:
    """Ours, one per payment: 20 signs, as much as the strictest gateway takes (90 random bits)."""
    return "KF" + "".join(secrets.choice(_SIGNS) for _ in range(18))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """``adopted``: the id of a session that the storefront opened itself. ``lease_until``: until then whoever made the
    row is opening it."""

    order_id: UUID
    account_id: UUID
    amount: int
    currency: str
    plan: LookupPlan
    at: datetime
    lease_until: datetime
    adopted: str | None = None


def insert_payment(connection: Connection, new: NewPayment) -> UUID:
    """In state opening, its lease taken, or open where it is adopted. Raises ``IntegrityError`` when another payment
    has the adopted id."""
    payment_id = new_id()
    taken = new.adopted is not None
    connection.execute(
        insert(payments).values(
            id=payment_id, order_id=new.order_id, account_id=new.account_id, reference=new_reference(),
            gateway_order_id=new.adopted, amount=new.amount, currency=new.currency,
            state="open" if taken else "opening", next_step=NOTHING_NEXT if taken else None, created_at=new.at,
            next_ask_at=new.plan.first_ask(new.at), fence=0 if taken else 1,
            lease_until=None if taken else new.lease_until,
        )
    )
    return payment_id


_LATEST = (
    select(payments)
    .where(payments.c.order_id == bindparam("b_order_id"))
    .order_by(payments.c.created_at.desc(), payments.c.id.desc())
)


def latest(connection: Connection, order_id: UUID, account_id: UUID | None = None) -> Any:
    """The newest payment of an order (of one account, where it is given) as a mapping, or None."""
    found = _LATEST if account_id is None else _LATEST.where(payments.c.account_id == account_id)
    return connection.execute(found.limit(1), {"b_order_id": order_id}).mappings().first()


def usable(payment: Any, at: datetime) -> bool:
    """Whether the customer can still pay with it, or it is not known yet that he cannot."""
    if payment["state"] == "over":
        return False
    return payment["expires_at"] is None or payment["expires_at"] > at


def undecided(payment: Any) -> bool:
    """Whether it has to be looked up, and opened where the gateway does not have it."""
    return payment["state"] in ("opening", "unknown") and payment["gateway_order_id"] is None
