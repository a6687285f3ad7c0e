"""For machines: is the process alive, may it get traffic, and a few honest numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from kartify import clock
from kartify.domain.delivery import State
from kartify.house import House
from kartify.migrations.run import current, head
from kartify.models import Case, Delivery, Heartbeat, InboxMessage, Order, Refusal, table
from kartify.web.current import current_house

blueprint = Blueprint("health", __name__)
orders, cases, inbox = table(Order), table(Case), table(InboxMessage)
outbox, refusals, heartbeats = table(Delivery), table(Refusal), table(Heartbeat)
_OPEN = (State.DUE, State.CLAIMED, State.SENT_UNKNOWN, State.FOUND)


@blueprint.get("/healthz")
def alive() -> Response:
    return _json({"status": "ok"})


@blueprint.get("/readyz")
def ready() -> Response:
    """503 while the database is away or not migrated. A silent worker is told, but is no reason to stop the doors:
    what reaches them is kept."""
    checks = _checks(current_house())
    good = checks["database"] == "ok" and checks["migrations"] == "ok"
    return _json({"ready": good, "checks": checks}, 200 if good else 503)


@blueprint.get("/metrics")
def metrics() -> Response:
    registry = CollectorRegistry()
    registry.register(_Numbers(current_house()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _json(value: Mapping[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, mimetype="application/json")


def _checks(house: House) -> dict[str, Any]:
    at = clock.now()
    try:
        with house.database.read() as connection:
            found = current(connection)
            beats = _beats(connection, at)
    except SQLAlchemyError as problem:
        return {"database": f"out of reach ({type(problem).__name__})", "migrations": "unknown", "heartbeats": {}}
    wanted = head()
    return {
        "database": "ok",
        "migrations": "ok" if found == wanted else f"at {found or 'nothing'}, expected {wanted}: kartify db upgrade",
        "heartbeats": beats,
    }


def _beats(connection: Connection, at: datetime) -> dict[str, int]:
    """Seconds since the last sign of life, by role; empty where the tables are not there yet."""
    if current(connection) is None:
        return {}
    newest = select(heartbeats.c.role, func.max(heartbeats.c.at)).group_by(heartbeats.c.role)
    return {role: max(0, round((at - seen).total_seconds())) for role, seen in connection.execute(newest)}


class _Numbers(Collector):
    """One query a gauge, asked when they are read."""

    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterable[Metric]:
        try:
            with self._house.database.read() as connection:
                yield from [*_gauges(connection, clock.now()), _one("database_up", "The database answers.", 1)]
        except SQLAlchemyError:
            yield _one("database_up", "The database answers.", 0)


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"kartify_{name}", text, value=value)


def _gauges(connection: Connection, at: datetime) -> list[Metric]:
    def count(target: Any, *where: Any) -> float:
        return float(connection.execute(select(func.count()).select_from(target).where(*where)).scalar_one())

    def age(column: Any, *where: Any) -> float:
        oldest = connection.execute(select(func.min(column)).where(column <= at, *where)).scalar()
        return max(0.0, (at - oldest).total_seconds()) if oldest else 0.0

    waiting, going = inbox.c.state == "waiting", outbox.c.state.in_(_OPEN)
    refused = select(func.coalesce(func.sum(refusals.c.count), 0))
    beats = GaugeMetricFamily("kartify_heartbeat_age_seconds", "Since the last sign of life.", labels=["role"])
    for role, seconds in _beats(connection, at).items():
        beats.add_metric([role], seconds)
    return [
        _one("orders_missing", "Orders whose purchase is not known to be complete.",
             count(orders, orders.c.status == "missing")),
        _one("cases_open", "Exceptions that need a person.", count(cases, cases.c.closed_at.is_(None))),
        _one("inbox_waiting", "Messages that wait.", count(inbox, waiting)),
        _one("inbox_oldest_due_seconds", "How long the oldest due message waits.", age(inbox.c.due_at, waiting)),
        _one("outbox_due", "Deliveries that are not done.", count(outbox, going)),
        _one("outbox_oldest_due_seconds", "How long the oldest due delivery waits.", age(outbox.c.due_at, going)),
        _one("refusals", "Messages refused so far.", float(connection.execute(refused).scalar_one())),
        beats,
    ]
