"""Arvind as an OMS: orders are pushed, fetched, or both; what may be relied on is what the account's settings say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from kartify.plugin import (
    Ack,
    Acked,
    Client,
    FeedWish,
    Found,
    HttpAnswer,
    Inbound,
    Kind,
    Known,
    Listing,
    NewsKind,
    Oms,
    OmsCapabilities,
    OmsNews,
    OmsOrder,
    PartnerRoute,
    PartnerSettings,
    Permanent,
    Presence,
    Receipt,
    Reply,
    Temporary,
)
from kartify_arvind import feed, lookups, onboarding
from kartify_arvind.api import Api, said
from kartify_arvind.body import order_body
from kartify_arvind.contract import Contract
from kartify_arvind.inbound import authenticate
from kartify_arvind.news import read_news
from kartify_arvind.settings import ArvindSettings
from kartify_arvind.shape import check_needed, shaped
from kartify_arvind.sums import check_sums

_UNKNOWN = "kartify-connection-test"
# Orders that have waited long are asked for less often.
_YOUNG, _GROWTH = timedelta(days=1), 1.125


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Arvind(Oms):
    """``can``, ``routes``, ``receipt``, ``rate`` and ``deadline`` follow the account's contract."""

    slug = "arvind"
    name = "Arvind (Omuni)"
    Settings = ArvindSettings
    setup = onboarding.STEPS
    routes: tuple[PartnerRoute, ...] = (PartnerRoute(method="POST", path="news", name="news"),)
    settings: ArvindSettings

    def __init__(self, settings: PartnerSettings, *, now: Callable[[], datetime] = _utc_now) -> None:
        super().__init__(settings)
        self._now = now
        contract = self.contract = self.settings.contract
        can = OmsCapabilities(
            lookup=contract.supports_lookup, idempotent=contract.supports_idempotency_key,
            cancel=contract.supports_cancel, poll=contract.supports_lookup and contract.way != "pull",
        )
        self.can = can
        self.receipt = "id" if contract.reference_path and contract.way != "pull" else "ack"
        self.lists_parked = contract.way == "both"
        self.rate: float = contract.calls_per_second  # type: ignore[misc]
        self.deadline: float = contract.timeout_s  # type: ignore[misc]
        self.routes = routes_of(contract)
        self._api = Api(self.settings)

    def delivery_kind(self) -> Kind:
        return Kind.FEED if self.contract.way == "pull" else Kind.PUSH

    def check(self, kind: Kind, order: OmsOrder) -> None:
        if kind is Kind.PUSH:
            check_needed(self.contract, order_body(self.contract, order))
            check_sums(order)

    def deliver(self, client: Client, kind: Kind, order: OmsOrder) -> Receipt:
        match kind:
            case Kind.PUSH:
                return self._push(client, order)
            case Kind.CANCEL:
                return self._cancel(client, order)
            case _:
                raise Permanent(f"{self.name} takes no {kind} from us: do it there by hand.")

    def find(self, client: Client, kind: Kind, order: OmsOrder) -> Found:
        return lookups.find(self._api, client, kind, order)

    def _push(self, client: Client, order: OmsOrder) -> Receipt:
        document = shaped(self.contract, order_body(self.contract, order))
        url = self._api.address(self.contract.create_path, order)
        key = f"order:{order.store}:{order.number}:created"
        answer = self._api.call(client, "POST", url, document=document, key=key)
        if answer.status in self.contract.duplicate_statuses:
            return self._duplicate(client, order, answer)
        there, wrong = lookups.same_or_problem(self.contract, order, self._api.document(answer))
        if wrong:
            raise Permanent(wrong, field="total" if there.amount not in (None, order.total) else "number")
        if there.reference or not self.contract.reference_path:
            return Receipt(id=there.reference or lookups.our_receipt(order), detail=there.word)
        later = self.contract.visible_after_s if answer.status == 202 else None
        text = f"The OMS took it ({answer.status}) and gave no id. If it never gives one, make reference_path blank."
        raise Temporary(text, retry_after=later)

    def _duplicate(self, client: Client, order: OmsOrder, answer: HttpAnswer) -> Receipt:
        """A number that is there already is a success only when reference and sum are ours."""
        there = lookups.read_order(self.contract, said(answer), order.currency)
        if there.reference and there.amount is not None:
            found = lookups.verdict(self.contract, Kind.PUSH, order, [there])
        elif self.contract.supports_lookup:
            found = self.find(client, Kind.PUSH, order)
        else:
            text = "The OMS has an order with this number: compare it there, then record its id, or cancel it there"
            raise Permanent(text, field="number")
        if found.presence is Presence.DEAD:
            raise Permanent(found.detail, field="number")
        if found.presence is not Presence.DONE or found.receipt is None:
            raise Temporary("The OMS says that it has this number, and does not show it.")
        return found.receipt

    def _cancel(self, client: Client, order: OmsOrder) -> Receipt:
        url = self._api.address(self.contract.cancel_path, order)
        key = f"order:{order.store}:{order.number}:cancelled"
        document = {"reason": "cancelled by the store", "request_id": key}
        answer = self._api.call(client, "POST", url, document=document, key=key)
        receipt = Receipt(id=order.oms_order_id or lookups.our_receipt(order), detail="cancelled")
        if answer.status == 409:
            if self.contract.supports_lookup and self.find(client, Kind.CANCEL, order).presence is Presence.DONE:
                return receipt
            raise self._api.refusal(answer)
        self._api.taken(answer)
        if answer.body.strip():
            answer.json()  # a page that says "please wait" is no answer
        return receipt

    def test(self, client: Client) -> str:
        if self.contract.way == "pull":
            return "Nothing is called here: the OMS fetches its orders; each fetch shows on the order's page."
        contract = self.contract
        probe = contract.test_path or (contract.get_path if contract.lookup_by == "get" else contract.search_path)
        if not contract.supports_lookup and not contract.test_path:
            answer = self._api.call(client, "GET", self._api.address("/"))
            if answer.status >= 500:
                self._api.taken(answer)
            return f"The OMS answers ({answer.status}); whether it takes orders shows with the first one."
        path = probe.replace("{number}", _UNKNOWN).replace("{reference}", _UNKNOWN)
        answer = self._api.call(client, "GET", self._api.address(path))
        if not self._api.is_absent(answer):
            if answer.status == 404:
                raise Permanent(f"The OMS answers 404 at {path}, and not that it has no such order: correct the path.")
            self._api.taken(answer)
            answer.json()
        return "The OMS answers, and takes these keys."

    def order_url(self, oms_order_id: str) -> str | None:
        template = self.settings.order_url
        return template.replace("{order_id}", quote(oms_order_id, safe="")) if template else None

    # What they tell and fetch.

    def authenticate(self, message: Inbound) -> None:
        authenticate(self.settings, message, message.at or self._now())

    def read_news(self, route: PartnerRoute, message: Inbound) -> tuple[OmsNews, ...]:
        return (read_news(self.contract, message),)

    def read_feed(self, route: PartnerRoute, message: Inbound) -> FeedWish:
        return feed.read_wish(message)

    def write_feed(self, route: PartnerRoute, message: Inbound, wish: FeedWish, listing: Listing) -> Reply:
        return feed.write_page(self.contract, wish, listing)

    def read_acks(self, route: PartnerRoute, message: Inbound) -> tuple[Ack, ...]:
        return (feed.read_ack(self.contract, route, message),)

    def write_acks(self, route: PartnerRoute, message: Inbound, acked: Sequence[Acked]) -> Reply:
        return feed.write_ack(acked)

    def poll(self, client: Client, orders: Sequence[Known], since: datetime | None) -> Iterator[OmsNews]:
        """One look-up for each order whose turn it is."""
        now = self._now()
        for known in orders:
            if _is_turn(known, since, now):
                yield from self._told(client, known)

    def _told(self, client: Client, known: Known) -> Iterator[OmsNews]:
        order = _named(known)
        for one in lookups.ask(self._api, client, order) or ():
            ours = one.number == known.number and known.oms_order_id in (None, one.reference)
            if ours and one.word and one.kind is not NewsKind.OTHER:
                yield OmsNews(
                    key=f"{known.number}:{one.reference}:{one.word}"[:120], kind=one.kind, word=one.word[:80],
                    number=known.number, oms_order_id=one.reference[:80] or None,
                )


def routes_of(contract: Contract) -> tuple[PartnerRoute, ...]:
    made: list[PartnerRoute] = []
    if contract.supports_webhook:
        made.append(PartnerRoute(method="POST", path=contract.news_path, name="news"))
    if contract.way != "push":
        made += [
            PartnerRoute(method="GET", path=contract.feed_path, name="orders", use="feed"),
            PartnerRoute(method="POST", path=contract.ack_path, name="ack", use="ack"),
            PartnerRoute(method="POST", path=contract.reject_path, name="reject", use="ack"),
        ]
    return tuple(made)


def _is_turn(known: Known, since: datetime | None, now: datetime) -> bool:
    """Each run while it is young; then after pauses of an eighth of its age."""
    age = now - known.since
    if since is None or age < _YOUNG or since <= known.since:
        return True
    before = max((since - known.since).total_seconds(), 1.0)
    return int(math.log(age.total_seconds(), _GROWTH)) != int(math.log(before, _GROWTH))


def _named(known: Known) -> OmsOrder:
    """As much of an order as a look-up needs."""
    return OmsOrder(
        number=known.number, store="", currency="INR", total=0, due=0, method="prepaid", created_at=known.since,
        lines=(), payments=(), oms_order_id=known.oms_order_id,
    )
