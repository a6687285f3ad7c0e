"""The contract of an OMS plugin: push or confirm, look before repeating, news back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal

from kartify.domain.delivery import Kind
from kartify.domain.errors import Permanent, Refused
from kartify.domain.money import Money
from kartify.plugin.partner import Client, Inbound, Partner, Reply
from kartify.plugin.setup import SetupStep, step_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OmsLine:
    """One line; sums are minor units of the order's currency, ``unit_price`` includes tax."""

    line_id: str
    sku: str
    name: str
    quantity: int
    unit_price: int
    discount: int = 0
    list_price: int | None = None
    hsn: str | None = None
    tax: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OmsPayment:
    """One tender that paid: a gateway's charge, store credit, or the sum to collect at the door (COD)."""

    kind: Literal["gateway", "tender", "cod"]
    amount: int
    name: str
    gateway: str | None = None
    gateway_payment_id: str | None = None
    method: str | None = None
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OmsOrder:
    """An order as an OMS gets it: whole. ``number`` is ours and the key of every look-up."""

    number: str
    store: str
    currency: str
    total: int
    due: int
    method: Literal["prepaid", "cod"]
    created_at: datetime
    lines: Sequence[OmsLine]
    payments: Sequence[OmsPayment]
    fees: Sequence[Mapping[str, Any]] = ()
    customer: Mapping[str, Any] = field(default_factory=dict)
    shipping_address: Mapping[str, Any] | None = None
    billing_address: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    oms_order_id: str | None = None

    @property
    def money(self) -> Money:
        return Money(self.total, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The OMS has it. ``id`` is the OMS's own id of the order (or its acknowledgement's)."""

    id: str
    detail: str = ""


class Presence(StrEnum):
    ABSENT = "absent"  # surely not there, or there and surely not confirmed: sending is safe
    DONE = "done"  # there, as far as this delivery wants it
    DEAD = "dead"  # there and cancelled, or in a state that refuses this delivery: a person must look
    UNTOLD = "untold"  # the OMS gave no clear answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look-up found. ``number`` and ``amount`` (minor units) are compared with ours where the OMS tells them."""

    presence: Presence
    receipt: Receipt | None = None
    number: str | None = None
    amount: int | None = None
    detail: str = ""


class NewsKind(StrEnum):
    ACCEPTED = "accepted"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class OmsNews:
    """What an OMS says of an order: by our number or by its own id. ``whole``: all units, not a part."""

    key: str
    kind: NewsKind
    word: str
    number: str | None = None
    oms_order_id: str | None = None
    at: datetime | None = None
    whole: bool = True
    detail: str = ""


