"""What the calls of a delivery came to, as rows: one transaction, refused when the claim is no longer this worker's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from kartify import clock
from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.delivery import Event, Kind, State, step
from kartify.flows.delivering import deliver_rows
from kartify.flows.delivering.deliver_calls import Verdict, retry_after
from kartify.flows.delivering.deliver_rows import Claim, Line
from kartify.flows.delivering.withdrawing import agreed
from kartify.flows.ground import schedule
from kartify.flows.settling import facts
from kartify.flows.settling.cases import close_case, raise_case
from kartify.house import House
from kartify.models import Account, Delivery, Order, table
from kartify.plugin.oms import OmsOrder

log = structlog.get_logger()
outbox, orders, accounts = table(Delivery), table(Order), table(Account)
THROTTLED = timedelta(seconds=30)
# A success closes these of its delivery.
CLOSED_BY_SUCCESS = (
    CaseType.OMS_REFUSED, CaseType.UNCERTAIN, CaseType.UNACKNOWLEDGED, CaseType.POISON, CaseType.CANCEL_TOO_LATE,
)
_ARRIVED = frozenset({Event.ACCEPTED, Event.SEEN})
_WITH_ORDER_ID = frozenset({Kind.PUSH, Kind.CONFIRM, Kind.PUSH_UNPAID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one delivery stands now. ``recorded`` is False where another worker had it meanwhile."""

    delivery_id: UUID
    number: str
    kind: Kind
    state: State
    text: str
    recorded: bool = True
    receipt: str | None = None
    due_at: datetime | None = None


def record(house: House, claim: Claim, verdict: Verdict, *, receipt_kind: str) -> Ended:
    """Writes it down. A receipt that another order has already cannot be ours: a person must look."""
    try:
        return house.database.run(lambda connection: _record(connection, claim, verdict, receipt_kind))
    except IntegrityError:
        if verdict.receipt is None:
            raise
        given = verdict.receipt.id
        if claim.kind in (Kind.CANCEL, Kind.HOLD, Kind.UNHOLD):
            # The same order may be held or cancelled more than once; the receipt names the order, so it is told apart.
            apart = replace(verdict.receipt, id=f"{given[:70]}#{claim.id.hex[-8:]}")
            again = replace(verdict, receipt=apart)
            return house.database.run(lambda connection: _record(connection, claim, again, receipt_kind))
        twice = replace(
            verdict, event=Event.REFUSED, receipt=None, case=CaseType.UNCERTAIN,
            text=f"The OMS gave the id {given}, which another order has already.",
        )
        return house.database.run(lambda connection: _record(connection, claim, twice, receipt_kind))


def _record(connection: Connection, claim: Claim, verdict: Verdict, receipt_kind: str) -> Ended:
    facts.lock(connection, claim.order_id)
    at = clock.now()
    verdict = _or_dead(claim, verdict)
    state = follow(claim.state, verdict.event)
    values = _values(claim, verdict, state, at) | {"lease_until": None}
    if verdict.event in _ARRIVED and verdict.receipt is not None:
        values |= {"receipt": verdict.receipt.id, "receipt_kind": receipt_kind}
    mine = deliver_rows.guarded(connection, claim.id, claim.state, claim.fence, state=state, **values)
    _history(connection, claim, verdict, mine, at)
    if verdict.event in _ARRIVED and verdict.receipt is not None and receipt_kind == "id":
        _keep_id(connection, claim, verdict.receipt.id)
    if mine:
        _consequences(connection, claim, verdict, at)
    return Ended(
        delivery_id=claim.id, number=claim.order.number, kind=claim.kind, state=state, text=verdict.text,
        recorded=mine, receipt=values.get("receipt"), due_at=values["due_at"],
    )


def follow(state: State, event: Event) -> State:
    """The state after a verdict. What was seen is adopted in the same commit."""
    if state is State.FOUND:
        if event in (Event.NOT_TOLD, Event.NOT_SENT):
            return state
        return step(state, Event.ADOPT if event is Event.SEEN else Event.REFUSED)
    after = step(state, event)
    return step(after, Event.ADOPT) if after is State.FOUND else after


def _or_dead(claim: Claim, verdict: Verdict) -> Verdict:
    """After three days of failures a person must look."""
    if verdict.free or _next_pause(claim, verdict) is not None:
        return verdict
    if claim.state is State.CLAIMED and verdict.event is not Event.LOST:
        case = CaseType.UNCERTAIN if claim.uncertain else CaseType.OMS_REFUSED
        return replace(verdict, event=Event.REFUSED, text=f"Tried for three days: {verdict.text}", case=case)
    if verdict.event is Event.NOT_TOLD:
        text = f"Looked up for three days without an answer: {verdict.text}"
        return replace(verdict, event=Event.GIVE_UP, text=text, case=CaseType.UNCERTAIN)
    if verdict.event is Event.ABSENT:
        text = f"Sent for three days, and the OMS never had it: {verdict.text}"
        return replace(verdict, event=Event.REFUSED, text=text, case=CaseType.OMS_REFUSED)
    return verdict


def _next_pause(claim: Claim, verdict: Verdict) -> timedelta | None:
    """Until the next try; None when the patience is over."""
    match verdict.event:
        case Event.ABSENT:
            return schedule.pause(claim.attempts)
        case Event.NOT_SENT | Event.NOT_TOLD:
            return schedule.pause(claim.attempts + 1 if verdict.sent else claim.looks + 1)
        case _:
            return timedelta()


