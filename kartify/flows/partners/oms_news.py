"""What one piece of OMS news does to its order, under the order's lock: through the one door, and never backwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, select, update

from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.delivery import FULFILMENT, Event, Kind, State, step
from kartify.domain.reports import ChargeState
from kartify.domain.status import Actor, Guard, Status
from kartify.flows.delivering import deliver_ends, withdrawing
from kartify.flows.ground.writes import Write, execute
from kartify.flows.settling import facts, moves
from kartify.flows.settling.cases import raise_case
from kartify.flows.settling.facts import Snapshot
from kartify.flows.settling.moves import DeliveryRow
from kartify.models import Delivery, Order, Payment, StoreAccount, new_id, table
from kartify.plugin.oms import NewsKind, OmsNews

orders, links, outbox, payments = table(Order), table(StoreAccount), table(Delivery), table(Payment)
# Clocks differ: older than the order's status by more than this is old news.
SKEW = timedelta(minutes=10)
UNPAID = (Status.MISSING, Status.FAILED)
GONE_OUT = (Status.SHIPPED, Status.DELIVERED)
FORWARD = {NewsKind.SHIPPED: Status.SHIPPED, NewsKind.DELIVERED: Status.DELIVERED}
_ONWARD = {(Status.PROCESSING, Status.SHIPPED), (Status.PROCESSING, Status.DELIVERED),
           (Status.SHIPPED, Status.DELIVERED)}
_UNSURE = (State.CLAIMED, State.SENT_UNKNOWN, State.FOUND)
_OPEN = (State.DUE, State.DEAD, *_UNSURE)
_SENT = (*FULFILMENT, Kind.PUSH_UNPAID)
_BUSY = frozenset({ChargeState.AUTHORIZED, ChargeState.CREATED, ChargeState.PENDING, ChargeState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Who says it: an account's message, or a call of the API. ``account_id`` None: the store's own word."""

    by: str
    at: datetime
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of it."""

    order_id: UUID
    number: str
    before: Status
    after: Status
    text: str
    ignored: bool = False


def find(connection: Connection, account_id: UUID, news: OmsNews) -> list[UUID]:
    """The orders it may be about, of the stores that use this account: by the OMS's own id and by our number; two
    where these do not agree."""
    mine = orders.c.store_id.in_(select(links.c.store_id).where(links.c.account_id == account_id))
    names = [orders.c.number == news.number] if news.number else []
    names += [orders.c.oms_order_id == news.oms_order_id] if news.oms_order_id else []
    if not names:
        return []
    query = select(orders.c.id, orders.c.number, orders.c.oms_order_id).where(mine, or_(*names))
    found = connection.execute(query.limit(5)).all()
    exact = [row.id for row in found if news.oms_order_id and row.oms_order_id == news.oms_order_id]
    named = [row.id for row in found if row.number == news.number]
    if len(exact) == 1 and exact[0] in named:
        return exact
    return list(dict.fromkeys([*exact, *named]))


def apply(connection: Connection, order_id: UUID, news: OmsNews, teller: Teller) -> Told:
    """Takes the order's lock and does what the news says, or notes it."""
    snapshot = facts.locked(connection, order_id)
    rows = moves.delivery_rows(connection, order_id)
    before = snapshot.view.status
    why = _not_theirs(snapshot, rows, news, teller)
    if why is not None:
        text = f"ignored: {why}"
    else:
        snapshot = _with_id(connection, snapshot, news)
        text = _do(connection, snapshot, rows, news, teller)
    after = connection.execute(select(orders.c.status).where(orders.c.id == order_id)).scalar_one()
    if after == before:
        _note(connection, snapshot, news, teller, text)
    return Told(order_id=order_id, number=snapshot.number, before=before, after=Status(after), text=text,
                ignored=why is not None)


def _not_theirs(snapshot: Snapshot, rows: tuple[DeliveryRow, ...], news: OmsNews, teller: Teller) -> str | None:
    """An order that goes to another OMS is none of this one's business, nor is another order of the same number."""
    theirs = {row.account_id for row in rows if row.kind in _SENT and row.account_id is not None}
    if teller.account_id is not None and theirs and teller.account_id not in theirs:
        return "this order goes to another OMS account"
    if None not in (news.oms_order_id, snapshot.oms_order_id) and news.oms_order_id != snapshot.oms_order_id:
        return f"it is about the OMS's order {news.oms_order_id}, ours there is {snapshot.oms_order_id}"
    return None


