"""The feed as a plugin's route serves it: by cursor, or page by page over a window of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from kartify.domain.errors import Invalid
from kartify.flows.delivering import feed
from kartify.flows.delivering.feed import FeedItem, FeedQuery
from kartify.house import House
from kartify.models import Delivery, Order, table
from kartify.plugin.oms import FeedWish, Listed, Listing

outbox, orders = table(Delivery), table(Order)


def listing(house: House, account_id: UUID, wish: FeedWish) -> Listing:
    """One page. Raises ``Invalid`` (limit, cursor, page)."""
    if wish.page is None:
        query = FeedQuery(cursor=wish.cursor, limit=wish.limit, unacknowledged=wish.unacknowledged)
        page = feed.pull(house, account_id, query)
        return Listing(items=_told(house, page.items), cursor=page.cursor, more=page.more)
    return _window(house, account_id, wish, wish.page)


def _window(house: House, account_id: UUID, wish: FeedWish, page: int) -> Listing:
    """A partner without cursor and acknowledgement reads the same window again and again: a page is never cut short
    while there is more, and the order of rows never changes."""
    if not 1 <= wish.limit <= feed.MOST:
        raise Invalid("limit", f"expected 1 to {feed.MOST}")
    if not 1 <= page <= 100_000:
        raise Invalid("page", "expected a page number from 1")
    feed.stamp(house, account_id)
    how = feed.Serving(receipt=feed.receipt_of(house, account_id), page=page)
    found = house.database.run(
        lambda connection: feed.serve(connection, _rows(connection, account_id, wish, page), how)
    )
    more = len(found) == wish.limit
    return Listing(items=_told(house, found), cursor=found[-1].position if found else 0, more=more)


def _rows(connection: Connection, account_id: UUID, wish: FeedWish, page: int) -> Sequence[Any]:
    mine = [outbox.c.account_id == account_id]
    mine += [outbox.c.created_at >= wish.since] if wish.since else []
    mine += [outbox.c.created_at <= wish.until] if wish.until else []
    query = select(outbox).where(*mine, feed.ALL).order_by(outbox.c.position)
    return connection.execute(query.offset((page - 1) * wish.limit).limit(wish.limit)).mappings().all()


def _told(house: House, items: Sequence[FeedItem]) -> list[Listed]:
    """With how each order stands now: a pulling partner hears of a cancellation by this alone."""
    query = (
        select(outbox.c.id, outbox.c.created_at, orders.c.status, orders.c.cancel_requested_at)
        .select_from(outbox.join(orders, orders.c.id == outbox.c.order_id))
        .where(outbox.c.id.in_([item.delivery_id for item in items]))
    )
    with house.database.read() as connection:
        now = {row.id: row for row in connection.execute(query)}
    return [
        Listed(
            position=item.position, order=item.order, status=now[item.delivery_id].status,
            since=now[item.delivery_id].created_at, acknowledged=item.acknowledged,
            cancel_requested=now[item.delivery_id].cancel_requested_at is not None,
        )
        for item in items
    ]
