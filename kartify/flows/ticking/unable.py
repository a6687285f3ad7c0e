"""Accounts that cannot work, because their plugin is not installed or their settings are broken, while something of
theirs is open: paused with one alarm, never silent. They go on by themselves once they can."""

from __future__ import annotations

from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Connection, exists, select, update

from kartify import clock
from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.delivery import State
from kartify.flows.settling.cases import close_case, raise_case
from kartify.house import House
from kartify.models import Account, Delivery, Operation, Payment, table

log = structlog.get_logger()
accounts, payments, outbox, operations = table(Account), table(Payment), table(Delivery), table(Operation)
US = "kartify"
_OPEN = (State.DUE, State.CLAIMED, State.SENT_UNKNOWN, State.FOUND)
_ACTIVE = select(accounts.c.id, accounts.c.label, accounts.c.state, accounts.c.state_by).where(
    accounts.c.state.in_(["active", "probing"]) | ((accounts.c.state == "paused") & (accounts.c.state_by == US))
)


def watch(house: House) -> int:
    """Pauses those that cannot work and resumes those that can again; how many changed."""
    with house.database.read() as connection:
        rows = connection.execute(_ACTIVE).all()
    changed = 0
    for row in rows:
        problem = house.accounts.get(row.id, fresh=True).problem
        if problem and row.state != "paused":
            changed += _pause(house, row.id, row.label, problem)
        elif not problem and row.state == "paused":
            _resume(house, row.id)
            changed += 1
    return changed


def _pause(house: House, account_id: UUID, label: str, problem: str) -> bool:
    at = clock.now()

    def work(connection: Connection) -> bool:
        if not connection.execute(select(_busy(account_id))).scalar_one():
            return False
        _write(connection, account_id, state="paused", state_by=US, state_reason=f"it cannot work: {problem}"[:500])
        wanted = CaseWanted(type=CaseType.ACCOUNT_UNABLE, reason=f"{label} cannot work: {problem}.", currency="")
        raise_case(connection, wanted, subject=f"account:{account_id}", at=at, account_id=account_id)
        return True

    paused = house.database.run(work)
    if paused:
        house.accounts.forget()
        log.error("account paused", account=str(account_id), reason=problem)
    return paused


def _busy(account_id: UUID) -> ColumnElement[bool]:
    """Whether a payment is still asked about, an order still to be delivered, or an operation still due there."""
    return (
        exists().where(payments.c.account_id == account_id, payments.c.next_ask_at.is_not(None))
        | exists().where(outbox.c.account_id == account_id, outbox.c.state.in_(_OPEN))
        | exists().where(operations.c.account_id == account_id, operations.c.due_at.is_not(None))
    )


def _resume(house: House, account_id: UUID) -> None:
    at = clock.now()

    def work(connection: Connection) -> None:
        _write(connection, account_id, state="active", state_by=US, state_reason=None, paused_until=None, failures=0)
        close_case(connection, f"account:{account_id}", CaseType.ACCOUNT_UNABLE, at=at, why="it can work again")

    house.database.run(work)
    house.accounts.forget()
    log.info("account resumed", account=str(account_id))


def _write(connection: Connection, account_id: UUID, **values: object) -> None:
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(values))
