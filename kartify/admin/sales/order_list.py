"""Sales » Orders as a query: saved views, filters, and a search that goes by indexes only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, exists, select, union
from sqlalchemy.orm import Session

from kartify import clock
from kartify.admin.frame.paging import Page, by_id, by_moment
from kartify.domain.status import Status
from kartify.models import Account, Case, Charge, Delivery, Order, Payment, Store

VIEWS: Final = {
    "missing": "Missing", "attention": "Needs attention", "undelivered": "Processing, not delivered", "all": "All",
}
AGES: Final = {
    "15m": ("older than 15 minutes", timedelta(minutes=15)),
    "1h": ("older than 1 hour", timedelta(hours=1)),
    "1d": ("older than 1 day", timedelta(days=1)),
    "7d": ("older than 7 days", timedelta(days=7)),
}
_UNDELIVERED = ("due", "claimed", "sent_unknown", "found", "dead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What the list shows; a search looks through all orders, whatever the view."""

    view: str = "missing"
    status: str = ""
    store: str = ""
    gateway: str = ""
    age: str = ""
    search: str = ""
    cursor: str | None = None

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Query:
        """What is not known is left out, so a mangled address shows the plain list."""
        search = values.get("q", "").strip()[:200]
        status = values.get("status", "")
        status = status if status in list(Status) else ""
        view = values.get("view", "")
        if view not in VIEWS:
            view = "all" if search or status else "missing"
        return cls(
            view=view, status=status, store=values.get("store", "")[:32],
            gateway=values.get("gateway", "")[:32], age=values.get("age", "") if values.get("age") in AGES else "",
            search=search, cursor=values.get("after"),
        )

    def params(self) -> dict[str, str]:
        """The filters as they stand in the address, without the page."""
        named = {"view": self.view, "status": self.status, "store": self.store, "gateway": self.gateway,
                 "age": self.age, "q": self.search}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of orders, and what the columns need of their neighbours."""

    page: Page
    stores: Mapping[UUID, Store]
    accounts: Mapping[UUID, Account]
    payments: Mapping[UUID, Payment]
    deliveries: Mapping[UUID, Delivery]
    cases: Mapping[UUID, Case]


def listed(session: Session, query: Query, *, personal: bool) -> Listed:
    page = _page(session, _filtered(session, query, personal), query)
    ids = [order.id for order in page.rows]
    return Listed(
        page=page, stores={one.id: one for one in session.scalars(select(Store))},
        accounts={one.id: one for one in session.scalars(select(Account))},
        payments=_newest(session, select(Payment).where(Payment.order_id.in_(ids)).order_by(Payment.created_at)),
        deliveries=_newest(
            session,
            select(Delivery).where(Delivery.order_id.in_(ids), Delivery.kind.in_(("push", "confirm", "feed", "none")),
                                   Delivery.state != "withdrawn").order_by(Delivery.created_at),
        ),
        cases=_newest(session, select(Case).where(Case.order_id.in_(ids), Case.closed_at.is_(None))),
    )


def _newest(session: Session, found: Select[Any]) -> dict[UUID, Any]:
    """The last row of each order."""
    return {row.order_id: row for row in session.scalars(found)}


def _page(session: Session, found: Select[Any], query: Query) -> Page:
    """With one status the index (status, confirmed_at) gives the order, else the primary key."""
    if query.status or query.view in ("missing", "undelivered"):
        return by_moment(session, found, Order.confirmed_at, Order.id, query.cursor)
    return by_id(session, found, Order.id, query.cursor)


def _filtered(session: Session, query: Query, personal: bool) -> Select[Any]:
    found = select(Order)
    if query.search:
        found = found.where(Order.id.in_(_named(session, query.search, personal)))
    if query.status:
        found = found.where(Order.status == query.status)
    elif query.view == "missing":
        found = found.where(Order.status == Status.MISSING)
    if query.view == "attention":
        found = found.where(Order.id.in_(select(Case.order_id).where(Case.closed_at.is_(None),
                                                                     Case.order_id.is_not(None))))
    if query.view == "undelivered":
        open_row = exists().where(Delivery.order_id == Order.id, Delivery.state.in_(_UNDELIVERED),
                                  Delivery.kind.in_(("push", "confirm", "feed")))
        found = found.where(Order.status == Status.PROCESSING, open_row)
    return _narrowed(found, query)


def _narrowed(found: Select[Any], query: Query) -> Select[Any]:
    if query.store:
        found = found.where(Order.store_id.in_(select(Store.id).where(Store.code == query.store)))
    if query.gateway:
        mine = select(Account.id).where(Account.slug == query.gateway)
        found = found.where(exists().where(Payment.order_id == Order.id, Payment.account_id.in_(mine)))
    if query.age:
        found = found.where(Order.confirmed_at < clock.now() - AGES[query.age][1])
    return found


def _named(session: Session, text: str, personal: bool) -> Any:
    """Whole values only: number, our reference, ids of gateway and OMS; e-mail and phone for who may see them."""
    stores: Sequence[UUID] = session.scalars(select(Store.id)).all()
    accounts: Sequence[UUID] = session.scalars(select(Account.id)).all()
    spelled = list(dict.fromkeys([text, text.upper(), text.lower()]))
    found = [
        select(Order.id).where(Order.store_id.in_(stores), Order.number.in_(spelled)),
        select(Order.id).where(Order.oms_order_id == text),
        select(Payment.order_id).where(Payment.account_id.in_(accounts), Payment.gateway_order_id == text),
        select(Payment.order_id).where(Payment.reference.in_(spelled)),
        select(Charge.order_id).where(Charge.account_id.in_(accounts), Charge.gateway_payment_id == text,
                                      Charge.order_id.is_not(None)),
    ]
    if personal:
        found.append(select(Order.id).where(Order.email.in_(spelled)))
        found.append(select(Order.id).where(Order.phone.in_(_phones(text))))
    return union(*found)


def _phones(text: str) -> list[str]:
    """As typed, and without what people put between digits."""
    digits = "".join(sign for sign in text if sign.isdigit())
    return list(dict.fromkeys([text, digits, f"+{digits}", f"+91{digits}"])) if digits else [text]
