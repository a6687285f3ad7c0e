"""What an OMS gets of an order: whole, and its payments together are the total."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from fakes import webhook
from sqlalchemy import insert, update

from kartify.domain.errors import NotFound
from kartify.domain.status import Actor, Status
from kartify.flows.delivering import order_view
from kartify.flows.ground import schedule
from kartify.flows.receiving import receive
from kartify.models import Order, OrderFee, OrderLine, OrderTender, Settlement, new_id, table

lines, fees, tenders = table(OrderLine), table(OrderFee), table(OrderTender)


def view(desk, order):
    with desk.house.database.read() as connection:
        return order_view.load(connection, order)


def write(desk, *statements):
    with desk.house.database.write() as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def rich(desk):
    """Total 2,549.00: 50.00 by store credit, the rest at the gateway."""
    order = desk.shop.order("K1", due=249900, total=254900)
    write(
        desk,
        update(lines).where(lines.c.order_id == order).values(
            tax_rate=Decimal("5.00"), tax_amount=11900, hsn="6205", list_price=299900
        ),
        insert(fees).values(order_id=order, position=0, kind="shipping", amount=5000, tax=None),
        insert(tenders).values(order_id=order, position=0, kind="store_credit", amount=5000, reference="SC-1"),
    )
    return order


def settle(desk, order):
    gateway = desk.shop.account("plain", {"webhook_secret": "whsec"}, label="Razorpay India")
    desk.shop.payment(order, gateway, "ord_1")
    receive.webhook(desk.house, gateway, webhook("e1", {"order": "ord_1", "payment": "pay_1"}))


def test_an_unpaid_order_shows_only_what_was_used_so_far(desk, rich):
    assert [(one.kind, one.name, one.amount) for one in view(desk, rich).payments] == [("tender", "Store credit", 5000)]


def test_a_settled_order_names_the_charge_and_the_tenders(desk, rich):
    settle(desk, rich)
    seen = view(desk, rich)
    paid, credit = seen.payments
    assert (paid.kind, paid.amount, paid.gateway, paid.gateway_payment_id) == ("gateway", 249900, "plain", "pay_1")
    assert (paid.name, paid.paid_at is not None) == ("Razorpay India", True)
    assert credit.amount == 5000
    assert sum(one.amount for one in seen.payments) == seen.total
    assert seen.fees == [{"kind": "shipping", "amount": 5000}]
    line = seen.lines[0]
    assert (line.tax, line.hsn, line.list_price) == ({"rate": "5.00", "amount": 11900}, "6205", 299900)
    assert (seen.store, seen.customer["name"], seen.due) == ("demo", "Asha Rao", 249900)


def test_a_gateways_offer_and_an_accepted_difference_fill_up_to_the_total(desk, rich):
    settle(desk, rich)
    write(desk, update(table(Settlement)).values(amount=240000, discount=9000, accepted=900))
    seen = view(desk, rich)
    assert [(one.name, one.amount) for one in seen.payments] == [
        ("Razorpay India", 240000), ("Gateway offer", 9000), ("Accepted difference", 900), ("Store credit", 5000),
    ]
    assert sum(one.amount for one in seen.payments) == seen.total


def test_cod_and_an_order_moved_by_hand(desk):
    cod = desk.order("K1", due=700)
    hand = desk.shop.order("K2", due=900)
    desk.move(hand, Status.PROCESSING, Actor.STAFF, basis="manual")
    assert [(one.kind, one.amount) for one in view(desk, cod).payments] == [("cod", 700)]
    assert [(one.kind, one.name, one.amount) for one in view(desk, hand).payments] == [
        ("tender", "Confirmed by hand", 900)
    ]


def test_a_reversed_settlement_pays_nothing(desk, rich):
    settle(desk, rich)
    write(desk, update(table(Settlement)).values(reversed_at=table(Order).select().with_only_columns(
        table(Order).c.status_at).where(table(Order).c.id == rich).scalar_subquery()))
    assert [one.kind for one in view(desk, rich).payments] == ["tender"]


def test_no_such_order(desk):
    with pytest.raises(NotFound):
        view(desk, new_id())


def test_the_schedule_grows_and_ends_after_three_days():
    plan = []
    while (pause := schedule.planned(len(plan) + 1)) is not None:
        plan.append(pause)
    assert [one.total_seconds() for one in plan[:7]] == [30, 120, 600, 1800, 3600, 10_800, 21_600]
    assert set(plan[6:]) == {timedelta(hours=6)}
    assert timedelta(days=2, hours=18) < sum(plan, timedelta()) <= timedelta(days=3)
    assert schedule.pause(1, spread=lambda: 1.0) == timedelta(seconds=33)
    assert schedule.pause(99) is None
