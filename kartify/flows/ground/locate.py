"""Finds the payment and the order that a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, String, and_, bindparam, or_, select

from kartify.domain.money import Money
from kartify.domain.reports import Report
from kartify.models import Charge, Payment, table
from kartify.plugin.gateway import PaymentRef

payments, charges = table(Payment), table(Charge)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A payment of ours, by its ids."""

    payment_id: UUID
    order_id: UUID


# A reference often passes through the customer's browser: it never wins over the gateway's own order id.
_BY_NAME = (
    select(payments.c.id, payments.c.order_id)
    .where(
        payments.c.account_id == bindparam("account_id"),
        or_(
            payments.c.gateway_order_id == bindparam("gateway_order_id"),
            and_(
                payments.c.reference == bindparam("reference"),
                or_(payments.c.gateway_order_id.is_(None), bindparam("gateway_order_id", type_=String).is_(None)),
            ),
        ),
    )
    .order_by(payments.c.gateway_order_id.is_(None))
    .limit(1)
)
_BY_CHARGE = select(charges.c.payment_id, charges.c.order_id).where(
    charges.c.account_id == bindparam("account_id"),
    charges.c.gateway_payment_id == bindparam("gateway_payment_id"),
    charges.c.order_id.is_not(None),
)


def locate(connection: Connection, account_id: UUID, report: Report) -> Located | None:
    """By the gateway's order id or our reference, else by a charge that we know already."""
    found = by_name(connection, account_id, report.gateway_order_id, report.reference)
    if found is not None or report.gateway_payment_id is None:
        return found
    row = connection.execute(
        _BY_CHARGE, {"account_id": account_id, "gateway_payment_id": report.gateway_payment_id}
    ).first()
    return Located(payment_id=row.payment_id, order_id=row.order_id) if row else None


def by_name(
    connection: Connection, account_id: UUID, gateway_order_id: str | None, reference: str | None
) -> Located | None:
    values = {"account_id": account_id, "gateway_order_id": gateway_order_id, "reference": reference}
    row = connection.execute(_BY_NAME, values).first()
    return Located(payment_id=row.id, order_id=row.order_id) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """A payment as the asking flows need it."""

    id: UUID
    order_id: UUID
    account_id: UUID
    state: str
    asked_at: datetime | None
    created_at: datetime
    asks: int
    silent_asks: int
    fence: int
    expires_at: datetime | None
    ref: PaymentRef


def payment_row(row: Any, charge_ids: tuple[str, ...] = ()) -> PaymentRow:
    """From a mapping of the payments table."""
    return PaymentRow(
        id=row["id"],
        order_id=row["order_id"],
        account_id=row["account_id"],
        state=row["state"],
        asked_at=row["asked_at"],
        created_at=row["created_at"],
        asks=row["asks"],
        silent_asks=row["silent_asks"],
        fence=row["fence"],
        expires_at=row["expires_at"],
        ref=PaymentRef(
            reference=row["reference"],
            gateway_order_id=row["gateway_order_id"],
            amount=Money(row["amount"], row["currency"]),
            created_at=row["created_at"],
            gateway_payment_ids=charge_ids,
        ),
    )


_CHARGES_OF = select(charges.c.gateway_payment_id).where(
    charges.c.order_id == bindparam("order_id"), charges.c.payment_id == bindparam("payment_id")
)


def find_payment(connection: Connection, payment_id: UUID) -> PaymentRow | None:
    row = connection.execute(select(payments).where(payments.c.id == payment_id)).mappings().first()
    if row is None:
        return None
    known = connection.execute(_CHARGES_OF, {"order_id": row["order_id"], "payment_id": payment_id}).scalars().all()
    return payment_row(row, tuple(known))
