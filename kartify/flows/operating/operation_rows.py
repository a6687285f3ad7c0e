"""Operations at a gateway as rows: the claim, and what an answer means for the operation and its charge.

States: due, claimed, unknown (sent, the answer was lost), pending (the gateway took the refund and has not processed
it), done, failed, dropped (nothing to do any more).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, update

from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.decide import captures, decide, voids
from kartify.domain.money import display
from kartify.domain.reports import Channel, ChargeState, Facts, Report, merge
from kartify.flows.ground import locate, schedule
from kartify.flows.settling import facts, settle
from kartify.flows.settling.cases import close_case, raise_case
from kartify.flows.settling.settle_rows import FACT_NAMES, Source
from kartify.models import Charge, Operation, Order, Payment, new_id, table

operations, charges, payments, orders = table(Operation), table(Charge), table(Payment), table(Order)
MARGIN = timedelta(seconds=30)
NOT_NOW = timedelta(hours=1)
# A person is told when it is not confirmed after so long; it is tried and asked on.
TELL_AFTER = timedelta(hours=24)
OPEN = ("due", "claimed", "unknown", "pending")
CASES = {
    "capture": CaseType.CAPTURE_NOT_CONFIRMED,
    "void": CaseType.AUTHORIZED_AFTER_CANCEL,
    "refund": CaseType.REFUND_NOT_CONFIRMED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An operation in a worker's hands. ``state`` is what it was before."""

    id: UUID
    key: str
    kind: str
    state: str
    charge_id: UUID
    order_id: UUID | None
    account_id: UUID
    amount: int
    currency: str
    gateway_payment_id: str
    gateway_refund_id: str | None
    payment: locate.PaymentRow | None
    fence: int
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the gateway's answer came to. ``reports`` settle; ``tries``: it counts towards the pauses."""

    state: str
    text: str | None = None
    reports: tuple[Report, ...] = ()
    refunded: int = 0
    gateway_refund_id: str | None = None
    due_in: timedelta | None = None
    tries: bool = True
    tell: bool = False


_DUE = select(operations.c.id, operations.c.account_id).where(
    operations.c.state.in_(OPEN), operations.c.due_at.is_not(None)
)


def due_ids(connection: Connection, at: datetime, most: int) -> list[Any]:
    """(id, account_id) of what is due and in nobody's hands."""
    free = operations.c.lease_until.is_(None) | (operations.c.lease_until <= at)
    query = _DUE.where(operations.c.due_at <= at, free).order_by(operations.c.due_at, operations.c.id).limit(most)
    return list(connection.execute(query))


def claim(connection: Connection, operation_id: UUID, *, at: datetime, seconds: float) -> Task | None:
    """Takes it; None where somebody else has it, or where it is not wanted as things are now."""
    query = select(operations).where(operations.c.id == operation_id, operations.c.due_at <= at)
    row = connection.execute(query.with_for_update(skip_locked=True)).mappings().first()
    if row is None or row["state"] not in OPEN or (row["lease_until"] and row["lease_until"] > at):
        return None
    charge = connection.execute(select(charges).where(charges.c.id == row["charge_id"])).mappings().one()
    if row["kind"] != "refund" and _is_settled_otherwise(connection, row, charge, at):
        return None
    state = "unknown" if row["state"] == "claimed" else row["state"]
    lease = at + timedelta(seconds=3 * seconds) + MARGIN
    _write(connection, row["id"], row["fence"], state="claimed", fence=row["fence"] + 1, lease_until=lease,
           due_at=lease)
    payment = locate.find_payment(connection, charge["payment_id"]) if charge["payment_id"] else None
    return Task(
        id=row["id"], key=row["key"], kind=row["kind"], state=state, charge_id=row["charge_id"],
        order_id=row["order_id"], account_id=row["account_id"], amount=row["amount"], currency=row["currency"],
        gateway_payment_id=charge["gateway_payment_id"], gateway_refund_id=row["gateway_refund_id"], payment=payment,
        fence=row["fence"] + 1, attempts=row["attempts"], created_at=row["created_at"],
    )


