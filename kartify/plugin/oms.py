"""The contract of an OMS plugin: push or confirm, look before repeating, news back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal

from kartify.domain.delivery import Kind
from kartify.domain.money import Money
from kartify.plugin.partner import Client, Inbound, Partner, Reply


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRoute:
    """A path under /partners/{account}/ that the OMS calls; ``method`` and the plugin's ``handle`` for it."""

    method: str
    path: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OmsCapabilities:
    """As data. ``look_first``: look even before the first sending (FYND). ``lookup``: ``find`` works.
    ``idempotent``: a repeated sending is harmless by the OMS's own promise."""

    lookup: bool = False
    look_first: bool = False
    idempotent: bool = False
    push_unpaid: bool = False
    cancel: bool = False
    hold: bool = False


class Oms(Partner):
    """Subclass, set the class attributes, fill the methods."""

    kind: ClassVar[Literal["gateway", "oms"]] = "oms"
    can: ClassVar[OmsCapabilities] = OmsCapabilities()
    receipt: ClassVar[Literal["id", "ack", "news", "served"]] = "id"
    routes: ClassVar[tuple[PartnerRoute, ...]] = ()

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
        raise NotImplementedError

    def find(self, client: Client, kind: Kind, order: OmsOrder) -> Found:
        """Whether the OMS has it already. Only called when ``can.lookup``."""
        raise NotImplementedError

    def authenticate(self, message: Inbound) -> None:
        """Raises ``Refused`` unless the message is the OMS's, ``NoSecret`` where no secret is set. Pure."""
        raise NotImplementedError

    def read_news(self, route: PartnerRoute, message: Inbound) -> tuple[OmsNews, ...]:
        """Reads an authenticated message. Raises ``Unreadable``. Pure."""
        raise NotImplementedError

    def reply(self, accepted: bool) -> Reply:
        return Reply(status=200 if accepted else 400)

    def order_url(self, oms_order_id: str) -> str | None:
        """Where staff see this order at the OMS."""
        return None
