import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from kartify_paytm import PaytmGateway, PaytmSimulator
from kartify_paytm.settings import PaytmSettings

from kartify.plugin import Inbound, Money, PaymentRef, PaymentRequest, SimulatorOptions
from kartify.testing.partners import CannedClient, canned_by, client, door

__all__ = ["client", "door"]

MID = "KARTIF00000000000001"
KEY, PREVIOUS, OTHER = "made-up-key-1234", "retired-key-9876", "someone-elses-16"
VALUES = {"environment": "test", "mid": MID, "merchant_key": KEY, "merchant_key_previous": PREVIOUS}
TXN = "20260601111212800110168000000000001"
PAID = {
    "ORDERID": "KTF100045A1", "MID": MID, "TXNID": TXN, "TXNAMOUNT": "1499.00", "PAYMENTMODE": "UPI",
    "CURRENCY": "INR", "TXNDATE": "2026-06-01 11:51:47.0", "STATUS": "TXN_SUCCESS", "RESPCODE": "01",
    "RESPMSG": "Txn Success", "GATEWAYNAME": "PPBLC", "BANKTXNID": "615212345678", "BANKNAME": "",
}
FAILED = PAID | {"STATUS": "TXN_FAILURE", "RESPCODE": "227", "RESPMSG": "Declined by your bank.", "BANKTXNID": ""}


def formula(text: str, key: str = KEY, salt: str = "aB3z") -> str:
    """Paytm's checksum as its documents give it, written apart from the plugin."""
    inner = hashlib.sha256(f"{text}|{salt}".encode()).hexdigest() + salt
    padder, cipher = PKCS7(128).padder(), Cipher(algorithms.AES(key.encode()), modes.CBC(b"@@@@&&&&####$$$$"))
    encryptor = cipher.encryptor()
    padded = padder.update(inner.encode()) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def joined(fields: dict[str, str]) -> str:
    return "|".join("" if fields[name].lower() == "null" else fields[name] for name in sorted(fields))


def signed(fields: dict[str, str], key: str = KEY) -> dict[str, str]:
    return {**fields, "CHECKSUMHASH": formula(joined(fields), key)}


def paytm_accepts(text: str, signature: str, key: str = KEY) -> None:
    """Whether the signature is one of the text, by the formula above: its salt is read out of it."""
    decryptor = Cipher(algorithms.AES(key.encode()), modes.CBC(b"@@@@&&&&####$$$$")).decryptor()
    unpadder = PKCS7(128).unpadder()
    plain = unpadder.update(decryptor.update(base64.b64decode(signature)) + decryptor.finalize()) + unpadder.finalize()
    assert signature == formula(text, key, plain[-4:].decode())


@pytest.fixture
def make_gateway() -> Callable[..., PaytmGateway]:
    return lambda **changes: PaytmGateway(PaytmSettings(**{**VALUES, **changes}))


@pytest.fixture
def gateway(make_gateway) -> PaytmGateway:
    return make_gateway()


@pytest.fixture
def form() -> Callable[..., Inbound]:
    """A form with a genuine checksum, as webhook or as return."""

    def make(fields: dict[str, str] = PAID, *, key: str = KEY, query=(), **changes: str) -> Inbound:
        body = urlencode({**signed(fields, key), **changes}).encode()
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return Inbound(method="POST", path="/x", headers=kind, query=query, body=body)

    return make


@pytest.fixture
def hook() -> Callable[..., Inbound]:
    """A JSON webhook with a genuine checksum over its body's very text."""

    def make(body: Any, *, key: str = KEY, signature: str | None = None) -> Inbound:
        text = body if isinstance(body, str) else json.dumps(body)
        head = json.dumps({"signature": formula(text, key) if signature is None else signature})
        raw = f'{{ "head": {head},\n "body": {text} }}'.encode()
        return Inbound(method="POST", path="/x", headers={"content-type": "application/json"}, body=raw)

    return make


@pytest.fixture
def ref() -> Callable[..., PaymentRef]:
    def make(**changes: Any) -> PaymentRef:
        given = {
            "reference": "KTF100045A1", "gateway_order_id": "KTF100045A1", "amount": Money(149900, "INR"),
            "created_at": datetime.now(UTC),
        }
        return PaymentRef(**{**given, **changes})

    return make


@pytest.fixture
def wish() -> Callable[..., PaymentRequest]:
    def make(**changes: Any) -> PaymentRequest:
        given = {
            "reference": "KTF100045A1", "order_number": "K1007", "amount": Money(149900, "INR"),
            "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+91 90000 00000"},
            "callback_url": "https://kartify.example/callbacks/a", "webhook_url": "https://kartify.example/webhooks/a",
        }
        return PaymentRequest(**{**given, **changes})

    return make


@pytest.fixture
def live(client, door, ref, wish) -> SimpleNamespace:
    """A gateway that talks to a running simulator."""
    simulator = PaytmSimulator(SimulatorOptions(base_url=door.url))
    door.app = simulator.app()
    gateway = PaytmGateway(PaytmSettings(**simulator.settings()))

    def opened(reference: str = "KTF100045A1", minor: int = 149900, age: int = 0) -> PaymentRef:
        """A payment opened ``age`` seconds ago."""
        simulator.book.offset = timedelta(seconds=-age)
        made = gateway.open(client, wish(reference=reference, amount=Money(minor, "INR")))
        created = datetime.now(UTC) - timedelta(seconds=age)
        return ref(
            reference=reference, gateway_order_id=made.gateway_order_id, amount=Money(minor, "INR"),
            created_at=created,
        )

    def ask(payment: PaymentRef):
        return gateway.ask(client, payment)

    return SimpleNamespace(
        url=door.url, simulator=simulator, gateway=gateway, client=client, opened=opened, ask=ask, book=simulator.book
    )


class SentClient(CannedClient):
    """Also tells the bodies that were sent."""

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(given["body"]) for _, _, given in self.asked]


@pytest.fixture
def canned() -> Callable[..., CannedClient]:
    return canned_by(SentClient)


def told(status: str, code: str = "", text: str = "", **body: Any) -> dict[str, Any]:
    """An answer of Paytm's."""
    return {"head": {}, "body": {
        "resultInfo": {"resultStatus": status, "resultCode": code, "resultMsg": text}, **body,
    }}  # fmt: skip


@pytest.fixture
def kit() -> SimpleNamespace:
    """What the tests make messages with."""
    return SimpleNamespace(
        formula=formula, paytm_accepts=paytm_accepts,
        joined=joined, signed=signed, told=told, PAID=PAID, FAILED=FAILED, MID=MID, KEY=KEY,
        PREVIOUS=PREVIOUS, OTHER=OTHER, TXN=TXN,
    )
