"""What a test of the webhook left with us: a stored message, or a refusal, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from kartify import clock
from kartify.flows.receiving import inbox
from kartify.house import House
from kartify.models import InboxMessage, Refusal, table

MARK = "x-kartify-self-test"
REASON = "webhook self-test"
# Clocks of our own machines may differ a little.
SLACK = timedelta(seconds=5)
MOST = 500
messages, refusals = table(InboxMessage), table(Refusal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """``alone``: one refusal was added since the test began, so it is the test's own."""

    digest: str
    size: int
    reason: str
    alone: bool


def newest_id(house: House) -> UUID:
    """Where the inbox ends now, less the time by which the clocks of our machines may differ: ids are in the order of
    time, their first 48 bits are milliseconds."""
    with house.database.read() as connection:
        last = connection.execute(select(messages.c.id).order_by(messages.c.id.desc()).limit(1)).scalar()
    slack = int(SLACK.total_seconds() * 1000) << 80
    return UUID(int=max(0, last.int - slack) if last else 0)


def stored(house: House, account_id: UUID, nonce: str, after: UUID) -> Any:
    """The row of the message with this mark; None where none came."""
    found = select(messages).where(messages.c.account_id == account_id, messages.c.id >= after)
    with house.database.read() as connection:
        rows = connection.execute(found.order_by(messages.c.id.desc()).limit(MOST)).mappings().all()
    return next((row for row in rows if row["headers"].get(MARK) == nonce or nonce.encode() in row["body"]), None)


def note(house: House, message_id: UUID) -> None:
    """So that nobody takes it for news of the gateway."""
    house.database.run(
        lambda connection: inbox.set_state(connection, message_id, "ignored", at=clock.now(), reason=REASON)
    )


def refused(house: House, account_id: UUID, since: datetime) -> int:
    """How many messages were refused since then."""
    return sum(row["count"] for row in _rows(house, account_id, since))


def newest(house: House, account_id: UUID, since: datetime, before: int) -> Refused | None:
    """The last refusal, where there was one since the test began."""
    rows = _rows(house, account_id, since)
    added = sum(row["count"] for row in rows) - before
    if added < 1:
        return None
    last = max(rows, key=lambda row: row["minute"])
    return Refused(digest=last["last_hash"], size=last["last_size"], reason=last["reason"], alone=added == 1)


def _rows(house: House, account_id: UUID, since: datetime) -> list[Any]:
    first = (since - SLACK).replace(second=0, microsecond=0)
    found = select(refusals).where(refusals.c.account_id == account_id, refusals.c.minute >= first)
    with house.database.read() as connection:
        return list(connection.execute(found).mappings())
