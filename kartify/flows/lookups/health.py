"""An account's health: a breaker that opens after failures in a row, pauses that partners ask for, keys revoked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import Connection, bindparam, update

from kartify import clock
from kartify.accounts import Loaded
from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.errors import Denied, KartifyError, Temporary, Throttled
from kartify.domain.plan import backoff
from kartify.flows.settling.cases import close_case, raise_case
from kartify.house import House
from kartify.models import Account, table

log = structlog.get_logger()
accounts = table(Account)
OPENS_AFTER = 5


def may_call(loaded: Loaded, at: datetime) -> bool:
    """Whether machines may call this partner now. A person who presses a button may always."""
    if loaded.partner is None or loaded.state in ("paused", "denied"):
        return False
    return loaded.paused_until is None or loaded.paused_until <= at


_NOTE = (
    update(accounts)
    .where(accounts.c.id == bindparam("b_id"))
    .values(
        failures=bindparam("b_failures"),
        state=bindparam("b_state"),
        paused_until=bindparam("b_paused_until", type_=accounts.c.paused_until.type),
        state_reason=bindparam("b_reason"),
    )
)


def note(house: House, loaded: Loaded, errors: Sequence[KartifyError | None]) -> None:
    """After a batch of calls: what they say of the account. Nothing is written while all is well."""
    if not errors:
        return
    denied = next((error for error in errors if isinstance(error, Denied)), None)
    throttled = next((error for error in errors if isinstance(error, Throttled)), None)
    if denied is not None:
        deny(house, loaded.id, str(denied))
    elif throttled is not None:
        pause(house, loaded.id, seconds=throttled.retry_after or 30.0, reason=str(throttled))
    elif all(isinstance(error, Temporary) for error in errors):
        _failing(house, loaded, str(errors[-1]), count=len(errors))
    elif loaded.state == "probing" or loaded.paused_until is not None or loaded.failures:
        _well(house, loaded.id)


def deny(house: House, account_id: UUID, reason: str) -> None:
    """Keys revoked or rights lost: the whole account pauses with one alarm, instead of one error an order."""
    at = clock.now()

    def work(connection: Connection) -> None:
        _write(connection, account_id, state="denied", reason=reason, failures=0, paused_until=None)
        raise_case(
            connection,
            CaseWanted(type=CaseType.ACCOUNT_FAILING, reason=reason, currency=""),
            subject=f"account:{account_id}",
            at=at,
            account_id=account_id,
        )

    house.database.run(work)
    house.accounts.forget()
    log.error("account paused", account=str(account_id), reason=reason)


def pause(house: House, account_id: UUID, *, seconds: float, reason: str) -> None:
    """The partner asks for fewer calls: this account waits, no try is counted against an order."""
    until = clock.now() + timedelta(seconds=seconds)
    house.database.run(
        lambda connection: _write(
            connection, account_id, state="active", reason=reason, failures=0, paused_until=until
        )
    )
    house.accounts.forget()


def _failing(house: House, loaded: Loaded, reason: str, *, count: int) -> None:
    """The breaker: after enough failures in a row the account rests, then one call probes."""
    at = clock.now()

    def work(connection: Connection) -> None:
        found = connection.execute(
            update(accounts)
            .where(accounts.c.id == loaded.id)
            .values(failures=accounts.c.failures + count)
            .returning(accounts.c.failures)
        ).scalar_one()
        if found >= OPENS_AFTER:
            rest = backoff(found // OPENS_AFTER + 2, most=600)
            _write(connection, loaded.id, state="probing", reason=reason, failures=found, paused_until=at + rest)

    house.database.run(work)
    house.accounts.forget()


def _well(house: House, account_id: UUID) -> None:
    at = clock.now()

    def work(connection: Connection) -> None:
        _write(connection, account_id, state="active", reason=None, failures=0, paused_until=None)
        close_case(connection, f"account:{account_id}", CaseType.ACCOUNT_FAILING, at=at, why="it answers again")

    house.database.run(work)
    house.accounts.forget()


def _write(
    connection: Connection, account_id: UUID, *, state: str, reason: str | None, failures: int,
    paused_until: datetime | None,
) -> None:
    connection.execute(
        _NOTE,
        {
            "b_id": account_id, "b_failures": failures, "b_state": state, "b_paused_until": paused_until,
            "b_reason": reason,
        },
    )
