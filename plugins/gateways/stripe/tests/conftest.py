import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import stripe as sdk
from kartify_stripe import StripeGateway, StripeSimulator
from kartify_stripe.settings import StripeSettings

from kartify.plugin import Inbound, Money, PaymentRef, PaymentRequest, SimulatorOptions
from kartify.testing.partners import canned, client, door

__all__ = ["canned", "client", "door"]

SECRET, SECOND, PREVIOUS = "whsec_current000001", "whsec_second0000001", "whsec_retired000001"
KEY = "sk_test_madeup0000000001"
VALUES = {
    "account_id": "acct_1KartMadeUp01", "secret_key": KEY, "webhook_secret": SECRET, "webhook_secret_second": SECOND,
    "webhook_secret_previous": PREVIOUS,
}  # fmt: skip
CS, PI, CH = "cs_test_a1kart000001", "pi_kart000001", "ch_kart000002"
META = {"kartify_reference": "R7Q2M9", "kartify_order": "K1007", "kartify_capture": "automatic"}
NOW = 1795399006


def charge(**changes: Any) -> dict[str, Any]:
    return {
        "id": CH, "object": "charge", "amount": 129900, "amount_captured": 129900, "amount_refunded": 0,
        "captured": True, "created": 1795399003, "currency": "inr", "disputed": False, "livemode": False,
        "metadata": META, "paid": True, "payment_intent": PI, "refunded": False, "status": "succeeded",
        "payment_method_details": {"type": "card", "card": {"country": "IN"}}, **changes,
    }  # fmt: skip


def intent(status: str = "succeeded", **changes: Any) -> dict[str, Any]:
    return {
        "id": PI, "object": "payment_intent", "amount": 129900, "amount_capturable": 0,
        "amount_received": 129900 if status == "succeeded" else 0, "currency": "inr", "status": status,
        "capture_method": "automatic_async", "latest_charge": CH, "last_payment_error": None, "canceled_at": None,
        "cancellation_reason": None, "metadata": META, "created": 1795398950, "livemode": False, **changes,
    }  # fmt: skip


def session(**changes: Any) -> dict[str, Any]:
    return {
        "id": CS, "object": "checkout.session", "mode": "payment", "status": "complete", "payment_status": "paid",
        "payment_intent": PI, "amount_total": 129900, "currency": "inr", "client_reference_id": "R7Q2M9",
        "metadata": META, "expires_at": 1795485300, "created": 1795398900, "livemode": False, "url": None,
        "unheard_of": {"x": [1]}, **changes,
    }  # fmt: skip


def whole(own_intent: Any = None, own_charge: Any = None, **changes: Any) -> dict[str, Any]:
    """A session with its intent and charge expanded, as the look-up asks for it."""
    return session(payment_intent={**(own_intent or intent()), "latest_charge": own_charge or charge()}, **changes)


def event(name: str, entity: Any, **changes: Any) -> dict[str, Any]:
    return {"id": "evt_1", "object": "event", "created": NOW, "livemode": False, "type": name,
            "data": {"object": entity}, **changes}  # fmt: skip


def rows(*data: Any, more: bool = False) -> dict[str, Any]:
    return {"object": "list", "has_more": more, "data": list(data)}


def refund(status: str = "succeeded", amount: int = 50000, **metadata: str) -> dict[str, Any]:
    return {"id": "re_1", "object": "refund", "amount": amount, "currency": "inr", "status": status,
            "payment_intent": PI, "metadata": metadata}  # fmt: skip


@pytest.fixture
def make_gateway() -> Callable[..., StripeGateway]:
    return lambda **changes: StripeGateway(StripeSettings(**{**VALUES, **changes}))


@pytest.fixture
def gateway(make_gateway) -> StripeGateway:
    return make_gateway()


@pytest.fixture
def hook() -> Callable[..., Inbound]:
    """A webhook that the official package signed, unless ``signature`` says otherwise."""

    def make(body: Any, *, secret: str = SECRET, at: int = NOW, signature: str | None = None) -> Inbound:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        made = signature
        if made is None:
            made = sdk.WebhookSignature.generate_signature_header(raw.decode(), secret, at)
        headers = {"stripe-signature": made, "content-type": "application/json"}
        return Inbound(method="POST", path="/webhooks/a", headers=headers, body=raw)

    return make


@pytest.fixture
def ref() -> Callable[..., PaymentRef]:
    def make(**changes: Any) -> PaymentRef:
        given = {
            "reference": "R7Q2M9", "gateway_order_id": CS, "amount": Money(129900, "INR"),
            "created_at": datetime.fromtimestamp(1795398899, UTC),
        }
        return PaymentRef(**{**given, **changes})

    return make


@pytest.fixture
def wish() -> Callable[..., PaymentRequest]:
    def make(**changes: Any) -> PaymentRequest:
        given = {
            "reference": "R7Q2M9", "order_number": "K1007", "amount": Money(129900, "INR"),
            "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+91 90000 00001"},
            "callback_url": "https://kartify.example/callbacks/a", "description": "Order K1007",
            "webhook_url": "https://kartify.example/webhooks/a",
        }
        return PaymentRequest(**{**given, **changes})

    return make


@pytest.fixture
def live(client, door, ref, wish) -> SimpleNamespace:
    """A gateway that talks to a running stand-in."""
    simulator = StripeSimulator(SimulatorOptions(base_url=door.url))
    door.app = simulator.app()
    gateway = StripeGateway(StripeSettings(**simulator.settings()))

    def opened(reference: str = "R7Q2M9", minor: int = 129900, age: int = 0) -> PaymentRef:
        """A payment opened ``age`` seconds ago."""
        simulator.book.offset = timedelta(seconds=-age)
        made = gateway.open(client, wish(reference=reference, amount=Money(minor, "INR")))
        created = simulator.book.now()
        simulator.book.offset = timedelta()
        return ref(reference=reference, gateway_order_id=made.gateway_order_id, amount=Money(minor, "INR"),
                   created_at=created)  # fmt: skip

    def ask(ours: PaymentRef) -> Any:
        told = gateway.ask(client, ours)
        for report in told.reports:
            report.check()
        return told

    return SimpleNamespace(url=door.url, simulator=simulator, gateway=gateway, client=client, opened=opened, ask=ask)


@pytest.fixture
def made() -> SimpleNamespace:
    """The makers of what Stripe says."""
    return SimpleNamespace(
        charge=charge, intent=intent, session=session, whole=whole, event=event, rows=rows, refund=refund, cs=CS, pi=PI,
        ch=CH, now=NOW, meta=META,
    )  # fmt: skip
