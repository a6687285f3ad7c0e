"""Exceptions as rows: what stands now is opened or updated, what is gone is closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, bindparam, null, or_, update
from sqlalchemy import case as sql_case
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.settling import RULED
from kartify.flows.ground.writes import Write
from kartify.flows.settling.facts import OpenCase, Snapshot
from kartify.models import Case, new_id, table

cases = table(Case)


def reconcile(
    snapshot: Snapshot,
    wanted: Mapping[tuple[UUID, CaseType], CaseWanted],
    existing: Mapping[tuple[str, str], OpenCase],
    *,
    at: datetime,
) -> list[Write]:
    """The writes that make the rows of the order's charges say what ``wanted`` says."""
    writes = []
    accounts = {known.view.id: known.account_id for known in snapshot.charges}
    for (charge, kind), case in wanted.items():
        known = existing.get((f"charge:{charge}", kind))
        if known is None:
            writes.append(_open(snapshot, charge, case, account_id=accounts.get(charge), at=at))
        elif (write := _change(known, case, at)) is not None:
            writes.append(write)
    gone = {(f"charge:{charge}", str(kind)) for charge, kind in wanted}
    writes += [
        _close(known, at)
        for key, known in existing.items()
        if known.type in RULED and key not in gone and not known.closed
    ]
    return writes


def _open(
    snapshot: Snapshot, charge: UUID, case: CaseWanted, *, account_id: UUID | None, at: datetime
) -> Write:
    return Write(
        "case",
        {
            "id": new_id(),
            "subject": f"charge:{charge}",
            "type": case.type,
            "store_id": snapshot.store_id,
            "order_id": snapshot.order_id,
            "charge_id": charge,
            "account_id": account_id,
            "opened_at": at,
            **_figures(case),
        },
    )


def _figures(case: CaseWanted) -> dict[str, Any]:
    return {
        "reason": case.reason,
        "money_held": case.held,
        "difference": case.difference,
        "currency": case.currency,
        "deadline": case.deadline,
    }


def _change(known: OpenCase, case: CaseWanted, at: datetime) -> Write | None:
    """A case that a person closed stays closed while its figures are the same. One that rests rests no more."""
    same = (known.money_held, known.difference) == (case.held, case.difference)
    if same and (not known.closed or known.closed_by != "kartify"):
        return None
    return Write(
        "case_change",
        {
            "id": known.id, "closed_at": None, "closed_by": None, "resolution": None, "snoozed_until": None,
            "opened_at": at, **_figures(case),
        },
    )


def _close(known: OpenCase, at: datetime) -> Write:
    return Write(
        "case_close",
        {"id": known.id, "money_held": 0, "closed_at": at, "closed_by": "kartify", "resolution": "no longer so"},
    )


# What an order waited for, and what the gateway's answer ends.
WAITED_FOR = (
    CaseType.LOOKUPS_EXHAUSTED, CaseType.STILL_PENDING, CaseType.MOVED_BY_HAND_UNPAID,
    CaseType.OMS_CANCELLED_PAYMENT_OPEN,
)


def answered(subject: str, kind: CaseType, at: datetime, *, why: str) -> Write:
    """Closes an exception where it is open: what it waited for has come."""
    return Write(
        "case_answered",
        {
            "subject": subject, "type": kind, "money_held": 0, "closed_at": at, "closed_by": "kartify",
            "resolution": why,
        },
    )


def raise_case(
    connection: Connection,
    case: CaseWanted,
    *,
    subject: str,
    at: datetime,
    **ties: UUID | None,
) -> None:
    """Opens an exception that is not a charge's (a delivery, a message, an account), or opens it again.

    ``ties``: store_id, order_id, charge_id, account_id.
    """
    values = {"id": new_id(), "subject": subject, "type": case.type, "opened_at": at, **_figures(case), **ties}
    # SQLite's compiler takes PostgreSQL's ON CONFLICT as it is.
    insert = postgres_insert(cases).values(values)
    again = {
        **_figures(case), "closed_at": None, "closed_by": None, "resolution": None,
        "snoozed_until": sql_case((_is_news(insert.excluded, subject), null()), else_=cases.c.snoozed_until),
        # What comes back is as old as its coming back.
        "opened_at": sql_case((cases.c.closed_at.is_not(None), insert.excluded.opened_at), else_=cases.c.opened_at),
    }
    connection.execute(insert.on_conflict_do_update(index_elements=["subject", "type"], set_=again))


# A partner that fails says so in another way each time it is called; that is no news.
_CHATTY = ("account:", "operation:")


def _is_news(told: Any, subject: str) -> ColumnElement[bool]:
    """Whether what is raised is not what a person put to rest: a rest ends when the facts change."""
    names = ["money_held", "difference", "deadline"] + ([] if subject.startswith(_CHATTY) else ["reason"])
    changed = [cases.c[name].is_distinct_from(told[name]) for name in names]
    return or_(cases.c.closed_at.is_not(None), *changed)


_CLOSE = (
    update(cases)
    .where(
        cases.c.subject == bindparam("b_subject"),
        cases.c.type == bindparam("b_type"),
        cases.c.closed_at.is_(None),
    )
    .values(
        closed_at=bindparam("b_at", type_=cases.c.closed_at.type),
        closed_by=bindparam("b_by"),
        resolution=bindparam("b_resolution"),
        money_held=0,
    )
)


def close_case(
    connection: Connection, subject: str, kind: CaseType, *, at: datetime, by: str = "kartify", why: str
) -> bool:
    """Closes it; False where none was open."""
    done = connection.execute(
        _CLOSE, {"b_subject": subject, "b_type": kind, "b_at": at, "b_by": by, "b_resolution": why}
    )
    return done.rowcount == 1
