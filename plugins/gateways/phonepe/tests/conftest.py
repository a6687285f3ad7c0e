import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kartify_phonepe import PhonePeGateway, PhonePeSimulator
from kartify_phonepe.settings import PhonePeSettings

from kartify.plugin import HttpAnswer, Inbound, Money, PaymentRef, PaymentRequest, SimulatorOptions
from kartify.testing.partners import CannedClient, canned_by, client, door

__all__ = ["client", "door"]

HERE = Path(__file__).parent
VALUES = json.loads((HERE / "samples" / "settings.json").read_text())
SECRETS = [VALUES[name] for name in ("client_secret", "webhook_password", "webhook_password_previous")]
OAUTH = {"access_token": "made-up-token", "issued_at": 1780294000, "expires_at": 1780297600, "token_type": "O-Bearer"}
KEY = "KTFREFUND001"


def stamp(user: str, password: str) -> str:
    """As PhonePe documents it, written apart from the plugin."""
    return hashlib.sha256(f"{user}:{password}".encode()).hexdigest()


@pytest.fixture
def make_gateway() -> Callable[..., PhonePeGateway]:
    return lambda **changes: PhonePeGateway(PhonePeSettings(**{**VALUES, **changes}))


@pytest.fixture
def gateway(make_gateway) -> PhonePeGateway:
    return make_gateway()


@pytest.fixture
def hook() -> Callable[..., Inbound]:
    """A webhook with a genuine header, or with the one that is given."""

    def make(body: Any, *, authorization: str | None = None, **headers: str) -> Inbound:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        genuine = stamp(VALUES["webhook_username"], VALUES["webhook_password"])
        given = {"authorization": genuine if authorization is None else authorization, **headers}
        return Inbound(method="POST", path="/webhooks/a", headers=given, body=raw)

    return make


@pytest.fixture
def ref() -> Callable[..., PaymentRef]:
    def make(**changes: Any) -> PaymentRef:
        given = {
            "reference": "R7Q2M9", "gateway_order_id": "R7Q2M9", "amount": Money(149900, "INR"),
            "created_at": datetime.now(UTC),
        }
        return PaymentRef(**{**given, **changes})

    return make


@pytest.fixture
def wish() -> Callable[..., PaymentRequest]:
    def make(**changes: Any) -> PaymentRequest:
        given = {
            "reference": "R7Q2M9", "order_number": "K1007", "amount": Money(149900, "INR"),
            "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"},
            "callback_url": "https://kartify.example/callbacks/a",
            "webhook_url": "https://kartify.example/webhooks/a", "description": "Order K1007",
        }
        return PaymentRequest(**{**given, **changes})

    return make


@pytest.fixture
def simulated(door) -> Callable[..., PhonePeSimulator]:
    def make(**options: Any) -> PhonePeSimulator:
        simulator = PhonePeSimulator(SimulatorOptions(base_url=door.url, **options))
        door.app = simulator.app()
        return simulator

    return make


@pytest.fixture
def live(simulated, client, ref, wish) -> SimpleNamespace:
    """A gateway that talks to a running simulator."""
    simulator = simulated()
    gateway = PhonePeGateway(PhonePeSettings(**simulator.settings()))

    def opened(reference: str = "R7Q2M9", minor: int = 149900, age: int = 0) -> PaymentRef:
        """A payment opened ``age`` seconds ago."""
        simulator.book.offset = timedelta(seconds=-age)
        simulator.tokens.seconds = 3600 + age
        gateway.open(client, wish(reference=reference, amount=Money(minor, "INR")))
        simulator.book.offset = timedelta()
        return ref(reference=reference, gateway_order_id=reference, amount=Money(minor, "INR"))

    return SimpleNamespace(
        url=simulator.options.base_url, simulator=simulator, gateway=gateway, client=client, opened=opened
    )


class TokenedClient(CannedClient):
    """Tokens come by themselves."""

    def __init__(self, *answers: HttpAnswer | Exception) -> None:
        super().__init__(*answers)
        self.tokens: list[tuple[str, dict[str, Any]]] = []

    def request(self, method: str, url: str, **given: Any) -> HttpAnswer:
        if url.endswith("/oauth/token"):
            self.tokens.append((url, given))
            return HttpAnswer(status=200, headers={}, body=json.dumps(OAUTH).encode())
        return super().request(method, url, **given)


@pytest.fixture
def canned() -> Callable[..., CannedClient]:
    return canned_by(TokenedClient)


@pytest.fixture
def order() -> Callable[..., dict[str, Any]]:
    """PhonePe's answer about an order, with one attempt of the same state unless others are given."""

    def make(state: str = "COMPLETED", *attempts: dict[str, Any], **changes: Any) -> dict[str, Any]:
        return {
            "orderId": "OMO1", "state": state, "amount": 149900, "expireAt": 1780297200000,
            "metaInfo": {"udf1": "K1007", "udf2": "R7Q2M9"},
            "paymentDetails": list(attempts) or [attempt(state)], **changes,
        }

    return make


def attempt(state: str = "COMPLETED", **changes: Any) -> dict[str, Any]:
    return {
        "transactionId": "OM1", "paymentMode": "UPI_QR", "timestamp": 1780294907123, "amount": 149900, "state": state,
        **changes,
    }
