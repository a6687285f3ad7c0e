"""News from an OMS: authenticated, stored, and settled in the request; what cannot be done now waits in the inbox."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from kartify import clock, contain
from kartify.accounts import Loaded
from kartify.database import transient, unavailable
from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.errors import Conflict, Invalid, NotFound, PartnerError, Unreadable
from kartify.flows.partners import oms_news
from kartify.flows.partners.oms_news import Teller, Told
from kartify.flows.partners.partner_routes import route_of
from kartify.flows.receiving import inbox
from kartify.flows.receiving.receive import waiting
from kartify.flows.settling.cases import raise_case
from kartify.house import House
from kartify.models import InboxMessage, Order, table
from kartify.plugin.oms import NewsKind, Oms, OmsNews, PartnerRoute
from kartify.plugin.partner import Inbound, Reply

log = structlog.get_logger()
messages, orders = table(InboxMessage), table(Order)
CHANNEL = "partner"
# So long a message waits for its order: the row may still be committing.
PATIENCE, RETRY = timedelta(minutes=10), timedelta(seconds=15)
Word = Literal["done", "duplicate", "ignored", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What became of a stored message."""

    word: Word
    told: tuple[Told, ...] = ()


def receive_news(house: House, account: Loaded, route: PartnerRoute, message: Inbound) -> Reply:
    """An authenticated piece of news. Raises ``Unreadable`` (400, the bytes are kept), and the database's errors when
    nothing could be stored (503)."""
    at = clock.now()
    oms = account.oms()
    try:
        news = _read(oms, route, message)
    except Unreadable as problem:
        _keep(house, account, message, at, m_state="ignored", m_reason=f"unreadable: {problem}")
        raise
    except PartnerError as problem:
        _keep(house, account, message, at, **waiting(str(problem), at + timedelta(seconds=30)))
        return _reply(oms, route)
    values = _values(account, message, _key(news, message), _event(news), at)
    if not news:
        _store(house, values | {"m_state": "ignored", "m_reason": "nothing follows from it"})
        return _reply(oms, route)
    _store_and_apply(house, account, values, news)
    return _reply(oms, route)


def _read(oms: Oms, route: PartnerRoute, message: Inbound) -> tuple[OmsNews, ...]:
    news: tuple[OmsNews, ...] = contain.pure("read_news", tuple, lambda: oms.read_news(route, message))
    if not all(isinstance(one, OmsNews) and (one.at is None or one.at.tzinfo) for one in news):
        raise contain.PluginFailure("the plugin gave something else than news from read_news", sent=True)
    return news


def _reply(oms: Oms, route: PartnerRoute) -> Reply:
    try:
        return contain.pure("reply", Reply, lambda: oms.reply_to(route))
    except contain.PluginFailure:
        return Reply()


def _key(news: Sequence[OmsNews], message: Inbound) -> str:
    """One piece of news has its own key; several in one message are told apart by the bytes."""
    return news[0].key if len(news) == 1 else hashlib.sha256(message.body).hexdigest()


def _event(news: Sequence[OmsNews]) -> str:
    return " ".join(dict.fromkeys(one.kind for one in news)) or "nothing"


def _values(account: Loaded, message: Inbound, key: str, event: str, at: datetime) -> dict[str, Any]:
    return inbox.message_values(
        message, account_id=account.id, key=key, event=event, channel=CHANNEL, secret="current", at=at
    )


def _keep(house: House, account: Loaded, message: Inbound, at: datetime, **state: Any) -> None:
    key = hashlib.sha256(message.body).hexdigest()
    _store(house, _values(account, message, key, "unreadable", at) | state)


def _store(house: House, values: dict[str, Any]) -> None:
    house.database.run(lambda connection: inbox.store(connection, values))


def _store_and_apply(house: House, account: Loaded, values: dict[str, Any], news: Sequence[OmsNews]) -> News:
    """In the request; if that fails, the message alone is stored, due now."""

    def work(connection: Connection) -> News:
        stored = inbox.store(connection, values)
        if stored.finished:
            return News(word="duplicate")
        return _apply_all(connection, account, stored, news, since=values["m_received_at"])

    try:
        result = house.database.run(work)
    except Exception as problem:
        if isinstance(problem, DBAPIError) and unavailable(problem) and not transient(problem):
            raise
        log.error("news failed, message kept", error=type(problem).__name__, account=str(account.id))
        _store(house, values | waiting(f"applying failed: {type(problem).__name__}", values["m_received_at"]))
        return News(word="waiting")
    _say(result)
    return result


