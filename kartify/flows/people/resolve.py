"""Closing an exception by a person. Money that it holds is kept by that decision, never lost from sight."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, update

from kartify import clock
from kartify.domain.cases import SETTLED_MONEY
from kartify.domain.errors import Conflict, Invalid
from kartify.domain.money import display
from kartify.flows.ground import audit
from kartify.flows.people import case_rows
from kartify.flows.people.case_rows import held_apart
from kartify.house import House
from kartify.models import Case, Charge, table

__all__ = ["close", "held_apart"]
cases, charges = table(Case), table(Charge)


def close(
    house: House, case_id: UUID, *, by: str, reason: str, keep: bool = False, seen: str | None = None
) -> str:
    """Closes it, and says what was done. ``keep``: the money it holds is kept by this decision. ``seen``: the stamp of
    the row that the decision was made from.

    Raises ``Invalid`` (no reason), ``Conflict`` (closed already, changed meanwhile, or money is held and ``keep`` was
    not said).
    """
    if not reason.strip():
        raise Invalid("reason", "expected why, in a few words: it stays with the exception")
    act = audit.Act(by=by, action="close exception", subject=f"case:{case_id}", text=reason.strip())
    return house.database.run(lambda connection: _close(connection, case_id, act, keep=keep, seen=seen))


def _close(connection: Connection, case_id: UUID, act: audit.Act, *, keep: bool, seen: str | None) -> str:
    row = case_rows.locked(connection, case_id, seen)
    held = held_apart(row["subject"], row["type"], row["money_held"])
    money = display(held, row["currency"]) if held else ""
    if held and not keep:
        raise Conflict(
            f"this exception holds {money}: refund it at the gateway and it closes by itself, or say that it is kept"
        )
    if held:
        _keep(connection, row["charge_id"], held)
    _shut(connection, row, by=act.by, reason=act.text, at=clock.now())
    done = f"{case_rows.name(row['type'])} closed{f', {money} kept' if money else ''}: {act.text}"
    told = audit.Act(by=act.by, action=act.action, subject=act.subject, text=done)
    audit.write(connection, told, order_id=row["order_id"])
    return done


def _keep(connection: Connection, charge_id: UUID | None, held: int) -> None:
    """Kept by a person's decision: ``decide`` wants the exception no longer."""
    kept = update(charges).where(charges.c.id == charge_id).values(kept=charges.c.kept + held)
    if connection.execute(kept).rowcount != 1:
        raise Conflict("the charge of this exception is not there")


def _shut(connection: Connection, row: Any, *, by: str, reason: str, at: datetime) -> None:
    """The figures of settled money stay, so that the same news does not open it again."""
    held = row["money_held"] if row["type"] in SETTLED_MONEY else 0
    shut = update(cases).where(cases.c.id == row["id"], cases.c.closed_at.is_(None))
    connection.execute(
        shut.values(closed_at=at, closed_by=by, resolution=reason, money_held=held, snoozed_until=None)
    )
