"""The exceptions that wait for a person: by type with their money, and the ones whose deadline is near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from kartify.admin.frame.scope import Scope
from kartify.admin.overview.sums import Sum, by_currency
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
    asleep = Case.snoozed_until > now
    awake = or_(Case.snoozed_until.is_(None), Case.snoozed_until <= now)
    by = (Case.type, Case.currency)
    grouped: Select[Any] = select(*by, func.count(), func.sum(Case.money_held), func.min(Case.opened_at), func.min(Case.deadline))
    rows = session.execute(scope.rows(grouped.where(Case.closed_at.is_(None), awake), Case.store_id).group_by(*by))
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.type, []).append(row)
    kinds = [_kind(name, parts) for name, parts in found.items()]
    # A deadline does not wait for whoever put the matter off.
    near: Select[Any] = select(Case.id, Case.type, Case.order_id, Case.deadline, Case.money_held, Case.currency).where(
        Case.closed_at.is_(None), Case.deadline <= now + SOON
    )
    urgent = session.execute(scope.rows(near, Case.store_id).order_by(Case.deadline, Case.id).limit(SHOWN)).all()
    resting = scope.rows(select(func.count()).where(Case.closed_at.is_(None), asleep), Case.store_id)
    return Waiting(
        kinds=sorted(kinds, key=lambda one: (one.deadline is None, one.deadline or one.oldest, one.oldest)),
        urgent=urgent, snoozed=session.execute(resting).scalar_one(),
    )


def _kind(name: str, parts: Sequence[Any]) -> Kind:
    sums = [Sum(currency=currency, count=count, minor=int(minor)) for _, currency, count, minor, _, _ in parts]
    deadlines = [row[5] for row in parts if row[5] is not None]
    return Kind(
        type=name, count=sum(one.count for one in sums), held=by_currency(one for one in sums if one.minor),
        oldest=min(row[4] for row in parts), deadline=min(deadlines) if deadlines else None,
    )
