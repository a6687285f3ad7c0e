"""The feed as CSV: a row for each line of an order, everything about the order in each, so that one reader does."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kartify.flows.delivering.feed import FeedItem
from kartify.plugin.oms import OmsOrder

_PERSON: Final = ("name", "email", "phone")
_PLACE: Final = ("name", "line1", "line2", "city", "state", "postcode", "country", "phone")
COLUMNS: Final = (
    "position", "acknowledged", "number", "oms_order_id", "store", "currency", "total", "due", "method", "created_at",
    "line_id", "sku", "line_name", "quantity", "unit_price", "discount", "hsn", "fees", "payments",
    *(f"customer_{name}" for name in _PERSON), *(f"shipping_{name}" for name in _PLACE),
    *(f"billing_{name}" for name in _PLACE),
)


def written(items: Sequence[FeedItem]) -> str:
    """Sums are minor units. ``fees`` and ``payments`` are JSON in their cell. Texts are as they are: this is for
    machines."""
    paper = io.StringIO(newline="")
    writer = csv.writer(paper)
    writer.writerow(COLUMNS)
    for item in items:
        writer.writerows(_rows(item))
    return paper.getvalue()


def _rows(item: FeedItem) -> Iterator[list[Any]]:
    order = item.order
    head = [
        item.position, str(item.acknowledged).lower(), order.number, order.oms_order_id, order.store, order.currency,
        order.total, order.due, order.method, order.created_at.isoformat(),
    ]
    tail = [
        json.dumps([dict(fee) for fee in order.fees]), json.dumps(_payments(order)), *_cells(order.customer, _PERSON),
        *_cells(order.shipping_address, _PLACE), *_cells(order.billing_address, _PLACE),
    ]
    for line in order.lines:
        own = [line.line_id, line.sku, line.name, line.quantity, line.unit_price, line.discount, line.hsn]
        yield [*head, *own, *tail]


def _payments(order: OmsOrder) -> list[dict[str, Any]]:
    return [
        {"kind": one.kind, "amount": one.amount, "name": one.name, "gateway": one.gateway,
         "gateway_payment_id": one.gateway_payment_id}
        for one in order.payments
    ]


def _cells(values: Mapping[str, Any] | None, names: Sequence[str]) -> list[Any]:
    return [(values or {}).get(name) for name in names]
