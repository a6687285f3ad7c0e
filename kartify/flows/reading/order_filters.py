"""The filters of a list of orders as SQL: what an index leads to, and what has to be looked at row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select, text, union
from sqlalchemy.orm import Session

from kartify import clock
from kartify.domain.conclude import Answer
from kartify.domain.status import Status
from kartify.flows.reading.order_query import AGES, EXCEPTIONS, Query
from kartify.flows.reading.paging import Keys
from kartify.flows.reading.scope import Scope
from kartify.models import (
    Account,
    Case,
    Charge,
    Delivery,
    Order,
    Payment,
    Settlement,
    Store,
    StoreAccount,
    TimelineEntry,
)

_UNDELIVERED: Final = ("due", "claimed", "sent_unknown", "found", "dead")
# Word for word what the partial index is about: a bound value would keep it from being used.
_FULFILS: Final = text("outbox.kind IN ('push', 'confirm', 'feed', 'none') AND outbox.state <> 'withdrawn'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """``found`` with what an index leads to, ordered by ``keys``. ``narrow``: what has to be looked at row by row.
    ``few``: ``found`` names the orders themselves, so that looking through windows would be a detour."""

    found: Select[Any]
    narrow: tuple[ColumnElement[bool], ...]
    keys: Keys
    few: bool


def there(*wanted: ColumnElement[bool] | Any) -> ColumnElement[bool]:
    """Whether there is such a row of this order. Unlike EXISTS it is looked up order by order, by its index: a planner
    that thinks of the whole window would rather read the whole table once."""
    return select(literal(1)).where(*wanted).correlate(Order).limit(1).scalar_subquery().is_not(None)


def filtered(session: Session, query: Query, *, scope: Scope, personal: bool) -> Filtered:
    found, few = select(Order), _few(session, query, personal)
    for ids in few:
        found = found.where(Order.id.in_(ids))
    status = query.filters.get("status") or _STATUS.get(query.view, "")
    # With one status the index (status, confirmed_at) gives the order, else the primary key.
    keys = Keys(Order.id, Order.confirmed_at) if status and not few else Keys(Order.id)
    narrow = [*_narrow(query), *_of_view(query)]
    if status:
        found = found.where(Order.status == status)
    if query.filters.get("status") and query.view in _STATUS and _STATUS[query.view] != status:
        narrow.append(Order.status == _STATUS[query.view])
    if scope.stores is not None:
        narrow.append(Order.store_id.in_(scope.stores))
    if age := query.filters.get("age"):
        narrow.append(Order.confirmed_at < clock.now() - AGES[age][1])
    return Filtered(found=found, narrow=tuple(narrow), keys=keys, few=bool(few))


_STATUS: Final = {"missing": Status.MISSING, "undelivered": Status.PROCESSING}


def _few(session: Session, query: Query, personal: bool) -> list[Any]:
    """Sets of orders that rows of other tables name, by their indexes."""
    found = [_named(session, query.search, personal)] if query.search else []
    open_cases = select(Case.order_id).where(Case.closed_at.is_(None), Case.order_id.is_not(None))
    if query.view == "attention":
        found.append(open_cases)
    event = query.filters.get("event", "")
    if event in EXCEPTIONS:
        found.append(open_cases.where(Case.type == event))
    return found


def _of_view(query: Query) -> list[ColumnElement[bool]]:
    if query.view != "undelivered":
        return []
    return [there(Delivery.order_id == Order.id, _FULFILS, Delivery.state.in_(_UNDELIVERED),
                           Delivery.kind != "none")]


def _narrow(query: Query) -> list[ColumnElement[bool]]:
    given = query.filters
    found: list[ColumnElement[bool]] = []
    if store := given.get("store"):
        found.append(Order.store_id.in_(select(Store.id).where(Store.code == store)))
    if gateway := given.get("gateway"):
        mine = select(Account.id).where(Account.slug == gateway)
        found.append(there(Payment.order_id == Order.id, Payment.account_id.in_(mine)))
    if oms := given.get("oms"):
        found.append(_of_oms(oms))
    if answer := given.get("answer"):
        found.append(ANSWERED[answer])
    if (event := given.get("event", "")) in _HAPPENED:
        found.append(_HAPPENED[event])
    if query.sums:
        found.append(or_(*(_between(*item) for item in query.sums.items())))
    return found


def _between(currency: str, sums: tuple[int | None, int | None]) -> ColumnElement[bool]:
    least, most = sums
    wanted = [Order.currency == currency]
    wanted += [Order.due >= least] if least is not None else []
    wanted += [Order.due <= most] if most is not None else []
    return and_(*wanted)


def _of_oms(slug: str) -> ColumnElement[bool]:
    """The one it was or is delivered to; before that, the store's."""
    mine = select(Account.id).where(Account.kind == "oms", Account.slug == slug)
    theirs = select(StoreAccount.store_id).where(
        StoreAccount.kind == "oms", StoreAccount.active, StoreAccount.account_id.in_(mine)
    )
    sent = and_(Delivery.order_id == Order.id, _FULFILS, Delivery.account_id.is_not(None))
    return or_(
        there(sent, Delivery.account_id.in_(mine)),
        and_(Order.store_id.in_(theirs), ~there(sent)),
    )


