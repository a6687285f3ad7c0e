"""What a decision means as rows: charges, reports, settlement, move, operations, exceptions, payment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from kartify.domain.cases import CaseType
from kartify.domain.decide import Decision, Operation, Settlement
from kartify.domain.reports import Channel, ChargeState, Facts, Report
from kartify.domain.status import Actor, Guard, Status
from kartify.flows.ground.writes import Write
from kartify.flows.settling import cases, holds, moves
from kartify.flows.settling.facts import Snapshot, charge_cases
from kartify.models import new_id

FACT_NAMES = tuple(field.name for field in fields(Facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where reports came from: the account, the channel, who, and by which stored message or run."""

    account_id: UUID
    payment_id: UUID
    channel: Channel
    by: str
    at: datetime
    can_void: bool = False
    inbox_id: UUID | None = None
    run_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is known before and after the reports (the order as it was; charges merged), and what follows."""

    before: Snapshot
    after: Snapshot
    decision: Decision
    source: Source
    subjects: tuple[UUID, ...]


def change_writes(connection: Connection, change: Change, reports: Sequence[Report]) -> list[Write]:
    """All the writes of one decision, in an order that SQLite's foreign keys accept."""
    after, decision, source = change.after, change.decision, change.source
    return [
        *_charge_writes(change),
        *(_report_write(after, report, source) for report in reports if _is_news(change, report)),
        *_settlement_writes(connection, change),
        *_operation_writes(after, decision.operations, source),
        *case_writes(connection, after, decision, source),
        *payment_writes(after, decision, source),
        *holds.on_dispute(connection, change.before, after, decision.move or after.view.status, at=source.at),
    ]


def _is_news(change: Change, report: Report) -> bool:
    """A look-up that says what was known already leaves no row: it is asked about many times."""
    if change.source.channel is not Channel.LOOKUP:
        return True
    key = report.gateway_payment_id
    if key is None:
        return report.state not in (ChargeState.CREATED, ChargeState.PENDING)
    return _changed(change, change.source.account_id, key)


def _changed(change: Change, account_id: UUID, key: str) -> bool:
    before, after = change.before.charge(account_id, key), change.after.charge(account_id, key)
    return before is None or after is None or before.view.facts != after.view.facts


def _charge_writes(change: Change) -> list[Write]:
    after, source = change.after, change.source
    known = {charge.view.id for charge in change.before.charges}
    refunds = {one.charge: one.amount for one in change.decision.operations if one.kind == "refund"}
    found = []
    for charge in after.charges:
        if charge.view.id not in change.subjects or not _changed(change, charge.account_id, charge.gateway_payment_id):
            continue
        facts = charge.view.facts
        values: dict[str, Any] = {name: getattr(facts, name) for name in FACT_NAMES}
        values |= {
            "id": charge.view.id,
            "state": facts.state,
            "method": charge.method,
            "payment_id": charge.payment_id,
            "order_id": after.order_id,
            "ours": charge.view.ours + refunds.get(charge.view.id, 0),
            "last_report_at": charge.last_report_at,
        }
        if charge.view.id in known:
            found.append(Write("charge_facts", values))
            continue
        values |= {
            "account_id": charge.account_id,
            "gateway_payment_id": charge.gateway_payment_id,
            "first_seen_at": source.at,
        }
        found.append(Write("charge", values))
    return found


def _report_write(after: Snapshot, report: Report, source: Source) -> Write:
    charge = after.charge(source.account_id, report.gateway_payment_id) if report.gateway_payment_id else None
    return Write("report", report_values(report, source, order_id=after.order_id, charge_id=charge.view.id
                                         if charge else None))


def report_values(report: Report, source: Source, *, order_id: UUID | None, charge_id: UUID | None) -> dict[str, Any]:
    """The row of a report: what was said, by whom, when."""
    return {
        "id": new_id(),
        "order_id": order_id,
        "payment_id": source.payment_id,
        "charge_id": charge_id,
        "account_id": source.account_id,
        "inbox_id": source.inbox_id,
        "run_id": source.run_id,
        "channel": source.channel,
        "by": source.by,
        "state": report.state,
        "word": report.word[:200],
        "currency": report.currency,
        "authorized": report.authorized,
        "captured": report.captured,
        "refunded": report.refunded,
        "detail": report.detail,
        "gateway_at": report.at,
        "seen_at": source.at,
    }


def _settlement_writes(connection: Connection, change: Change) -> list[Write]:
    after, decision, source = change.after, change.decision, change.source
    bound = decision.settlement
    found: list[Write] = []
    settlement_id: UUID | None = None
    if bound is not None:
        known = after.view.settlement
        if known is None or known.charge != bound.charge:
            settlement_id = new_id()
            found.append(new_settlement(after, bound, source, settlement_id))
        else:
            found.append(changed_settlement(after, bound, source))
    if decision.move is not None:
        found += _move_writes(connection, change, settlement_id)
    elif settlement_id is not None:
        found += late_settlement(connection, after, settlement_id)
    return found


def _facts_of(after: Snapshot, charge: UUID) -> Facts:
    return next(known.view.facts for known in after.charges if known.view.id == charge)