def _values(claim: Claim, verdict: Verdict, state: State, at: datetime) -> dict[str, Any]:
    """Counters, due time and error. ``call_until`` stays set while an earlier call may have arrived."""
    looked = verdict.event in (Event.NOT_SENT, Event.NOT_TOLD) and not verdict.sent and not verdict.free
    fine = verdict.event in _ARRIVED
    return {
        "attempts": claim.attempts + verdict.sent,
        "looks": 0 if verdict.event is Event.ABSENT else claim.looks + looked,
        "last_error": None if fine else verdict.text,
        "due_at": _due(claim, verdict, state, at),
        "call_until": _uncertain_until(claim, verdict, state),
        "done_at": at if state is State.DONE else None,
        **({"crashes": 0} if fine else {}),
    }


def _due(claim: Claim, verdict: Verdict, state: State, at: datetime) -> datetime | None:
    if state in (State.DONE, State.DEAD):
        return None
    if verdict.event is Event.LOST:
        return verdict.until or at
    if verdict.free:
        return at + (retry_after(verdict) or (THROTTLED if verdict.error else timedelta()))
    return at + max(_next_pause(claim, verdict) or timedelta(), retry_after(verdict))


def _uncertain_until(claim: Claim, verdict: Verdict, state: State) -> datetime | None:
    match verdict.event:
        case Event.LOST:
            return verdict.until
        case Event.NOT_SENT | Event.NOT_TOLD | Event.GIVE_UP:
            absent = any(call.event == Event.ABSENT for call in verdict.calls)
            return None if absent else claim.before
        case Event.REFUSED if verdict.case is CaseType.UNCERTAIN:
            return claim.before or claim.call_until
        case _:
            return None


def _history(connection: Connection, claim: Claim, verdict: Verdict, mine: bool, at: datetime) -> None:
    for call in verdict.calls:
        told = verdict.receipt is not None and call.event in _ARRIVED
        line = Line(
            call=call.name, event=call.event, by=claim.worker, text=call.text, at=call.at,
            milliseconds=call.milliseconds, data={"receipt": verdict.receipt.id} if told and verdict.receipt else None,
        )
        deliver_rows.note(connection, claim.id, claim.order_id, line)
    if not mine or not verdict.calls or verdict.calls[-1].event != verdict.event:
        event = verdict.event if mine else "fenced"
        text = verdict.text if mine else "not recorded: another worker took this delivery over meanwhile"
        line = Line(call="record", event=event, by=claim.worker, text=text, at=at)
        deliver_rows.note(connection, claim.id, claim.order_id, line)


def _keep_id(connection: Connection, claim: Claim, oms_order_id: str) -> None:
    """The OMS's id of the order, once; also by a worker that lost its claim, since the OMS said it."""
    if claim.kind in _WITH_ORDER_ID:
        fresh = (orders.c.id == claim.order_id) & orders.c.oms_order_id.is_(None)
        connection.execute(update(orders).where(fresh).values(oms_order_id=oms_order_id))


def _consequences(connection: Connection, claim: Claim, verdict: Verdict, at: datetime) -> None:
    if verdict.event in _ARRIVED:
        close_cases(connection, claim.id, at=at, why="the OMS has it")
        _well(connection, claim, at)
        if claim.kind is Kind.CANCEL:
            agreed(connection, claim.order_id, by=claim.worker, at=at, reason="the OMS cancelled it as asked")
    elif verdict.case is not None:
        raise_case(
            connection, case_wanted(claim.order, verdict.case, verdict.text), subject=f"delivery:{claim.id}", at=at,
            store_id=claim.store_id, order_id=claim.order_id, account_id=claim.account_id,
        )


def close_cases(connection: Connection, delivery_id: UUID, *, at: datetime, why: str, by: str = "kartify") -> None:
    for kind in CLOSED_BY_SUCCESS:
        close_case(connection, f"delivery:{delivery_id}", kind, at=at, by=by, why=why)


def case_wanted(order: OmsOrder, kind: CaseType, reason: str) -> CaseWanted:
    """The exception of a delivery: ``held`` is what the customer has paid for it, ``difference`` what is still due."""
    paid = sum(payment.amount for payment in order.payments if payment.kind != "cod")
    return CaseWanted(type=kind, reason=reason, currency=order.currency, held=paid, difference=order.total - paid)


def _well(connection: Connection, claim: Claim, at: datetime) -> None:
    """The account answers again: what had to wait because of it is due now, oldest order first."""
    if claim.failing:
        subject = f"account:{claim.account_id}"
        close_case(connection, subject, CaseType.ACCOUNT_FAILING, at=at, why="it answers again")
    if not claim.failures and not claim.resting:
        return
    mine = (accounts.c.id == claim.account_id) & accounts.c.state.in_(["active", "probing"])
    connection.execute(
        update(accounts).where(mine).values(failures=0, state="active", state_reason=None, paused_until=None)
    )
    if claim.resting:
        waiting = (outbox.c.account_id == claim.account_id) & outbox.c.state.in_([State.DUE, State.SENT_UNKNOWN])
        free = outbox.c.lease_until.is_(None) & (outbox.c.due_at > at) & outbox.c.kind.in_(deliver_rows.CALLED)
        connection.execute(update(outbox).where(waiting, free).values(due_at=at))