_paid = or_(
    there(Payment.order_id == Order.id, Payment.answer == Answer.PAID),
    there(Charge.order_id == Order.id, or_(Charge.captured > 0, Charge.authorized > 0)),
)
_asked = there(Payment.order_id == Order.id, Payment.asks > 0)
# Of an unpaid order: each is in exactly one of the three.
ANSWERED: Final[Mapping[str, ColumnElement[bool]]] = {
    "paid": _paid, "nothing": and_(~_paid, _asked), "unasked": and_(~_paid, ~_asked),
}
_active = and_(Settlement.order_id == Order.id, Settlement.reversed_at.is_(None))
_other = Payment.__table__.alias()
_HAPPENED: Final[Mapping[str, ColumnElement[bool]]] = {
    **{f"by-{word}": there(_active, Settlement.channel == word) for word in ("webhook", "callback", "lookup")},
    "by-hand": or_(Order.basis == "manual", there(_active, Settlement.channel == "manual")),
    "attempt-failed": there(Charge.order_id == Order.id, Charge.failed_at.is_not(None)),
    "several-payments": there(
        Payment.order_id == Order.id, _other.c.order_id == Order.id, Payment.id > _other.c.id
    ),
    "refund": there(Charge.order_id == Order.id, Charge.refunded > 0),
    "cancel-requested": Order.cancel_requested_at.is_not(None),
    "edited": there(TimelineEntry.order_id == Order.id, TimelineEntry.kind == "edit"),
    "noted": there(TimelineEntry.order_id == Order.id, TimelineEntry.kind == "note"),
}


def _named(session: Session, words: str, personal: bool) -> Any:
    """Whole values only: number, our reference, ids of gateway and OMS; e-mail and phone for who may see them."""
    stores = session.scalars(select(Store.id)).all()
    accounts = session.scalars(select(Account.id)).all()
    spelled = list(dict.fromkeys([words, words.upper(), words.lower()]))
    found: list[Select[Any]] = [
        select(Order.id).where(Order.store_id.in_(stores), Order.number.in_(spelled)),
        select(Order.id).where(Order.oms_order_id == words),
        select(Payment.order_id).where(Payment.account_id.in_(accounts), Payment.gateway_order_id == words),
        select(Payment.order_id).where(Payment.reference.in_(spelled)),
        select(Charge.order_id).where(Charge.account_id.in_(accounts), Charge.gateway_payment_id == words,
                                      Charge.order_id.is_not(None)),
    ]
    if personal:
        found.append(select(Order.id).where(Order.email.in_(spelled)))
        found.append(select(Order.id).where(Order.phone.in_(_phones(words))))
    return union(*found)


def _phones(words: str) -> list[str]:
    """As typed, and without what people put between digits."""
    digits = "".join(sign for sign in words if sign.isdigit())
    return list(dict.fromkeys([words, digits, f"+{digits}", f"+91{digits}"])) if digits else [words]


__all__ = ["ANSWERED", "Filtered", "filtered"]
