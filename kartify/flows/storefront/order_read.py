"""Orders as the storefront reads them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, bindparam, select

from kartify.domain.errors import Invalid, NotFound
from kartify.domain.status import Status
from kartify.flows.storefront import attempts
from kartify.house import House
from kartify.models import Account, Order, OrderFee, OrderLine, OrderTender, Payment, table

orders, lines, fees, tenders = table(Order), table(OrderLine), table(OrderFee), table(OrderTender)
payments, accounts = table(Payment), table(Account)
_UNPAID = (Status.MISSING, Status.FAILED)
_SUMMARY = (
    orders.c.id, orders.c.number, orders.c.status, orders.c.status_at, orders.c.basis, orders.c.method,
    orders.c.currency, orders.c.total, orders.c.due, orders.c.confirmed_at, orders.c.placed_at,
    orders.c.cancel_requested_at, orders.c.oms_order_id,
)
_BY_NUMBER = select(orders.c.id).where(
    orders.c.store_id == bindparam("b_store_id"), orders.c.number == bindparam("b_number")
)


def find_order(house: House, store_id: UUID, number: str) -> UUID:
    """Raises ``NotFound``: also for the order of another store."""
    with house.database.read() as connection:
        found = connection.execute(_BY_NUMBER, {"b_store_id": store_id, "b_number": number}).scalar()
    if found is None:
        raise NotFound(f"there is no order {number}")
    return found


def read_order(house: House, order_id: UUID) -> dict[str, Any]:
    """The whole order with its newest payment."""
    with house.database.read() as connection:
        row = connection.execute(select(orders).where(orders.c.id == order_id)).mappings().one()
        payment = attempts.latest(connection, order_id)
        slug = _slug(connection, payment["account_id"]) if payment else None
        return {
            **summary(row),
            "payment": payment_of(row, payment, slug),
            **{name: row[name] for name in ("customer", "shipping_address", "billing_address", "return_url",
                                            "metadata")},
            "lines": [_line(one) for one in _rows(connection, lines, order_id)],
            "fees": [{name: one[name] for name in ("kind", "amount", "tax")} for one in
                     _rows(connection, fees, order_id)],
            "tenders": [{name: one[name] for name in ("kind", "amount", "reference")} for one in
                        _rows(connection, tenders, order_id)],
        }


def _slug(connection: Connection, account_id: UUID) -> str:
    return connection.execute(select(accounts.c.slug).where(accounts.c.id == account_id)).scalar_one()


def _rows(connection: Connection, target: Any, order_id: UUID) -> Any:
    found = select(target).where(target.c.order_id == order_id).order_by(target.c.position)
    return connection.execute(found).mappings().all()


def _line(row: Any) -> dict[str, Any]:
    names = ("line_id", "sku", "name", "quantity", "unit_price", "list_price", "discount", "hsn", "metadata")
    rate = row["tax_rate"]
    known = rate is not None or row["tax_amount"] is not None
    tax = {"rate": str(rate) if rate is not None else None, "amount": row["tax_amount"]} if known else None
    return {**{name: row[name] for name in names}, "tax": tax}


def summary(row: Any) -> dict[str, Any]:
    names = ("number", "status", "basis", "method", "currency", "total", "due", "oms_order_id")
    moments = ("status_at", "confirmed_at", "placed_at")
    return {
        **{name: row[name] for name in names},
        **{name: _text(row[name]) for name in moments},
        "cancel_requested": row["cancel_requested_at"] is not None,
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def payment_of(order: Any, payment: Any, slug: str | None) -> dict[str, Any]:
    """``state``: none (no gateway involved), opening, unknown, open, over, or failed where the gateway refused to open
    it. ``next``: null while it is not known yet, *none* where there is nothing to do for the customer."""
    if payment is None:
        return {"state": "none", "next": attempts.NOTHING_NEXT}
    refused = payment["state"] == "over" and payment["gateway_order_id"] is None
    waiting = order["status"] in _UNPAID and order["cancel_requested_at"] is None
    over = payment["state"] == "over" or not waiting
    return {
        "state": "failed" if refused else payment["state"],
        "next": attempts.NOTHING_NEXT if over else payment["next_step"],
        "gateway": slug,
        "account": str(payment["account_id"]),
        "reference": payment["reference"],
        "gateway_order_id": payment["gateway_order_id"],
        "expires_at": _text(payment["expires_at"]),
        "reason": payment["state_reason"],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """``since``: confirmed at or after this moment."""

    status: str | None = None
    since: datetime | None = None
    cursor: str | None = None
    limit: int = 50


def list_orders(house: House, store_id: UUID, query: Query) -> dict[str, Any]:
    """A page, oldest first, and the cursor of the next, null at the end. Raises ``Invalid`` for a broken cursor."""
    with house.database.read() as connection:
        rows = connection.execute(_page(store_id, query)).mappings().all()
    page = rows[: query.limit]
    more = len(rows) > query.limit
    return {"orders": [summary(row) for row in page], "next_cursor": _cursor(page[-1]["id"]) if more else None}


def _page(store_id: UUID, query: Query) -> Select[Any]:
    found = select(*_SUMMARY).where(orders.c.store_id == store_id)
    if query.status is not None:
        found = found.where(orders.c.status == query.status)
    if query.since is not None:
        found = found.where(orders.c.confirmed_at >= query.since)
    if query.cursor is not None:
        found = found.where(orders.c.id > _position(query.cursor))
    return found.order_by(orders.c.id).limit(query.limit + 1)


def _cursor(order_id: UUID) -> str:
    return base64.urlsafe_b64encode(order_id.bytes).decode().rstrip("=")


def _position(cursor: str) -> UUID:
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise Invalid("cursor", "expected the next_cursor of an earlier page") from None
