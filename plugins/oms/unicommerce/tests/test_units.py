"""Orders as units: exact to the last paisa, whatever the sums."""

import itertools
import random

import pytest
from kartify_unicommerce.units import (
    LONGEST_CODE,
    Named,
    codes,
    collectable,
    count,
    grouped,
    is_whole,
    order_of,
    shares,
    units,
)
from uniware_said import at_door, line, order

from kartify.plugin import OmsPayment

KINDS = ("shipping", "cod_fee", "gift_wrap", "round_off", "discount")


def made_up(seed):
    dice = random.Random(seed)
    lines = []
    for number in range(dice.randint(1, 4)):
        quantity, price = dice.randint(1, 9), dice.choice((0, 1, 7, 99, 33333, 149900))
        off = dice.randint(0, quantity * price)
        lines.append(line(line_id=str(number), quantity=quantity, unit_price=price, discount=off))
    goods = sum(one.quantity * one.unit_price - one.discount for one in lines)
    fees = [{"kind": dice.choice(KINDS), "amount": dice.choice((1, 3, 4999, 5000))} for _ in range(dice.randint(0, 4))]
    whole = goods + sum(fee["amount"] for fee in fees)
    if whole and dice.random() < 0.7:
        fees.append({"kind": "discount", "amount": -dice.randint(1, whole)})
    total = goods + sum(fee["amount"] for fee in fees)
    due = dice.randint(0, total)
    if dice.random() < 0.5:
        payments = [*at_door(due), OmsPayment(kind="tender", amount=total - due, name="Credit")]
        return order(lines=lines, fees=fees, total=total, due=due, method="cod", payments=payments)
    return order(lines=lines, fees=fees, total=total, due=total)


@pytest.mark.parametrize("seed", range(300))
def test_units_come_to_the_orders_sums(seed):
    what = made_up(seed)
    made = units(what)
    assert len(made) == count(what)
    assert sum(one.total for one in made) == what.total
    assert sum(one.prepaid for one in made) == what.total - collectable(what)
    assert min(min(one.selling, one.shipping, one.cod, one.gift, one.prepaid, one.discount) for one in made) >= 0
    if what.method == "prepaid":
        assert [one.prepaid for one in made] == [one.total for one in made]


@pytest.mark.parametrize("seed", range(300))
def test_groups_come_to_the_same_sums(seed):
    what = made_up(seed)
    made = grouped(what)
    assert sum(one.total * one.quantity for one in made) == what.total
    assert sum(one.quantity for one in made) == count(what)
    assert all(one.quantity > 0 and one.selling >= 0 for one in made)


def test_a_million_pieces_are_a_few_groups():
    what = order(lines=[line(quantity=1_000_000, unit_price=101, discount=7)], total=101_000_000 - 7 + 500,
                 fees=[{"kind": "shipping", "amount": 500}])
    made = grouped(what)
    assert len(made) == 3
    assert sum(one.total * one.quantity for one in made) == what.total


def test_shares_are_exact_and_never_more_than_a_weight():
    for value, weights in itertools.product((0, 1, 2, 7, 100), ((1, 1, 1), (0, 5), (3, 97), (7,))):
        if value <= sum(weights):
            found = shares(value, weights)
            assert sum(found) == value
            assert all(0 <= one <= weight for one, weight in zip(found, weights, strict=True))
    assert shares(5, [0, 0]) == [5, 0]


def test_codes_tell_the_order_the_place_and_the_count():
    made = units(order(lines=[line(quantity=3)], total=449700))
    named = codes("K-1", made)
    assert named == ["K-1-1of3", "K-1-2of3", "K-1-3of3"]
    assert {order_of(name) for name in named} == {"K-1"}
    assert codes("K" * 44, made)[0] == "1of3"
    assert order_of("1of3") is None
    assert max(len(name) for name in codes("K" * 40, made)) <= LONGEST_CODE


@pytest.mark.parametrize(("named", "whole"), [
    (["K-1of2", "K-2of2"], True), (["K-1of2"], False), (["K-1of2", "K-1of2"], False), (["K-1of1"], True),
    (["other"], False), ([], False), (["K-1of2", "K-2of3"], False),
])
def test_a_message_is_whole_when_it_names_all(named, whole):
    assert is_whole([Named(code=one) for one in named]) is whole


def test_quantities_count_where_pieces_are_taken_together():
    assert is_whole([Named(code="K-1of1x40", told=40)])
    assert not is_whole([Named(code="K-1of1x40", told=39)])
    assert is_whole([Named(code="K-1of1x40")])