RouteUse = Literal["news", "feed", "ack", "own"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRoute:
    """A path under /partners/{account}/ that the OMS calls; ``{name}`` in it stands for one segment.

    ``use`` says what the core does with it: *news* (``read_news``), *feed* (``read_feed``, then ``write_feed``), *ack*
    (``read_acks``, then ``write_acks``), or *own* (``answer``: a login, say; nothing is stored).
    """

    method: str
    path: str
    name: str
    use: RouteUse = "news"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWish:
    """What a caller of a feed route asks for: orders past ``cursor`` (without one from the oldest that is not
    acknowledged), or page ``page`` (from 1) of those that became processing in the window from ``since`` to ``until``,
    both aware. ``limit`` is 1 to 500."""

    cursor: int | None = None
    limit: int = 100
    unacknowledged: bool = False
    page: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An order as the feed lists it. ``position`` is its cursor, ``since`` the moment it became processing, ``status``
    our status of it now; ``cancel_requested``: somebody wants it cancelled and the OMS has not agreed yet."""

    position: int
    order: OmsOrder
    status: str
    since: datetime
    acknowledged: bool
    cancel_requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page. ``cursor``: give it back for the next; the same one again while there is nothing new."""

    items: Sequence[Listed]
    cursor: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """The OMS has order ``number``, with its own id where it gives one; or it refuses it, and says why."""

    number: str
    oms_order_id: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acked:
    """What became of an acknowledgement: its receipt, or why not ("unknown", "conflict") in words."""

    number: str
    receipt: str | None = None
    problem: Literal["unknown", "conflict"] | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An order that the OMS has, for ``poll``: ``status`` is ours."""

    number: str
    oms_order_id: str | None
    status: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OmsCapabilities:
    """As data. ``look_first``: look even before the first sending (FYND). ``lookup``: ``find`` works.
    ``idempotent``: a repeated sending is harmless by the OMS's own promise. ``poll``: ``poll`` works."""

    lookup: bool = False
    look_first: bool = False
    idempotent: bool = False
    push_unpaid: bool = False
    cancel: bool = False
    hold: bool = False
    unhold: bool = False
    poll: bool = False


class Oms(Partner):
    """Subclass, set the class attributes, fill the methods.

    ``receipt``: what proves a delivery. *id*: the OMS's own id; *ack*: its acknowledgement; *news*: its first news;
    *served*: that a feed listed the order whole. ``poll_every``: default seconds between two runs of its news cron.
    ``lists_parked``: its feed routes list what pushing could not bring (parked pushes), so that it can fetch them.
    """

    kind: ClassVar[Literal["gateway", "oms"]] = "oms"
    # An object may have its own, where settings decide.
    can: OmsCapabilities = OmsCapabilities()
    receipt: Literal["id", "ack", "news", "served"] = "id"
    routes: tuple[PartnerRoute, ...] = ()
    lists_parked: bool = False
    poll_every: int = 900

    @abstractmethod
    def delivery_kind(self) -> Kind:
        """What an order that became processing needs here: PUSH, CONFIRM or FEED."""

    def pushes_unpaid(self) -> bool:
        """Whether this account wants the order when the customer reaches Confirm Order."""
        return False

    def check(self, kind: Kind, order: OmsOrder) -> None:
        """Pure. Raises ``Permanent`` naming the field where the OMS would refuse the order anyway."""

    def deliver(self, client: Client, kind: Kind, order: OmsOrder) -> Receipt:
        """Does it. Raises ``Temporary(sent=…)`` or ``Permanent(field=…)``."""
        raise Permanent(f"{self.name} cannot be sent an order")

    def find(self, client: Client, kind: Kind, order: OmsOrder) -> Found:
        """Whether the OMS has it already. Only called when ``can.lookup``."""
        raise Permanent(f"{self.name} cannot be asked for an order")

    def authenticate(self, message: Inbound) -> None:
        """Raises ``Refused`` unless the message is the OMS's, ``NoSecret`` where no secret is set. Pure."""
        raise Refused(f"{self.name} cannot tell who calls")

    def read_news(self, route: PartnerRoute, message: Inbound) -> tuple[OmsNews, ...]:
        """Reads an authenticated message. Raises ``Unreadable``. Pure."""
        raise Permanent(f"{self.name} cannot read news")

    def answer(self, route: PartnerRoute, message: Inbound) -> Reply:
        """For routes of use *own*. ``message.at`` is now. Raises ``Refused``, ``Unreadable``. Pure."""
        raise Permanent(f"{self.name} has no answer of its own")

    def read_feed(self, route: PartnerRoute, message: Inbound) -> FeedWish:
        """What a caller of a feed route wants. Raises ``Unreadable``, ``Invalid`` naming the field. Pure."""
        raise Permanent(f"{self.name} has no feed")

    def write_feed(self, route: PartnerRoute, message: Inbound, wish: FeedWish, listing: Listing) -> Reply:
        """The page in the OMS's own form: whole orders, as many as ``listing`` has. Pure."""
        raise Permanent(f"{self.name} has no feed")

    def read_acks(self, route: PartnerRoute, message: Inbound) -> tuple[Ack, ...]:
        """Raises ``Unreadable``. Pure."""
        raise Permanent(f"{self.name} takes no acknowledgements")

    def write_acks(self, route: PartnerRoute, message: Inbound, acked: Sequence[Acked]) -> Reply:
        """Pure."""
        raise Permanent(f"{self.name} takes no acknowledgements")

    def poll(self, client: Client, orders: Sequence[Known], since: datetime | None) -> Iterator[OmsNews]:
        """What the OMS says of these orders, or of whatever changed since (None: it was never asked). News may be
        told again: its effect is of its own kind once. Only called when ``can.poll``. Raises as ``deliver`` does."""
        raise Permanent(f"{self.name} cannot be asked for news")

    def reply(self, accepted: bool) -> Reply:
        """What the OMS expects as an answer to stored news."""
        return Reply(status=200 if accepted else 400)

    def reply_to(self, route: PartnerRoute) -> Reply:
        """The same where it depends on which of the plugin's routes took the news. Pure."""
        return self.reply(accepted=True)

    def setup_steps(self) -> tuple[SetupStep, ...]:
        return self.setup or tuple(step_of(route.name, route.method) for route in self.routes)

    def order_url(self, oms_order_id: str) -> str | None:
        """Where staff see this order at the OMS."""
        return None
