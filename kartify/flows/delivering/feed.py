"""The feed of a pulling OMS: positions in the order of commits, orders whole, listed again until acknowledged.

A position is given after the commit that made the row, under a lock per account, so a reader with a cursor skips
nothing. A row that was served but not acknowledged is *sent unknown*: the OMS may have the order. Where an OMS both
takes pushes and pulls (``lists_parked``), a push that was parked is listed too; it is looked up before a new push.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from kartify import clock
from kartify.accounts import Broken
from kartify.domain.delivery import Event, Kind, State, step
from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.domain.status import Status
from kartify.flows.delivering import deliver_ends, deliver_rows, order_view
from kartify.flows.ground.writes import Write, execute
from kartify.flows.settling import facts
from kartify.house import House
from kartify.models import Counter, Delivery, Order, StoreAccount, deliveries_of, table
from kartify.plugin.oms import OmsOrder

outbox, orders, counters, links = table(Delivery), table(Order), table(Counter), table(StoreAccount)
WAITING = (State.DUE, State.SENT_UNKNOWN)
# A parked push that was given a position; while it is being pushed again it is not listed.
_PARKED = and_(outbox.c.kind == Kind.PUSH, outbox.c.position.is_not(None))
_FED = and_(outbox.c.kind == Kind.FEED, outbox.c.position.is_not(None))
UNACKNOWLEDGED = or_(and_(_FED, outbox.c.state.in_(WAITING)), and_(_PARKED, outbox.c.state == State.DEAD))
ALL = or_(UNACKNOWLEDGED, and_(or_(_FED, _PARKED), outbox.c.state == State.DONE))
IN_FEED = or_(outbox.c.kind == Kind.FEED, _PARKED)
MOST = 500
ALARM_AFTER = timedelta(minutes=30)  # without a receipt: a person is told


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """An order as it is listed. ``position`` is its cursor."""

    position: int
    delivery_id: UUID
    order: OmsOrder
    acknowledged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """``cursor``: give it back for the next page; the same one again while there is nothing new."""

    items: Sequence[FeedItem]
    cursor: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedQuery:
    """Orders past ``cursor``; without one from the oldest that is not acknowledged. ``unacknowledged``: those only.
    ``store_id``: of one store, where the account serves several."""

    cursor: int | None = None
    limit: int = 100
    unacknowledged: bool = False
    store_id: UUID | None = None


def feed_account(house: House, store_id: UUID) -> UUID:
    """The OMS account whose feed a store's OMS key reads. Raises ``NotFound``, ``Conflict`` where it does not pull."""
    query = select(links.c.account_id, links.c.delivery).where(
        links.c.store_id == store_id, links.c.kind == "oms", links.c.active
    )
    with house.database.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NotFound("this store has no OMS")
    if row.delivery != Kind.FEED:
        raise Conflict("this store's OMS is sent its orders; there is no feed to pull")
    account_id: UUID = row.account_id
    return account_id


def pull(house: House, account_id: UUID, wish: FeedQuery) -> FeedPage:
    """One page of the feed. Raises ``Invalid`` (limit, cursor)."""
    if not 1 <= wish.limit <= MOST:
        raise Invalid("limit", f"expected 1 to {MOST}")
    if wish.cursor is not None and not 0 <= wish.cursor < 2**62:
        raise Invalid("cursor", "expected the cursor of an earlier page")
    stamp(house, account_id)
    receipt = receipt_of(house, account_id)
    return house.database.run(lambda connection: _page(connection, account_id, wish, receipt))


def receipt_of(house: House, account_id: UUID) -> str:
    """What proves that this OMS has an order; an acknowledgement where its plugin cannot be asked now."""
    try:
        return house.accounts.get(account_id).oms().receipt
    except Broken:
        return "ack"


def _lists_parked(house: House, account_id: UUID) -> bool:
    try:
        return house.accounts.get(account_id).oms().lists_parked
    except Broken:
        return False


_mine = outbox.c.account_id == bindparam("account_id")
_FRESH = and_(outbox.c.kind == Kind.FEED, outbox.c.position.is_(None), outbox.c.state == State.DUE)
_STRANDED = and_(
    outbox.c.kind == Kind.PUSH, outbox.c.state == State.DEAD,
    # Parked once more after it was listed: it is listed anew, past every cursor.
    or_(outbox.c.position.is_(None), outbox.c.call_until.is_(None)),
    exists().where(
        orders.c.id == outbox.c.order_id, orders.c.status == Status.PROCESSING, orders.c.cancel_requested_at.is_(None)
    ),
)
_NEW = select(outbox).where(_mine, _FRESH)
_NEW_OR_PARKED = select(outbox).where(_mine, or_(_FRESH, _STRANDED))


