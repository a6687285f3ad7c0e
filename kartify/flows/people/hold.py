"""*Hold* at the OMS and *let go*: one delivery row a wish, sent by the deliverer like everything else."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from kartify import clock
from kartify.domain.delivery import FULFILMENT, Hold, Kind, State
from kartify.domain.errors import Conflict, Invalid
from kartify.domain.status import Status
from kartify.flows.ground import audit
from kartify.flows.ground.writes import execute
from kartify.flows.people import edit
from kartify.flows.settling import facts, holds, moves
from kartify.house import House
from kartify.models import Delivery, table

outbox = table(Delivery)
_NEEDS = {Kind.HOLD: Hold.FREE, Kind.UNHOLD: Hold.HELD}
_WORDS = {Kind.HOLD: "hold", Kind.UNHOLD: "let go"}
_THERE = select(outbox.c.account_id).where(
    outbox.c.order_id == bindparam("order_id"), outbox.c.kind.in_(FULFILMENT), outbox.c.state != State.WITHDRAWN
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Who wants it, why, and the version of the order that was seen."""

    by: str
    reason: str
    form: edit.Form

    def check(self) -> None:
        """Raises ``Invalid``."""
        if not self.reason.strip():
            raise Invalid("reason", "expected why, in a few words: it stays on the order's timeline")


def hold(house: House, order_id: UUID, wish: Wish) -> None:
    """The OMS is asked to keep the order back.

    Raises ``Invalid`` (no reason), ``edit.Stale``, ``Conflict`` (nothing is there to hold, held already, the OMS
    takes none), ``Broken``.
    """
    _ask(house, order_id, Kind.HOLD, wish)


def let_go(house: House, order_id: UUID, wish: Wish) -> None:
    """The OMS is asked to go on with an order that it holds. Raises as ``hold``."""
    _ask(house, order_id, Kind.UNHOLD, wish)


def _ask(house: House, order_id: UUID, kind: Kind, wish: Wish) -> None:
    wish.check()
    with house.database.read() as connection:
        there = connection.execute(_THERE, {"order_id": order_id}).scalar()
    if there is not None:
        oms = house.accounts.get(there).oms()
        if not (oms.can.hold if kind is Kind.HOLD else oms.can.unhold):
            raise Conflict(f"{oms.name} takes no {_WORDS[kind]} from us: do it there")
    account_id = house.database.run(lambda connection: _queue(connection, order_id, kind, wish))
    house.waker.wake("deliver", str(account_id))


def _queue(connection: Connection, order_id: UUID, kind: Kind, wish: Wish) -> UUID:
    """Under the order's lock, so that two who press at once make one row."""
    snapshot = facts.locked(connection, order_id)
    if snapshot.version != wish.form.version:
        raise edit.Stale(edit.since(connection, order_id, wish.form), snapshot.version)
    moves.refuse_unless(snapshot.view.status, (Status.PROCESSING,), f"nothing to {_WORDS[kind]}")
    rows = moves.delivery_rows(connection, order_id)
    row, now = holds.fulfilment(rows), holds.standing(rows)
    if row is None or row.account_id is None or row.state is not State.DONE:
        raise Conflict(f"the OMS does not have it yet: there is nothing to {_WORDS[kind]}")
    if now is not _NEEDS[kind]:
        raise Conflict(f"nothing was asked of the OMS: as to holding, the order is {now} already")
    at, reason = clock.now(), wish.reason.strip()
    act = audit.Act(by=wish.by, action=_WORDS[kind], subject=f"order:{order_id}", text=reason)
    asked = holds.wish(snapshot, row, kind, by=wish.by, reason=reason, at=at)
    execute(connection, [asked, audit.entry(act, at), audit.line(order_id, act, at)])
    return row.account_id
