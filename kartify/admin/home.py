"""The first page: money at risk, what came back today, what waits for a person, and whether the machines are well."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask_admin import expose
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from kartify import clock
from kartify.admin.frame.desk import common_zone
from kartify.admin.frame.doors import Doors
from kartify.admin.frame.look import zone_of
from kartify.models import Account, Case, Heartbeat, Order, Payment, Settlement

LATE = timedelta(seconds=90)
BUCKETS = (
    ("under 15 min", timedelta(minutes=15)), ("15 min to 1 h", timedelta(hours=1)), ("1 h to 1 day", timedelta(days=1)),
)
OLDER = "over 1 day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    count: int
    minor: int
    currency: str


class Home(Doors):
    @expose("/")
    def index(self) -> Any:
        with self.reading() as session:
            zone = common_zone(session)
            values = {
                "zone": zone, "missing": _missing(session), "recovered": _recovered(session, _midnight(zone)),
                "cases": _cases(session), "beats": session.scalars(select(Heartbeat).order_by(Heartbeat.name)).all(),
                "accounts": session.scalars(select(Account).order_by(Account.kind, Account.label)).all(),
            }
        ages = [*(title for title, _ in BUCKETS), OLDER]
        return self.render("cockpit/home.html", ages=ages, late=clock.now() - LATE, now=clock.now(), **values)


def _midnight(zone: str) -> datetime:
    today = clock.now().astimezone(zone_of(zone))
    return today.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _missing(session: Session) -> dict[str, dict[str, list[Sum]]]:
    """By gateway of the newest payment, then by age; every currency for itself."""
    at = clock.now()
    bucket = case(*((Order.confirmed_at > at - age, title) for title, age in BUCKETS), else_=OLDER)
    newest = (
        select(Payment.account_id).where(Payment.order_id == Order.id).order_by(Payment.created_at.desc()).limit(1)
    ).scalar_subquery()
    inner = (
        select(newest.label("account_id"), bucket.label("age"), Order.currency, Order.due)
        .where(Order.status == "missing").subquery()
    )
    by = (inner.c.account_id, inner.c.age, inner.c.currency)
    rows = session.execute(select(*by, func.count(), func.sum(inner.c.due)).group_by(*by)).all()
    names: dict[UUID, str] = {one.id: one.label for one in session.scalars(select(Account))}
    found: dict[str, dict[str, list[Sum]]] = defaultdict(lambda: defaultdict(list))
    for account_id, age, currency, count, minor in rows:
        name = names.get(account_id, "No payment opened yet")
        found[name][age].append(Sum(count=count, minor=int(minor), currency=currency))
    return {name: dict(found[name]) for name in sorted(found)}


def _recovered(session: Session, since: datetime) -> list[tuple[str, Sum]]:
    by = (Settlement.channel, Settlement.currency)
    found = select(*by, func.count(), func.sum(Settlement.amount)).where(
        Settlement.settled_at >= since, Settlement.reversed_at.is_(None)
    )
    return [
        (channel, Sum(count=count, minor=int(minor), currency=currency))
        for channel, currency, count, minor in session.execute(found.group_by(*by).order_by(*by))
    ]


def _cases(session: Session) -> list[tuple[str, Sum]]:
    by = (Case.type, Case.currency)
    found = select(*by, func.count(), func.sum(Case.money_held)).where(Case.closed_at.is_(None)).group_by(*by)
    return [
        (kind, Sum(count=count, minor=int(minor), currency=currency))
        for kind, currency, count, minor in session.execute(found.order_by(*by))
    ]