def stamp(house: House, account_id: UUID) -> int:
    """Gives every committed row that has none the next position; returns how many got one."""
    query = _NEW_OR_PARKED if _lists_parked(house, account_id) else _NEW
    with house.database.read() as connection:
        if connection.execute(query.limit(1), {"account_id": account_id}).first() is None:
            return 0
    return house.database.run(lambda connection: _stamp(connection, account_id, query))


def _stamp(connection: Connection, account_id: UUID, query: Select[Any]) -> int:
    """The counter's row is the lock: whoever has it sees all rows that were committed before, and numbers them."""
    name = f"feed:{account_id}"
    known = insert(counters).values(name=name, value=0)
    taken = known.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value})
    last = connection.execute(taken.returning(counters.c.value)).scalar_one()
    found = query.order_by(outbox.c.order_id, outbox.c.id)
    rows = connection.execute(found, {"account_id": account_id}).mappings().all()
    count = 0
    for row in rows:
        count += _place(connection, row, last + count + 1, clock.now())
    connection.execute(update(counters).where(counters.c.name == name).values(value=last + count))
    return count


def _place(connection: Connection, row: Any, position: int, at: datetime) -> int:
    values: dict[str, Any] = {"position": position}
    if row["kind"] == Kind.FEED:
        # Its receipt is what closes it; a deliverer has nothing to do but to raise the alarm where none comes.
        return int(deliver_rows.write(connection, row, due_at=at + ALARM_AFTER, **values))
    # From now on the OMS may have it: it is looked up before it is pushed again.
    values |= {"call_until": row["call_until"] or at, "attempts": row["attempts"] + 1, "fence": row["fence"] + 1}
    if not deliver_rows.write(connection, row, **values):
        return 0
    text = f"it was parked: listed at position {position}, for the OMS to fetch"
    line = deliver_rows.Line(call="feed", event="served", by="the feed", text=text, at=at)
    deliver_rows.note(connection, row["id"], row["order_id"], line)
    return 1


