"""Stored messages that wait: read again and done, or made an exception. Nothing stored is nowhere (law 7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import structlog
from sqlalchemy import Connection, bindparam, or_, select, update

from kartify import clock
from kartify.accounts import Broken, Loaded
from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.errors import KartifyError, NotFound, Unreadable
from kartify.domain.plan import backoff
from kartify.domain.reports import Channel
from kartify.flows.partners import news as oms_messages
from kartify.flows.receiving import callback, inbox, receive
from kartify.flows.settling.cases import close_case, raise_case
from kartify.house import House
from kartify.models import Case, InboxMessage, table
from kartify.plugin.gateway import Webhook
from kartify.plugin.partner import Inbound

log = structlog.get_logger()
messages, cases = table(InboxMessage), table(Case)
LEASE = timedelta(seconds=60)
POISON_AFTER, GIVE_UP_AFTER = 3, 12

_DUE = (
    select(messages.c.id)
    .where(
        messages.c.state == "waiting",
        messages.c.due_at <= bindparam("at", type_=messages.c.due_at.type),
        or_(messages.c.lease_until.is_(None), messages.c.lease_until < bindparam("at", type_=messages.c.due_at.type)),
    )
    .order_by(messages.c.due_at)
    .limit(bindparam("limit"))
)
_CLAIM = (
    update(messages)
    .where(
        messages.c.id == bindparam("b_id"),
        messages.c.state == "waiting",
        or_(messages.c.lease_until.is_(None), messages.c.lease_until < bindparam("b_at", type_=messages.c.due_at.type)),
    )
    .values(
        lease_until=bindparam("b_until", type_=messages.c.due_at.type),
        fence=messages.c.fence + 1,
        attempts=messages.c.attempts + 1,
    )
    .returning(messages)
)


def retry_due(house: House, *, limit: int = 200) -> int:
    """Works off the waiting messages whose time has come. Returns how many were taken."""
    with house.database.read() as connection:
        ids = list(connection.execute(_DUE, {"at": clock.now(), "limit": limit}).scalars())
    return sum(retry_one(house, message_id) for message_id in ids)


def retry_one(house: House, message_id: UUID) -> bool:
    """One message: claim, read, settle. False where it is no longer waiting or someone else has it."""
    at = clock.now()
    values = {"b_id": message_id, "b_at": at, "b_until": at + LEASE}
    row = house.database.run(lambda connection: connection.execute(_CLAIM, values).mappings().first())
    if row is None:
        return False
    if row["fence"] > POISON_AFTER and row["reason"] == _TAKEN:
        _park(house, row, CaseType.POISON, "reading it killed its worker three times")
        return True
    house.database.run(lambda connection: _mark(connection, message_id, _TAKEN))
    try:
        _again(house, row)
    except Unreadable as problem:
        _end(house, message_id, "ignored", f"unreadable: {problem}")
    except Exception as problem:
        _later(house, row, problem)
    _answered(house, message_id)
    return True


# Why a message itself became an exception; what it says has its own.
PARKED = (CaseType.POISON, CaseType.MESSAGE_FAILING)
_RAISED = select(cases.c.type).where(cases.c.subject == bindparam("subject"), cases.c.closed_at.is_(None))


def _answered(house: House, message_id: UUID) -> None:
    """A message that was parked and could be worked off after all needs nobody any more."""
    with house.database.read() as connection:
        raised = connection.execute(_RAISED, {"subject": f"message:{message_id}"}).scalars().all()
        state = connection.execute(select(messages.c.state).where(messages.c.id == message_id)).scalar()
    if not raised or state not in inbox.FINISHED:
        return
    at = clock.now()

    def work(connection: Connection) -> None:
        for kind in PARKED:
            close_case(connection, f"message:{message_id}", kind, at=at, why=f"worked off: {state}")

    house.database.run(work)


_TAKEN = "being worked off"
_MARK = update(messages).where(messages.c.id == bindparam("b_id")).values(reason=bindparam("b_reason"))


def _mark(connection: Connection, message_id: UUID, reason: str) -> None:
    connection.execute(_MARK, {"b_id": message_id, "b_reason": reason})


def _again(house: House, row: Any) -> None:
    if row["channel"] == oms_messages.CHANNEL:
        oms_messages.process_stored_news(house, row)
        return
    account = house.accounts.get(row["account_id"])
    message = stored_message(row)
    news = read_stored(house, account, row, message)
    stored = inbox.Stored(id=row["id"], state="waiting", new=False, attempts=row["attempts"], located=None)
    can_void = account.gateway().can.void

    def work(connection: Connection) -> receive.Received:
        return receive.process(
            connection, account.id, stored, news, channel=Channel(row["channel"]), can_void=can_void,
            since=row["received_at"],
        )

    received = house.database.run(work)
    if not received.outcomes and received.word == "stored" and news.ignored:
        _end(house, row["id"], "ignored", news.ignored)
    receive.wake(house, received)


def stored_message(row: Any) -> Inbound:
    """The message as it came, from its exact bytes."""
    path, _, query = row["path"].partition("?")
    return Inbound(
        method=row["method"], path=path, headers=row["headers"], body=row["body"],
        query=tuple(parse_qsl(query, keep_blank_values=True)),
    )


def read_stored(house: House, account: Loaded, row: Any, message: Inbound) -> Webhook:
    """Reads stored bytes again; they were verified when they came."""
    if row["channel"] == Channel.CALLBACK:
        return callback.read_again(house, account, message)
    return receive.read(account.gateway(), message)


def _end(house: House, message_id: UUID, state: str, reason: str) -> None:
    at = clock.now()
    house.database.run(lambda connection: inbox.set_state(connection, message_id, state, at=at, reason=reason))


def _later(house: House, row: Any, problem: Exception) -> None:
    """Our failure, not the gateway's: tried again with growing pauses, at last an exception for a person."""
    log.warning("a stored message could not be worked off", message=str(row["id"]), error=type(problem).__name__)
    why = f"{type(problem).__name__}: {problem}" if isinstance(problem, KartifyError) else type(problem).__name__
    if row["attempts"] >= GIVE_UP_AFTER and not isinstance(problem, Broken | NotFound):
        _park(house, row, CaseType.MESSAGE_FAILING, f"it could not be worked off: {why}")
        return
    at = clock.now()
    due = at + backoff(row["attempts"])
    house.database.run(
        lambda connection: inbox.set_state(connection, row["id"], "waiting", at=at, reason=why[:500], due_at=due)
    )


def _park(house: House, row: Any, kind: CaseType, reason: str) -> None:
    at = clock.now()

    def work(connection: Connection) -> None:
        inbox.set_state(connection, row["id"], "exception", at=at, reason=reason)
        raise_case(
            connection, CaseWanted(type=kind, reason=reason, currency=""), subject=f"message:{row['id']}", at=at,
            account_id=row["account_id"],
        )

    house.database.run(work)
