"""What a person does with a stored message: process it again, or discard it with a reason. Its bytes always stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, select, update

from kartify import clock
from kartify.domain.cases import CaseType
from kartify.domain.errors import Conflict, Invalid, KartifyError, NotFound
from kartify.domain.money import display
from kartify.domain.reports import Report
from kartify.flows.ground import audit
from kartify.flows.partners import news
from kartify.flows.settling.cases import close_case
from kartify.flows.ticking import retry
from kartify.house import House
from kartify.models import Case, Charge, InboxMessage, table

messages, charges, cases = table(InboxMessage), table(Charge), table(Case)
WAITS = ("waiting", "exception")


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """How a message ended when it was processed again."""

    state: str
    reason: str | None

    @property
    def text(self) -> str:
        return f"Processed again: {self.state}{f' ({self.reason})' if self.reason else ''}."


def again(house: House, message_id: UUID, *, by: str) -> Again:
    """Processed once more, as the tick does it, whatever it was; what it said already changes nothing (law 10).

    Raises ``NotFound``, ``Conflict`` (a worker has it in hand).
    """
    house.database.run(lambda connection: _due_now(connection, message_id, by))
    retry.retry_one(house, message_id)
    row = _row(house, message_id)
    return Again(state=row["state"], reason=row["reason"])


def _due_now(connection: Connection, message_id: UUID, by: str) -> None:
    at = clock.now()
    row = _locked(connection, message_id, at)
    values = {"state": "waiting", "due_at": at, "attempts": 0, "lease_until": None, "reason": "again, by a person"}
    _guarded(connection, row, fence=0, done_at=None, **values)
    act = audit.Act(
        by=by, action="process again", subject=f"message:{message_id}",
        text=f"{row['event']}, which was {row['state']}",
    )
    audit.write(connection, act)


def discard(house: House, message_id: UUID, *, by: str, reason: str, looked: bool = False) -> str:
    """It is *ignored*, with the reason, and needs nobody any more. ``looked``: a person saw at the gateway that it is
    of no money that we do not know, which must be said of one that cannot be read.

    Raises ``NotFound``, ``Invalid`` (reason, looked), ``Conflict`` (done, in hand, or the only proof of money).
    """
    if not reason.strip():
        raise Invalid("reason", "expected why, in a few words: it stays with the message")
    row = _row(house, message_id)
    if row["state"] in WAITS and row["channel"] != news.CHANNEL:
        _refuse_only_proof(house, row, looked=looked)
    return house.database.run(lambda connection: _discard(connection, row, by, reason.strip()))


def _discard(connection: Connection, known: Any, by: str, reason: str) -> str:
    at = clock.now()
    row = _locked(connection, known["id"], at)
    if row["state"] not in WAITS:
        raise Conflict(f"it is {row['state']}: there is nothing left to discard")
    if row["fence"] != known["fence"] or row["state"] != known["state"]:
        raise Conflict("someone else has just worked on it; look again")
    _guarded(
        connection, row, state="ignored", reason=f"discarded by {by}: {reason}"[:2_000], due_at=None, done_at=at,
        lease_until=None, fence=0,
    )
    closed = [kind for kind in retry.PARKED if close_case(
        connection, f"message:{row['id']}", kind, at=at, by=by, why=f"the message was discarded: {reason}")]
    said = f"discarded{', its exception closed' if closed else ''}: {reason}"
    audit.write(connection, audit.Act(by=by, action="discard message", subject=f"message:{row['id']}", text=said))
    return said


def _refuse_only_proof(house: House, row: Any, *, looked: bool) -> None:
    """Money that is nowhere else must not be lost from sight with the message that tells of it."""
    reports = None if _is_poison(house, row) else _read(house, row)
    if reports is None:
        if not looked:
            raise Invalid(
                "looked", "it cannot be read, so look at the gateway whether it tells of money, and say that you did"
            )
        return
    with house.database.read() as connection:
        lost = [one for one in reports if _is_unknown(connection, row["account_id"], one)]
    if lost:
        sums = " and ".join(display(one.captured or one.authorized, one.currency or "") for one in lost)
        raise Conflict(
            f"it is the only proof of {sums} ({', '.join(one.gateway_payment_id or '?' for one in lost)}): process it "
            "again; what then does not fit becomes an exception that holds the money"
        )


def _read(house: House, row: Any) -> tuple[Report, ...] | None:
    """What it reports; None where it cannot be read."""
    try:
        account = house.accounts.get(row["account_id"])
        return tuple(retry.read_stored(house, account, row, retry.stored_message(row)).reports)
    except KartifyError:
        return None


def _is_poison(house: House, row: Any) -> bool:
    """It killed its workers: it must not be read here."""
    found = select(cases.c.id).where(
        cases.c.subject == f"message:{row['id']}", cases.c.type == CaseType.POISON, cases.c.closed_at.is_(None)
    )
    with house.database.read() as connection:
        return connection.execute(found).first() is not None


def _is_unknown(connection: Connection, account_id: UUID, report: Report) -> bool:
    if not report.captured and not report.authorized:
        return False
    known = select(charges.c.id).where(
        charges.c.account_id == account_id, charges.c.gateway_payment_id == report.gateway_payment_id,
        charges.c.captured >= report.captured,
        or_(charges.c.authorized >= report.authorized, charges.c.captured >= report.authorized),
    )
    return connection.execute(known).first() is None


def _row(house: House, message_id: UUID) -> Any:
    with house.database.read() as connection:
        row = connection.execute(select(messages).where(messages.c.id == message_id)).mappings().first()
    if row is None:
        raise NotFound("there is no such message")
    return row


def _locked(connection: Connection, message_id: UUID, at: datetime) -> Any:
    row = connection.execute(select(messages).where(messages.c.id == message_id).with_for_update()).mappings().first()
    if row is None:
        raise NotFound("there is no such message")
    if row["lease_until"] is not None and row["lease_until"] > at:
        raise Conflict(f"a worker has it in hand: wait until {row['lease_until']:%H:%M:%S} UTC")
    return row


def _guarded(connection: Connection, row: Any, **values: Any) -> None:
    same = (messages.c.id == row["id"], messages.c.state == row["state"])
    if connection.execute(update(messages).where(*same).values(values)).rowcount != 1:
        raise Conflict("someone else has just worked on it; look again")
