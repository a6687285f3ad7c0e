"""The outbox as deliverers see it: what is due, the claim with its lease and fence, the guarded write afterwards.

``call_until`` is set while a call that may have left us can still act at the OMS: as long as it is set, the row is
looked up before anything is sent (where the OMS can tell), and never before that moment has passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, exists, insert, not_, or_, select, update

from kartify import clock
from kartify.domain.cases import CaseType
from kartify.domain.delivery import Event, Kind, State, step
from kartify.domain.status import Status
from kartify.flows.delivering import order_view
from kartify.models import Account, Case, Delivery, DeliveryAttempt, Order, new_id, table
from kartify.plugin.oms import Oms, OmsOrder

outbox, orders, accounts, cases = table(Delivery), table(Order), table(Account), table(Case)
attempts = table(DeliveryAttempt)
MARGIN, SLACK = timedelta(seconds=30), timedelta(seconds=5)
SENDING = (Kind.PUSH, Kind.CONFIRM)
CALLED = (*SENDING, Kind.PUSH_UNPAID, Kind.CANCEL, Kind.HOLD, Kind.UNHOLD)
OPEN = (State.DUE, State.CLAIMED, State.SENT_UNKNOWN, State.FOUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A row in this deliverer's hands. ``uncertain``: an earlier call may have left, so it is looked up first.
    ``call_until``: a call begun under this claim is over by then. ``failures``: of the account, in a row."""

    id: UUID
    order_id: UUID
    store_id: UUID
    account_id: UUID
    kind: Kind
    state: State
    fence: int
    worker: str
    attempts: int
    looks: int
    call_until: datetime
    before: datetime | None
    status: Status
    cancel_requested: bool
    order: OmsOrder
    failures: int
    resting: bool
    failing: bool

    @property
    def uncertain(self) -> bool:
        return self.before is not None

    @property
    def wanted(self) -> bool:
        """Whether the order, as it is now, should still get this."""
        return is_wanted(self.kind, self.status, self.cancel_requested)


def is_wanted(kind: Kind, status: Status, cancel_requested: bool) -> bool:
    """Whether an order in this status should (still) get a delivery of this kind."""
    match kind:
        case Kind.PUSH_UNPAID:
            return status in (Status.MISSING, Status.FAILED, Status.PROCESSING)
        case Kind.CANCEL:
            return True
        case Kind.PUSH | Kind.CONFIRM:
            return status is Status.PROCESSING and not cancel_requested
        case _:
            return status is Status.PROCESSING


def deadline(oms: Oms) -> timedelta:
    """How long one call to this OMS may take."""
    return timedelta(seconds=min(max(float(oms.deadline), 0.05), 120.0))


def call_time(oms: Oms) -> timedelta:
    """From the claim to the end of the last call under it: a look, a sending, and some slack between them."""
    return SLACK + 2 * deadline(oms)


_other = outbox.alias("other")
_same_order = and_(
    _other.c.order_id == outbox.c.order_id, _other.c.id != outbox.c.id, _other.c.account_id == outbox.c.account_id
)
_HOLDS = (Kind.HOLD, Kind.UNHOLD)
# Confirm waits for the order to be there; cancel waits until it is known whether the order is there; a hold waits
# for both, and for the hold before it.
_BLOCKED = or_(
    and_(
        outbox.c.kind == Kind.CONFIRM,
        select(orders.c.oms_order_id).where(orders.c.id == outbox.c.order_id).scalar_subquery().is_(None),
        exists().where(
            _same_order, _other.c.kind == Kind.PUSH_UNPAID, _other.c.state.in_([*OPEN, State.DEAD])
        ),
    ),
    and_(
        outbox.c.kind == Kind.CANCEL,
        exists().where(
            _same_order, _other.c.kind.in_([*SENDING, Kind.PUSH_UNPAID]), _other.c.state.in_(OPEN)
        ),
    ),
    and_(
        outbox.c.kind.in_(_HOLDS),
        exists().where(
            _same_order,
            or_(
                and_(_other.c.kind.in_([*SENDING, Kind.FEED]), _other.c.state.in_([*OPEN, State.DEAD])),
                and_(_other.c.kind.in_(_HOLDS), _other.c.state.in_(OPEN), _other.c.id < outbox.c.id),
            ),
        ),
    ),
)
_at = bindparam("at", type_=outbox.c.due_at.type)
_FREE = and_(
    outbox.c.state.in_(OPEN),
    outbox.c.kind.in_(CALLED),
    outbox.c.account_id.is_not(None),
    or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= _at),
    or_(outbox.c.call_until.is_(None), outbox.c.call_until <= _at),
)
_READY = and_(_FREE, outbox.c.due_at <= _at, not_(_BLOCKED))
# Order ids are UUIDv7: the oldest order first.
_DUE = (
    select(outbox.c.id)
    .where(outbox.c.account_id == bindparam("account_id"), _READY)
    .order_by(outbox.c.order_id, outbox.c.id)
    .limit(bindparam("most"))
)
_ACCOUNTS = select(outbox.c.account_id).where(_READY).distinct()
_TAKE = select(outbox).where(outbox.c.id == bindparam("delivery_id")).with_for_update(skip_locked=True)
_TAKE_READY, _TAKE_FREE = _TAKE.where(_READY), _TAKE.where(_FREE, not_(_BLOCKED))
_STANDING = (
    select(
        orders.c.status, orders.c.cancel_requested_at, accounts.c.failures, accounts.c.state, accounts.c.paused_until,
        exists()
        .where(
            cases.c.account_id == accounts.c.id, cases.c.type == CaseType.ACCOUNT_FAILING, cases.c.closed_at.is_(None)
        )
        .label("failing"),
    )
    .select_from(orders.join(accounts, accounts.c.id == bindparam("account_id")))
    .where(orders.c.id == bindparam("order_id"))
)


