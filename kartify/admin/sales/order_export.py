"""The list of orders as CSV: exactly what the filters show, whatever the page, written while it is read."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Final

from sqlalchemy.orm import Session

from kartify.admin.frame import look
from kartify.admin.sales import order_list
from kartify.domain.money import to_major
from kartify.models import Order

COLUMNS: Final = (
    "number", "store", "status", "method", "currency", "total", "due", "customer", "email", "phone", "gateway",
    "gateway_order_id", "oms_order_id", "last_word", "next_ask_utc", "confirmed_utc",
)
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
Reading = Callable[[], AbstractContextManager[Session]]
Why = Callable[[order_list.Listed, Order], str]


def written(reading: Reading, query: order_list.Query, why: Why, *, personal: bool) -> Iterator[str]:
    """Line by line; each page of orders is a transaction of its own."""
    yield _line(COLUMNS)
    here: order_list.Query | None = replace(query, cursor=None)
    while here is not None:
        with reading() as session:
            found = order_list.listed(session, here, personal=personal)
        for order in found.page.rows:
            yield _line(_cells(found, order, why(found, order), personal))
        here = replace(here, cursor=found.page.following) if found.page.following else None


def defused(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(values: Any) -> str:
    paper = io.StringIO(newline="")
    csv.writer(paper).writerow([defused(value) for value in values])
    return paper.getvalue()


def _cells(found: order_list.Listed, order: Order, why: str, personal: bool) -> list[Any]:
    payment = found.payments.get(order.id)
    account = found.accounts.get(payment.account_id) if payment else None
    name = order.customer.get("name")
    return [
        order.number, found.stores[order.store_id].code, order.status, order.method, order.currency,
        to_major(order.total, order.currency), to_major(order.due, order.currency),
        name if personal else look.mask_name(name), order.email if personal else look.mask_mail(order.email),
        order.phone if personal else look.mask_phone(order.phone), account.slug if account else None,
        payment.gateway_order_id if payment else None, order.oms_order_id, look.scrub(why, personal),
        _moment(payment.next_ask_at if payment else None), _moment(order.confirmed_at),
    ]


def _moment(moment: Any) -> str:
    return look.exact(moment) if moment else ""
