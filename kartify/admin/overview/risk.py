"""Money at risk now: prepaid orders that are missing, by what their gateway said, by age and by gateway.

One query over the missing orders (an index range) and their payments; nothing else of the tables is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, String, and_, case, cast, func, literal, not_, or_, select
from sqlalchemy.orm import Session

from kartify.admin.overview.sums import Sum, by_currency, counted
from kartify.domain.conclude import Answer
from kartify.domain.status import Status
from kartify.flows.reading.order_query import AGES
from kartify.flows.reading.scope import Scope
from kartify.models import Case, Order, Payment

SHOWN: Final = 5


class Said(StrEnum):
    """What is known of an order's money: the best of what its payments' last look-ups told."""

    HELD = "held"
    PAID = "paid"
    PENDING = "pending"
    UNKNOWN = "unknown"
    NEVER = "never"
    UNPAID = "unpaid"
    UNOPENED = "unopened"
    NOT_PREPAID = "not prepaid"


# The three answers of the page, in the order of their urgency.
ANSWERS: Final[Mapping[str, tuple[Said, ...]]] = {
    "paid": (Said.PAID, Said.HELD),
    "nothing": (Said.PENDING, Said.UNKNOWN, Said.UNPAID),
    "unasked": (Said.NEVER, Said.UNOPENED),
}
# A payment that was never asked about outweighs one that is known to be unpaid: its money may be there.
_RANKS: Final = {5: Said.PAID, 4: Said.PENDING, 3: Said.UNKNOWN, 2: Said.NEVER, 1: Said.UNPAID}
_ASKED: Final = {Answer.PAID: 5, Answer.PENDING: 4, Answer.UNKNOWN: 3, Answer.NEVER: 2, Answer.UNPAID: 1}
_RANK_UNKNOWN: Final = 3
# From young to old: the name that Sales » Orders has for "older than", and where it ends.
BUCKETS: Final = (None, *AGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """``gateway``: the slug; None where no payment was opened. ``age``: older than this name of ``AGES``."""

    gateway: str | None
    age: str | None
    said: Said
    sum: Sum


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a table: the sums of each of the three answers, and of all."""

    key: str | None
    answers: Mapping[str, list[Sum]]
    total: list[Sum]


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """``first``: the oldest orders whose money is known, but that are not through."""

    cells: Sequence[Cell]
    unplaced: list[Sum]
    first: Sequence[Any] = ()

    def of(self, *said: Said) -> list[Sum]:
        return by_currency(cell.sum for cell in self.cells if cell.said in said)

    def answer(self, name: str) -> list[Sum]:
        return self.of(*ANSWERS[name])

    @property
    def total(self) -> list[Sum]:
        return by_currency(cell.sum for cell in self.cells)

    @property
    def orders(self) -> int:
        return counted(self.total)

    @property
    def ages(self) -> list[Row]:
        return [_row(age, [cell for cell in self.cells if cell.age == age]) for age in BUCKETS]

    @property
    def gateways(self) -> list[Row]:
        """Those with missing orders; the one with the most first."""
        names = dict.fromkeys(cell.gateway for cell in self.cells)
        rows = [_row(name, [cell for cell in self.cells if cell.gateway == name]) for name in names]
        return sorted(rows, key=lambda row: (-counted(row.total), row.key or "~"))


def _row(key: str | None, cells: Sequence[Cell]) -> Row:
    answers = {name: by_currency(cell.sum for cell in cells if cell.said in kinds) for name, kinds in ANSWERS.items()}
    return Row(key=key, answers=answers, total=by_currency(cell.sum for cell in cells))


def read(session: Session, scope: Scope, slugs: Mapping[UUID, str], now: datetime) -> Risk:
    """``slugs``: of the accounts that the person may see."""
    # Materialized, or what is looked up for each order would be looked up once for each mention.
    missing = scope.rows(_missing(), Order.store_id).cte("missing").prefix_with("MATERIALIZED", dialect="postgresql")
    age = case(*((missing.c.confirmed_at < now - AGES[name][1], name) for name in reversed(AGES)), else_=None)
    by = (missing.c.telling, missing.c.kind, age.label("age"), missing.c.currency)
    found = session.execute(select(*by, func.count(), func.sum(missing.c.due)).group_by(*by))
    cells = list(_cells(found, slugs))
    prepaid = [cell for cell in cells if cell.said is not Said.NOT_PREPAID]
    unplaced = by_currency(cell.sum for cell in cells if cell.said is Said.NOT_PREPAID)
    paid = any(cell.said in ANSWERS["paid"] for cell in prepaid)
    return Risk(cells=prepaid, unplaced=unplaced, first=_first(session, scope) if paid else ())


_held = select(Case.order_id).where(Case.closed_at.is_(None), Case.money_held > 0, Case.order_id.is_not(None))
_prepaid = and_(Order.method == "prepaid", Order.due > 0)


def _missing() -> Select[Any]:
    """Missing orders with the payment that tells the most, the newest of several: its rank and its account in one
    word. It is looked up for each order, so that the cost follows the missing orders and not the table of payments."""
    rank = case(_ASKED, value=Payment.answer, else_=_RANK_UNKNOWN)
    telling = (
        select(cast(rank, String) + cast(Payment.account_id, String)).where(Payment.order_id == Order.id)
        .order_by(rank.desc(), Payment.id.desc()).limit(1).correlate(Order).scalar_subquery()
    )
    kind = case((not_(_prepaid), Said.NOT_PREPAID), (Order.id.in_(_held), Said.HELD), else_=None)
    return select(Order.confirmed_at, Order.currency, Order.due, telling.label("telling"), kind.label("kind")).where(
        Order.status == Status.MISSING
    )


def _cells(found: Iterable[Any], slugs: Mapping[UUID, str]) -> Iterable[Cell]:
    for telling, kind, age, currency, count, minor in found:
        said = Said(kind) if kind else _RANKS[int(telling[0])] if telling else Said.UNOPENED
        yield Cell(
            gateway=slugs.get(UUID(telling[1:])) if telling else None, age=age, said=said,
            sum=Sum(currency=currency, count=count, minor=int(minor)),
        )


def _first(session: Session, scope: Scope) -> Sequence[Any]:
    """Along the index of missing orders from the oldest on, until there are enough. An EXISTS could be answered by
    reading all payments; this cannot."""
    mine = select(literal(1)).where(Payment.order_id == Order.id, Payment.answer == Answer.PAID)
    paid = mine.limit(1).correlate(Order).scalar_subquery().is_not(None)
    found: Any = select(Order.id, Order.number, Order.confirmed_at, Order.currency, Order.due).where(
        Order.status == Status.MISSING, _prepaid, or_(Order.id.in_(_held), paid)
    )
    return session.execute(scope.rows(found, Order.store_id).order_by(Order.confirmed_at, Order.id).limit(SHOWN)).all()
