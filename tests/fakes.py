"""Plugins made for tests: real subclasses of the contract, with answers that a test sets."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import SecretStr

from kartify.plugin import (
    Callback,
    CallbackKey,
    Capabilities,
    ChargeState,
    Client,
    Dispute,
    Gateway,
    Inbound,
    LookupPlan,
    Mode,
    Money,
    NextStep,
    NoSecret,
    Opened,
    PartnerSettings,
    PaymentAnswer,
    PaymentRef,
    PaymentRequest,
    Proof,
    Refused,
    Report,
    Temporary,
    Unreadable,
    Webhook,
    event_key,
    hookimpl,
    read_json,
)

SECRET = "whsec"


class PlainSettings(PartnerSettings):
    api_base: str = "http://127.0.0.1:1"
    merchant: str = "m"
    webhook_secret: SecretStr | None = None

    def identity(self) -> str:
        return self.merchant

    def mode(self) -> Mode:
        return "test"


def report(**given: Any) -> Report:
    """A report from plain JSON fields; what is captured says so by its state."""
    state = ChargeState(given.get("state", "captured"))
    amount = given.get("amount", 249900)
    money = {
        ChargeState.CAPTURED: {"captured": amount, "authorized": amount},
        ChargeState.PARTIALLY_REFUNDED: {"captured": amount, "refunded": given.get("refunded", 1)},
        ChargeState.REFUNDED: {"captured": amount, "refunded": given.get("refunded", amount)},
        ChargeState.AUTHORIZED: {"authorized": amount},
        ChargeState.DISPUTED: {"captured": amount, "authorized": amount, "dispute": Dispute()},
    }.get(state, {})
    return Report(
        state=state,
        word=state.value,
        gateway_order_id=given.get("order"),
        gateway_payment_id=given.get("payment", "pay_1"),
        reference=given.get("reference"),
        currency=given.get("currency", "INR"),
        at=datetime.fromtimestamp(given.get("at", 1_795_398_900), UTC),
        **money,
    )


class Bank:
    """What the plain gateway answers; shared by all its objects in a test."""

    def __init__(self) -> None:
        self.answers: dict[str, PaymentAnswer | Exception | Callable[[], PaymentAnswer]] = {}
        self.asked: Counter[str] = Counter()
        self.opened: list[PaymentRequest] = []
        self.lock = threading.Lock()

    def answer(self, gateway_order_id: str) -> PaymentAnswer:
        with self.lock:
            self.asked[gateway_order_id] += 1
        found = self.answers.get(gateway_order_id, PaymentAnswer(word="created"))
        if isinstance(found, Exception):
            raise found
        return found() if callable(found) else found

    def paid(self, gateway_order_id: str, **given: Any) -> None:
        self.answers[gateway_order_id] = PaymentAnswer(reports=(report(order=gateway_order_id, **given),), word="paid")


class PlainGateway(Gateway):
    slug: ClassVar[str] = "plain"
    name: ClassVar[str] = "Plain"
    Settings = PlainSettings
    can = Capabilities()
    rate: ClassVar[float] = 10_000.0
    deadline: ClassVar[float] = 2.0
    plan = LookupPlan(first=timedelta(seconds=5), late_window=timedelta(hours=1), lifetime=timedelta(minutes=30))
    bank: ClassVar[Bank]

    def verify(self, message: Inbound) -> Proof:
        secret = self.settings.secret("webhook_secret")
        if secret is None:
            raise NoSecret("no webhook secret")
        if not hmac.compare_digest(sign(message.body, secret), message.header("x-signature")):
            raise Refused("wrong signature")
        return Proof()

    def read_webhook(self, message: Inbound) -> Webhook:
        told = read_json(message.body)
        if not isinstance(told, dict):
            raise Unreadable("expected an object")
        key = event_key(str(told.get("id", "")), message.body)
        if told.get("event") == "unknown":
            return Webhook(key=key, event="unknown", ignored="unknown event")
        if told.get("event") == "hint":
            return Webhook(key=key, event="hint", ask=(told["order"],))
        return Webhook(key=key, event="charge", reports=tuple(report(**one) for one in told["reports"]))

    def callback_key(self, message: Inbound) -> CallbackKey:
        return CallbackKey(gateway_order_id=message.params().get("order"))

    def read_callback(self, message: Inbound, payment: PaymentRef) -> Callback:
        told = message.params()
        if "signature" not in told:
            return Callback(proved=False, outcome="failure")
        if told["signature"] != sign(f"{payment.gateway_order_id}|{told.get('payment')}".encode()):
            raise Refused("wrong signature")
        return Callback(proved=True, outcome="success", gateway_payment_id=told.get("payment"))

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        self.bank.opened.append(request)
        return Opened(gateway_order_id=f"ord_{request.reference}", next=NextStep(type="redirect", url="http://pay"))

    def test(self, client: Client) -> str:
        return "the bank is there"

    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        return self.bank.answer(payment.gateway_order_id or payment.reference)

    def ask_many(self, client: Client, payments: Sequence[PaymentRef]) -> Iterator[tuple[str, PaymentAnswer]]:
        for payment in payments:
            yield payment.reference, self.ask(client, payment)


def sign(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def webhook(event_id: str = "e1", *reports: dict[str, Any], secret: str = SECRET, **more: Any) -> Inbound:
    """A signed message about one or more charges."""
    body = json.dumps({"id": event_id, "reports": list(reports), **more}).encode()
    return signed(body, secret)


def signed(body: bytes, secret: str = SECRET, content_type: str = "application/json") -> Inbound:
    headers = {"content-type": content_type, "x-signature": sign(body, secret)}
    return Inbound(method="POST", path="/webhooks/x", headers=headers, body=body)


class PlainPlugin:
    """A hook object: give it to ``make_house(plugins=[…])``."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.gateway = type("PlainGateway", (PlainGateway,), {"bank": bank})

    @hookimpl
    def register_gateways(self) -> list[type[Gateway]]:
        return [self.gateway]


__all__ = ["Bank", "Money", "PlainGateway", "PlainPlugin", "Temporary", "report", "sign", "signed", "webhook"]
