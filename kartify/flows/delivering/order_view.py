"""An order as an OMS gets it, read whole from the rows: lines, fees, and what paid it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from kartify.domain.errors import NotFound
from kartify.models import Account, Charge, Order, OrderFee, OrderLine, OrderTender, Settlement, Store, table
from kartify.plugin.oms import OmsLine, OmsOrder, OmsPayment

orders, stores, accounts = table(Order), table(Store), table(Account)
lines, fees, tenders = table(OrderLine), table(OrderFee), table(OrderTender)
charges, settlements = table(Charge), table(Settlement)

_ORDER = (
    select(orders, stores.c.code.label("store"))
    .select_from(orders.join(stores, stores.c.id == orders.c.store_id))
    .where(orders.c.id == bindparam("order_id"))
)
_LINES = select(lines).where(lines.c.order_id == bindparam("order_id")).order_by(lines.c.position)
_FEES = select(fees).where(fees.c.order_id == bindparam("order_id")).order_by(fees.c.position)
_TENDERS = select(tenders).where(tenders.c.order_id == bindparam("order_id")).order_by(tenders.c.position)
_PAID = (
    select(
        settlements.c.amount, settlements.c.discount, settlements.c.accepted, settlements.c.settled_at,
        charges.c.gateway_payment_id, charges.c.method, charges.c.captured_at, accounts.c.slug, accounts.c.label,
    )
    .select_from(
        settlements.join(charges, charges.c.id == settlements.c.charge_id)
        .join(accounts, accounts.c.id == charges.c.account_id)
    )
    .where(settlements.c.order_id == bindparam("order_id"), settlements.c.reversed_at.is_(None))
)


def load(connection: Connection, order_id: UUID) -> OmsOrder:
    """The order as it is in this transaction. Raises ``NotFound``."""
    named = {"order_id": order_id}
    row = connection.execute(_ORDER, named).mappings().first()
    if row is None:
        raise NotFound("there is no such order")
    return OmsOrder(
        number=row["number"],
        store=row["store"],
        currency=row["currency"],
        total=row["total"],
        due=row["due"],
        method=row["method"],
        created_at=row["confirmed_at"],
        lines=[_line(one) for one in connection.execute(_LINES, named).mappings()],
        fees=[_fee(one) for one in connection.execute(_FEES, named)],
        payments=_payments(
            row, connection.execute(_PAID, named).first(), connection.execute(_TENDERS, named).all()
        ),
        customer=row["customer"],
        shipping_address=row["shipping_address"],
        billing_address=row["billing_address"],
        metadata=row["metadata"],
        oms_order_id=row["oms_order_id"],
    )


def _line(row: Any) -> OmsLine:
    return OmsLine(
        line_id=row["line_id"],
        sku=row["sku"],
        name=row["name"],
        quantity=row["quantity"],
        unit_price=row["unit_price"],
        discount=row["discount"],
        list_price=row["list_price"],
        hsn=row["hsn"],
        tax=_tax(row["tax_rate"], row["tax_amount"]),
        metadata=row["metadata"],
    )


def _tax(rate: Decimal | None, amount: int | None) -> dict[str, Any] | None:
    """As the storefront sends it: the rate is a decimal as text, the amount minor units."""
    known: dict[str, Any] = {} if amount is None else {"amount": amount}
    if rate is not None:
        known["rate"] = f"{rate:.2f}" if rate == round(rate, 2) else f"{rate:f}"
    return known or None


def _fee(row: Any) -> dict[str, Any]:
    return {"kind": row.kind, "amount": row.amount, **({"tax": row.tax} if row.tax else {})}


def _payments(order: Any, paid: Any, used: Sequence[Any]) -> list[OmsPayment]:
    """What paid it; together they are the total once the order is complete. An unpaid order shows its tenders only."""
    return [*_settled(order, paid), *(_tender(row.kind, row.amount) for row in used if row.amount)]


def _settled(order: Any, paid: Any) -> list[OmsPayment]:
    if paid is not None:
        given = [("gateway_offer", paid.discount), ("accepted_difference", paid.accepted)]
        return [_charge(paid), *(_tender(kind, amount) for kind, amount in given if amount)]
    if order["due"] and order["basis"] == "manual":
        return [_tender("confirmed_by_hand", order["due"])]
    if order["due"] and order["basis"] == "cod":
        return [OmsPayment(kind="cod", amount=order["due"], name="Cash on delivery", method="cod")]
    return []


def _charge(paid: Any) -> OmsPayment:
    return OmsPayment(
        kind="gateway",
        amount=paid.amount,
        name=paid.label,
        gateway=paid.slug,
        gateway_payment_id=paid.gateway_payment_id,
        method=paid.method,
        paid_at=paid.captured_at or paid.settled_at,
    )


def _tender(kind: str, amount: int) -> OmsPayment:
    return OmsPayment(kind="tender", amount=amount, name=kind.replace("_", " ").capitalize())