def _with_id(connection: Connection, snapshot: Snapshot, news: OmsNews) -> Snapshot:
    if news.oms_order_id is None or snapshot.oms_order_id is not None or len(news.oms_order_id) > 80:
        return snapshot
    execute(connection, [Write("order_oms_id", {"id": snapshot.order_id, "oms_order_id": news.oms_order_id})])
    return replace(snapshot, oms_order_id=news.oms_order_id)


def _do(
    connection: Connection, snapshot: Snapshot, rows: tuple[DeliveryRow, ...], news: OmsNews, teller: Teller
) -> str:
    match news.kind:
        case NewsKind.SHIPPED | NewsKind.DELIVERED:
            return _forward(connection, snapshot, rows, news, teller)
        case NewsKind.CANCELLED:
            return _cancelled(connection, snapshot, rows, news, teller)
        case NewsKind.RETURNED:
            return _returned(connection, snapshot, news, teller)
        case NewsKind.ACCEPTED if news.whole:
            _prove(connection, snapshot, [row for row in rows if row.kind in _SENT], teller)
            return "the OMS has it"
        case _:
            return f"the OMS says {news.word}"


def _forward(
    connection: Connection, snapshot: Snapshot, rows: tuple[DeliveryRow, ...], news: OmsNews, teller: Teller
) -> str:
    status, target = snapshot.view.status, FORWARD[news.kind]
    if not news.whole:
        return f"a part is {target}"
    if (status, target) in _ONWARD:
        _prove(connection, snapshot, [row for row in rows if row.kind is Kind.PUSH_UNPAID], teller)
        execute(connection, moves.writes(snapshot, _move(target, news, teller), rows))
        for row in rows:
            deliver_ends.close_cases(connection, row.id, at=teller.at, why=f"the OMS has {target} it")
        return f"the OMS says {news.word}"
    if status in (Status.CANCELLED, Status.REFUNDED) and not _is_old(snapshot, news):
        _raise(connection, snapshot, CaseType.CANCEL_TOO_LATE, f"The OMS says {news.word}, and the order is {status}.",
               teller)
    return f"the OMS says {news.word}; the order stays {status}"


def _move(target: Status, news: OmsNews, teller: Teller) -> moves.Move:
    evidence = {"word": news.word, "detail": news.detail, "at": news.at.isoformat() if news.at else None}
    return moves.Move(
        target=target, actor=Actor.OMS, by=teller.by, reason=f"the OMS says {news.word}", at=teller.at,
        guards=frozenset({Guard.NEWER}), evidence=evidence,
    )


def _is_old(snapshot: Snapshot, news: OmsNews) -> bool:
    return news.at is not None and news.at < snapshot.status_at - SKEW


def _cancelled(
    connection: Connection, snapshot: Snapshot, rows: tuple[DeliveryRow, ...], news: OmsNews, teller: Teller
) -> str:
    status = snapshot.view.status
    if not news.whole:
        if status in (Status.PROCESSING, *GONE_OUT):
            _raise(connection, snapshot, CaseType.PARTLY_CANCELLED, f"The OMS cancelled a part: {news.word}.", teller)
        return "the OMS cancelled a part"
    if status is Status.PROCESSING and _is_old(snapshot, news):
        return "ignored: cancelled before the order became processing"
    if status in GONE_OUT:
        _raise(connection, snapshot, CaseType.RETURNED, f"The OMS cancelled it after it was {status}.", teller)
        return f"the OMS says {news.word}; an order that is {status} is never cancelled"
    known = [row for row in rows if (row.kind in _SENT and row.state in _UNSURE) or row.kind is Kind.CANCEL]
    _prove(connection, snapshot, known, teller)
    if status is Status.PROCESSING:
        withdrawing.cancel(
            connection, snapshot, by=teller.by, at=teller.at, reason=f"the OMS cancelled it: {news.word}"
        )
    elif status in UNPAID:
        _ask_to_cancel(connection, snapshot, rows, teller)
    return "the OMS cancelled it"


