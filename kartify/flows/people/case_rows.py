"""An exception under a person's hand: its row under lock, what the page showed of it, and who was quicker."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from kartify.domain.cases import SETTLED_MONEY
from kartify.domain.errors import Conflict, NotFound
from kartify.flows.settling import facts
from kartify.models import AuditEntry, Case, table

cases, audited = table(Case), table(AuditEntry)
_CASE = select(cases).where(cases.c.id == bindparam("case_id"))
_LAST = select(audited).where(audited.c.subject == bindparam("subject")).order_by(audited.c.id.desc()).limit(1)
# What a person decides by: when one of these is another one, the form was made from something else.
STAMPED: Final = (
    "opened_at", "closed_at", "money_held", "difference", "deadline", "owner", "snoozed_until", "reason",
)


def held_apart(subject: str, kind: str, held: int) -> int:
    """The money that is bound by nothing but this exception; elsewhere the figure only tells what is at stake."""
    return held if subject.startswith("charge:") and kind not in SETTLED_MONEY else 0


def name(kind: str) -> str:
    """oms_refused is "OMS refused"."""
    return kind.replace("_", " ").replace("oms", "OMS")


def stamp(values: Any) -> str:
    """What a form carries of the row it was made from."""
    given = [values[name] for name in STAMPED]
    told = [one.isoformat() if isinstance(one, datetime) else str(one) for one in given]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]


def locked(connection: Connection, case_id: UUID, seen: str | None = None) -> Any:
    """The order's lock first, as everywhere, then the row as it is under it.

    Raises ``NotFound``, and ``Conflict`` where it is closed or not what ``seen`` is a stamp of.
    """
    row = connection.execute(_CASE, {"case_id": case_id}).mappings().first()
    if row is None:
        raise NotFound("there is no such exception")
    if row["order_id"] is not None:
        facts.lock(connection, row["order_id"])
    row = connection.execute(_CASE.with_for_update(), {"case_id": case_id}).mappings().one()
    if row["closed_at"] is not None:
        raise Conflict(f"closed already by {row['closed_by']}: {row['resolution']}")
    if seen is not None and seen != stamp(row):
        raise Conflict(f"it changed since your page was made: {_standing(connection, row)}. Look again, then decide")
    return row


def _standing(connection: Connection, row: Any) -> str:
    """How it is now, and what a person did last."""
    told = [f"it is {row['owner']}'s" if row["owner"] else "nobody has it"]
    if row["snoozed_until"] is not None:
        told.append(f"it rests until {row['snoozed_until']:%Y-%m-%d %H:%M} UTC")
    told.append(f"its reason is “{row['reason']}”")
    last = connection.execute(_LAST, {"subject": f"case:{row['id']}"}).mappings().first()
    if last is not None:
        told.append(f"last, {last['by']} at {last['at']:%H:%M:%S} UTC: {last['text']}")
    return "; ".join(told).rstrip(".")
