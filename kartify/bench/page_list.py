"""Which pages are read: the home page, each view, each filter, each kind of search, deep pages, every other list."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kartify.bench.served import EMPTY
from kartify.flows.reading.order_list import Reader, page
from kartify.flows.reading.order_query import AGES, ANSWERS, EXCEPTIONS, HAPPENED, VIEWS, Known, Query
from kartify.flows.reading.scope import Scope
from kartify.house import House
from kartify.models import Charge, Cron, Order, Payment

DEPTH: Final = (0.1, 0.5, 0.9)
_LISTS: Final = ("attention", "crons", "tools", "accounts", "inbox", "deliveries", "runs", "users", "audit", "exports")


def pages(house: House) -> dict[str, str]:
    """Addresses by name."""
    with house.database.read() as connection, Session(connection) as session:
        return {
            "empty page": EMPTY, "home": "/admin/", **_views(), **_filters(session), **_searches(session),
            **_deep(session), "order page": f"/admin/orders/{_some(session, 0.3).id}",
            **{f"list: {name}": f"/admin/{name}/" for name in _LISTS}, **_rows(session),
        }


def _orders(**params: str) -> str:
    return f"/admin/orders/?{urlencode(params)}"


def _views() -> dict[str, str]:
    return {f"orders: {name}": _orders(view=name) for name in VIEWS}


def _filters(session: Session) -> dict[str, str]:
    known = Known.of(session, Scope())
    given = {
        "store": list(known.stores), "gateway": list(known.gateways), "oms": list(known.omses), "age": list(AGES),
        "answer": list(ANSWERS), "event": [*HAPPENED, *EXCEPTIONS],
    }
    found = {f"status {one}": _orders(status=one) for one in
             ("missing", "processing", "failed", "cancelled", "shipped", "delivered", "refunded")}
    found |= {f"{name} {one}": _orders(**{"view": "all", name: one})
              for name, values in given.items() for one in values}
    found |= {f"missing, {name} {one}": _orders(**{"view": "missing", name: one})
              for name in ("gateway", "answer", "age") for one in given[name]}
    found["due from 5,000"] = _orders(view="all", **{"from": "5000"})
    found["due of one sum"] = _orders(view="all", **{"from": "1234.99", "to": "1234.99"})
    found["due that none has"] = _orders(view="all", **{"from": "0.01", "to": "0.02"})
    many = {"from": "500000", "event": "by-hand", "status": "delivered", "age": "7d"}
    found["many filters, none fits"] = _orders(view="all", gateway=next(iter(known.gateways), ""), **many)
    return found


def _some(session: Session, share: float) -> Any:
    """The order at this share of the time: ids are in the order of time."""
    first = session.scalars(select(Order.id).order_by(Order.id).limit(1)).one()
    last = session.scalars(select(Order.id).order_by(Order.id.desc()).limit(1)).one()
    there = UUID(int=first.int + int((last.int - first.int) * share))
    later = select(Order).where(Order.id >= there, Order.method == "prepaid").order_by(Order.id).limit(1)
    return session.scalars(later).one()


def _searches(session: Session) -> dict[str, str]:
    order = _some(session, 0.4)
    payment = session.scalars(select(Payment).where(Payment.order_id == order.id)).first()
    charge = session.scalars(select(Charge).where(Charge.account_id.is_not(None)).limit(1)).first()
    told = session.scalars(select(Order.oms_order_id).where(Order.oms_order_id.is_not(None)).limit(1)).first()
    found = {
        "number": order.number, "gateway order id": payment.gateway_order_id if payment else None,
        "our reference": payment.reference if payment else None,
        "payment id": charge.gateway_payment_id if charge else None, "OMS id": told, "e-mail": order.email,
        "phone": order.phone, "nothing": "no-such-thing",
    }
    return {f"search: {name}": _orders(q=text) for name, text in found.items() if text}


def _deep(session: Session) -> dict[str, str]:
    """Pages that somebody reaches by going on and on."""
    found: dict[str, str] = {}
    for share in DEPTH:
        there = _some(session, 1 - share)
        found[f"all, {share:.0%} deep"] = _orders(view="all", after=there.id.hex)
        found[f"delivered, {share:.0%} deep"] = _orders(
            status="delivered", after=f"{there.confirmed_at.isoformat()}_{there.id.hex}"
        )
    everything = Reader(scope=Scope(), personal=True)
    following = page(session, Query(view="missing"), everything).following
    return {**found, **({"missing, second page": _orders(view="missing", after=following)} if following else {})}


def _rows(session: Session) -> dict[str, str]:
    """The filters of the other lists, and pages of one row."""
    asked = ("inbox/?state=done", "inbox/?state=waiting", "inbox/?event=payment.captured", "inbox/?event=none-such",
             "deliveries/?state=dead", "deliveries/?state=withdrawn", "runs/?state=lost", "audit/?by=nobody",
             "attention/?type=dispute")
    found = {f"list: {one}": f"/admin/{one}" for one in asked}
    cron = session.scalars(select(Cron.id).where(Cron.account_id.is_not(None)).limit(1)).first()
    return {**found, **({"page: a cron": f"/admin/crons/{cron}"} if cron else {})}


__all__ = ["EMPTY", "pages"]
