"""Closing an exception by a person. Money that it holds is kept by that decision, never lost from sight."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from kartify import clock
from kartify.domain.cases import SETTLED_MONEY
from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.domain.money import display
from kartify.flows.ground import audit
from kartify.flows.settling import facts
from kartify.house import House
from kartify.models import Case, Charge, table

cases, charges = table(Case), table(Charge)
_CASE = select(cases).where(cases.c.id == bindparam("case_id"))


def close(house: House, case_id: UUID, *, by: str, reason: str, keep: bool = False) -> str:
    """Closes it, and says what was done. ``keep``: the money it holds is kept by this decision.

    Raises ``Invalid`` (no reason), ``Conflict`` (closed already, or money is held and ``keep`` was not said).
    """
    if not reason.strip():
        raise Invalid("reason", "expected why, in a few words: it stays with the exception")
    return house.database.run(lambda connection: _close(connection, case_id, by=by, reason=reason.strip(), keep=keep))


def _close(connection: Connection, case_id: UUID, *, by: str, reason: str, keep: bool) -> str:
    row = _locked(connection, case_id)
    if row["closed_at"] is not None:
        raise Conflict(f"closed already by {row['closed_by']}: {row['resolution']}")
    held = held_apart(row["subject"], row["type"], row["money_held"])
    money = display(held, row["currency"]) if held else ""
    if held and not keep:
        raise Conflict(
            f"this exception holds {money}: refund it at the gateway and it closes by itself, or say that it is kept"
        )
    at = clock.now()
    if held:
        _keep(connection, row["charge_id"], held)
    _shut(connection, row, by=by, reason=reason, at=at)
    done = f"{row['type'].replace('_', ' ').replace('oms', 'OMS')} closed{f', {money} kept' if money else ''}: {reason}"
    act = audit.Act(by=by, action="close exception", subject=f"case:{case_id}", text=done)
    audit.write(connection, act, order_id=row["order_id"])
    return done


def held_apart(subject: str, kind: str, held: int) -> int:
    """The money that is bound by nothing but this exception; elsewhere the figure only tells what is at stake."""
    return held if subject.startswith("charge:") and kind not in SETTLED_MONEY else 0


def _locked(connection: Connection, case_id: UUID) -> Any:
    """The order's lock first, as everywhere, then the row."""
    row = connection.execute(_CASE, {"case_id": case_id}).mappings().first()
    if row is None:
        raise NotFound("there is no such exception")
    if row["order_id"] is not None:
        facts.lock(connection, row["order_id"])
    return connection.execute(_CASE.with_for_update(), {"case_id": case_id}).mappings().one()


def _keep(connection: Connection, charge_id: UUID | None, held: int) -> None:
    """Kept by a person's decision: ``decide`` wants the exception no longer."""
    kept = update(charges).where(charges.c.id == charge_id).values(kept=charges.c.kept + held)
    if connection.execute(kept).rowcount != 1:
        raise Conflict("the charge of this exception is not there")


def _shut(connection: Connection, row: Any, *, by: str, reason: str, at: datetime) -> None:
    """The figures of settled money stay, so that the same news does not open it again."""
    held = row["money_held"] if row["type"] in SETTLED_MONEY else 0
    shut = update(cases).where(cases.c.id == row["id"], cases.c.closed_at.is_(None))
    connection.execute(shut.values(closed_at=at, closed_by=by, resolution=reason, money_held=held))
