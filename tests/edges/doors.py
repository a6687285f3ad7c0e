"""What the tests of the doors share: a gateway that answers by script, and a store with keys."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from cryptography.fernet import Fernet
from fakes import PlainGateway
from flask import Flask
from flask.testing import FlaskClient

from kartify.app import create_app
from kartify.flows.people.keys import create_key
from kartify.house import House
from kartify.models import db
from kartify.plugin import (
    Capabilities,
    Client,
    Gateway,
    Kind,
    Mode,
    NextStep,
    Oms,
    Opened,
    PartnerSettings,
    PaymentRequest,
    hookimpl,
)
from kartify.settings import Settings
from kartify.testing.builder import Shop
from kartify.testing.templates import keep_templates


class Till:
    """The sessions a gateway holds, and what its next calls do before they answer."""

    def __init__(self) -> None:
        self.sessions: dict[str, str] = {}
        self.opened: list[PaymentRequest] = []
        self.looked_up: list[str] = []
        self.before: list[Callable[[], None]] = []
        self.after: list[Callable[[], None]] = []
        self.expires_at: datetime | None = None
        self.lock = threading.Lock()

    def fail_before(self, problem: Exception) -> None:
        """The next call does nothing and fails."""
        self.before.append(_raising(problem))

    def lose_answer(self, problem: Exception) -> None:
        """The next call opens a session; its answer is lost."""
        self.after.append(_raising(problem))

    def wait_for(self, go: threading.Event) -> None:
        self.before.append(lambda: go.wait(10) and None)


def _raising(problem: Exception) -> Callable[[], None]:
    def act() -> None:
        raise problem

    return act


class TillGateway(PlainGateway):
    slug: ClassVar[str] = "till"
    name: ClassVar[str] = "Till"
    can = Capabilities(find=True)
    till: ClassVar[Till]

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        till = self.till
        with till.lock:
            till.opened.append(request)
            before = till.before.pop(0) if till.before else None
        if before is not None:
            before()
        with till.lock:
            till.sessions[request.reference] = f"ses_{request.reference}"
            after = till.after.pop(0) if till.after else None
        if after is not None:
            after()
        return self._opened(request.reference)

    def find(self, client: Client, request: PaymentRequest) -> Opened | None:
        self.till.looked_up.append(request.reference)
        return self._opened(request.reference) if request.reference in self.till.sessions else None

    def _opened(self, reference: str) -> Opened:
        session = self.till.sessions[reference]
        step = NextStep(type="redirect", url=f"https://till.example/{session}")
        return Opened(gateway_order_id=session, next=step, expires_at=self.till.expires_at)


class FeedSettings(PartnerSettings):
    api_base: str = "http://127.0.0.1:1"

    def identity(self) -> str:
        return "feed"

    def mode(self) -> Mode:
        return "test"


class FeedOms(Oms):
    """An OMS that fetches its orders by our API."""

    slug: ClassVar[str] = "till-feed"
    name: ClassVar[str] = "Till feed"
    Settings = FeedSettings

    def test(self, client: Client) -> str:
        return "the OMS is there"

    def delivery_kind(self) -> Kind:
        return Kind.FEED


class TillPlugin:
    def __init__(self, till: Till, bank: Any) -> None:
        self.gateway = type("TillGateway", (TillGateway,), {"till": till, "bank": bank})

    @hookimpl
    def register_gateways(self) -> list[type[Gateway]]:
        return [self.gateway]

    @hookimpl
    def register_oms(self) -> list[type[Oms]]:
        return [FeedOms]


@dataclass(frozen=True, slots=True)
class Door:
    """The API as one store's storefront calls it."""

    client: FlaskClient
    key: str
    shop: Shop

    def post(self, path: str, json: Any = None, **options: Any) -> Any:
        return self.client.post(f"/api/v1/orders{path}", json=json, headers=self.headers, **options)

    def get(self, path: str = "", **options: Any) -> Any:
        return self.client.get(f"/api/v1/orders{path}", headers=self.headers, **options)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def settings_for(url: str) -> Settings:
    return Settings(
        database_url=url, redis_url="redis://127.0.0.1:1/0", secret_keys=Fernet.generate_key().decode(),
        public_url="http://127.0.0.1:8000",
    )


def make_app(house: House) -> Flask:
    url = house.database.engine.url.render_as_string(hide_password=False)
    return keep_templates(create_app(settings_for(url), house=house))


def close(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()


def open_door(app: Flask, shop: Shop) -> Door:
    return Door(app.test_client(), create_key(shop.house, shop.code, "storefront"), shop)


def order_body(number: str = "K1001", **changes: Any) -> dict[str, Any]:
    """An order of 2,549.00 that is to be paid at the till."""
    return {
        "number": number, "currency": "INR", "total": 254900,
        "lines": [{"line_id": "1", "sku": "SHIRT-M", "name": "Shirt", "quantity": 1, "unit_price": 249900,
                   "list_price": 299900, "discount": 0, "hsn": "6205", "tax": {"rate": "5.00", "amount": 11900},
                   "metadata": {}}],
        "fees": [{"kind": "shipping", "amount": 5000}],
        "tenders": [{"kind": "store_credit", "amount": 0, "reference": "SC-1"}],
        "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"},
        "shipping_address": {"line1": "1 Main Road", "city": "Pune", "state": "MH", "postcode": "411001",
                             "country": "IN"},
        "billing_address": None, "return_url": None,
        "payment": {"method": "prepaid", "gateway": "till", "gateway_order_id": None}, "oms_order_id": None,
        "metadata": {}, **changes,
    }


COD = {"method": "cod"}
