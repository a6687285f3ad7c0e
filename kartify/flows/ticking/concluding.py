"""The clock's part of the table: failed, cancel inquest, store lifetime, moved by hand and never paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

import structlog
from sqlalchemy import Connection, bindparam, func, select

from kartify import clock
from kartify.accounts import Broken
from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.conclude import (
    Answer,
    ChargeClock,
    ClockView,
    Conclusion,
    PaymentClock,
    Verdict,
    conclude,
    unpaid_by_hand,
)
from kartify.domain.delivery import Kind, State
from kartify.domain.plan import LookupPlan
from kartify.domain.status import Actor, Guard, Status
from kartify.flows.delivering import withdrawing
from kartify.flows.ground.writes import Write, execute
from kartify.flows.receiving.wait import nudge_payment
from kartify.flows.settling import facts, moves
from kartify.flows.settling.cases import raise_case
from kartify.flows.settling.facts import Snapshot
from kartify.flows.settling.policy import StorePolicy, parse_policy
from kartify.house import House
from kartify.models import Case, Order, Payment, Store, table

log = structlog.get_logger()
orders, payments, cases, stores = table(Order), table(Payment), table(Case), table(Store)
LOOK_AGAIN = timedelta(hours=1)
ASK_PATIENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluded:
    number: str
    verdict: Verdict
    why: str


def due_orders(connection: Connection, at: datetime, limit: int) -> list[UUID]:
    found = select(orders.c.id).where(orders.c.clock_at <= at).order_by(orders.c.clock_at).limit(limit)
    return list(connection.execute(found).scalars())


def conclude_due(house: House, *, limit: int = 500) -> list[Concluded]:
    """Looks at every order whose time has come. One order that fails does not stop the others."""
    with house.database.read() as connection:
        ids = due_orders(connection, clock.now(), limit)
        accounts = set(connection.execute(select(payments.c.account_id).where(payments.c.order_id.in_(ids))).scalars())
    plans = {account_id: _plan(house, account_id) for account_id in accounts}
    found = []
    for order_id in ids:
        try:
            one = house.database.run(partial(conclude_order, order_id=order_id, plans=plans))
        except Exception as problem:
            log.exception("the clock failed at an order", order=str(order_id), error=type(problem).__name__)
            continue
        if one is not None:
            found.append(one)
    return found


def _plan(house: House, account_id: UUID) -> LookupPlan | None:
    """None while the plugin is missing: nothing is concluded of its payments."""
    try:
        return house.accounts.get(account_id).gateway().plan
    except Broken:
        return None


def conclude_order(
    connection: Connection, order_id: UUID, plans: dict[UUID, LookupPlan | None]
) -> Concluded | None:
    """One order under its lock: facts afresh, then the pure conclusion, then the one door."""
    at = clock.now()
    snapshot = facts.locked(connection, order_id)
    row = connection.execute(_ORDER, {"order_id": order_id}).mappings().one()
    rows = connection.execute(select(payments).where(payments.c.order_id == order_id)).mappings().all()
    if any(plans.get(one["account_id"]) is None for one in rows):
        _look_again(connection, snapshot, "A gateway account of this order cannot be asked.", at + LOOK_AGAIN)
        return None
    view = _view(snapshot, row, rows, plans)
    if snapshot.view.status not in (Status.MISSING, Status.FAILED):
        _by_hand(connection, snapshot, view, at)
        return None
    conclusion = conclude(view, at)
    _act(connection, snapshot, conclusion, view, at)
    return Concluded(number=snapshot.number, verdict=conclusion.verdict, why=conclusion.why)


_ORDER = (
    select(
        orders.c.confirmed_at,
        orders.c.method,
        orders.c.placed_at,
        orders.c.cancel_requested_at,
        orders.c.cancel_requested_by,
        stores.c.policy,
        select(func.coalesce(func.sum(cases.c.money_held), 0))
        .where(cases.c.order_id == orders.c.id, cases.c.closed_at.is_(None))
        .scalar_subquery()
        .label("held"),
    )
    .select_from(orders.join(stores, stores.c.id == orders.c.store_id))
    .where(orders.c.id == bindparam("order_id"))
)


def _view(snapshot: Snapshot, row: Any, rows: Any, plans: dict[UUID, LookupPlan | None]) -> ClockView:
    policy: StorePolicy = parse_policy(row["policy"])
    bound = snapshot.view.settlement
    return ClockView(
        status=snapshot.view.status,
        created_at=row["confirmed_at"],
        method=row["method"],
        placed=row["placed_at"] is not None,
        basis=snapshot.view.basis,
        cancel_requested_at=row["cancel_requested_at"],
        payments=tuple(_payment(one, cast(LookupPlan, plans[one["account_id"]])) for one in rows),
        charges=tuple(
            ChargeClock(facts=known.view.facts, reported_at=known.last_report_at) for known in snapshot.charges
        ),
        money_held=row["held"] > 0,
        settled=bound is not None and not bound.reversed,
        failed_after=timedelta(minutes=policy.failed_after_minutes),
        lifetime=timedelta(hours=policy.lifetime_hours) if policy.cancel_unpaid else None,
    )


def _payment(row: Any, plan: LookupPlan) -> PaymentClock:
    return PaymentClock(
        id=row["id"],
        state="unknown" if row["state"] == "opening" else row["state"],
        created_at=row["created_at"],
        lifetime=plan.lifetime,
        late_window=plan.late_window,
        expires_at=row["expires_at"],
        asked_at=row["asked_at"],
        answer=Answer(row["answer"]),
    )


def _act(connection: Connection, snapshot: Snapshot, conclusion: Conclusion, view: ClockView, at: datetime) -> None:
    match conclusion.verdict:
        case Verdict.WAIT:
            _look_again(connection, snapshot, conclusion.why, conclusion.until or at + LOOK_AGAIN)
        case Verdict.ASK:
            for payment_id in conclusion.ask:
                nudge_payment(connection, payment_id, at=at)
            _look_again(connection, snapshot, conclusion.why, at + ASK_PATIENCE)
        case Verdict.FAIL:
            _move(connection, snapshot, Status.FAILED, conclusion.why, at)
        case Verdict.CANCEL:
            by = snapshot.view.cancelled_by or "clock"
            _move(connection, snapshot, Status.CANCELLED, conclusion.why, at, cancelled_by=by)


def _look_again(connection: Connection, snapshot: Snapshot, why: str, at: datetime) -> None:
    execute(connection, [Write("order_clock", {"id": snapshot.order_id, "clock_at": at, "clock_why": why})])


def _move(
    connection: Connection, snapshot: Snapshot, target: Status, why: str, at: datetime, *,
    cancelled_by: str | None = None,
) -> None:
    move = moves.Move(
        target=target, actor=Actor.CLOCK, by="clock", reason=why, at=at,
        guards=frozenset({Guard.ALL_OVER, Guard.INQUEST}), cancelled_by=cancelled_by,
    )
    writes = moves.writes(snapshot, move)
    if target is Status.CANCELLED and (snapshot.oms_order_id or oms_knows(connection, snapshot.order_id)):
        writes.append(moves.delivery(snapshot, Kind.CANCEL, move, reason="cancelled unpaid"))
    execute(connection, writes)
    if target is Status.CANCELLED:
        withdrawing.call_off(connection, snapshot.order_id, by="clock", at=at)
    log.info(f"order.{target}", number=snapshot.number, before=snapshot.view.status, why=why)


def oms_knows(connection: Connection, order_id: UUID) -> bool:
    """Whether the order was pushed unpaid and the OMS has it, or may have it."""
    rows = moves.delivery_rows(connection, order_id)
    return any(row.kind is Kind.PUSH_UNPAID and row.state not in (State.DUE, State.WITHDRAWN) for row in rows)


def _by_hand(connection: Connection, snapshot: Snapshot, view: ClockView, at: datetime) -> None:
    """Asking goes on after a move by hand; where nothing came until the end, a person must know."""
    unpaid = unpaid_by_hand(view, at)
    if unpaid:
        raise_case(
            connection,
            CaseWanted(
                type=CaseType.MOVED_BY_HAND_UNPAID,
                reason="Moved to processing by hand; the gateway never confirmed a payment.",
                currency=snapshot.view.currency,
                difference=-snapshot.view.due,
            ),
            subject=f"order:{snapshot.order_id}",
            at=at,
            store_id=snapshot.store_id,
            order_id=snapshot.order_id,
        )
    watch = snapshot.view.basis == "manual" and not view.settled and not unpaid
    values = {"id": snapshot.order_id, "clock_at": at + LOOK_AGAIN if watch else None, "clock_why": None}
    execute(connection, [Write("order_clock", values)])