def _write(connection: Connection, operation_id: UUID, seen: int, /, **values: Any) -> bool:
    same = (operations.c.id == operation_id) & (operations.c.fence == seen)
    return connection.execute(update(operations).where(same).values(values)).rowcount == 1


def _is_settled_otherwise(connection: Connection, row: Any, charge: Any, at: datetime) -> bool:
    """A capture or void is checked against the order as it is now: it may be done already, or not wanted (yet)."""
    state = charge["state"]
    if state != ChargeState.AUTHORIZED:
        done = _reached(row["kind"], state)
        _write(
            connection, row["id"], row["fence"], state="done" if done else "dropped", due_at=None, lease_until=None,
            done_at=at, last_error=None if done else f"the charge is {state}",
        )
        return True
    if row["order_id"] is None or _is_wanted(connection, row):
        return False
    _write(
        connection, row["id"], row["fence"], due_at=at + NOT_NOW, lease_until=None,
        last_error=f"no {row['kind']} as the order is now; looked at again later",
    )
    return True


def _reached(kind: str, state: str) -> bool:
    if kind == "capture":
        return state in (ChargeState.CAPTURED, ChargeState.PARTIALLY_REFUNDED, ChargeState.REFUNDED,
                         ChargeState.DISPUTED)
    return state in (ChargeState.VOIDED, ChargeState.FAILED)


def _is_wanted(connection: Connection, row: Any) -> bool:
    """What a person asked for goes by the order alone, what we ask for by the store's policy too."""
    snapshot = facts.load(connection, row["order_id"])
    views = [replace(known.view, can_void=True) for known in snapshot.charges]
    if row["by"] != "kartify":
        right = captures if row["kind"] == "capture" else voids
        return any(right(snapshot.view, one) for one in views if one.id == row["charge_id"])
    wanted = decide(snapshot.view, views, []).operations
    return any((one.charge, one.kind) == (row["charge_id"], row["kind"]) for one in wanted)


def record(
    connection: Connection, task: Task, result: Result, *, at: datetime, can_void: bool
) -> settle.Outcome | None:
    """The operation, its facts and its exception, in one commit. Nothing where the claim is no longer this worker's.
    ``can_void``: the gateway lets go of the order's other authorisations by API."""
    if task.order_id is not None:
        facts.lock(connection, task.order_id)
    attempts = task.attempts + result.tries
    final = result.state in ("done", "failed", "dropped")
    mine = _write(
        connection, task.id, task.fence, state=result.state, lease_until=None, attempts=attempts,
        due_at=None if final else at + _pause(result, attempts),
        last_error=None if result.state == "done" else result.text,
        gateway_refund_id=result.gateway_refund_id or task.gateway_refund_id, done_at=at if final else None,
    )
    if not mine:
        return None
    if task.kind == "refund" and result.state == "failed":
        fewer = update(charges).where(charges.c.id == task.charge_id).values(ours=charges.c.ours - task.amount)
        connection.execute(fewer)
    outcome = _settle(connection, task, result, at, can_void=can_void)
    _cases(connection, task, result, at)
    return outcome


def _pause(result: Result, attempts: int) -> timedelta:
    return schedule.pause(attempts) or schedule.THEN if result.due_in is None else result.due_in


def _settle(
    connection: Connection, task: Task, result: Result, at: datetime, *, can_void: bool
) -> settle.Outcome | None:
    """Through the one desk, as a look-up: an answer to our own call proves what it says."""
    reports = result.reports
    if result.refunded:
        reports += (_refund_report(connection, task),)
    if not reports:
        return None
    if task.order_id is None:
        _settle_orphan(connection, task, reports, at)
        return None
    snapshot = facts.load(
        connection, task.order_id, account_id=task.account_id, gateway_payment_id=task.gateway_payment_id
    )
    source = Source(
        account_id=task.account_id, payment_id=task.payment.id if task.payment else new_id(), channel=Channel.LOOKUP,
        by=f"kartify: {task.kind}", at=at, can_void=can_void,
    )
    return settle.apply(connection, snapshot, reports, source)