def _ask_to_cancel(
    connection: Connection, snapshot: Snapshot, rows: tuple[DeliveryRow, ...], teller: Teller
) -> None:
    """Cancelled at the OMS while nothing is paid: the clock cancels it here when that is safe."""
    _prove(connection, snapshot, [row for row in rows if row.kind is Kind.PUSH_UNPAID], teller)
    flag: dict[str, Any] = {"cancelled_by": "oms", "clock_at": teller.at}
    if snapshot.cancel_requested_at is None:
        flag |= {"cancel_requested_at": teller.at, "cancel_requested_by": Actor.OMS.value}
    same = orders.c.id == snapshot.order_id
    connection.execute(update(orders).where(same).values(version=orders.c.version + 1, **flag))
    asked = replace(snapshot, view=replace(snapshot.view, cancel_requested=True, cancelled_by="oms"))
    withdrawing.restate(connection, asked, asked.view.status, by=teller.by, at=teller.at)
    if _is_busy(connection, snapshot):
        reason = "The OMS cancelled it, and the customer may still pay."
        _raise(connection, snapshot, CaseType.OMS_CANCELLED_PAYMENT_OPEN, reason, teller)


def _is_busy(connection: Connection, snapshot: Snapshot) -> bool:
    """An attempt is open, unknown or only authorised."""
    if any(known.view.facts.base_state in _BUSY for known in snapshot.charges):
        return True
    query = select(payments.c.id).where(payments.c.order_id == snapshot.order_id, payments.c.state != "over")
    return connection.execute(query).first() is not None


def _returned(connection: Connection, snapshot: Snapshot, news: OmsNews, teller: Teller) -> str:
    if snapshot.view.status in (Status.PROCESSING, *GONE_OUT):
        what = "It" if news.whole else "A part of it"
        _raise(connection, snapshot, CaseType.RETURNED, f"{what} came back, the OMS says {news.word}.", teller)
    return f"the OMS says {news.word}"


def _prove(connection: Connection, snapshot: Snapshot, rows: list[DeliveryRow], teller: Teller) -> None:
    """News proves that the OMS has what a row was to bring: an open row is closed by this receipt."""
    receipt = snapshot.oms_order_id or facts.news_receipt(snapshot.number, snapshot.order_id)
    for row in rows:
        if row.kind is Kind.NONE or row.state not in _OPEN:
            continue
        connection.execute(
            update(outbox)
            .where(outbox.c.id == row.id, outbox.c.state == row.state)
            .values(
                state=step(row.state, Event.RECEIPT), receipt=row.receipt or receipt, receipt_kind="news",
                due_at=None, done_at=teller.at, lease_until=None, call_until=None,
            )
        )
        deliver_ends.close_cases(connection, row.id, at=teller.at, why="news of the OMS proves it")


def _raise(connection: Connection, snapshot: Snapshot, kind: CaseType, reason: str, teller: Teller) -> None:
    bound = snapshot.view.settlement
    held = bound.amount if bound is not None and not bound.reversed and kind is not _OPEN_PAYMENT else 0
    raise_case(
        connection, CaseWanted(type=kind, reason=reason, currency=snapshot.view.currency, held=held),
        subject=f"order:{snapshot.order_id}", at=teller.at, store_id=snapshot.store_id, order_id=snapshot.order_id,
        account_id=teller.account_id,
    )


_OPEN_PAYMENT = CaseType.OMS_CANCELLED_PAYMENT_OPEN


def _note(connection: Connection, snapshot: Snapshot, news: OmsNews, teller: Teller, text: str) -> None:
    data = {"kind": news.kind, "word": news.word, "whole": news.whole, "oms_order_id": news.oms_order_id,
            "at": news.at.isoformat() if news.at else None, "detail": news.detail[:500]}
    line = {"id": new_id(), "order_id": snapshot.order_id, "at": teller.at, "kind": "oms", "by": teller.by[:200],
            "text": text, "data": data}
    execute(connection, [Write("timeline", line)])
