"""A partner calls an address of ours: news, a page of the feed, an acknowledgement, or what is the plugin's own."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from kartify import clock, contain
from kartify.accounts import Loaded
from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.flows.delivering import feed, feed_listing
from kartify.flows.partners import news, reject
from kartify.flows.partners.partner_routes import verified
from kartify.house import House
from kartify.plugin.oms import Ack, Acked, FeedWish, PartnerRoute
from kartify.plugin.partner import Inbound, Reply


def answer(house: House, account_id: UUID, message: Inbound, path: str) -> Reply:
    """The whole path of a request to ``/partners/{account}/{path}``.

    Raises ``NotFound`` (no account, or it declares no such route), ``Refused`` (401), ``NoSecret`` and ``Broken``
    (503), ``Unreadable`` and ``Invalid`` (4xx), ``PluginFailure``, and the database's errors (503).
    """
    at = clock.now()
    message = replace(message, at=at)
    account, route = verified(house, account_id, message, path, at)
    match route.use:
        case "feed":
            return _feed(house, account, route, message)
        case "ack":
            return _acks(house, account, route, message)
        case "own":
            oms = account.oms()
            return contain.pure("answer", Reply, lambda: oms.answer(route, message))
        case _:
            return news.receive_news(house, account, route, message)


def _feed(house: House, account: Loaded, route: PartnerRoute, message: Inbound) -> Reply:
    oms = account.oms()
    wish = contain.pure("read_feed", FeedWish, lambda: oms.read_feed(route, message))
    listing = feed_listing.listing(house, account.id, wish)
    return contain.pure("write_feed", Reply, lambda: oms.write_feed(route, message, wish, listing))


def _acks(house: House, account: Loaded, route: PartnerRoute, message: Inbound) -> Reply:
    oms = account.oms()
    acks: tuple[Ack, ...] = contain.pure("read_acks", tuple, lambda: oms.read_acks(route, message))
    acked = [_ack(house, account, ack) for ack in acks]
    return contain.pure("write_acks", Reply, lambda: oms.write_acks(route, message, acked))


def _ack(house: House, account: Loaded, ack: Ack) -> Acked:
    try:
        store_id = feed.store_of(house, account.id, ack.number)
        if ack.refused is not None:
            reject.by_oms(house, account.id, store_id, ack, by=account.label)
            return Acked(number=ack.number, text="noted: a person will look")
        receipt = feed.acknowledge(house, store_id, ack.number, oms_order_id=ack.oms_order_id, by=account.label)
    except NotFound as problem:
        return Acked(number=ack.number, problem="unknown", text=str(problem))
    except (Conflict, Invalid) as problem:
        return Acked(number=ack.number, problem="conflict", text=str(problem))
    return Acked(number=ack.number, receipt=receipt)
