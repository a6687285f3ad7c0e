import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from kartify_ccavenue import CCAvenueGateway, CCAvenueSimulator
from kartify_ccavenue.settings import CCAvenueSettings

from kartify.plugin import Inbound, Money, PaymentRef, PaymentRequest, SimulatorOptions
from kartify.testing.partners import CannedClient, canned_by, client, door

__all__ = ["client", "door"]

WEB, API, OLD = (f"{name}0WEB0KEY0" * 2 for name in ("MADE0UP", "ANOTHER", "RETIRED"))
VALUES = {
    "environment": "test", "merchant_id": "100001", "access_code": "AVMADE00UP00WEB1", "working_key": WEB,
    "working_key_previous": OLD, "api_access_code": "AVMADE00UP00API1", "api_working_key": API,
}  # fmt: skip
ORDER, CHARGE = "KTF100045A1", "114012345678"
PAID = {
    "order_id": ORDER, "tracking_id": CHARGE, "bank_ref_no": "615212345678", "order_status": "Success",
    "failure_message": "", "payment_mode": "Unified Payments", "card_name": "UPI", "status_code": "null",
    "currency": "INR", "amount": "1499.00", "merchant_param1": "100045", "mer_amount": "1499.00",
    "response_code": "0", "trans_date": "01/06/2026 11:51:47",
}  # fmt: skip
ROW = {
    "reference_no": CHARGE, "order_no": ORDER, "order_currncy": "INR", "order_amt": 1499.0, "order_gross_amt": 1499.0,
    "order_capt_amt": 1499.0, "order_discount": 0.0, "order_date_time": "2026-06-01 11:50:10.5",
    "order_status": "Shipped", "order_status_date_time": "2026-06-01 11:51:47.123", "order_fraud_status": "NA",
    "order_option_type": "OPTUPI", "total_records": 1, "error_code": "", "status": 0,
}  # fmt: skip


def _cipher(key: str) -> Cipher:
    iv = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
    return Cipher(algorithms.AES128(hashlib.md5(key.encode()).digest()), modes.CBC(iv))


def formula(text: str | bytes, key: str = WEB) -> str:
    """CCAvenue's encryption as the sheet has it, written apart from the plugin."""
    data = text.encode() if isinstance(text, str) else text
    count = 16 - len(data) % 16
    encryptor = _cipher(key).encryptor()
    return (encryptor.update(data + bytes([count]) * count) + encryptor.finalize()).hex()


def unhidden(text: str, key: str = WEB) -> str:
    decryptor = _cipher(key).decryptor()
    plain = decryptor.update(bytes.fromhex(text)) + decryptor.finalize()
    return plain[: -plain[-1]].decode()


def joined(fields: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in fields.items())


@pytest.fixture
def make_gateway() -> Callable[..., CCAvenueGateway]:
    return lambda **changes: CCAvenueGateway(CCAvenueSettings(**{**VALUES, **changes}))


@pytest.fixture
def gateway(make_gateway) -> CCAvenueGateway:
    return make_gateway()


@pytest.fixture
def form() -> Callable[..., Inbound]:
    """A form with an encrypted text in it, as return or as notification."""

    def make(fields: dict[str, str] | str = PAID, *, key: str = WEB, hexed: str | None = None, **clear: str) -> Inbound:
        text = fields if isinstance(fields, str) else joined(fields)
        hidden = formula(text, key) if hexed is None else hexed
        body = urlencode({"encResp": hidden, **clear}).encode()
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return Inbound(method="POST", path="/x", headers=kind, body=body)

    return make


@pytest.fixture
def ref() -> Callable[..., PaymentRef]:
    def make(**changes: Any) -> PaymentRef:
        given = {
            "reference": ORDER, "gateway_order_id": ORDER, "amount": Money(149900, "INR"),
            "created_at": datetime.now(UTC),
        }
        return PaymentRef(**{**given, **changes})

    return make


@pytest.fixture
def wish() -> Callable[..., PaymentRequest]:
    def make(**changes: Any) -> PaymentRequest:
        given = {
            "reference": ORDER, "order_number": "100045", "amount": Money(149900, "INR"),
            "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+91 90000 00000"},
            "callback_url": "https://kartify.example/callbacks/a", "webhook_url": "https://kartify.example/webhooks/a",
        }
        return PaymentRequest(**{**given, **changes})

    return make


def told(data: Any, key: str = API) -> bytes:
    """An answer of the API."""
    text = data if isinstance(data, str) else json.dumps(data)
    return f"status=0&enc_response={formula(text, key)}\r\n&enc_error_code=".encode()


class CommandedClient(CannedClient):
    """Also tells the commands."""

    @property
    def commands(self) -> list[tuple[str, Any]]:
        return [
            (given["form"]["command"], json.loads(unhidden(given["form"]["enc_request"], API)))
            for _, _, given in self.asked
        ]


@pytest.fixture
def canned() -> Callable[..., CannedClient]:
    return canned_by(CommandedClient, written=told)


@pytest.fixture
def live(client, door, ref, wish) -> SimpleNamespace:
    """A gateway that talks to a running simulator."""
    simulator = CCAvenueSimulator(SimulatorOptions(base_url=door.url))
    door.app = simulator.app()
    gateway = CCAvenueGateway(CCAvenueSettings(**simulator.settings()))

    def opened(reference: str = ORDER, minor: int = 149900, age: int = 0, arrives: bool = True) -> PaymentRef:
        """A payment whose customer posted the form ``age`` seconds ago."""
        simulator.book.offset = timedelta(seconds=-age)
        made = gateway.open(client, wish(reference=reference, amount=Money(minor, "INR")))
        if arrives:
            simulator.arrive(made.next.as_dict())
        created = datetime.now(UTC) - timedelta(seconds=age)
        return ref(
            reference=reference, gateway_order_id=made.gateway_order_id, amount=Money(minor, "INR"), created_at=created
        )

    return SimpleNamespace(
        url=door.url, simulator=simulator, gateway=gateway, client=client, opened=opened, book=simulator.book,
        ask=lambda payment: gateway.ask(client, payment),
    )


@pytest.fixture
def kit() -> SimpleNamespace:
    """What the tests make messages with."""
    return SimpleNamespace(
        formula=formula, unhidden=unhidden, joined=joined, told=told, PAID=PAID, ROW=ROW, ORDER=ORDER, CHARGE=CHARGE,
        WEB=WEB, API=API, OLD=OLD,
    )
