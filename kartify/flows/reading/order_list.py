"""A page of orders with what its columns need of their neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kartify.domain.status import Status
from kartify.domain.telling import title, words
from kartify.flows.reading.order_filters import filtered
from kartify.flows.reading.order_query import Query
from kartify.flows.reading.paging import PATIENCE, SIZE, Page, paged, sought
from kartify.flows.reading.scope import Scope
from kartify.models import Account, Case, Delivery, Order, Payment, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads: ``personal`` decides what a search may look at."""

    scope: Scope
    personal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    page: Page
    stores: Mapping[UUID, Store]
    accounts: Mapping[UUID, Account]
    payments: Mapping[UUID, Payment]
    deliveries: Mapping[UUID, Delivery]
    cases: Mapping[UUID, Case]


def page(
    session: Session, query: Query, reader: Reader, *, size: int = SIZE, patience: float | None = PATIENCE
) -> Page:
    what = filtered(session, query, scope=reader.scope, personal=reader.personal)
    if what.few or not what.narrow:
        return paged(session, what.found.where(*what.narrow), what.keys, cursor=query.cursor, size=size)
    return sought(
        session, what.found, what.narrow, what.keys, cursor=query.cursor, size=size, patience=patience
    )


def listed(
    session: Session, query: Query, reader: Reader, *, size: int = SIZE, patience: float | None = PATIENCE
) -> Listed:
    found = page(session, query, reader, size=size, patience=patience)
    ids = [order.id for order in found.rows]
    return Listed(
        page=found, stores={one.id: one for one in session.scalars(select(Store))},
        accounts={one.id: one for one in session.scalars(select(Account))},
        payments=_newest(session, select(Payment).where(Payment.order_id.in_(ids)).order_by(Payment.created_at)),
        deliveries=_newest(
            session,
            select(Delivery).where(Delivery.order_id.in_(ids), Delivery.kind.in_(("push", "confirm", "feed", "none")),
                                   Delivery.state != "withdrawn").order_by(Delivery.created_at),
        ),
        cases=_newest(session, select(Case).where(Case.order_id.in_(ids), Case.closed_at.is_(None))),
    )


def ids(session: Session, query: Query, reader: Reader, *, most: int) -> list[UUID] | None:
    """The orders that the filters show, whatever the page; None where they are more than ``most`` or cannot be told
    in a moment."""
    found = page(session, replace(query, cursor=None), reader, size=most, patience=1.0)
    return None if found.following else [order.id for order in found.rows]


def _newest(session: Session, found: Select[Any]) -> dict[UUID, Any]:
    """The last row of each order."""
    return {row.order_id: row for row in session.scalars(found)}


NOT_PLACED, UNOPENED = "cash on delivery, not placed", "no payment opened"
UNASKED, UNDELIVERED = "not asked yet", "nothing to deliver"


def why(found: Listed, order: Order) -> str:
    return ": ".join(filter(None, last_word(found, order)))


def last_word(found: Listed, order: Order) -> tuple[str, str]:
    """The short reason in the list: who or what, and the last answer of the gateway or what the OMS has of it."""
    case = found.cases.get(order.id)
    if case is not None:
        return title(case.type), case.reason
    if order.status in (Status.MISSING, Status.FAILED):
        payment = found.payments.get(order.id)
        if payment is None:
            return "", NOT_PLACED if order.method == "cod" else UNOPENED
        return _name(found, payment.account_id), payment.last_answer or UNASKED
    row = found.deliveries.get(order.id)
    if row is None:
        return "", ""
    if row.kind == "none":
        return "", row.reason or UNDELIVERED
    said = row.receipt if row.state == "done" else row.last_error or words(row.state)
    return _name(found, row.account_id), str(said)


def _name(found: Listed, account_id: UUID | None) -> str:
    account = found.accounts.get(account_id) if account_id else None
    return account.label if account else "OMS"


__all__ = ["PATIENCE", "Listed", "Reader", "ids", "listed", "page", "why"]
