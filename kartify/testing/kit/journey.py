"""The journey through a real application: every order of the three channels, each twice, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from flask.testing import FlaskClient
from sqlalchemy import select

from kartify.app import create_app
from kartify.flows.lookups import asking
from kartify.flows.people.keys import create_key
from kartify.flows.proof import laws
from kartify.flows.ticking import tick
from kartify.house import House
from kartify.models import Base, db
from kartify.plugin import Gateway, hookimpl
from kartify.settings import Settings
from kartify.simulation import Charge, StandIn
from kartify.testing.builder import make_house, make_shop
from kartify.testing.kit.base import KitBase
from kartify.testing.serve import simulating
from kartify.testing.templates import keep_templates

AMOUNT = 129900
CHANNELS = ("webhook", "callback", "lookup")


@dataclass(kw_only=True)
class Trip:
    """A store with this gateway alone, seen from the storefront, the browser and the gateway."""

    house: House
    client: FlaskClient
    headers: dict[str, str]
    account: UUID
    stand_in: StandIn
    slug: str

    def order(self, number: str = "KIT-1") -> str:
        """A missing order; the id of its session at the gateway."""
        body = {
            "number": number, "currency": "INR", "total": AMOUNT,
            "lines": [{"sku": "SHIRT-M", "name": "Shirt", "quantity": 1, "unit_price": AMOUNT}],
            "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"},
            "payment": {"method": "prepaid", "gateway": self.slug},
        }
        answer = self.client.post("/api/v1/orders", json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text
        payment = answer.get_json()["payment"]
        assert payment["state"] == "open", answer.text
        self.stand_in.arrive(payment["next"])
        return str(self.rows("payments")[-1]["gateway_order_id"])

    def webhook(self, charge: Charge) -> None:
        for told in self.stand_in.told(charge):
            path = f"/webhooks/{self.account}"
            answer = self.client.post(path, data=told.body, headers=dict(told.headers))
            assert 200 <= answer.status_code < 300, answer.text
        tick.inline(self.house)

    def callback(self, charge: Charge) -> None:
        back = self.stand_in.comeback(charge)
        parts = urlsplit(back.url)
        path = (parts.path or f"/callbacks/{self.account}") + (f"?{parts.query}" if parts.query else "")
        fields = dict(back.fields)
        if back.method == "POST":
            answer = self.client.post(path, data=urlencode(fields), content_type="application/x-www-form-urlencoded")
        else:
            answer = self.client.get(path, query_string=fields) if fields else self.client.get(path)
        assert answer.status_code < 400, answer.text
        tick.inline(self.house)

    def lookup(self, _charge: Charge | None = None) -> None:
        asking.check_order(self.house, self.rows("orders")[-1]["id"], by="kit")
        tick.inline(self.house)

    def rows(self, name: str) -> list[dict[str, Any]]:
        found = Base.metadata.tables[name]
        with self.house.database.read() as connection:
            return [dict(row) for row in connection.execute(select(found)).mappings()]

    def check_settled_once(self) -> None:
        assert [row["status"] for row in self.rows("orders")] == ["processing"]
        assert [(row["amount"], row["reversed_at"]) for row in self.rows("settlements")] == [(AMOUNT, None)]
        assert [row["target"] for row in self.rows("order_moves")].count("processing") == 1
        assert len(self.rows("outbox")) == 1
        assert self.cases() == []
        self.check_laws()

    def check_laws(self) -> None:
        assert [str(one) for one in laws.check(self.house)] == []

    def cases(self) -> list[str]:
        return sorted(row["type"] for row in self.rows("cases") if row["closed_at"] is None)


class _Plugin:
    def __init__(self, kind: type[Gateway]) -> None:
        self._kind = kind

    @hookimpl
    def register_gateways(self) -> list[type[Gateway]]:
        return [self._kind]


class JourneyChecks(KitBase):
    @pytest.fixture
    def trip(self, tmp_path: Path) -> Iterator[Trip]:
        if self.simulator is None:
            pytest.skip("there is no simulator to travel with")
        # A class of its own, so that an installed plugin of the same slug does not stand in the way.
        kind: type[Gateway] = type(self.gateway.__name__, (self.gateway,), {"slug": f"{self.gateway.slug}-kit"})
        url = f"sqlite:///{tmp_path}/kit.db"
        house = make_house(url, plugins=[_Plugin(kind)])
        shop = make_shop(house)
        with simulating(self.simulator) as (_, stand_in):
            account = shop.account(kind.slug, stand_in.settings())
            settings = Settings(
                database_url=url, redis_url="redis://127.0.0.1:1/0", secret_keys=Fernet.generate_key().decode(),
                public_url="http://127.0.0.1:8000",
            )
            app = keep_templates(create_app(settings, house=house))
            key = create_key(house, shop.code, "storefront")
            yield Trip(house=house, client=app.test_client(), headers={"Authorization": f"Bearer {key}"},
                       account=account, stand_in=stand_in, slug=kind.slug)
            with app.app_context():
                db.engine.dispose()
        house.database.engine.dispose()

    @pytest.mark.parametrize("channels", list(permutations(CHANNELS)), ids=" ".join)
    def test_journey_in_every_order_and_twice(self, trip: Trip, channels: tuple[str, ...]) -> None:
        charge = trip.stand_in.pay(trip.order())
        for channel in (*channels, *channels):
            if not self.lacks(f"{channel}s"):
                step: Callable[[Charge], None] = getattr(trip, channel)
                step(charge)
        trip.check_settled_once()

    def test_journey_by_lookup_alone(self, trip: Trip) -> None:
        trip.stand_in.pay(trip.order())
        trip.lookup()
        trip.check_settled_once()

    def test_journey_failed_first_then_paid(self, trip: Trip) -> None:
        session = trip.order()
        trip.stand_in.pay(session, state="failed")
        trip.lookup()
        assert [row["status"] for row in trip.rows("orders")] == ["missing"]
        trip.stand_in.pay(session)
        trip.lookup()
        trip.check_settled_once()

    def test_journey_unpaid_stays_missing(self, trip: Trip) -> None:
        session = trip.order()
        trip.lookup()
        trip.stand_in.pay(session, state="pending")
        trip.lookup()
        assert [row["status"] for row in trip.rows("orders")] == ["missing"]
        assert trip.rows("settlements") == []
        trip.check_laws()

    def test_journey_authorised_is_not_paid(self, trip: Trip) -> None:
        self.skip_if_lacking("captures")
        """What the store's policy does with it comes later: a capture, say."""
        trip.stand_in.pay(trip.order(), state="authorized")
        asking.check_order(trip.house, trip.rows("orders")[-1]["id"], by="kit")
        assert trip.rows("settlements") == []
        assert [row["status"] for row in trip.rows("orders")] == ["missing"]

    def test_journey_another_sum_is_an_exception(self, trip: Trip) -> None:
        self.skip_if_lacking("other_amount")
        trip.stand_in.pay(trip.order(), amount=AMOUNT - 10_000)
        trip.lookup()
        assert ([row["status"] for row in trip.rows("orders")], trip.cases()) == (["missing"], ["underpaid"])
        trip.check_laws()

    def test_journey_paid_twice_is_an_exception(self, trip: Trip) -> None:
        self.skip_if_lacking("second_payment")
        session = trip.order()
        trip.stand_in.pay(session)
        trip.stand_in.pay(session)
        trip.lookup()
        assert [row["status"] for row in trip.rows("orders")] == ["processing"]
        assert trip.cases() == ["second_payment"]
        trip.check_laws()

    def test_journey_refunded_outside(self, trip: Trip) -> None:
        self.skip_if_lacking("refunds")
        self.skip_if_lacking("outside_refunds")
        charge = trip.stand_in.pay(trip.order())
        trip.lookup()
        trip.stand_in.refund_outside(charge.id)
        trip.lookup()
        assert [row["status"] for row in trip.rows("orders")] == ["refunded"]
        trip.check_laws()
