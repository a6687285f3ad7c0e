"""The first page: is today fine, and if not, what to look at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from kartify import clock
from kartify.admin.frame import charts
from kartify.admin.frame.desk import common_zone
from kartify.admin.frame.doors import Doors
from kartify.admin.overview import machines, partners, pictures, recovered, risk, verdict, waiting
from kartify.admin.overview.light import Light, worst_first
from kartify.admin.overview.recovered import Source
from kartify.admin.overview.sums import Day, day_of
from kartify.flows.reading.scope import Scope
from kartify.models import Account, Order, Store


class Home(Doors):
    @expose("/")
    def index(self) -> Any:
        with self.reading() as session:
            scope, zone = self.scope(session), common_zone(session)
            day = day_of(clock.now(), zone)
            accounts = partners.accounts_of(session, scope)
            refused = partners.refusals_of(session, accounts, day.now)
            slugs = {one.id: one.slug for one in accounts}
            figures = _figures(session, scope, slugs, day)
            groups = _lights(session, scope, accounts, day)
            began = _began(session, scope)
        found = [
            partners.account_light(one, self._problem(one.id), refused.get(one.id, 0), day.now) for one in accounts
        ]
        groups = {"accounts": worst_first(found), **groups}
        return self.render(
            "cockpit/home.html", zone=zone, day=day, groups=groups, began=began, labels=_labels(accounts),
            findings=self._findings(figures, groups, day), **figures, **_drawn(figures, day),
        )

    def _problem(self, account_id: UUID) -> str | None:
        """Why an account cannot work at all. It may be read on a connection of its own, so never in a transaction."""
        return self.house.accounts.get(account_id).problem

    def _findings(
        self, figures: Mapping[str, Any], groups: Mapping[str, Sequence[Light]], day: Day
    ) -> list[verdict.Finding]:
        lights = [one for group in groups.values() for one in group]
        return verdict.findings(figures["risk"], figures["waiting"], lights, day.now)


def _figures(session: Session, scope: Scope, slugs: Mapping[UUID, str], day: Day) -> dict[str, Any]:
    today, week = recovered.speeds(session, scope, day)
    return {
        "risk": risk.read(session, scope, slugs, day.now), "recovered": recovered.read(session, scope, day),
        "waiting": waiting.read(session, scope, day.now), "today": today, "week": week,
    }


def _lights(session: Session, scope: Scope, accounts: Sequence[Account], day: Day) -> dict[str, list[Light]]:
    """Laws are about all stores, so only who sees all is told which is broken."""
    crons = partners.crons_of(session)
    laws = [machines.law_light(crons, day.now)] if scope.stores is None else []
    return {
        "crons": worst_first(partners.cron_lights(crons, scope, accounts, day.now)),
        "queues": worst_first(machines.queue_lights(session, scope, day.now)),
        "processes": machines.process_lights(session, day.now), "laws": laws,
    }


def _began(session: Session, scope: Scope) -> dict[str, bool]:
    """What a fresh install lacks still."""
    stores: Any = scope.rows(select(Store.id), Store.id)
    orders: Any = scope.rows(select(Order.id), Order.store_id)
    row = session.execute(select(stores.exists(), orders.exists())).one()
    return {"store": bool(row[0]), "order": bool(row[1])}


def _labels(accounts: Sequence[Account]) -> dict[str | None, str]:
    """A gateway's name: the account's, where it is the only one of its kind."""
    found: dict[str, list[str]] = {}
    for one in accounts:
        found.setdefault(one.slug, []).append(one.label)
    return {slug: names[0] if len(names) == 1 else ", ".join(sorted(set(names))) for slug, names in found.items()}


def _drawn(figures: Mapping[str, Any], day: Day) -> dict[str, Any]:
    speeds = figures["today"] or figures["week"]
    return {
        "risk_charts": pictures.risk_charts(figures["risk"]) if figures["risk"].orders else (),
        "recovered_chart": pictures.recovered_chart(figures["recovered"], day) if figures["recovered"].orders else "",
        "speed_chart": pictures.speed_chart(speeds) if speeds else "",
        "answer_names": pictures.answer_names(), "age_names": pictures.age_names(), "Source": Source,
        "source_names": pictures.source_names(), "speed_names": pictures.speed_names(), "swatch": charts.swatch,
        "oldest": risk.BUCKETS[-1],
    }
