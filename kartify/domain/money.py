"""Money is an integer of minor units and a currency. No float touches it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from kartify.domain.errors import Invalid

# ISO 4217: what is not listed has two decimals.
ZERO_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF"}
    | {"XPF"}
)
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "SGD": "S$", "AED": "AED "}
_CODE = re.compile(r"[A-Z]{3}\Z")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)\Z")
_MOST_DIGITS = 60
LARGEST = 9_000_000_000_000_000  # fits a signed 64-bit column and JavaScript's exact integers


def exponent(currency: str) -> int:
    """Decimals of a currency: 0, 2 or 3."""
    if currency in ZERO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def check_currency(value: object, field: str = "currency") -> str:
    """An ISO 4217 code in capitals. Raises ``Invalid``."""
    if not isinstance(value, str) or not _CODE.match(value):
        raise Invalid(field, "expected a currency code of three capital letters, such as INR")
    return value


def check_minor(value: object, field: str = "amount") -> int:
    """An integer of minor units; a float, a bool or a text is refused. Raises ``Invalid``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(field, "expected an integer of minor units (paise, cents)")
    if abs(value) > LARGEST:
        raise Invalid(field, "expected a sum that fits 64 bits")
    return value


def from_major(value: str | int | Decimal, currency: str, field: str = "amount") -> int:
    """Minor units of an amount that a partner writes in major units ("1499.00" INR is 149900).

    Takes text, int or Decimal, never a float; more decimals than the currency has are refused unless they are zeros.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Invalid(field, "expected a decimal as text, never a binary float")
    if isinstance(value, str) and not _DECIMAL.match(value.strip()):
        raise Invalid(field, "expected a decimal number")
    sign, digits, power = Decimal(value).as_tuple()
    if not isinstance(power, int) or len(digits) + abs(power) > _MOST_DIGITS:
        raise Invalid(field, "expected a decimal number of a sensible size")
    minor, rest = _shift(digits, power + exponent(currency))
    if rest:
        raise Invalid(field, f"expected at most {exponent(currency)} decimals for {currency}")
    return check_minor(-minor if sign else minor, field)


def _shift(digits: tuple[int, ...], power: int) -> tuple[int, int]:
    """Digits times ten to that power, exact: the whole part and what is left over."""
    number = int("".join(map(str, digits)))
    return (number * 10**power, 0) if power >= 0 else divmod(number, 10**-power)


def to_major(minor: int, currency: str) -> str:
    """The amount in major units as text: 149900 INR is "1499.00"."""
    return f"{Decimal(minor).scaleb(-exponent(currency)):f}"


def _group_indian(digits: str) -> str:
    head, tail = digits[:-3], digits[-3:]
    parts: list[str] = []
    while head:
        parts.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*parts, tail])


def display(minor: int, currency: str) -> str:
    """For people: ₹1,23,456.00, $1,234.50, ¥500."""
    sign = "-" if minor < 0 else ""
    whole, _, rest = to_major(abs(minor), currency).partition(".")
    grouped = _group_indian(whole) if currency == "INR" else f"{int(whole):,}"
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{sign}{symbol}{grouped}{'.' + rest if rest else ''}"


@dataclass(frozen=True, slots=True)
class Money:
    """``minor`` units of ``currency``."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return display(self.minor, self.currency)
