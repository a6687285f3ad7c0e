"""What people did: an audit row for every action, and a line on the order's timeline where an order is meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from kartify import clock
from kartify.flows.ground.writes import Write, execute
from kartify.house import House
from kartify.models import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing a person did. ``subject`` is "order:…", "account:…", "cron:…", "user:…", "case:…",
    "key:…", "store:…", "run:…", "tool:…" or "page:…"."""

    by: str
    action: str
    subject: str
    text: str
    data: Mapping[str, Any] | None = None


def entry(act: Act, at: datetime) -> Write:
    """The audit row, for a flow that writes it with its own rows."""
    return Write(
        "audit",
        {
            "id": new_id(), "at": at, "by": act.by[:200], "action": act.action[:80], "subject": act.subject[:80],
            "text": act.text, "data": dict(act.data) if act.data else None,
        },
    )


def line(order_id: UUID, act: Act, at: datetime) -> Write:
    """The line on the order's timeline."""
    return Write(
        "timeline",
        {
            "id": new_id(), "order_id": order_id, "at": at, "kind": act.action[:32], "by": act.by[:200],
            "text": act.text, "data": dict(act.data) if act.data else None,
        },
    )


def write(connection: Connection, act: Act, *, order_id: UUID | None = None) -> None:
    """Both, in the caller's transaction."""
    at = clock.now()
    lines = [line(order_id, act, at)] if order_id else []
    execute(connection, [entry(act, at), *lines])


def record(house: House, act: Act, *, order_id: UUID | None = None) -> None:
    """Both, in a transaction of their own."""
    house.database.run(lambda connection: write(connection, act, order_id=order_id))
