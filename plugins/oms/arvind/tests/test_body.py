"""The body of an order in the contract's words: exact to the unit, whatever the order is made of."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from kartify_arvind.body import order_body, phone_of
from kartify_arvind.contract import Contract
from kartify_arvind.money import Writer
from kartify_arvind.sums import check_sums, spread, sums_of
from kartify_arvind.words import STATES, state_of

from kartify.plugin import OmsPayment, Permanent

WHERE = {
    "name": "Asha Rao", "line1": "12 MG Road", "city": "Bengaluru", "state": "Karnataka", "state_code": "KA",
    "pincode": "560001", "country": "IN", "phone": "+919999999999",
}


def test_the_sheets_own_example(order):
    assert order_body(Contract(seller_state="KA"), order()) == {
        "version": "1", "event": "order.processing", "number": "K1001", "store": "demo", "channel": "web",
        "created_at": "2025-01-02T08:34:05+05:30", "confirmed_at": "2025-01-02T08:35:08+05:30", "currency": "INR",
        "customer": {"name": "Asha Rao", "email": "a@b.in", "phone": "+919999999999"},
        "billing_address": WHERE, "shipping_address": WHERE,
        "items": [{
            "line_id": "1", "sku": "SKU-1", "name": "Shirt", "hsn": "6205", "quantity": 2, "unit_price": "499.50",
            "list_price": "799.00", "discount": "0.00",
            "tax": {"rate": "5", "cgst": "23.79", "sgst": "23.78", "igst": "0.00"}, "total": "999.00",
        }],
        "shipping": {"method": "STD", "charge": "50.00", "tax": "0.00"},
        "discounts": [],
        "totals": {"items": "999.00", "discount": "0.00", "shipping": "50.00", "cod_fee": "0.00", "tax": "47.57",
                   "grand": "1049.00"},
        "payment": {
            "type": "prepaid", "status": "confirmed", "amount_paid": "1049.00", "amount_due": "0.00",
            "transactions": [{"gateway": "razorpay", "id": "pay_Nx1", "mode": "upi", "amount": "1049.00",
                              "at": "2025-01-02T08:35:08+05:30"}],
        },
        "meta": {},
    }


def test_tax_goes_whole_to_another_state_and_unsplit_where_the_seller_is_unknown(order):
    [away] = order_body(Contract(seller_state="MH"), order())["items"]
    [unsaid] = order_body(Contract(), order())["items"]
    assert away["tax"] == {"rate": "5", "cgst": "0.00", "sgst": "0.00", "igst": "47.57"}
    assert unsaid["tax"] == {"rate": "5", "amount": "47.57"}


@pytest.mark.parametrize(("money", "grand"), [
    ("decimal_text", "1049.00"), ("decimal_number", Decimal("1049.00")), ("paise", 104900),
])
def test_sums_in_each_unit_can_be_read_back(order, money, grand):
    contract = Contract(money=money)
    assert order_body(contract, order())["totals"]["grand"] == grand
    assert Writer(contract, "INR").read(grand) == 104900


@pytest.mark.parametrize("value", [None, True, "", "1e5", "12.345", "x", [], {}, "NaN"])
def test_what_is_no_sum_is_not_read_as_one(value):
    assert Writer(Contract(), "INR").read(value) is None
    assert Writer(Contract(money="paise"), "INR").read(value) is None


def test_a_part_at_the_door_is_told(order):
    tender = OmsPayment(kind="tender", amount=4900, name="Store credit")
    door = OmsPayment(kind="cod", amount=100000, name="Cash on delivery", method="cod")
    payment = order_body(Contract(), order(method="cod", payments=[tender, door]))["payment"]
    assert (payment["type"], payment["status"]) == ("part", "pending_collection")
    assert (payment["amount_paid"], payment["amount_due"]) == ("49.00", "1000.00")
    assert len(payment["transactions"]) == 1


def test_a_discount_of_the_order_is_spread_over_its_lines(order):
    plain = order()
    three = [replace(plain.lines[0], line_id=str(n), quantity=1, unit_price=100) for n in range(3)]
    body = order_body(Contract(), order(lines=three, fees=[{"kind": "discount", "amount": -100}], total=200))
    assert [one["discount"] for one in body["items"]] == ["0.34", "0.33", "0.33"]
    assert (body["totals"]["grand"], body["discounts"]) == ("2.00", [{"code": "order", "amount": "1.00"}])


@drawn(st.integers(0, 10**9), st.lists(st.integers(0, 10**9), max_size=6))
def test_spreading_loses_nothing_and_makes_no_line_negative(amount, values):
    parts, left = spread(amount, values)
    assert sum(parts) + left == amount
    assert all(0 <= part <= value for part, value in zip(parts, values, strict=True))
    assert left == 0 or parts == values


def test_a_discount_beyond_the_goods_is_taken_from_the_charges(order):
    fees = [{"kind": "shipping", "amount": 5000}, {"kind": "discount", "amount": -100000}]
    sums = sums_of(order(fees=fees, total=4900))
    assert (sums.items, sums.fees["shipping"], sums.grand) == (0, 4900, 4900)


@pytest.mark.parametrize(("changes", "field"), [
    ({"quantity": 0}, "lines[0].quantity"), ({"unit_price": -1}, "lines[0].unit_price"),
    ({"discount": 99901}, "lines[0].discount"), ({"discount": 1}, "total"),
])
def test_an_order_that_does_not_add_up_is_not_sent(order, changes, field):
    plain = order()
    with pytest.raises(Permanent) as refused:
        check_sums(order(lines=[replace(plain.lines[0], **changes)]))
    assert refused.value.field == field


@pytest.mark.parametrize(("given", "code"), [
    ("KA", "KA"), ("Karnataka", "KA"), ("karnataka", "KA"), ("IN-KA", "KA"), ("OR", "OD"), ("TG", "TS"),
    ("Jammu & Kashmir", "JK"), ("Nowhere", ""),
])
def test_states_by_code_and_by_name(given, code):
    assert state_of(given) == (code, STATES.get(code, given))


@pytest.mark.parametrize(("given", "number"), [
    ("9999999999", "+919999999999"), ("09999999999", "+919999999999"), ("+91 99999-99999", "+919999999999"),
    ("12345", "12345"), (None, ""),
])
def test_a_number_of_india_may_come_without_its_country(given, number):
    assert phone_of(given) == number
    assert phone_of("9999999999", "AE") == "9999999999"


@pytest.mark.parametrize(("times", "value"), [("seconds", 1735787045), ("milliseconds", 1735787045000)])
def test_moments_as_counts(order, times, value):
    assert order_body(Contract(times=times), order())["created_at"] == value
