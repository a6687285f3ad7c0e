"""Orders that the kit pushes: prepaid, COD, with tenders, fees, discounts, and names that are not ASCII."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from kartify.plugin import OmsLine, OmsOrder, OmsPayment

_NUMBERS = itertools.count(1)
_AT = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
ADDRESS = {"name": "Asha Rao", "line1": "12 MG Road", "line2": "2nd floor", "city": "Bengaluru", "state": "KA",
           "postcode": "560001", "country": "IN", "phone": "+919000000000"}
CUSTOMER = {"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"}


def prepaid(**changes: Any) -> OmsOrder:
    """Two units of one thing, paid at a gateway: 2 × 499.50."""
    lines = [OmsLine(line_id="1", sku="SHIRT-M", name="Shirt", quantity=2, unit_price=49950, list_price=59950,
                     hsn="6205", tax={"rate": "5.00", "amount": 4757})]
    paid = OmsPayment(kind="gateway", amount=99900, name="Razorpay", gateway="razorpay", gateway_payment_id="pay_Kit1",
                      method="upi", paid_at=_AT + timedelta(minutes=1))
    whole: dict[str, Any] = {
        "number": f"KIT{next(_NUMBERS):06}", "store": "kit", "currency": "INR", "total": 99900, "due": 99900,
        "method": "prepaid", "created_at": _AT, "lines": lines, "payments": [paid], "customer": dict(CUSTOMER),
        "shipping_address": dict(ADDRESS), "billing_address": dict(ADDRESS),
    }
    return OmsOrder(**{**whole, **changes})


def cod() -> OmsOrder:
    """Paid at the door, with a fee for it."""
    plain = prepaid()
    fees = [{"kind": "cod_fee", "amount": 4900}]
    at_door = OmsPayment(kind="cod", amount=104800, name="Cash on delivery", method="cod")
    return replace(plain, method="cod", total=104800, due=104800, fees=fees, payments=[at_door])


def mixed() -> OmsOrder:
    """Three lines whose sums do not divide evenly, a discount, shipping, a rounding, store credit and a gateway."""
    lines = [
        OmsLine(line_id="a", sku="SHIRT-M", name="Shirt", quantity=3, unit_price=33333, discount=1000),
        OmsLine(line_id="b", sku="SOCKS", name="Socks (pair) ½ price", quantity=1, unit_price=9999),
        OmsLine(line_id="c", sku="CAP", name="टोपी", quantity=7, unit_price=101, discount=7),
    ]
    fees = [
        {"kind": "shipping", "amount": 5000}, {"kind": "discount", "amount": -2001}, {"kind": "round_off", "amount": 2},
    ]
    total = sum(one.quantity * one.unit_price - one.discount for one in lines) + 5000 - 2001 + 2
    payments = [
        OmsPayment(kind="tender", amount=10000, name="Store credit"),
        OmsPayment(kind="gateway", amount=total - 10000, name="Stripe", gateway="stripe", gateway_payment_id="pi_Kit2",
                   method="card", paid_at=_AT),
    ]
    return replace(prepaid(), lines=lines, fees=fees, total=total, due=total - 10000, payments=payments)


def in_words() -> OmsOrder:
    """Names as customers write them."""
    address = {**ADDRESS, "name": "आशा राव & Søn \"Ltd\"", "line1": "12/3 एम जी रोड <b>", "line2": "O'Neil's, 2nd"}
    return replace(prepaid(), customer={**CUSTOMER, "name": "आशा राव & Søn"}, shipping_address=address)


KINDS = {"prepaid": prepaid, "cod": cod, "mixed": mixed, "in_words": in_words}
