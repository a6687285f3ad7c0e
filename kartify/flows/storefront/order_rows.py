"""The rows of a new order: written once, at Confirm Order."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select

from kartify.domain.delivery import Kind, State
from kartify.domain.status import Actor, Status, permit
from kartify.flows.storefront.order_body import OrderBody
from kartify.models import Delivery, Order, OrderFee, OrderLine, OrderMove, OrderTender, StoreAccount, new_id, table

orders, lines, fees, tenders = table(Order), table(OrderLine), table(OrderFee), table(OrderTender)
moves, outbox, links = table(OrderMove), table(Delivery), table(StoreAccount)
_PUSHES = select(links.c.account_id).where(
    links.c.store_id == bindparam("b_store_id"), links.c.kind == "oms", links.c.active, links.c.push_unpaid
)


def insert_order(connection: Connection, store_id: UUID, body: OrderBody, *, by: str, at: datetime) -> UUID:
    """Order, lines, fees, tenders, its first move, and the row that shows it to an OMS that wants it unpaid. Raises
    ``IntegrityError`` where the store has this number."""
    permit(None, Status.MISSING, Actor.STOREFRONT)
    order_id = new_id()
    connection.execute(insert(orders).values(_order(order_id, store_id, body, at)))
    connection.execute(insert(lines), _lines(order_id, body))
    _insert_all(connection, fees, order_id, [fee.model_dump(mode="json") for fee in body.fees])
    _insert_all(connection, tenders, order_id, [tender.model_dump(mode="json") for tender in body.tenders])
    connection.execute(
        insert(moves).values(
            id=new_id(), order_id=order_id, source=None, target=Status.MISSING, actor=Actor.STOREFRONT, by=by,
            reason="the customer reached Confirm Order", at=at,
        )
    )
    return order_id


def push_unpaid(connection: Connection, store_id: UUID, order_id: UUID, *, by: str, at: datetime) -> UUID | None:
    """The OMS account that gets the order now, unpaid as it is; None where none wants that."""
    account_id: UUID | None = connection.execute(_PUSHES, {"b_store_id": store_id}).scalar()
    if account_id is not None:
        connection.execute(
            insert(outbox).values(
                id=new_id(), order_id=order_id, store_id=store_id, account_id=account_id, kind=Kind.PUSH_UNPAID,
                state=State.DUE, due_at=at, by=by, created_at=at,
            )
        )
    return account_id


def _order(order_id: UUID, store_id: UUID, body: OrderBody, at: datetime) -> dict[str, Any]:
    plain = body.model_dump(mode="json", include={"shipping_address", "billing_address", "metadata"})
    return {
        "id": order_id, "store_id": store_id, "number": body.number, "status": Status.MISSING, "status_at": at,
        "currency": body.currency, "total": body.total, "due": body.due, "method": body.payment.method,
        "customer": body.customer.model_dump(mode="json", exclude_none=True), "email": body.customer.email,
        "phone": body.customer.phone, "return_url": body.return_url, "oms_order_id": body.oms_order_id,
        "body_hash": body.digest, "confirmed_at": at, "clock_at": at, **plain,
    }


def _lines(order_id: UUID, body: OrderBody) -> list[dict[str, Any]]:
    return [
        {
            "order_id": order_id, "position": position, "line_id": line_id, "tax_rate": line.tax and line.tax.rate,
            "tax_amount": line.tax and line.tax.amount,
            **line.model_dump(mode="json", exclude={"line_id", "tax"}),
        }
        for position, (line_id, line) in enumerate(zip(body.line_ids, body.lines, strict=True))
    ]


def _insert_all(connection: Connection, target: Any, order_id: UUID, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(
            insert(target), [{"order_id": order_id, "position": position, **row} for position, row in enumerate(rows)]
        )
