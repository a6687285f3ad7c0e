"""The plugin: sale orders pushed and looked up, cancelled and held, news asked for and taken, and orders served."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final
from urllib.parse import quote

from kartify.plugin import (
    Ack,
    Acked,
    Client,
    FeedWish,
    Found,
    Inbound,
    Kind,
    Known,
    Listing,
    Oms,
    OmsCapabilities,
    OmsNews,
    OmsOrder,
    PartnerError,
    PartnerRoute,
    PartnerSettings,
    Permanent,
    Presence,
    Receipt,
    Reply,
    Temporary,
)
from kartify_unicommerce import doors, feed, notices, onboarding
from kartify_unicommerce.api import Api, Told
from kartify_unicommerce.asking import Asking
from kartify_unicommerce.lookups import Details, judge
from kartify_unicommerce.orders import check_push, our_field, push_body
from kartify_unicommerce.settings import UnicommerceSettings
from kartify_unicommerce.wire import dump, table, text

JSON: Final = {"content-type": "application/json"}
_VERBS: Final = {Kind.CANCEL: "cancel", Kind.HOLD: "hold", Kind.UNHOLD: "unhold"}
_MARKETPLACE: Final = (
    PartnerRoute(method="GET", path="authToken", name="log-in", use="own"),
    PartnerRoute(method="GET", path="orders", name="orders", use="feed"),
    PartnerRoute(method="POST", path="orders/acknowledge", name="acceptance", use="ack"),
    PartnerRoute(method="POST", path="orders/cancel", name="cancellation"),
    PartnerRoute(method="POST", path="orders/dispatch", name="dispatch"),
    PartnerRoute(method="POST", path="order/{id}", name="order status"),
)
_NOTIFIED: Final = (
    PartnerRoute(method="POST", path="oauth/token", name="notifications: log-in", use="own"),
    PartnerRoute(method="POST", path="createShipment", name="shipment"),
    PartnerRoute(method="POST", path="dispatchedShipment", name="shipment dispatched"),
    PartnerRoute(method="POST", path="cancelSOItem", name="items cancelled"),
)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Unicommerce(Oms):
    """One custom channel of a tenant of Uniware."""

    slug = "unicommerce"
    name = "Unicommerce"
    Settings = UnicommerceSettings
    setup = onboarding.STEPS
    # All that there can be; an account has those of its way.
    routes: tuple[PartnerRoute, ...] = (*_MARKETPLACE, *_NOTIFIED)
    can = OmsCapabilities(lookup=True, cancel=True, hold=True, unhold=True, poll=True)
    rate: ClassVar[float] = 2.0
    deadline: ClassVar[float] = 20.0
    settings: UnicommerceSettings

    def __init__(
        self, settings: PartnerSettings, *, now: Callable[[], datetime] = utc_now,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(settings)
        self._now = now
        self._api = Api(self.settings, now)
        self._asking = Asking(self.settings, self._api, now=now, pause=pause)
        self.can = type(self).can if self.settings.asks else OmsCapabilities()
        pulled = self.settings.way == "pull"
        self.routes = type(self).routes if pulled else _NOTIFIED
        self.receipt = self.settings.pull_receipt if pulled else "id"

    def delivery_kind(self) -> Kind:
        return Kind.PUSH if self.settings.way == "push" else Kind.FEED

    def check(self, kind: Kind, order: OmsOrder) -> None:
        if kind is Kind.PUSH:
            check_push(self.settings, order)

    def deliver(self, client: Client, kind: Kind, order: OmsOrder) -> Receipt:
        if kind is Kind.PUSH:
            return self._push(client, order)
        if kind in _VERBS:
            return self._change(client, kind, order)
        raise Permanent(f"Unicommerce does not know the delivery {kind}")

    def find(self, client: Client, kind: Kind, order: OmsOrder) -> Found:
        code = self._asking.code(client, order.number)
        if code is None:
            return Found(presence=Presence.UNTOLD, detail=f"Uniware has not taken over the order {order.number} yet")
        details = self._asking.details(client, code)
        if details is not None:
            return judge(self.settings, kind, order, details)
        presence = Presence.ABSENT if kind is Kind.PUSH else Presence.DEAD
        return Found(presence=presence, detail=f"Uniware has no order {code}")

    def poll(self, client: Client, orders: Sequence[Known], since: datetime | None) -> Iterator[OmsNews]:
        return self._asking.news(client, orders, since)

    def authenticate(self, message: Inbound) -> None:
        doors.prove(self.settings, message, message.at or self._now())

    def answer(self, route: PartnerRoute, message: Inbound) -> Reply:
        return Reply(body=doors.welcome(self.settings, message.at or self._now()), headers=JSON)

    def read_news(self, route: PartnerRoute, message: Inbound) -> tuple[OmsNews, ...]:
        return notices.read_news(self.settings, route, message)

    def reply_to(self, route: PartnerRoute) -> Reply:
        if route in _MARKETPLACE:
            return Reply(body=dump({"status": "SUCCESS", "orderItems": []}), headers=JSON)
        return Reply(body=dump({"status": "Success", "message": "noted"}), headers=JSON)

    def read_feed(self, route: PartnerRoute, message: Inbound) -> FeedWish:
        return feed.read_wish(self.settings, message)

    def write_feed(self, route: PartnerRoute, message: Inbound, wish: FeedWish, listing: Listing) -> Reply:
        return Reply(body=feed.write_page(self.settings, listing), headers=JSON)

    def read_acks(self, route: PartnerRoute, message: Inbound) -> tuple[Ack, ...]:
        return notices.read_acks(self.settings, message)

    def write_acks(self, route: PartnerRoute, message: Inbound, acked: Sequence[Acked]) -> Reply:
        wrong = "; ".join(one.text for one in acked if one.problem)
        told = {"status": "FAILED", "message": wrong} if wrong else {"status": "SUCCESS"}
        return Reply(body=dump(told), headers=JSON)

    def test(self, client: Client) -> str:
        if not self.settings.asks:
            return "Nothing to call: Unicommerce logs in here with the inbound user and fetches orders."
        today = self._now()
        body = {
            "channel": self.settings.channel, "fromDate": f"{today - timedelta(days=1):%Y-%m-%dT%H:%M:%S}",
            "toDate": f"{today:%Y-%m-%dT%H:%M:%S}", "searchOptions": {"displayStart": 0, "displayLength": 1},
        }
        told = self._api.call(client, "saleOrder/search", body)
        if not told.successful:
            raise Permanent(f"Uniware takes our user and refuses the search: {told.words}")
        return f"Uniware answers for the channel {self.settings.channel}."

    def order_url(self, oms_order_id: str) -> str | None:
        template = self.settings.order_url
        return template.replace("{code}", quote(oms_order_id, safe="")) if template else None

    def _push(self, client: Client, order: OmsOrder) -> Receipt:
        told = self._api.call(client, "saleOrder/create", push_body(self.settings, order), facility=True)
        code = self.settings.code(order.number)
        given = text(table(told.body.get("saleOrderDetailDTO")).get("code"))
        if told.successful and given == code:
            return Receipt(id=code, detail=told.words if told.body.get("message") else "")
        return self._after(client, order, told)

    def _after(self, client: Client, order: OmsOrder, told: Told) -> Receipt:
        """Neither a clear yes nor, since an order may be there in spite of it, a clear no: only a look tells."""
        code = self.settings.code(order.number)
        try:
            details = self._asking.details(client, code)
        except PartnerError as problem:
            raise Temporary(f"Uniware said: {told.words}. The look-up after that failed: {problem}") from None
        if details is not None:
            return self._there(order, details)
        if told.successful:
            raise Temporary(f"Uniware says it took the order, and has none of the code {code}")
        raise Permanent(f"Uniware refused the order: {told.words}", field=our_field(order, told.field))

    def _there(self, order: OmsOrder, details: Details) -> Receipt:
        found = judge(self.settings, Kind.PUSH, order, details)
        if found.presence is not Presence.DONE or found.receipt is None:
            raise Permanent(found.detail, field="number")
        if found.amount != order.total:
            raise Permanent(
                f"Uniware has an order {details.code} already, over {found.amount} where ours is {order.total} (minor "
                "units): compare them by hand", field="number",
            )
        return found.receipt

    def _change(self, client: Client, kind: Kind, order: OmsOrder) -> Receipt:
        code = self._asking.code(client, order.number)
        if code is None:
            raise Temporary(f"Uniware has not taken over the order {order.number} yet", sent=False)
        body: dict[str, object] = {"saleOrderCode": code}
        if kind is Kind.CANCEL:
            # Uniware would otherwise tell the channel, which is us: a circle.
            body |= {"cancelPartially": False, "cancelOnChannel": False,
                     "cancellationReason": self.settings.cancel_reason}
        verb = _VERBS[kind]
        told = self._api.call(client, f"saleOrder/{verb}", body)
        if told.successful:
            return Receipt(id=code, detail=f"{verb}: done")
        try:
            details = self._asking.details(client, code)
        except PartnerError as problem:
            raise Temporary(f"Uniware said: {told.words}. The look-up after that failed: {problem}") from None
        found = judge(self.settings, kind, order, details) if details else None
        if found is not None and found.presence is Presence.DONE:
            return Receipt(id=code, detail=f"{verb}: it was so already")
        why = f"{told.words} ({found.detail})" if found and found.presence is Presence.DEAD else told.words
        raise Permanent(f"Uniware refused to {verb} {code}: {why}")
