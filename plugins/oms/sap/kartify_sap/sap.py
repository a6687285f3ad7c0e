"""The plugin: pushes sales orders, looks them up, blocks, rejects, asks for news, or gives a feed of IDocs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from kartify.plugin import (
    Ack,
    Acked,
    Client,
    Denied,
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
    Receipt,
    Reply,
    Temporary,
)
from kartify_sap import idoc_in, idoc_out, onboarding
from kartify_sap.api import Api
from kartify_sap.changes import Changes
from kartify_sap.documents import Document, Documents, found
from kartify_sap.inbound import prove
from kartify_sap.odata import entity
from kartify_sap.orders import check_order, repeatable, sales_order
from kartify_sap.poll import Poll
from kartify_sap.refusals import Unknown
from kartify_sap.settings import SapSettings

ROUTES = (
    PartnerRoute(method="GET", path="idocs/orders", name="orders", use="feed"),
    PartnerRoute(method="POST", path="idocs/acks", name="acks", use="ack"),
    PartnerRoute(method="POST", path="idocs/orders/{number}/ack", name="ack", use="ack"),
    PartnerRoute(method="POST", path="idocs/news", name="news"),
)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Sap(Oms):
    """S/4HANA's sales order service; our number is ``PurchaseOrderByCustomer`` there."""

    slug = "sap"
    name = "SAP S/4HANA"
    Settings = SapSettings
    setup = onboarding.STEPS
    can = OmsCapabilities(lookup=True, look_first=True, push_unpaid=True, cancel=True, hold=True, poll=True)
    routes = ROUTES
    rate = 5.0
    settings: SapSettings

    def __init__(self, settings: PartnerSettings, *, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(settings)
        mine = self.settings
        pushes = mine.way != "feed"
        self.can = OmsCapabilities(
            lookup=pushes, look_first=pushes and (mine.look_first or mine.way == "blocked"),
            push_unpaid=mine.way == "blocked", cancel=pushes and bool(mine.rejection_reason),
            hold=pushes and bool(mine.hold_delivery_block), poll=pushes,
        )
        self.receipt = "id" if pushes else "ack"
        # What was lost may still be done within this time; nothing is sent a second time before it is over.
        self.deadline = min(mine.call_seconds + mine.settle_seconds, 120.0)  # type: ignore[misc]
        self._now = now
        self._api = Api(mine, now)
        self._documents = Documents(mine, self._api)
        self._changes = Changes(mine, self._api, self._documents)
        self._poll = Poll(mine, self._api, self._documents, every=self.poll_every)

    def delivery_kind(self) -> Kind:
        return {"push": Kind.PUSH, "blocked": Kind.CONFIRM, "feed": Kind.FEED}[self.settings.way]

    def pushes_unpaid(self) -> bool:
        return self.settings.way == "blocked"

    def check(self, kind: Kind, order: OmsOrder) -> None:
        if kind in (Kind.PUSH, Kind.PUSH_UNPAID, Kind.CONFIRM):
            check_order(self.settings, order)

    def deliver(self, client: Client, kind: Kind, order: OmsOrder) -> Receipt:
        match kind:
            case Kind.PUSH:
                return self._push(client, order)
            case Kind.PUSH_UNPAID:
                return self._create(client, order, self._unpaid_blocks())
            case Kind.CONFIRM:
                return self._confirm(client, order)
            case Kind.CANCEL:
                return self._changes.reject(client, self._one(client, order).id)
            case Kind.HOLD:
                return self._changes.hold(client, self._one(client, order).id)
            case _:
                raise Permanent(f"SAP does not know the delivery {kind}")

    def find(self, client: Client, kind: Kind, order: OmsOrder) -> Found:
        return found(self.settings, kind, order, self._documents.of(client, order.number))

    def authenticate(self, message: Inbound) -> None:
        prove(self.settings, message, now=self._now())

    def read_feed(self, route: PartnerRoute, message: Inbound) -> FeedWish:
        return idoc_out.read_wish(message)

    def write_feed(self, route: PartnerRoute, message: Inbound, wish: FeedWish, listing: Listing) -> Reply:
        return idoc_out.write_feed(self.settings, listing, now=self._now())

    def read_acks(self, route: PartnerRoute, message: Inbound) -> tuple[Ack, ...]:
        return idoc_in.read_ack(message) if route.name == "ack" else idoc_in.read_responses(message)

    def write_acks(self, route: PartnerRoute, message: Inbound, acked: Sequence[Acked]) -> Reply:
        return idoc_in.write_acks(acked)

    def read_news(self, route: PartnerRoute, message: Inbound) -> tuple[OmsNews, ...]:
        return idoc_in.read_news(self.settings, message)

    def poll(self, client: Client, orders: Sequence[Known], since: datetime | None) -> Iterator[OmsNews]:
        return self._poll.news(client, orders, since, now=self._now())

    def test(self, client: Client) -> str:
        place = urlsplit(self.settings.api_base).netloc
        if self.settings.way == "feed":
            return f"Nothing is called at {place}: SAP, or what stands before it, fetches the orders here."
        token = self._api.open(client)
        if self.settings.csrf == "fetch" and not token:
            raise Denied(f"{place} lets us in and gives no CSRF token, so nothing could be changed: set csrf=off if it "
                         "wants none, else see what its proxy does with headers.")
        try:
            params = {"$top": "1", "$select": "SalesOrder"}
            self._api.get(client, "A_SalesOrder", params, what="the test call")
        except Unknown as problem:
            raise Denied(f"{problem}. Check service_path.") from None
        return f"SAP answers at {place}, and sales orders can be read."

    def order_url(self, oms_order_id: str) -> str | None:
        template = self.settings.order_url
        return template.replace("{order_id}", quote(oms_order_id, safe="")) if template else None

    def _push(self, client: Client, order: OmsOrder) -> Receipt:
        """With addresses that come after, an order that stands there blocked is gone on with."""
        if self.settings.address_style != "patch_after":
            return self._create(client, order, {})
        live = [one for one in self._documents.of(client, order.number) if not one.rejected]
        if len(live) > 1:
            raise Permanent("SAP has this order more than once: keep one, and reject the items of the others there.")
        order_id = live[0].id if live else self._create(client, order, self._pending_block()).id
        wanted = sales_order(self.settings, order, blocks={}).get("DeliveryBlockReason", "")
        try:
            return self._changes.complete(client, order, order_id, block=str(wanted))
        except (Temporary, Denied) as problem:
            # Something is at SAP, whatever became of the last call: the look-up says how far it got.
            wait = getattr(problem, "retry_after", None)
            raise Temporary(f"{problem}; the order is at SAP as {order_id}, blocked", retry_after=wait) from None
        except Permanent as problem:
            text = f"{problem} The order is at SAP as {order_id}, blocked."
            raise Permanent(text, field=problem.field) from None

    def _confirm(self, client: Client, order: OmsOrder) -> Receipt:
        """An order that never got there goes out now, unblocked."""
        documents = self._documents.of(client, order.number)
        live = [one for one in documents if not one.rejected]
        if not live and not documents:
            return self._create(client, order, {})
        if not live:
            raise Permanent(f"SAP has the order as {documents[0].id}, and all its items are rejected there.")
        return self._changes.release(client, self._only(live).id)

    def _create(self, client: Client, order: OmsOrder, blocks: dict[str, str]) -> Receipt:
        body = sales_order(self.settings, order, blocks=blocks)
        headers = repeatable(order, body) if self.settings.request_id else {}
        try:
            answer = self._api.change(client, "POST", "A_SalesOrder", body, what="the order", headers=headers)
        except Unknown as problem:
            raise Denied(f"{problem}. Check service_path of the account.") from None
        except Denied:
            raise
        except Permanent as problem:
            raise self._refused(client, order, problem) from None
        told = entity(answer)
        order_id, number = told.get("SalesOrder"), told.get("PurchaseOrderByCustomer", order.number)
        if not isinstance(order_id, str) or not order_id.strip():
            raise Temporary(f"SAP's answer names no sales order. {self._api.messages(answer)}".strip())
        if number != order.number:
            raise Temporary(f"SAP's answer is about the order {str(number)[:40]}, and we sent {order.number}")
        return Receipt(id=order_id.strip(), detail=self._api.messages(answer)[:200])

    def _refused(self, client: Client, order: OmsOrder, problem: Permanent) -> PartnerError:
        """A refusal because it is there already is no refusal: the look-up compares and decides."""
        try:
            there = self._documents.of(client, order.number)
        except PartnerError:
            return problem
        if not any(not one.rejected for one in there):
            return problem
        return Temporary(f"{problem} SAP has an order of this number: it is compared with ours.")

    def _one(self, client: Client, order: OmsOrder) -> Document:
        documents = self._documents.of(client, order.number)
        live = [one for one in documents if not one.rejected] or documents[:1]
        if not live:
            raise Permanent("SAP has no order of this number.", field="number")
        return self._only(live)

    def _only(self, live: Sequence[Document]) -> Document:
        if len(live) > 1:
            named = ", ".join(one.id for one in live)
            raise Permanent(f"SAP has this order more than once ({named}): do it there by hand.")
        return live[0]

    def _unpaid_blocks(self) -> dict[str, str]:
        mine = self.settings
        codes = {"HeaderBillingBlockReason": mine.unpaid_billing_block,
                 "DeliveryBlockReason": mine.unpaid_delivery_block}
        return {name: code for name, code in codes.items() if code}

    def _pending_block(self) -> dict[str, str]:
        return {"DeliveryBlockReason": self.settings.pending_delivery_block}
