"""The queue of an OMS account: what waits in it, and draining it now because a person says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select, update

from kartify import clock
from kartify.domain.delivery import State
from kartify.domain.errors import Conflict, NotFound
from kartify.house import House
from kartify.models import Account, Delivery, table

outbox, accounts = table(Delivery), table(Account)
OPEN = (State.DUE, State.CLAIMED, State.SENT_UNKNOWN, State.FOUND)
_SOON = (State.DUE, State.FOUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """``waiting``: not done yet; of these ``uncertain`` may be there already. ``parked``: a person has to look.
    ``oldest``: since when the longest waiting one waits."""

    waiting: int = 0
    uncertain: int = 0
    parked: int = 0
    oldest: datetime | None = None
    last_error: str | None = None


def _queued() -> ColumnElement[bool]:
    """What waits or is parked: each half is what a partial index is about, so nothing else is looked at."""
    return or_(*(outbox.c.state == bindparam(None, str(one), literal_execute=True) for one in (*OPEN, State.DEAD)))


def queues(connection: Connection) -> dict[UUID, Queue]:
    """By OMS account; those with nothing in the queue are left out."""
    counted = (
        select(outbox.c.account_id, outbox.c.state, func.count().label("many"),
               func.min(outbox.c.created_at).label("old"))
        .where(_queued(), outbox.c.account_id.is_not(None))
        .group_by(outbox.c.account_id, outbox.c.state)
    )
    found: dict[UUID, dict[str, Any]] = {}
    for row in connection.execute(counted):
        mine = found.setdefault(row.account_id, {"waiting": 0, "uncertain": 0, "parked": 0, "oldest": None})
        if row.state == State.DEAD:
            mine["parked"] += row.many
            continue
        mine["waiting"] += row.many
        mine["uncertain"] += row.many if row.state == State.SENT_UNKNOWN else 0
        mine["oldest"] = min(filter(None, (mine["oldest"], row.old)), default=None)
    return {account: Queue(**mine, last_error=_last_error(connection, account)) for account, mine in found.items()}


def _last_error(connection: Connection, account_id: UUID) -> str | None:
    newest = (
        select(outbox.c.last_error)
        .where(outbox.c.account_id == account_id, _queued(), outbox.c.last_error.is_not(None))
        .order_by(outbox.c.id.desc())
        .limit(1)
    )
    return connection.execute(newest).scalar()


def drain_now(house: House, account_id: UUID) -> int:
    """Everything that only waits for its next try is due now, and the account's own rest is over; how many. What may be
    there already still waits out the lost call.

    Raises ``NotFound``, and ``Conflict`` where the account is paused or denied.
    """
    at = clock.now()
    resting = or_(outbox.c.lease_until.is_(None), outbox.c.lease_until < at)

    def work(connection: Connection) -> int:
        row = connection.execute(select(accounts.c.state, accounts.c.kind).where(accounts.c.id == account_id)).first()
        if row is None or row.kind != "oms":
            raise NotFound("there is no such OMS account")
        if row.state in ("paused", "denied"):
            raise Conflict(f"the account is {row.state}: resume it first")
        connection.execute(update(accounts).where(accounts.c.id == account_id).values(paused_until=None, failures=0))
        mine = (outbox.c.account_id == account_id, outbox.c.state.in_(_SOON), resting)
        return connection.execute(update(outbox).where(*mine).values(due_at=at)).rowcount

    found = house.database.run(work)
    house.accounts.forget()
    house.waker.wake("deliver", str(account_id))
    return found
