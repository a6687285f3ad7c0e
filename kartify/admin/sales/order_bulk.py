"""*Check payment* for many orders at once: one run of the order lookup cron for each gateway account, with progress,
a word for each order, and *Stop*."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask_babel import gettext, ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from kartify.domain.errors import Conflict, Invalid
from kartify.flows.lookups import runs
from kartify.flows.reading import order_list
from kartify.flows.reading.order_list import Reader
from kartify.flows.reading.order_query import Query
from kartify.flows.reading.scope import Scope
from kartify.house import House
from kartify.models import Account, Order, Payment

MOST: Final = 5_000
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """``run_ids`` by account label; ``refused``: why an account has no run."""

    run_ids: dict[str, UUID]
    refused: dict[str, str]
    orders: int
    without: int

    @property
    def text(self) -> str:
        told = [f"{label}: {why}." for label, why in self.refused.items()]
        if self.without:
            told.append(gettext("%(count)s without a payment at a gateway: there is nobody to ask.",
                                count=self.without))
        if self.run_ids:
            told.insert(0, ngettext("%(count)s order asked about at %(names)s.",
                                    "%(count)s orders asked about at %(names)s.", self.orders, count=self.orders,
                                    names=", ".join(self.run_ids)))
        return " ".join(told) or gettext("Nothing to ask about.")


def shown(session: Session, query: Query, reader: Reader) -> list[UUID]:
    """The orders that the filters show, whatever the page. Raises ``Invalid`` for more than ``MOST``."""
    found = order_list.ids(session, query, reader, most=MOST)
    if found is None:
        raise Invalid("orders", gettext("expected at most %(most)s: narrow the filters", most=MOST))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Order numbers by account; ``orders``: how many were chosen."""

    numbers: dict[UUID, list[str]]
    labels: dict[UUID, str]
    orders: int


def planned(session: Session, orders: list[UUID], scope: Scope) -> Plan:
    """Raises ``Invalid`` where there is no order; those of stores outside of ``scope`` are nobody's to ask about."""
    if not orders:
        raise Invalid("orders", gettext("expected at least one: tick the orders that are to be checked"))
    labels = {one.id: one.label for one in session.scalars(select(Account))}
    return Plan(numbers=_by_account(session, orders, scope), labels=labels, orders=len(set(orders)))


def check(house: House, plan: Plan, *, by: str) -> Started:
    """Starts the runs; a worker takes them."""
    started: dict[str, UUID] = {}
    refused: dict[str, str] = {}
    asked: set[str] = set()
    for account_id, numbers in plan.numbers.items():
        label = plan.labels[account_id]
        try:
            run_id = runs.start(house, account_id, by=by, numbers=numbers)
        except Conflict as problem:
            refused[label] = str(problem)
            continue
        house.waker.wake("run", str(run_id))
        started[label] = run_id
        asked.update(numbers)
    known = {number for numbers in plan.numbers.values() for number in numbers}
    return Started(run_ids=started, refused=refused, orders=len(asked), without=plan.orders - len(known))


def _by_account(session: Session, orders: list[UUID], scope: Scope) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    for start in range(0, len(orders), _AT_ONCE):
        query = (
            select(Payment.account_id, Order.number).join(Order, Order.id == Payment.order_id)
            .where(Order.id.in_(orders[start : start + _AT_ONCE])).distinct().order_by(Order.number)
        )
        for account_id, number in session.execute(scope.rows(query, Order.store_id)):
            found.setdefault(account_id, []).append(number)
    return found
