"""Money: exact in and out, no float, the decimals of each currency, Indian grouping."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartify.domain.errors import Invalid
from kartify.domain.money import (
    LARGEST,
    THREE_DECIMALS,
    ZERO_DECIMALS,
    Money,
    check_currency,
    check_minor,
    display,
    exponent,
    from_major,
    to_major,
)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1499.00", "INR", 149900),
        ("1499", "INR", 149900),
        ("1499.5", "INR", 149950),
        ("0.01", "INR", 1),
        (".5", "INR", 50),
        ("-12.34", "INR", -1234),
        ("+12.34", "INR", 1234),
        (" 12.34 ", "INR", 1234),
        ("1499.0000", "INR", 149900),
        (1499, "INR", 149900),
        (Decimal("1499.00"), "INR", 149900),
        (Decimal("1E+3"), "INR", 100000),
        ("500", "JPY", 500),
        ("500.00", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("0", "INR", 0),
        ("-0.00", "INR", 0),
    ],
)
def test_major_units_become_minor_units(text, currency, minor):
    assert from_major(text, currency) == minor


@pytest.mark.parametrize(
    ("value", "currency"),
    [
        (14.99, "INR"),
        (True, "INR"),
        (None, "INR"),
        (b"1", "INR"),
        ("", "INR"),
        ("abc", "INR"),
        ("1,499.00", "INR"),
        ("1_499", "INR"),
        ("१२", "INR"),
        ("1e3", "INR"),
        ("NaN", "INR"),
        ("Infinity", "INR"),
        (Decimal("NaN"), "INR"),
        (Decimal("Infinity"), "INR"),
        (Decimal("1E+999999"), "INR"),
        (Decimal("1E-999999"), "INR"),
        ("9" * 4000, "INR"),
        ("9" * 5000, "INR"),
        ("1.001", "INR"),
        ("1.0000000000000000000000000000000000001", "INR"),
        ("500.5", "JPY"),
        ("1.2345", "KWD"),
        ("90000000000000.01", "INR"),
    ],
)
def test_what_is_no_exact_amount_is_refused_by_its_field(value, currency):
    with pytest.raises(Invalid) as refused:
        from_major(value, currency, "total")
    assert refused.value.field == "total"


@given(st.integers(-LARGEST, LARGEST), st.sampled_from(["INR", "JPY", "KWD", "USD"]))
def test_out_and_in_again_is_the_same(minor, currency):
    assert from_major(to_major(minor, currency), currency) == minor
    assert from_major(Decimal(to_major(minor, currency)), currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (149900, "INR", "1499.00"),
        (5, "INR", "0.05"),
        (-5, "INR", "-0.05"),
        (500, "JPY", "500"),
        (1234, "KWD", "1.234"),
        (LARGEST, "INR", "90000000000000.00"),
    ],
)
def test_minor_units_are_written_in_major_units(minor, currency, text):
    assert to_major(minor, currency) == text


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "INR", "₹0.00"),
        (99900, "INR", "₹999.00"),
        (100000, "INR", "₹1,000.00"),
        (9999900, "INR", "₹99,999.00"),
        (12345600, "INR", "₹1,23,456.00"),
        (123456700, "INR", "₹12,34,567.00"),
        (1234567890, "INR", "₹1,23,45,678.90"),
        (-12345600, "INR", "-₹1,23,456.00"),
        (123450, "USD", "$1,234.50"),
        (500, "JPY", "¥500"),
        (1234567, "JPY", "¥1,234,567"),
        (1234567, "KWD", "KWD 1,234.567"),
        (100, "CHF", "CHF 1.00"),
    ],
)
def test_people_read_money_in_its_own_grouping(minor, currency, text):
    assert display(minor, currency) == text
    assert str(Money(minor, currency)) == text


def test_decimals_of_a_currency():
    assert {exponent(code) for code in ZERO_DECIMALS} == {0}
    assert {exponent(code) for code in THREE_DECIMALS} == {3}
    assert not ZERO_DECIMALS & THREE_DECIMALS
    assert [exponent(code) for code in ("INR", "USD", "EUR")] == [2, 2, 2]
    assert all(len(code) == 3 for code in ZERO_DECIMALS | THREE_DECIMALS)


@pytest.mark.parametrize("value", ["inr", "IN", "INRR", "IN1", "INR\n", "", None, 5, "ÎNR"])
def test_what_is_no_currency_code_is_refused(value):
    with pytest.raises(Invalid, match="currency"):
        check_currency(value)
    assert check_currency("INR") == "INR"


@pytest.mark.parametrize("value", [1.0, True, "1", None, Decimal(1), LARGEST + 1, -LARGEST - 1])
def test_minor_units_are_integers_that_fit(value):
    with pytest.raises(Invalid):
        check_minor(value)
    assert check_minor(-LARGEST) == -LARGEST
    assert check_minor(0) == 0
