"""The contract of a payment gateway plugin.

A plugin reports facts; the core draws the conclusions. Pure methods (``verify``, ``read_*``, ``callback_key``) get
bytes and give values: no network, no clock, no database. Asking methods get a client; they raise ``Temporary`` or
``Permanent`` and nothing else.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from kartify.domain.errors import Permanent
from kartify.domain.money import Money
from kartify.domain.plan import LookupPlan
from kartify.domain.reports import Report
from kartify.plugin.partner import Client, Inbound, Partner, Proof, Reply
from kartify.plugin.setup import SetupStep

_WEBHOOK = SetupStep(text="Add our webhook address at the gateway, for all events of payments.", address="webhook")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRef:
    """One payment of ours at the gateway. ``reference`` is ours: at most 20 of [A-Za-z0-9], unique per payment."""

    reference: str
    gateway_order_id: str | None
    amount: Money
    created_at: datetime
    gateway_payment_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """What is needed to open a payment. ``callback_url`` is where the browser comes back, ``webhook_url`` our door."""

    reference: str
    order_number: str
    amount: Money
    customer: Mapping[str, str]
    callback_url: str
    webhook_url: str
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What the storefront does next: send the browser to ``url`` (redirect), post ``fields`` to it (form), or hand
    ``data`` to the gateway's script (sdk)."""

    type: Literal["redirect", "form", "sdk", "none"]
    url: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        given = {"url": self.url, "fields": dict(self.fields), "data": dict(self.data)}
        return {"type": self.type, **{name: value for name, value in given.items() if value}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The gateway's session for a payment."""

    gateway_order_id: str
    next: NextStep
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAnswer:
    """What the gateway says of one payment, all attempts of it. ``found=False``: the gateway does not know it.
    ``over``: the gateway itself says that nothing can come any more (its session expired or was closed)."""

    found: bool = True
    reports: tuple[Report, ...] = ()
    over: bool = False
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A verified webhook, read. ``key`` de-duplicates (see ``event_key``). ``reports`` prove everything they say;
    ``ask`` names payments (gateway order ids or our references) that the message only gives a reason to ask about;
    ``ignored`` says why nothing follows."""

    key: str
    event: str
    reports: tuple[Report, ...] = ()
    ask: tuple[str, ...] = ()
    ignored: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackKey:
    """How to find the payment that a browser return is about; both may be given, unproved as they are."""

    gateway_order_id: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A browser return, read. ``proved``: the signature was right for *this* payment. ``reports`` only where the
    callback proves state, amount and currency; else the core asks."""

    proved: bool
    outcome: Literal["success", "failure", "cancelled", "unknown"]
    reports: tuple[Report, ...] = ()
    gateway_payment_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """A refund as the gateway tells it. Only *processed* is money back."""

    gateway_refund_id: str
    state: Literal["pending", "processed", "failed"]
    amount: int
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the gateway can do, as data. ``bulk_from``: from so many payments on, one bulk look-up is cheaper than
    asking for each (0: no bulk call). ``adopt``: an order opened by the storefront itself can be taken over."""

    capture: bool = False
    void: bool = False
    refund: bool = False
    find: bool = False
    bulk_from: int = 0
    adopt: bool = True
    close: bool = False


class Gateway(Partner):
    """Subclass, set the class attributes, fill the methods. One object per account, used by many threads."""

    kind: ClassVar[Literal["gateway", "oms"]] = "gateway"
    can: ClassVar[Capabilities] = Capabilities()
    plan: ClassVar[LookupPlan] = LookupPlan()
    # What its webhooks announce; anything else is kept as unreadable and answered 415.
    content_types: ClassVar[tuple[str, ...]] = ("application/json",)
    # How far a signed moment may be from now; None where the scheme signs none.
    tolerance: ClassVar[timedelta | None] = None

    # Pure.

    @abstractmethod
    def verify(self, message: Inbound) -> Proof:
        """Raises ``Refused`` unless the message is the gateway's, ``NoSecret`` where no secret is set."""

    @abstractmethod
    def read_webhook(self, message: Inbound) -> Webhook:
        """Reads a verified message. Raises ``Unreadable``."""

    @abstractmethod
    def callback_key(self, message: Inbound) -> CallbackKey:
        """Which payment a browser return is about. Raises ``Unreadable``."""

    @abstractmethod
    def read_callback(self, message: Inbound, payment: PaymentRef) -> Callback:
        """Reads a browser return against *our* payment. Raises ``Refused`` when a signature is there and wrong."""

    def reply(self, accepted: bool) -> Reply:
        """What the gateway expects as an answer to a stored webhook."""
        return Reply(status=200 if accepted else 400)

    def probe(self, nonce: str, at: datetime) -> Inbound:
        """*Test webhook*: a harmless message to our own webhook, proved by this account's current secret as the
        gateway would at the moment ``at``; its body holds ``nonce`` in clear. ``verify`` takes it and ``read_webhook``
        ignores it. Method, headers, query and body count. Pure. Raises ``NoSecret``; and ``Permanent``, saying why,
        where no such message can be made."""
        raise Permanent(f"{self.name} knows no webhook that proves itself and means nothing")

    def setup_steps(self) -> tuple[SetupStep, ...]:
        return self.setup or (_WEBHOOK,)

    def dashboard_url(self, gateway_payment_id: str) -> str | None:
        """Where staff see this charge at the gateway."""
        return None

    # Asking.

    @abstractmethod
    def open(self, client: Client, request: PaymentRequest) -> Opened:
        """Opens a payment session."""

    @abstractmethod
    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        """Every attempt of one payment."""

    def ask_many(self, client: Client, payments: Sequence[PaymentRef]) -> Iterator[tuple[str, PaymentAnswer]]:
        """(our reference, answer) for many payments, in as few calls as the gateway allows. What is not yielded is
        asked one by one. Only called when ``can.bulk_from`` is set."""
        return iter(())

    def find(self, client: Client, request: PaymentRequest) -> Opened | None:
        """The session that an earlier ``open`` made though its answer was lost. Only called when ``can.find``."""
        raise Permanent(f"{self.name} cannot find a session by our reference")

    def close(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        """Ends an open session, so that nobody can pay it any more; the answer tells of a payment that was quicker.
        Only called when ``can.close``."""
        raise Permanent(f"{self.name} cannot close a session")

    def capture(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        """Captures an authorised charge; already captured is success. Only called when ``can.capture``."""
        raise Permanent(f"{self.name} cannot capture")

    def void(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        """Releases an authorised charge. Only called when ``can.void``."""
        raise Permanent(f"{self.name} cannot void")

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        """Refunds once per ``key`` (10 to 40 of [A-Za-z0-9_-])."""
        raise Permanent(f"{self.name} cannot refund")

    def refund_status(self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
                      ) -> RefundAnswer | None:
        """The refund that was asked for under ``key``; None when the gateway surely has none."""
        raise Permanent(f"{self.name} cannot tell of refunds")
