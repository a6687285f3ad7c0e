"""An order as the cells of an exported row: text, money, moments; personal data as far as the reader may see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from kartify.domain.telling import mask_mail, mask_name, mask_phone, scrub
from kartify.flows.reading.order_list import Listed, why
from kartify.models import Order

# The kind of each column. A cell of money is (minor units, currency).
COLUMNS: Final = {
    "number": "text", "store": "text", "status": "text", "method": "text", "currency": "text", "total": "money",
    "due": "money", "customer": "text", "email": "text", "phone": "text", "gateway": "text",
    "gateway_order_id": "text", "oms_order_id": "text", "last_word": "text", "next_ask_utc": "moment",
    "confirmed_utc": "moment",
}
Row = list[Any]


def rows(found: Listed, *, personal: bool) -> list[Row]:
    return [_cells(found, order, personal) for order in found.page.rows]


def _cells(found: Listed, order: Order, personal: bool) -> Row:
    payment = found.payments.get(order.id)
    account = found.accounts.get(payment.account_id) if payment else None
    name = order.customer.get("name")
    return [
        order.number, found.stores[order.store_id].code, order.status, order.method, order.currency,
        (order.total, order.currency), (order.due, order.currency),
        name if personal else mask_name(name), order.email if personal else mask_mail(order.email),
        order.phone if personal else mask_phone(order.phone), account.slug if account else None,
        payment.gateway_order_id if payment else None, order.oms_order_id, scrub(why(found, order), personal),
        _moment(payment.next_ask_at if payment else None), _moment(order.confirmed_at),
    ]


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


__all__ = ["COLUMNS", "Row", "rows"]