def _page(connection: Connection, account_id: UUID, wish: FeedQuery, receipt: str) -> FeedPage:
    mine = [outbox.c.account_id == account_id]
    if wish.store_id is not None:
        mine.append(outbox.c.store_id == wish.store_id)
    after = _after(connection, wish, mine)
    listed = UNACKNOWLEDGED if wish.unacknowledged else ALL
    query = select(outbox).where(*mine, outbox.c.position > after, listed)
    rows = connection.execute(query.order_by(outbox.c.position).limit(wish.limit + 1)).mappings().all()
    shown = rows[: wish.limit]
    items = serve(connection, shown, Serving(receipt=receipt, listed=listed))
    return FeedPage(items=items, cursor=shown[-1]["position"] if shown else after, more=len(rows) > wish.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """``receipt``: what proves a delivery here; ``page``: which page of a window this is."""

    receipt: str
    listed: ColumnElement[bool] = ALL
    page: int | None = None


def serve(connection: Connection, rows: Sequence[Any], how: Serving) -> list[FeedItem]:
    """The orders, whole, once they are marked as served. Read again after that: another reader may have marked them
    at the same moment, and one may just have been withdrawn."""
    at = clock.now()
    for row in rows:
        waits = row["kind"] == Kind.FEED and row["state"] in WAITING
        if waits and (row["state"] == State.DUE or how.receipt == "served"):
            _mark(connection, row, how, at)
    ids = [row["id"] for row in rows]
    query = select(outbox).where(outbox.c.id.in_(ids), how.listed).order_by(outbox.c.position)
    return [
        FeedItem(
            position=row["position"], delivery_id=row["id"], order=order_view.load(connection, row["order_id"]),
            acknowledged=row["state"] == State.DONE,
        )
        for row in connection.execute(query).mappings().all()
    ]


def _after(connection: Connection, wish: FeedQuery, mine: list[Any]) -> int:
    if wish.cursor is not None:
        return wish.cursor
    oldest = select(func.min(outbox.c.position)).where(*mine, UNACKNOWLEDGED)
    first = connection.execute(oldest).scalar()
    if first is not None:
        return int(first) - 1
    return int(connection.execute(select(func.max(outbox.c.position)).where(*mine, ALL)).scalar() or 0)


def _mark(connection: Connection, row: Any, how: Serving, at: datetime) -> None:
    """From now on the OMS may have it: it is not withdrawn any more without asking there. Where nothing else will
    ever prove it, that it was served whole is the receipt."""
    values: dict[str, Any] = {"attempts": row["attempts"] + 1, "fence": row["fence"] + 1}
    text = f"listed at position {row['position']}" + (f", page {how.page}" if how.page else "")
    if how.receipt == "served":
        receipt = f"served {row['position']}, page {how.page or 1}, {at:%Y-%m-%dT%H:%M:%SZ}"
        values |= {"state": step(State(row["state"]), Event.RECEIPT), "receipt": receipt, "receipt_kind": "served",
                   "due_at": None, "done_at": at}
    else:
        values["state"] = step(step(State(row["state"]), Event.CLAIM), Event.LOST)
    if deliver_rows.write(connection, row, **values):
        if how.receipt == "served":
            deliver_ends.close_cases(connection, row["id"], at=at, why="the OMS was served the order")
        line = deliver_rows.Line(call="feed", event="served", by="the OMS", text=text, at=at)
        deliver_rows.note(connection, row["id"], row["order_id"], line)


def store_of(house: House, account_id: UUID, number: str) -> UUID:
    """The store, among those that use this account, whose order has this number. Raises ``NotFound``, ``Conflict``
    where two have one."""
    mine = select(links.c.store_id).where(links.c.account_id == account_id)
    query = select(orders.c.store_id).where(orders.c.store_id.in_(mine), orders.c.number == number).limit(2)
    with house.database.read() as connection:
        found: Sequence[UUID] = connection.execute(query).scalars().all()
    if not found:
        raise NotFound(f"there is no order {number[:64]}")
    if len(found) > 1:
        raise Conflict(f"more than one store has an order {number}")
    return found[0]


def acknowledge(house: House, store_id: UUID, number: str, *, oms_order_id: str | None, by: str) -> str:
    """The OMS has it: the delivery is done with its id as the receipt. Returns the receipt; again is harmless.

    Raises ``NotFound``, ``Invalid``, ``Conflict`` (withdrawn, not in the feed, or another id was acknowledged).
    """
    if oms_order_id is not None and not 0 < len(oms_order_id) <= 80:
        raise Invalid("oms_order_id", "expected 1 to 80 characters")
    query = select(orders.c.id).where(orders.c.store_id == store_id, orders.c.number == number)
    with house.database.read() as connection:
        order_id = connection.execute(query).scalar()
    if order_id is None:
        raise NotFound(f"there is no order {number}")
    try:
        return house.database.run(
            lambda connection: _acknowledge(connection, order_id, number, oms_order_id, by)
        )
    except IntegrityError:
        raise Conflict(f"the id {oms_order_id} was given for another order already") from None


def _acknowledge(connection: Connection, order_id: UUID, number: str, oms_order_id: str | None, by: str) -> str:
    facts.lock(connection, order_id)
    query = select(outbox).where(deliveries_of(order_id), IN_FEED)
    rows = connection.execute(query.order_by(outbox.c.created_at.desc()).with_for_update()).mappings().all()
    if not rows:
        raise Conflict(f"order {number} is not in the feed")
    row: Any = rows[0]
    receipt = oms_order_id or f"ack {row['position']} {number}"[:80]
    if row["state"] == State.DONE:
        return _known(row, oms_order_id)
    if row["state"] == State.WITHDRAWN or row["position"] is None:
        raise Conflict(f"order {number} is not in the feed: {row['reason'] or 'it was not listed yet'}")
    at = clock.now()
    deliver_rows.write(
        connection, row, state=step(State(row["state"]), Event.RECEIPT), receipt=receipt, receipt_kind="ack",
        due_at=None, done_at=at, last_error=None, fence=row["fence"] + 1, lease_until=None, call_until=None,
    )
    if oms_order_id is not None:
        execute(connection, [Write("order_oms_id", {"id": order_id, "oms_order_id": oms_order_id})])
    deliver_ends.close_cases(connection, row["id"], at=at, why="the OMS acknowledged it")
    line = deliver_rows.Line(call="ack", event=Event.RECEIPT, by=by, text=f"acknowledged as {receipt}", at=at)
    deliver_rows.note(connection, row["id"], order_id, line)
    return receipt


def _known(row: Any, oms_order_id: str | None) -> str:
    receipt: str = row["receipt"]
    if oms_order_id not in (None, receipt) and row["receipt_kind"] in ("ack", "id"):
        raise Conflict(f"it was acknowledged as {receipt} before")
    return receipt
