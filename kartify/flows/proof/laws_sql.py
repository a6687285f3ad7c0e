"""What the laws' queries share: the form of a truth, and comparisons that both databases understand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, literal, or_

from kartify.domain.status import Status
from kartify.models import Charge, Order, OrderMove, table

orders, moves, charges = table(Order), table(OrderMove), table(Charge)
# What an order is after its purchase was complete, as long as it was not given up.
COMPLETE = (Status.PROCESSING, Status.SHIPPED, Status.DELIVERED)
UNPAID = (Status.MISSING, Status.FAILED)
Number = ColumnElement[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Rows that break a law. ``query`` gives the subject's ``id`` first, its ``number`` where it is an order's, and
    the figures that show why."""

    law: int
    sentence: str
    subject: str
    query: Select[Any]


def least(one: Any, other: Any) -> Number:
    """The smaller one: ``least`` and ``min`` are called differently on the two databases."""
    return case((one < other, one), else_=other)


def positive(value: Any) -> Number:
    return case((value > 0, value), else_=literal(0))


def key(column: Any) -> ColumnElement[str]:
    """A key as plain hex digits, as PostgreSQL and SQLite show it alike."""
    return func.replace(cast(column, String), "-", "")


def subject_of(what: str, column: Any) -> ColumnElement[str]:
    """The subject of an exception about this row; compare it with ``bare(cases.c.subject)``."""
    return literal(f"{what}:") + key(column)


def bare(subject: Any) -> ColumnElement[str]:
    return func.replace(subject, "-", "")


returned = least(charges.c.captured, charges.c.refunded + charges.c.lost)
net = charges.c.captured - returned

# A stay in processing begins with such a move; the last kind is first news that is already fully refunded.
enters = or_(
    moves.c.target == Status.PROCESSING, and_(moves.c.target == Status.REFUNDED, moves.c.source.in_(UNPAID))
)
