"""What a person does with a delivery that was parked: push again, or record the id that was found at the OMS."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from kartify import clock
from kartify.domain.delivery import FULFILMENT, Event, Kind, State, step
from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.domain.status import Status
from kartify.flows.delivering import deliver_ends, deliver_rows, withdrawing
from kartify.flows.delivering.deliver_calls import LONGEST_RECEIPT
from kartify.flows.ground import audit
from kartify.flows.ground.writes import Write, execute
from kartify.flows.settling import facts
from kartify.house import House
from kartify.models import Delivery, Order, table

outbox, orders = table(Delivery), table(Order)


def push_again(house: House, delivery_id: UUID, *, by: str, reason: str) -> None:
    """A parked delivery is due now. Where the OMS may have it and can be asked, it is asked before anything is sent.

    Raises ``NotFound``, ``Invalid`` (no reason), ``Conflict`` (not parked, or the order is not to go out).
    """
    reason = _reason(reason)
    at = clock.now()

    def again(connection: Connection) -> str | None:
        row, order = _locked(connection, delivery_id)
        status, asked = Status(order.status), order.cancel_requested_at is not None
        if not deliver_rows.is_wanted(Kind(row["kind"]), status, asked):
            raise Conflict(f"the order is {status}{', and its cancellation was asked for' if asked else ''}")
        state = step(State(row["state"]), Event.AGAIN)
        deliver_rows.write(
            connection, row, state=state, due_at=at, attempts=0, looks=0, crashes=0, by=by, fence=row["fence"] + 1
        )
        _note(connection, row, _line(Event.AGAIN, by, reason))
        return str(row["account_id"]) if row["account_id"] else None

    account = house.database.run(again)
    if account is not None:
        house.waker.wake("deliver", account)


def record_receipt(house: House, delivery_id: UUID, *, receipt: str, by: str, reason: str) -> None:
    """A person found the order at the OMS: its id there closes the delivery, and nothing is sent.

    Raises ``NotFound``, ``Invalid``, ``Conflict`` (in a worker's hands, done, or the id is another order's).
    """
    reason, receipt = _reason(reason), receipt.strip()
    if not 0 < len(receipt) <= LONGEST_RECEIPT:
        raise Invalid("receipt", f"expected the OMS's id of the order, at most {LONGEST_RECEIPT} characters")
    try:
        house.database.run(lambda connection: _recorded(connection, delivery_id, receipt, by, reason))
    except IntegrityError:
        raise Conflict(f"the id {receipt} is recorded for another order already") from None


def _recorded(connection: Connection, delivery_id: UUID, receipt: str, by: str, reason: str) -> None:
    at = clock.now()
    row, _ = _locked(connection, delivery_id)
    if row["lease_until"] is not None and row["lease_until"] > at:
        raise Conflict(f"in progress by {row['by']}: wait until {row['lease_until']:%H:%M:%S} UTC")
    state = step(State(row["state"]), Event.RECEIPT)
    deliver_rows.write(
        connection, row, state=state, receipt=receipt, receipt_kind="manual", due_at=None, done_at=at,
        lease_until=None, call_until=None, last_error=None, fence=row["fence"] + 1, by=by,
    )
    kind = Kind(row["kind"])
    if kind in (*FULFILMENT, Kind.PUSH_UNPAID):
        execute(connection, [Write("order_oms_id", {"id": row["order_id"], "oms_order_id": receipt})])
    if kind is Kind.CANCEL:
        withdrawing.agreed(connection, row["order_id"], by=by, at=at, reason=f"cancelled at the OMS: {reason}")
    deliver_ends.close_cases(connection, delivery_id, at=at, by=by, why=reason)
    _note(connection, row, _line(Event.RECEIPT, by, reason, receipt))


# What may be given up. What fulfils an order may not: law 3 gives each order in processing exactly one.
NOTICES = (Kind.PUSH_UNPAID, Kind.CANCEL, Kind.HOLD, Kind.UNHOLD)
_DISCARDABLE = (State.DUE, State.DEAD)


def discard(house: House, delivery_id: UUID, *, by: str, reason: str) -> None:
    """A notice that the OMS need not get any more: withdrawn, and its exceptions closed.

    Raises ``NotFound``, ``Invalid`` (no reason), ``Conflict`` (it fulfils the order, is not at rest, or something waits
    for it).
    """
    reason = _reason(reason)
    house.database.run(lambda connection: _discarded(connection, delivery_id, by, reason))


def _discarded(connection: Connection, delivery_id: UUID, by: str, reason: str) -> None:
    at = clock.now()
    row, _ = _locked(connection, delivery_id)
    kind, state = Kind(row["kind"]), State(row["state"])
    if kind not in NOTICES:
        raise Conflict(
            f"the {kind} is what fulfils the order: push it again, record the OMS's id, or cancel the order"
        )
    held = row["lease_until"] is not None and row["lease_until"] > at
    if state not in _DISCARDABLE or held or (state is State.DUE and row["call_until"] is not None):
        raise Conflict(f"it is {state.replace('_', ' ')}: only what is parked or surely not sent can be discarded")
    if kind is Kind.PUSH_UNPAID and _confirm_waits(connection, row):
        raise Conflict("the confirmation of the payment waits for it: push it again, or record the OMS's id")
    deliver_rows.write(
        connection, row, state=step(state, Event.WITHDRAW), reason=f"discarded by {by}: {reason}", due_at=None,
        done_at=at, lease_until=None, fence=row["fence"] + 1, by=by,
    )
    deliver_ends.close_cases(connection, delivery_id, at=at, by=by, why=f"discarded: {reason}")
    _note(connection, row, _line(Event.WITHDRAW, by, reason))


def _confirm_waits(connection: Connection, row: Any) -> bool:
    found = select(outbox.c.id).where(
        outbox.c.order_id == row["order_id"], outbox.c.kind == Kind.CONFIRM,
        outbox.c.state.not_in([State.DONE, State.WITHDRAWN]),
    )
    return connection.execute(found).first() is not None


def _locked(connection: Connection, delivery_id: UUID) -> tuple[Any, Any]:
    """The order's lock, then the row as it is under it."""
    query = select(outbox).where(outbox.c.id == delivery_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("there is no such delivery")
    facts.lock(connection, row["order_id"])
    row = connection.execute(query.with_for_update()).mappings().one()
    standing = select(orders.c.status, orders.c.cancel_requested_at).where(orders.c.id == row["order_id"])
    return row, connection.execute(standing).one()


def _note(connection: Connection, row: Any, line: deliver_rows.Line) -> None:
    """In the delivery's history and in the audit of what people did."""
    deliver_rows.note(connection, row["id"], row["order_id"], line)
    act = audit.Act(
        by=line.by, action=f"delivery.{line.event}", subject=f"delivery:{row['id']}", text=line.text, data=line.data
    )
    execute(connection, [audit.entry(act, line.at)])


def _line(event: Event, by: str, reason: str, receipt: str | None = None) -> deliver_rows.Line:
    data = {"receipt": receipt} if receipt else None
    return deliver_rows.Line(call="person", event=event, by=by, text=reason, at=clock.now(), data=data)


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Invalid("reason", "expected why, in a few words: it stays on the order's timeline")
    return reason.strip()
