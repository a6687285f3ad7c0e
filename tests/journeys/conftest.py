"""Whole journeys: a real application, the real plugins, and their simulators on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask.testing import FlaskClient
from kartify_fynd import FyndSimulator
from kartify_razorpay.simulator import RazorpaySimulator
from kartify_sandbox_oms import SandboxOmsSimulator

from kartify.app import create_app
from kartify.flows.people.keys import create_key
from kartify.flows.proof import laws
from kartify.flows.ticking import tick
from kartify.house import House
from kartify.models import db
from kartify.settings import Settings
from kartify.testing.builder import Shop
from kartify.testing.serve import simulating
from kartify.testing.templates import keep_templates


@dataclass
class World:
    """A store with Razorpay and an OMS, seen from its storefront."""

    house: House
    shop: Shop
    client: FlaskClient
    razorpay: RazorpaySimulator
    oms: Any
    gateway: Any
    oms_account: Any
    rows: Any
    headers: dict[str, str]

    def order(self, number: str = "K1001", **changes: Any) -> dict[str, Any]:
        body = {
            "number": number, "currency": "INR", "total": 129900,
            "lines": [{"line_id": "1", "sku": "SHIRT-M", "name": "Shirt", "quantity": 1, "unit_price": 129900}],
            "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"},
            "shipping_address": {"line1": "1 MG Road", "city": "Pune", "state": "MH", "postcode": "411001",
                                 "country": "IN"},
            "payment": {"method": "prepaid", "gateway": "razorpay"}, **changes,
        }
        answer = self.client.post("/api/v1/orders", json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    def session(self, number: str = "K1001") -> str:
        orders = {row["id"]: row["number"] for row in self.rows("orders")}
        return next(row["gateway_order_id"] for row in self.rows("payments") if orders[row["order_id"]] == number)

    def status(self, number: str = "K1001") -> str:
        answer = self.client.get(f"/api/v1/orders/{number}", headers=self.headers)
        return answer.get_json()["status"]

    def webhook(self, event: str, payment_id: str) -> int:
        body, headers = self.razorpay.webhook_body(event, payment_id=payment_id)
        return self.client.post(f"/webhooks/{self.gateway}", data=body, headers=headers).status_code

    def tick(self) -> None:
        tick.inline(self.house)

    def check_laws(self) -> None:
        assert laws.check(self.house) == []


def _world(house: House, shop: Shop, rows: Any, razorpay: Any, oms: tuple[str, Any]) -> World:
    slug, simulator = oms
    gateway = shop.account("razorpay", razorpay.settings())
    oms_account = shop.account(slug, simulator.settings())
    url = house.database.engine.url.render_as_string(hide_password=False)
    settings = Settings(
        database_url=url, redis_url="redis://127.0.0.1:1/0", secret_keys=Fernet.generate_key().decode(),
        public_url="http://127.0.0.1:8000",
    )
    app = keep_templates(create_app(settings, house=house))
    key = create_key(house, shop.code, "storefront")
    return World(
        house=house, shop=shop, client=app.test_client(), razorpay=razorpay, oms=simulator, gateway=gateway,
        oms_account=oms_account, rows=rows, headers={"Authorization": f"Bearer {key}"},
    )


def _close(world: World) -> None:
    with world.client.application.app_context():
        db.engine.dispose()


@pytest.fixture
def world(house, shop, rows) -> Iterator[World]:
    """Delivers to the sandbox OMS."""
    with simulating(RazorpaySimulator) as (_, razorpay), simulating(SandboxOmsSimulator) as (_, oms):
        made = _world(house, shop, rows, razorpay, ("sandbox-oms", oms))
        yield made
        _close(made)


@pytest.fixture
def fynd_world(house, shop, rows) -> Iterator[World]:
    """Its orders stand at FYND, unpaid, until their payment is confirmed."""
    with simulating(RazorpaySimulator) as (_, razorpay), simulating(FyndSimulator) as (_, fynd):
        made = _world(house, shop, rows, razorpay, ("fynd", fynd))
        yield made
        _close(made)