def _apply_all(
    connection: Connection, account: Loaded, stored: inbox.Stored, news: Sequence[OmsNews], *, since: datetime
) -> News:
    """Every piece to its order, in the order of the orders' keys so that locks never cross."""
    at = clock.now()
    teller = Teller(by=account.label, at=at, account_id=account.id)
    found = [(oms_news.find(connection, account.id, one), one) for one in news]
    ready = [(ids[0], one) for ids, one in found if len(ids) == 1]
    told = tuple(
        oms_news.apply(connection, order_id, one, teller)
        for order_id, one in sorted(ready, key=lambda item: item[0])
    )
    lost = [one.number or one.oms_order_id or "?" for ids, one in found if len(ids) != 1]
    if not lost:
        if not stored.new:
            inbox.set_state(connection, stored.id, "done", at=at)
        return News(word="done", told=told)
    why = f"no order of ours, or more than one: {', '.join(lost)}"
    if at - since < PATIENCE:
        inbox.set_state(connection, stored.id, "waiting", at=at, reason=why, due_at=at + RETRY)
        return News(word="waiting", told=told)
    state = "exception" if any(len(ids) > 1 for ids, _ in found) else "ignored"
    inbox.set_state(connection, stored.id, state, at=at, reason=why)
    if state == "exception":
        _ambiguous(connection, account, stored.id, why, at)
    return News(word="ignored", told=told)


def _ambiguous(connection: Connection, account: Loaded, message_id: UUID, why: str, at: datetime) -> None:
    wanted = CaseWanted(type=CaseType.MESSAGE_FAILING, reason=f"News of the OMS fits {why}.", currency="")
    raise_case(connection, wanted, subject=f"message:{message_id}", at=at, account_id=account.id)


def process_stored_news(house: House, row: Any) -> News:
    """A waiting message of channel "partner" once more; ``row`` is its claimed inbox row. It ends done, ignored, or
    waiting with a due time. Raises what stopped it: whoever claimed the row decides when to try again."""
    account = house.accounts.get(row["account_id"])
    oms = account.oms()
    path = row["path"].partition("?")[0]
    route = route_of(oms, row["method"], path.partition(f"/{account.id}/")[2] or path)
    if route is None:
        raise NotFound(f"this account has no address {path}")
    message = Inbound(method=row["method"], path=path, headers=row["headers"], body=row["body"])
    news = _read(oms, route, message)
    stored = inbox.Stored(id=row["id"], state="waiting", new=False, attempts=row["attempts"], located=None)
    result = house.database.run(
        lambda connection: _apply_all(connection, account, stored, news, since=row["received_at"])
    )
    _say(result)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusNews:
    """What a pulling OMS says of an order: accepted, shipped, delivered, cancelled or returned."""

    status: str
    oms_order_id: str | None = None
    at: datetime | None = None
    whole: bool = True
    detail: str = ""

    def read(self, number: str) -> OmsNews:
        """Raises ``Invalid``."""
        kinds = {str(kind): kind for kind in NewsKind if kind is not NewsKind.OTHER}
        if self.status not in kinds:
            raise Invalid("status", f"expected one of {', '.join(kinds)}")
        if self.oms_order_id is not None and not 0 < len(self.oms_order_id) <= 80:
            raise Invalid("oms_order_id", "expected 1 to 80 characters")
        if self.at is not None and self.at.tzinfo is None:
            raise Invalid("at", "expected a moment with its offset")
        return OmsNews(
            key="", kind=kinds[self.status], word=self.status, number=number, oms_order_id=self.oms_order_id,
            at=self.at, whole=self.whole, detail=self.detail,
        )


def news_by_api(house: House, store_id: UUID, number: str, said: StatusNews, *, by: str) -> Told:
    """The store's own OMS says how an order stands. Raises ``NotFound``, ``Invalid`` (status, oms_order_id, at),
    ``Conflict`` (it speaks of another order of the OMS)."""
    news = said.read(number)
    told = house.database.run(lambda connection: _by_api(connection, store_id, news, by))
    _say(News(word="done", told=(told,)))
    if told.ignored:
        raise Conflict(told.text.partition(": ")[2])
    return told


def _by_api(connection: Connection, store_id: UUID, news: OmsNews, by: str) -> Told:
    query = select(orders.c.id).where(orders.c.store_id == store_id, orders.c.number == news.number)
    order_id = connection.execute(query).scalar()
    if order_id is None:
        raise NotFound(f"there is no order {news.number}")
    return oms_news.apply(connection, order_id, news, Teller(by=by, at=clock.now()))


def _say(news: News) -> None:
    for one in news.told:
        if one.before is not one.after:
            log.info(f"order.{one.after}", number=one.number, before=one.before)