def due_ids(connection: Connection, account_id: UUID, *, at: datetime, most: int) -> list[UUID]:
    """The deliveries of an account that are due, oldest order first."""
    return list(connection.execute(_DUE, {"account_id": account_id, "at": at, "most": most}).scalars())


def due_accounts(connection: Connection, at: datetime) -> list[UUID]:
    """The OMS accounts that have something due: what the tick wakes deliverers for."""
    return list(connection.execute(_ACCOUNTS, {"at": at}).scalars())


def take(connection: Connection, delivery_id: UUID, *, at: datetime, early: bool = False) -> Any:
    """The row, locked, if it is ready (``early``: before its due time) and in nobody's hands; else None."""
    query = _TAKE_FREE if early else _TAKE_READY
    return connection.execute(query, {"delivery_id": delivery_id, "at": at}).mappings().first()


def is_blocked(connection: Connection, delivery_id: UUID) -> bool:
    """Whether it waits for another delivery of the same order."""
    found = select(outbox.c.id).where(outbox.c.id == delivery_id, _BLOCKED)
    return connection.execute(found).first() is not None


def standing(connection: Connection, row: Mapping[str, Any]) -> Any:
    """How order and account are now. A statement of its own: after a lock, neighbours must be read afresh."""
    return connection.execute(_STANDING, {"account_id": row["account_id"], "order_id": row["order_id"]}).one()


def claim(connection: Connection, row: Mapping[str, Any], now: Any, *, oms: Oms, worker: str) -> Claim:
    """Takes the row into this worker's hands: the fence rises, so that whoever had it before can write no more."""
    state = State(row["state"])
    at = clock.now()
    after, lease = _taken(state), at + call_time(oms) + MARGIN
    call_until = at + call_time(oms) if after is State.CLAIMED else row["call_until"]
    write(
        connection, row, state=after, lease_until=lease, due_at=lease, call_until=call_until,
        fence=row["fence"] + 1, by=worker,
    )
    return Claim(
        id=row["id"], order_id=row["order_id"], store_id=row["store_id"], account_id=row["account_id"],
        kind=Kind(row["kind"]), state=after, fence=row["fence"] + 1, worker=worker, attempts=row["attempts"],
        looks=row["looks"], call_until=at + call_time(oms), before=row["call_until"], status=Status(now.status),
        cancel_requested=now.cancel_requested_at is not None, order=order_view.load(connection, row["order_id"]),
        failures=now.failures, resting=now.state == "probing", failing=now.failing,
    )


def _taken(state: State) -> State:
    """What is due is taken to be sent, what is uncertain to be looked up, what was found to be adopted."""
    if state is State.FOUND:
        return state
    return step(state, Event.CLAIM if state is State.DUE else Event.CLAIM_LOOKUP)


def write(connection: Connection, row: Mapping[str, Any], **values: Any) -> bool:
    """The guarded write: only while state and fence are what they were. False: somebody else was first."""
    return guarded(connection, row["id"], State(row["state"]), row["fence"], **values)


def guarded(connection: Connection, delivery_id: UUID, known: State, seen: int, /, **values: Any) -> bool:
    """Writes while the row has this state and this fence."""
    same = (outbox.c.id == delivery_id) & (outbox.c.state == known) & (outbox.c.fence == seen)
    return connection.execute(update(outbox).where(same).values(values)).rowcount == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a delivery's history: a call to the OMS, or what was done with the row."""

    call: str
    event: str
    by: str
    text: str
    at: datetime
    milliseconds: int = 0
    data: Mapping[str, Any] | None = None


def note(connection: Connection, delivery_id: UUID, order_id: UUID, line: Line) -> None:
    """Append-only."""
    connection.execute(
        insert(attempts).values(
            id=new_id(), delivery_id=delivery_id, order_id=order_id, at=line.at, call=line.call, event=line.event,
            by=line.by[:200], text=line.text[:2000], milliseconds=line.milliseconds,
            data=dict(line.data) if line.data else None,
        )
    )
