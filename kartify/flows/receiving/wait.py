"""What a message cannot do at once: ask the gateway soon, or wait for an order that is not there yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, bindparam, case, or_, update
from sqlalchemy.dialects.postgresql import insert

from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.reports import Channel, Facts, Report, merge
from kartify.flows.receiving import inbox
from kartify.flows.settling.cases import raise_case
from kartify.models import Charge, Payment, new_id, table

payments, charges = table(Payment), table(Charge)
ASK_AT_MOST_EVERY = timedelta(seconds=10)
RETRY = timedelta(seconds=15)

_at = bindparam("b_at", type_=payments.c.next_ask_at.type)
_asked_lately = payments.c.asked_at > bindparam("b_recent", type_=payments.c.asked_at.type)
NUDGE = (
    update(payments)
    .where(
        payments.c.account_id == bindparam("b_account_id"),
        or_(payments.c.gateway_order_id == bindparam("b_name"), payments.c.reference == bindparam("b_name")),
    )
    .values(next_ask_at=case((_asked_lately, bindparam("b_later", type_=payments.c.next_ask_at.type)), else_=_at))
)


def nudge(connection: Connection, account_id: UUID, name: str, *, at: datetime) -> bool:
    """Has a payment asked about now, at most once in 10 s. False where there is no such payment."""
    values = {
        "b_account_id": account_id, "b_name": name, "b_at": at, "b_recent": at - ASK_AT_MOST_EVERY,
        "b_later": at + ASK_AT_MOST_EVERY,
    }
    return connection.execute(NUDGE, values).rowcount > 0


NUDGE_ONE = (
    update(payments)
    .where(payments.c.id == bindparam("b_id"))
    .values(next_ask_at=case((_asked_lately, bindparam("b_later", type_=payments.c.next_ask_at.type)), else_=_at))
)


def nudge_payment(connection: Connection, payment_id: UUID, *, at: datetime) -> None:
    """Has this payment asked about now, at most once in 10 s."""
    recent, later = at - ASK_AT_MOST_EVERY, at + ASK_AT_MOST_EVERY
    connection.execute(NUDGE_ONE, {"b_id": payment_id, "b_at": at, "b_recent": recent, "b_later": later})


def orphan(
    connection: Connection, message_id: UUID, account_id: UUID, lost: Sequence[Report], *, since: datetime,
    at: datetime, patience: timedelta,
) -> None:
    """News of no order: the row may still be committing, so it waits; then money becomes an exception."""
    if at - since < patience:
        inbox.set_state(connection, message_id, "waiting", at=at, reason="orphan: no such payment yet",
                        due_at=at + RETRY)
        return
    money = [report for report in lost if report.captured or report.authorized]
    for report in money:
        _orphan_money(connection, account_id, report, at=at)
    state = "exception" if money else "ignored"
    inbox.set_state(connection, message_id, state, at=at, reason="no payment of ours")


def _orphan_money(connection: Connection, account_id: UUID, report: Report, *, at: datetime) -> None:
    """Keeps the charge without an order, so that the money is counted, and opens the exception."""
    charge_id = _orphan_charge(connection, account_id, report, at=at)
    held = max(0, report.captured - report.refunded)
    raise_case(
        connection,
        CaseWanted(
            type=CaseType.ORPHAN_MONEY,
            reason=f"The gateway reports {report.state} for a payment that is not of our orders.",
            currency=report.currency or "",
            held=held,
            difference=0 if report.captured else report.authorized,
        ),
        subject=f"charge:{charge_id}",
        at=at,
        charge_id=charge_id,
        account_id=account_id,
    )


def _orphan_charge(connection: Connection, account_id: UUID, report: Report, *, at: datetime) -> UUID:
    facts = merge(Facts(), report, channel=Channel.WEBHOOK, seen_at=at)
    values = {
        "id": new_id(), "account_id": account_id, "gateway_payment_id": report.gateway_payment_id or report.word,
        "state": facts.state, "method": report.method, "first_seen_at": at, "last_report_at": at,
        "currency": facts.currency, "authorized": facts.authorized, "authorized_at": facts.authorized_at,
        "captured": facts.captured, "captured_at": facts.captured_at, "refunded": facts.refunded,
    }
    changes = {name: values[name] for name in ("state", "authorized", "captured", "refunded", "last_report_at")}
    statement = insert(charges).values(values).on_conflict_do_update(
        index_elements=["account_id", "gateway_payment_id"], set_=changes
    )
    return connection.execute(statement.returning(charges.c.id)).scalar_one()



