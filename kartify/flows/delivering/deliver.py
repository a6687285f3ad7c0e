"""Deliver: what is due for an OMS account, claim by claim. Commit, call, record; the row decides, never the queue."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from kartify import clock
from kartify.accounts import Broken
from kartify.domain.cases import CaseType
from kartify.domain.delivery import Event, Kind, State, step
from kartify.domain.errors import Conflict, NotFound, PartnerError
from kartify.domain.status import Status
from kartify.flows.delivering import deliver_calls, deliver_ends, deliver_rows, feed, feed_alarm, withdrawing
from kartify.flows.delivering.deliver_ends import Ended
from kartify.flows.delivering.deliver_rows import Claim
from kartify.flows.lookups import health
from kartify.flows.settling.cases import raise_case
from kartify.house import House
from kartify.models import Delivery, table
from kartify.plugin.oms import Oms
from kartify.ratelimit import RateLimiters

log = structlog.get_logger()
outbox = table(Delivery)
BATCH, TURNS, POISON_AFTER = 50, 3, 3
PATIENCE = 5.0
_limits = RateLimiters()


@dataclass(slots=True, kw_only=True)
class Drained:
    """What one drain did: how many deliveries ended in which state, whether it stopped at its limit, and why it could
    not go on (a paused account, a broken plugin)."""

    counts: Counter[State] = field(default_factory=Counter)
    problem: str | None = None
    more: bool = False

    @property
    def done(self) -> int:
        return self.counts[State.DONE]

    @property
    def handled(self) -> int:
        return self.counts.total()

    @property
    def dead(self) -> int:
        return self.counts[State.DEAD]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverResult:
    """One delivery after somebody pressed a button: a sentence for him, and whether the OMS was called for it."""

    delivery_id: UUID
    state: State
    text: str
    receipt: str | None = None
    called: bool = True


def deliver_due(house: House, account_id: UUID, *, limit: int = 100, worker: str) -> Drained:
    """Drains what is due, oldest order first, at the account's rate. Raises only the database's errors."""
    drained = Drained()
    loaded = house.accounts.get(account_id)
    try:
        oms = loaded.oms()
    except Broken as problem:
        drained.problem = str(problem)
        return drained
    feed.stamp(house, account_id)
    feed_alarm.alarm(house, account_id)
    seen: Counter[UUID] = Counter()
    while (left := limit - seen.total()) > 0:
        # A row may come back in one drain (sent, then looked up), but not for ever.
        ids = [one for one in _due(house, account_id, min(BATCH, left)) if seen[one] < TURNS]
        if not ids:
            return drained
        for delivery_id in ids:
            seen[delivery_id] += 1
            if not _one_of_many(house, oms, delivery_id, worker, drained):
                return drained
    drained.more = True
    return drained


def _due(house: House, account_id: UUID, most: int) -> list[UUID]:
    with house.database.read() as connection:
        return deliver_rows.due_ids(connection, account_id, at=clock.now(), most=most)


def due_accounts(house: House) -> list[UUID]:
    """The OMS accounts that have something due: what the tick wakes deliverers for."""
    with house.database.read() as connection:
        return deliver_rows.due_accounts(connection, clock.now())


def _one_of_many(house: House, oms: Oms, delivery_id: UUID, worker: str, drained: Drained) -> bool:
    """Delivers one; False where the account must rest. One that fails in our own code does not stop the others: its
    lease runs out, and the third time it is parked."""
    with house.database.read() as connection:
        loaded = _account_of(connection, delivery_id)
    drained.problem = _rests(loaded, clock.now())
    if drained.problem is not None:
        return False
    if not _limits.of(str(loaded["account_id"]), oms.rate).acquire(time.monotonic() + PATIENCE):
        drained.more = True
        return False
    try:
        ended = _deliver(house, oms, delivery_id, worker)
    except DBAPIError:
        raise
    except Exception as problem:
        log.error("delivery failed", delivery=str(delivery_id), error=type(problem).__name__)
        return True
    if ended is not None and ended.recorded:
        drained.counts[ended.state] += 1
    return True


_ACCOUNT = select(
    outbox.c.account_id, deliver_rows.accounts.c.state, deliver_rows.accounts.c.state_reason,
    deliver_rows.accounts.c.paused_until,
).select_from(outbox.join(deliver_rows.accounts, deliver_rows.accounts.c.id == outbox.c.account_id))


def _account_of(connection: Connection, delivery_id: UUID) -> Any:
    row = connection.execute(_ACCOUNT.where(outbox.c.id == delivery_id)).mappings().first()
    if row is None:
        raise NotFound("there is no such delivery to an OMS")
    return row


def _rests(account: Mapping[str, Any], at: datetime) -> str | None:
    """Why this account is not called now; read from its row, since another process may just have paused it."""
    why = f": {account['state_reason']}" if account["state_reason"] else ""
    if account["state"] in ("paused", "denied"):
        return f"the account is {account['state']}{why}"
    if account["paused_until"] is not None and account["paused_until"] > at:
        return f"the account rests until {account['paused_until']:%Y-%m-%d %H:%M:%S} UTC{why}"
    return None


def _deliver(house: House, oms: Oms, delivery_id: UUID, worker: str, *, early: bool = False) -> Ended | None:
    """Claim, commit, call, record. None where the row was in other hands, or needs no call any more."""
    claim = house.database.run(lambda connection: _claim(connection, oms, delivery_id, worker, early))
    if not isinstance(claim, Claim):
        if claim is not None:
            house.database.run(
                lambda connection: withdrawing.call_off(connection, claim, by=worker, at=clock.now())
            )
        return None
    verdict = deliver_calls.work(oms, house.client, claim)
    ended = deliver_ends.record(house, claim, verdict, receipt_kind=_receipt_kind(oms, claim.kind))
    _say(ended)
    if isinstance(verdict.error, PartnerError):
        _tell_account(house, claim, verdict.error)
    return ended


def _receipt_kind(oms: Oms, kind: Kind) -> str:
    return oms.receipt if kind in (Kind.PUSH, Kind.CONFIRM, Kind.PUSH_UNPAID) else "ack"


def _tell_account(house: House, claim: Claim, error: PartnerError) -> None:
    """Throttled slows the account, denied pauses it, failures in a row open its breaker."""
    health.note(house, house.accounts.get(claim.account_id), [error])


def _say(ended: Ended) -> None:
    if not ended.recorded:
        log.warning("delivery taken over meanwhile", number=ended.number, kind=ended.kind)
    elif ended.state is State.DONE:
        log.info("delivery.done", number=ended.number, kind=ended.kind, receipt=ended.receipt)
    else:
        log.info(f"delivery.{ended.state}", number=ended.number, kind=ended.kind, why=ended.text)


def _claim(
    connection: Connection, oms: Oms, delivery_id: UUID, worker: str, early: bool
) -> Claim | UUID | None:
    """The claim; or the order whose delivery is to be called off; or None where there is nothing to do."""
    at = clock.now()
    row = deliver_rows.take(connection, delivery_id, at=at, early=early)
    if row is None:
        return None
    if row["lease_until"] is not None:
        _crashed(connection, row, worker, at)
        return None
    now = deliver_rows.standing(connection, row)
    wanted = deliver_rows.is_wanted(
        Kind(row["kind"]), Status(now.status), now.cancel_requested_at is not None
    )
    if not wanted and row["state"] == State.DUE and row["call_until"] is None:
        order_id: UUID = row["order_id"]
        return order_id
    return deliver_rows.claim(connection, row, now, oms=oms, worker=worker)


def _crashed(connection: Connection, row: Mapping[str, Any], worker: str, at: datetime) -> None:
    """The lease is over and nobody recorded anything: the call may have left. The third time the row is parked."""
    before = State(row["state"])
    after = step(before, Event.LEASE_OVER)
    crashes, sent = row["crashes"] + 1, before is State.CLAIMED
    values = {"crashes": crashes, "attempts": row["attempts"] + sent, "lease_until": None, "fence": row["fence"] + 1}
    text = f"the worker of this delivery ended without a word ({row['by']}), time {crashes}"
    if crashes < POISON_AFTER or after is State.FOUND:
        deliver_rows.write(connection, row, state=after, due_at=at, **values)
    else:
        text = f"Parked: {text}. It may be this order that ends the workers."
        deliver_rows.write(
            connection, row, state=step(after, Event.GIVE_UP), due_at=None, last_error=text, **values
        )
        _poisoned(connection, row, text, at)
    line = deliver_rows.Line(call="claim", event=Event.LEASE_OVER, by=worker, text=text, at=at)
    deliver_rows.note(connection, row["id"], row["order_id"], line)


def _poisoned(connection: Connection, row: Mapping[str, Any], text: str, at: datetime) -> None:
    order = deliver_rows.order_view.load(connection, row["order_id"])
    raise_case(
        connection, deliver_ends.case_wanted(order, CaseType.POISON, text), subject=f"delivery:{row['id']}", at=at,
        store_id=row["store_id"], order_id=row["order_id"], account_id=row["account_id"],
    )


def deliver_now(house: House, delivery_id: UUID, *, by: str) -> DeliverResult:
    """A person presses the button: this one row, now. Whoever presses second is told who is at it.

    Raises ``Conflict`` (in progress, parked, account paused), ``NotFound``, ``Broken``.
    """
    with house.database.read() as connection:
        row = _account_of(connection, delivery_id)
    oms = house.accounts.get(row["account_id"]).oms()
    if (problem := _rests(row, clock.now())) is not None:
        raise Conflict(problem)
    for _ in range(POISON_AFTER):
        ended = _deliver(house, oms, delivery_id, by, early=True)
        if ended is not None:
            return DeliverResult(
                delivery_id=delivery_id, state=ended.state, text=ended.text, receipt=ended.receipt
            )
        if (result := _resting(house, oms, delivery_id)) is not None:
            return result
    raise Conflict("this delivery could not be taken; try again in a moment")


def _resting(house: House, oms: Oms, delivery_id: UUID) -> DeliverResult | None:
    """What to say of a row that could not be claimed; None where another try makes sense."""
    at = clock.now()
    with house.database.read() as connection:
        row = connection.execute(select(outbox).where(outbox.c.id == delivery_id)).mappings().one()
    state = State(row["state"])
    if row["lease_until"] is not None and row["lease_until"] > at:
        since = row["lease_until"] - deliver_rows.MARGIN - deliver_rows.call_time(oms)
        raise Conflict(f"in progress since {since:%Y-%m-%d %H:%M:%S} UTC, by {row['by']}")
    if state is State.DONE:
        return DeliverResult(
            delivery_id=delivery_id, state=state, text="done already", receipt=row["receipt"], called=False
        )
    if state is State.WITHDRAWN:
        return DeliverResult(delivery_id=delivery_id, state=state, text=row["reason"] or "withdrawn", called=False)
    if state is State.DEAD:
        raise Conflict(f"parked: {row['last_error']}. Mend that, then push again")
    if row["call_until"] is not None and row["call_until"] > at:
        raise Conflict(f"the last call may still be under way until {row['call_until']:%H:%M:%S} UTC; then we look")
    with house.database.read() as connection:
        if deliver_rows.is_blocked(connection, delivery_id):
            raise Conflict("it waits for another delivery of this order to be settled first")
    return None
