"""The exceptions that wait for a person: by type with their money, and the ones whose deadline is near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from kartify.admin.overview.sums import Sum, by_currency
from kartify.flows.reading.scope import Scope
from kartify.models import Case

SOON: Final = timedelta(hours=48)
SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """``held``: only sums that are not nothing. ``deadline``: the nearest."""

    type: str
    count: int
    held: list[Sum]
    oldest: datetime
    deadline: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """``urgent``: (type, deadline) that has passed or is near, the nearest first. ``snoozed``: put off by a person."""

    kinds: Sequence[Kind]
    urgent: Sequence[Any]
    snoozed: int

    @property
    def count(self) -> int:
        return sum(one.count for one in self.kinds)


def read(session: Session, scope: Scope, now: datetime) -> Waiting:
    asleep = case((Case.snoozed_until > now, 1), else_=0)
    by = (Case.type, Case.currency, asleep.label("asleep"))
    moments = (func.min(Case.opened_at).label("oldest"), func.min(Case.deadline).label("deadline"))
    sums = (func.count().label("many"), func.sum(Case.money_held).label("held"))
    grouped: Any = select(*by, *sums, *moments).where(Case.closed_at.is_(None)).group_by(*by)
    rows = session.execute(scope.rows(grouped, Case.store_id)).all()
    found: dict[str, list[Any]] = {}
    for row in rows:
        if not row.asleep:
            found.setdefault(row.type, []).append(row)
    kinds = [_kind(name, parts) for name, parts in found.items()]
    return Waiting(
        kinds=sorted(kinds, key=lambda one: (one.deadline is None, one.deadline or one.oldest, one.oldest)),
        urgent=_urgent(session, scope, now), snoozed=sum(row.many for row in rows if row.asleep),
    )


def _urgent(session: Session, scope: Scope, now: datetime) -> Sequence[Any]:
    """A deadline does not wait for whoever put the matter off."""
    near: Any = select(Case.id, Case.type, Case.order_id, Case.deadline, Case.money_held, Case.currency).where(
        Case.closed_at.is_(None), Case.deadline <= now + SOON
    )
    return session.execute(scope.rows(near, Case.store_id).order_by(Case.deadline, Case.id).limit(SHOWN)).all()


def _kind(name: str, parts: Sequence[Any]) -> Kind:
    sums = [Sum(currency=row.currency, count=row.many, minor=int(row.held)) for row in parts]
    deadlines = [row.deadline for row in parts if row.deadline is not None]
    return Kind(
        type=name, count=sum(one.count for one in sums), held=by_currency(one for one in sums if one.minor),
        oldest=min(row.oldest for row in parts), deadline=min(deadlines) if deadlines else None,
    )