def new_settlement(after: Snapshot, bound: Settlement, source: Source, settlement_id: UUID) -> Write:
    return Write(
        "settlement",
        {
            "id": settlement_id,
            "order_id": after.order_id,
            "charge_id": bound.charge,
            "amount": bound.amount,
            "currency": bound.currency,
            "fee": bound.fee,
            "discount": bound.discount,
            "accepted": bound.accepted,
            "kind": "authorized" if bound.authorized else "captured",
            "channel": source.channel,
            "by": source.by,
            "settled_at": source.at,
            "captured_at": _facts_of(after, bound.charge).captured_at,
            "reversed_at": source.at if bound.reversed else None,
        },
    )


def changed_settlement(after: Snapshot, bound: Settlement, source: Source) -> Write:
    return Write(
        "settlement_change",
        {
            "charge_id": bound.charge,
            "amount": bound.amount,
            "fee": bound.fee,
            "discount": bound.discount,
            "accepted": bound.accepted,
            "kind": "authorized" if bound.authorized else "captured",
            "captured_at": _facts_of(after, bound.charge).captured_at,
            "reversed_at": source.at if bound.reversed else None,
        },
        must=True,
    )


def late_settlement(connection: Connection, after: Snapshot, settlement_id: UUID) -> list[Write]:
    """An order moved by hand is settled later: its delivery row stays and now refers to the settlement."""
    rows = moves.delivery_rows(connection, after.order_id)
    return [
        Write("delivery_settlement", {"id": row.id, "settlement_id": settlement_id})
        for row in rows
        if row.kind in moves.FULFILMENT and row.state is not moves.State.WITHDRAWN
    ]


def _move_writes(connection: Connection, change: Change, settlement_id: UUID | None) -> list[Write]:
    after, decision, source = change.after, change.decision, change.source
    target = decision.move
    assert target is not None
    known = after.view.status in (Status.MISSING, Status.FAILED)
    rows = () if known or target is Status.PROCESSING else moves.delivery_rows(connection, after.order_id)
    move = moves.Move(
        target=target,
        actor=Actor.GATEWAY,
        by=source.by,
        channel=source.channel,
        reason=_why(target, decision, source),
        at=source.at,
        guards=frozenset({Guard.SETTLEMENT, Guard.REOPEN, Guard.REFUNDED_WHOLE}),
        basis=decision.basis,
        settlement_id=settlement_id,
        no_delivery="refunded" if target is Status.REFUNDED and known else None,
    )
    return moves.writes(after, move, rows)


def _why(target: Status, decision: Decision, source: Source) -> str:
    if target is Status.REFUNDED:
        return "the gateway reports the whole payment as refunded"
    rule = f" ({decision.rule})" if decision.rule else ""
    found = "found by lookup" if source.channel is Channel.LOOKUP else f"confirmed by {source.channel}"
    return f"{found}{rule}"


def _operation_writes(after: Snapshot, operations: Sequence[Operation], source: Source) -> list[Write]:
    return [
        Write(
            "operation_once",
            {
                "id": new_id(),
                "key": f"{operation.kind}-{operation.charge.hex}",
                "charge_id": operation.charge,
                "order_id": after.order_id,
                "account_id": next(known.account_id for known in after.charges if known.view.id == operation.charge),
                "kind": operation.kind,
                "amount": operation.amount,
                "currency": operation.currency,
                "state": "due",
                "by": "kartify",
                "reason": f"{operation.kind} by the store's policy",
                "due_at": source.at,
                "created_at": source.at,
            },
        )
        for operation in operations
    ]


def case_writes(connection: Connection, after: Snapshot, decision: Decision, source: Source) -> list[Write]:
    homed = [
        cases.answered(f"charge:{known.view.id}", CaseType.ORPHAN_MONEY, source.at, why="its order was found")
        for known in after.charges
        if known.orphan
    ]
    if not decision.cases and not after.has_cases:
        return homed
    existing = charge_cases(connection, after.order_id) if after.has_cases else {}
    found = cases.reconcile(after, decision.cases, existing, at=source.at)
    if decision.move is not None and after.has_cases:
        subject = f"order:{after.order_id}"
        homed += [
            cases.answered(subject, kind, source.at, why="the gateway answered") for kind in cases.WAITED_FOR
        ]
    return found + homed


def _clock_writes(after: Snapshot, decision: Decision, source: Source) -> list[Write]:
    """News of an unpaid order: the clock looks at it again."""
    if decision.move is not None or after.view.status not in (Status.MISSING, Status.FAILED):
        return []
    return [Write("order_clock", {"id": after.order_id, "clock_at": source.at, "clock_why": None})]


def payment_writes(after: Snapshot, decision: Decision, source: Source) -> list[Write]:
    """A payment whose charge paid the order is over; one that contradicts itself is asked at once. The schedule of
    every other payment is the lookup's own affair."""
    if decision.ask and source.channel is not Channel.LOOKUP:
        return [Write("payment_ask", {"id": source.payment_id, "next_ask_at": source.at})]
    bound = decision.settlement
    if bound is None or bound.authorized:
        return _clock_writes(after, decision, source)
    paid = next(known.payment_id for known in after.charges if known.view.id == bound.charge)
    values = {"id": paid, "state": "over", "state_reason": "paid", "next_ask_at": None, "answered_at": source.at}
    return [Write("payment_state", values)]