def _refund_report(connection: Connection, task: Task) -> Report:
    """All that we refunded of this charge: never more than the truth, since what others refunded comes on top."""
    charge = connection.execute(select(charges).where(charges.c.id == task.charge_id)).mappings().one()
    done = (operations.c.charge_id == task.charge_id) & (operations.c.state == "done")
    total = connection.execute(
        select(func.sum(operations.c.amount)).where(done, operations.c.kind == "refund")
    ).scalar_one()
    refunded = min(int(total), charge["captured"])
    whole = refunded >= charge["captured"]
    return Report(
        state=ChargeState.REFUNDED if whole else ChargeState.PARTIALLY_REFUNDED, word="refund processed",
        gateway_payment_id=task.gateway_payment_id, currency=charge["currency"], captured=charge["captured"],
        refunded=refunded, detail=f"key {task.key}",
    )


def _settle_orphan(connection: Connection, task: Task, reports: tuple[Report, ...], at: datetime) -> None:
    """Money of no order: its facts grow, and its exception shrinks with them."""
    charge = connection.execute(select(charges).where(charges.c.id == task.charge_id)).mappings().one()
    known = Facts(**{name: charge[name] for name in FACT_NAMES})
    for report in reports:
        if report.gateway_payment_id == task.gateway_payment_id:
            known = merge(known, report, channel=Channel.LOOKUP, seen_at=at)
    values = {name: getattr(known, name) for name in FACT_NAMES} | {"state": known.state, "last_report_at": at}
    connection.execute(update(charges).where(charges.c.id == task.charge_id).values(values))
    subject = f"charge:{task.charge_id}"
    if known.net:
        wanted = CaseWanted(
            type=CaseType.ORPHAN_MONEY, reason="Part of the money of no order went back.", currency=task.currency,
            held=known.net,
        )
        raise_case(connection, wanted, subject=subject, at=at, charge_id=task.charge_id, account_id=task.account_id)
    else:
        close_case(connection, subject, CaseType.ORPHAN_MONEY, at=at, why="refunded")


def _case_type(connection: Connection, task: Task) -> CaseType:
    """The void of a charge that a person asked for while the order was open is no matter of a cancel."""
    if task.kind == "void" and task.order_id is not None:
        order = connection.execute(select(orders.c.status, orders.c.cancel_requested_at).where(
            orders.c.id == task.order_id)).one()
        if order.status != "cancelled" and order.cancel_requested_at is None:
            return CaseType.DO_NOT_CAPTURE
    return CASES[task.kind]


def _cases(connection: Connection, task: Task, result: Result, at: datetime) -> None:
    kind, subject = _case_type(connection, task), f"operation:{task.id}"
    if result.state == "done":
        close_case(connection, subject, kind, at=at, why="the gateway confirmed it")
    if result.state == "failed" or result.tell or (
        result.state in OPEN and (at - task.created_at >= TELL_AFTER or task.attempts >= len(schedule.STEPS))
    ):
        tried = "failed" if result.state == "failed" else "is not confirmed"
        reason = f"The {task.kind} of {display(task.amount, task.currency)} {tried}: {result.text or 'no reason given'}"
        store = select(orders.c.store_id).where(orders.c.id == task.order_id)
        raise_case(
            connection, CaseWanted(type=kind, reason=reason, currency=task.currency, difference=task.amount),
            subject=subject, at=at, account_id=task.account_id, order_id=task.order_id,
            store_id=connection.execute(store).scalar() if task.order_id else None,
        )
