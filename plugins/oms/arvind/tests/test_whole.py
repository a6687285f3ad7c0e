"""From a person's hand to the OMS and back, through the whole application: pushed, fetched, and both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
import time_machine
from cryptography.fernet import Fernet
from flask.testing import FlaskClient
from kartify_arvind.simulator import ArvindSimulator
from sqlalchemy import select

from kartify import clock
from kartify.app import create_app
from kartify.domain.status import Actor, Status
from kartify.flows.delivering import deliver_by_hand
from kartify.flows.people import byhand
from kartify.flows.proof import laws
from kartify.flows.storefront import cancel
from kartify.flows.ticking import tick
from kartify.house import House
from kartify.models import Case, Delivery, Order, db, table
from kartify.plugin import HttpAnswer
from kartify.settings import Settings
from kartify.simulation import Knock
from kartify.testing.builder import Shop, make_house, make_shop
from kartify.testing.serve import simulating

WHERE = {"name": "Asha Rao", "line1": "12 MG Road", "city": "Pune", "state": "MH", "postcode": "411001",
         "country": "IN", "phone": "+919000000000"}


@dataclass
class World:
    house: House
    shop: Shop
    web: FlaskClient
    oms: ArvindSimulator
    account: UUID | None = None

    def open(self, **settings: str) -> None:
        self.account = self.shop.account("arvind", {**self.oms.settings(), **settings})

    def by_hand(self, number: str) -> UUID:
        """A missing order that a person moves to processing."""
        customer = {"name": "Asha Rao", "phone": "9000000000"}
        order = self.shop.order(number, customer=customer, shipping_address=WHERE)
        byhand.move(self.house, order, target=Status.PROCESSING, by="asha", reason="the bank shows the money")
        return order

    def knock(self, knock: Knock) -> HttpAnswer:
        query = urlencode(list(knock.query), quote_via=quote)
        answer = self.web.open(
            f"/partners/{self.account}/{knock.path}", method=knock.method, query_string=query, data=knock.body,
            headers=dict(knock.headers),
        )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return HttpAnswer(status=answer.status_code, headers=headers, body=answer.data)

    def tick(self, **later: float) -> None:
        with time_machine.travel(clock.now() + timedelta(**later), tick=True):
            tick.inline(self.house)

    def rows(self, model: Any, **where: Any) -> list[dict[str, Any]]:
        found = table(model)
        with self.house.database.read() as connection:
            query = select(found).where(*(found.c[name] == value for name, value in where.items()))
            return [dict(row) for row in connection.execute(query).mappings()]

    def outbox(self) -> dict[str, Any]:
        [row] = [row for row in self.rows(Delivery) if row["kind"] in ("push", "feed")]
        return row

    def cases(self) -> list[str]:
        """Of the delivery; that nobody paid what was moved by hand is another matter."""
        return [row["type"] for row in self.rows(Case)
                if row["closed_at"] is None and row["subject"].startswith("delivery:")]

    def there(self) -> list[tuple[str, int]]:
        return [(one.number, one.amount) for one in self.oms.book.orders]


@pytest.fixture
def world(tmp_path: Any) -> Iterator[World]:
    url = f"sqlite:///{tmp_path}/whole.db"
    house = make_house(url)
    app = create_app(
        Settings(database_url=url, redis_url="redis://127.0.0.1:1/0", secret_keys=Fernet.generate_key().decode(),
                 public_url="http://127.0.0.1:8000"),
        house=house,
    )
    with simulating(ArvindSimulator) as (_, oms):
        yield World(house=house, shop=make_shop(house), web=app.test_client(), oms=oms)
    with app.app_context():
        db.engine.dispose()
    assert [str(one) for one in laws.check(house)] == []
    house.database.engine.dispose()


@pytest.mark.parametrize("preset", ["weakest", "lookup"])
def test_an_order_moved_by_hand_is_pushed(world, preset):
    world.open(preset=preset)
    world.by_hand("K1001")
    world.tick()
    assert world.there() == [("K1001", 249900)]
    row = world.outbox()
    assert (row["state"], row["receipt"], row["kind"]) == ("done", world.oms.book.orders[0].id, "push")
    told = world.oms.book.orders[0].data["told"]
    assert (told["customer"]["phone"], told["payment"]["type"]) == ("+919000000000", "prepaid")


def test_an_order_moved_by_hand_is_fetched(world):
    world.open(preset="weakest", way="pull")
    world.by_hand("K1001")
    world.tick()
    assert world.there() == []
    assert world.oms.fetch(world.knock) == ["K1001"]
    assert world.there() == [("K1001", 249900)]
    row = world.outbox()
    assert (row["state"], row["receipt"], row["kind"]) == ("done", world.oms.book.orders[0].id, "feed")
    assert world.oms.fetch(world.knock) == []


def test_where_both_ways_are_open_a_push_that_arrived_is_not_listed(world):
    world.open(preset="weakest", way="both")
    world.by_hand("K1001")
    world.tick()
    assert world.there() == [("K1001", 249900)]
    assert world.oms.fetch(world.knock) == []


@pytest.mark.parametrize("fault", ["dropped-after", "dropped-before"])
def test_where_both_ways_are_open_a_lost_answer_is_settled_by_the_feed(world, fault):
    """The OMS reads our number there, and knows whether it has the order."""
    world.open(preset="weakest", way="both")
    world.oms.faults.next("none", fault)  # the token comes first
    world.by_hand("K1001")
    world.tick()
    world.tick(minutes=2)
    assert (world.outbox()["state"], world.cases()) == ("dead", ["uncertain"])
    assert world.oms.fetch(world.knock) == ["K1001"]
    assert world.there() == [("K1001", 249900)]
    row = world.outbox()
    assert (row["state"], row["receipt"], world.cases()) == ("done", world.oms.book.orders[0].id, [])
    assert world.oms.fetch(world.knock) == []


def test_a_push_that_was_listed_is_looked_up_before_it_is_pushed_again(world):
    world.open(preset="lookup", way="both", required_fields="[]")
    order = world.by_hand("K1001")
    world.oms.unfit_numbers = {"K1001"}
    world.tick()
    assert (world.outbox()["state"], world.cases()) == ("dead", ["oms_refused"])
    pages = [world.knock(world.oms.signed("GET", "oms/v1/orders")) for _ in range(2)]
    assert all(b"K1001" in page.body for page in pages)
    world.oms.keep("K1001", 249900, {})  # fetched, and not acknowledged
    world.oms.unfit_numbers = set()
    deliver_by_hand.push_again(world.house, world.outbox()["id"], by="asha", reason="mended there")
    world.tick()
    assert world.there() == [("K1001", 249900)]
    assert world.outbox()["receipt"] == world.rows(Order, id=order)[0]["oms_order_id"] == "OM-000001"


def test_news_moves_the_order_and_a_second_telling_nothing(world):
    world.open(preset="lookup")
    order = world.by_hand("K1001")
    world.tick()
    for state in ("shipped", "delivered"):
        world.oms.move("K1001", state)
        [knock] = world.oms.news("K1001")
        assert [world.knock(knock).status for _ in range(2)] == [200, 200]
        assert world.rows(Order, id=order)[0]["status"] == state


def test_a_cancellation_waits_for_the_oms(world):
    world.open(preset="lookup")
    order = world.by_hand("K1001")
    world.tick()
    cancel.request_cancel(world.house, order, cancel.Wish(actor=Actor.STAFF, by="asha", reason="customer called"))
    assert world.rows(Order, id=order)[0]["status"] == "processing"
    world.tick()
    assert world.rows(Order, id=order)[0]["status"] == "cancelled"
    assert world.oms.book.orders[0].state == "cancelled"


def test_strangers_and_wrong_questions_get_no_page(world):
    world.open(preset="weakest", way="pull")
    world.by_hand("K1001")
    right = world.oms.signed("GET", "oms/v1/orders", query=[("updated_from", "2025-01-01T00:00:00 05:30")])
    assert world.knock(right).status in (400, 422)
    assert world.knock(Knock(method="GET", path="oms/v1/orders")).status == 401
    assert world.knock(world.oms.signed("POST", "news", body=b"{}")).status == 404
    ack = world.oms.signed("POST", "oms/v1/orders/K9/ack", body=b"{}")
    assert world.knock(ack).status == 404


def test_a_refusal_is_for_a_person_and_the_order_stays(world):
    world.open(preset="weakest", way="pull")
    order = world.by_hand("K1001")
    world.knock(world.oms.signed("GET", "oms/v1/orders"))
    refusal = world.oms.signed("POST", "oms/v1/orders/K1001/reject", body=b'{"code": "sku", "message": "unknown"}')
    assert world.knock(refusal).status == 200
    assert world.cases() == ["oms_refused"]
    assert world.rows(Order, id=order)[0]["status"] == "processing"
