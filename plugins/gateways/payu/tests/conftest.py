import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from kartify_payu import PayUGateway, PayUSimulator
from kartify_payu.settings import PayUSettings

from kartify.plugin import Inbound, Money, PaymentRef, PaymentRequest, SimulatorOptions
from kartify.testing.partners import CannedClient, canned_by, client, door

__all__ = ["client", "door"]

KEY, SALT, OLD, TOKEN = "KEY123", "MADE0UP0SALT0NUMBER1", "RETIRED0SALT0NUMBER0", "made-up-webhook-token"
VALUES = {"environment": "test", "key": KEY, "salt": SALT, "salt_previous": OLD, "webhook_token": TOKEN}
ORDER, CHARGE = "KTF100045A1", "403993715537000001"
NOT_SPLIT = '{"splitStatus":"splitNotReceived","splitSegments":[]}'
PAID = {
    "mihpayid": CHARGE, "mode": "UPI", "status": "success", "unmappedstatus": "captured", "key": KEY, "txnid": ORDER,
    "amount": "1499.00", "discount": "0.00", "net_amount_debit": "1499", "addedon": "2026-06-01 11:51:47",
    "productinfo": "Order 100045", "firstname": "Asha", "email": "asha@example.com", "phone": "9000000001",
    "udf1": "100045", "udf2": "", "udf3": "", "udf4": "", "udf5": "", "error": "E000", "splitInfo": NOT_SPLIT,
}  # fmt: skip
ENTRY = {
    "mihpayid": CHARGE, "amt": "1499.00", "transaction_amount": "1499.00", "txnid": ORDER,
    "additional_charges": "0.00", "disc": "0.00", "net_amount_debit": 1499, "mode": "UPI", "status": "success",
    "unmappedstatus": "captured", "addedon": "2026-06-01 11:51:47", "error_Message": "NO ERROR", "field9": "",
}  # fmt: skip
NOT_FOUND = {"mihpayid": "Not Found", "status": "Not Found"}


def sha512(text: str) -> str:
    return hashlib.sha512(text.encode()).hexdigest()


def reverse(fields: dict[str, str], salt: str = SALT, *, fee: str = "", split: str = "") -> str:
    """The hash of an answer as the sheet writes it, apart from the plugin: six pipes, then everything backwards."""
    told = {name: fields.get(name, "") for name in (*PAID, "udf2", "udf3", "udf4", "udf5")}
    text = (
        "{salt}|{status}{split}||||||{udf5}|{udf4}|{udf3}|{udf2}|{udf1}|{email}|{firstname}|{productinfo}|{amount}"
        "|{txnid}|{key}"
    ).format(**told, salt=salt, split=f"|{split}" if split else "")
    return sha512(f"{fee}|{text}" if fee else text)


def verified(*entries: dict[str, Any], **named: dict[str, Any]) -> dict[str, Any]:
    found = {one["txnid"]: one for one in entries} | named
    return {"status": 1, "msg": "fetched", "transaction_details": found}


def action(kind: str, amount: str, status: str = "SUCCESS", **changes: Any) -> dict[str, Any]:
    made = {"mihpayid": CHARGE, "request_id": "131278418", "amt": amount, "action": kind, "token": "", "status": status}
    return made | changes


def acts(*actions: dict[str, Any], charge: str = CHARGE) -> dict[str, Any]:
    found: Any = {str(number): one for number, one in enumerate(actions)} or "No action status found"
    return {"status": int(bool(actions)), "msg": "fetched", "transaction_details": {charge: found}}


@pytest.fixture
def make_gateway() -> Callable[..., PayUGateway]:
    return lambda **changes: PayUGateway(PayUSettings(**{**VALUES, **changes}))


@pytest.fixture
def gateway(make_gateway) -> PayUGateway:
    return make_gateway()


@pytest.fixture
def form() -> Callable[..., Inbound]:
    """A signed form, as return or as webhook."""

    def make(*, salt: str = SALT, fee: str = "", split: str = "", signed: str | None = None, **changes: str) -> Inbound:
        fields = {name: value for name, value in {**PAID, **changes}.items() if value is not None}
        fields["hash"] = reverse(fields, salt, fee=fee, split=split) if signed is None else signed
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return Inbound(method="POST", path="/x", headers=kind, body=urlencode(fields).encode())

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
            "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+91 90000 00001"},
            "callback_url": "https://kartify.example/callbacks/a", "webhook_url": "https://kartify.example/webhooks/a",
        }
        return PaymentRequest(**{**given, **changes})

    return make


class CommandedClient(CannedClient):
    """Also tells the commands."""

    @property
    def commands(self) -> list[tuple[str, ...]]:
        """Each call: its command and its variables."""
        forms = [given["form"] for _, _, given in self.asked]
        return [(form["command"], *(form[name] for name in ("var1", "var2", "var3") if name in form)) for form in forms]


@pytest.fixture
def canned() -> Callable[..., CannedClient]:
    return canned_by(CommandedClient)


@pytest.fixture
def live(client, door, ref, wish) -> SimpleNamespace:
    """A gateway that talks to a running simulator."""
    simulator = PayUSimulator(SimulatorOptions(base_url=door.url))
    door.app = simulator.app()
    gateway = PayUGateway(PayUSettings(**simulator.settings()))

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
        desk=simulator.desk, commands=simulator.commands, ask=lambda payment: gateway.ask(client, payment),
    )


@pytest.fixture
def kit() -> SimpleNamespace:
    """What the tests make messages with."""
    return SimpleNamespace(
        sha512=sha512, reverse=reverse, verified=verified, action=action, acts=acts, PAID=PAID, ENTRY=ENTRY,
        ORDER=ORDER, CHARGE=CHARGE, KEY=KEY, SALT=SALT, OLD=OLD, TOKEN=TOKEN, NOT_FOUND=NOT_FOUND,
        NOT_SPLIT=NOT_SPLIT,
    )
