"""Orders as a shop in India sends them: the same number is always the same order."""

from __future__ import annotations

import random
from typing import Any, Final

FIRST: Final = ("Asha", "Rohan", "Priya", "Vikram", "Ananya", "Karthik", "Meera", "Arjun", "Kavya", "Imran", "Sneha",
                "Harpreet", "Divya", "Joseph", "Lakshmi", "Nikhil", "Fatima", "Sanjay", "Ishita", "Devika")
LAST: Final = ("Rao", "Iyer", "Sharma", "Khan", "Patel", "Nair", "Banerjee", "Singh", "Reddy", "Fernandes", "Gupta",
               "Kulkarni", "Menon", "Das", "Chopra")
PLACES: Final = (
    ("Pune", "MH", "411001"), ("Bengaluru", "KA", "560001"), ("Chennai", "TN", "600004"), ("Kochi", "KL", "682011"),
    ("Jaipur", "RJ", "302001"), ("Hyderabad", "TG", "500034"), ("Kolkata", "WB", "700019"), ("Mumbai", "MH", "400050"),
)
STREETS: Final = ("MG Road", "Linking Road", "Park Street", "Anna Salai", "Residency Road", "Brigade Road")
GOODS: Final = (
    ("KURTA-BLU-M", "Cotton kurta, blue, M", 149_900, "6109"), ("SAREE-SILK-RED", "Silk saree, red", 449_900, "5007"),
    ("SHIRT-LIN-L", "Linen shirt, L", 249_900, "6205"), ("JUTTI-TAN-38", "Leather juttis, tan, 38", 189_900, "6403"),
    ("DUPATTA-GRN", "Chanderi dupatta, green", 99_900, "6214"), ("TEA-ASSAM-500", "Assam tea, 500 g", 59_900, "0902"),
    ("BAG-JUTE", "Jute tote bag", 79_900, "4202"), ("BLANKET-WOOL", "Himachal wool blanket", 329_900, "6301"),
)
SHIPPING: Final = 5_000
FREE_FROM: Final = 150_000


def order(number: str, *, method: str = "prepaid", gateway: str | None = "sandbox", **more: Any) -> dict[str, Any]:
    """The body of ``POST /api/v1/orders``. ``more`` overrides whole fields."""
    dice = random.Random(number)
    lines = [_line(str(place), good, dice) for place, good in enumerate(dice.sample(GOODS, dice.choice((1, 1, 2))), 1)]
    goods = sum(line["quantity"] * line["unit_price"] for line in lines)
    fees: list[dict[str, Any]] = [] if goods >= FREE_FROM else [{"kind": "shipping", "amount": SHIPPING}]
    name = f"{dice.choice(FIRST)} {dice.choice(LAST)}"
    payment = {"method": method, **({"gateway": gateway} if method == "prepaid" and gateway else {})}
    return {
        "number": number, "currency": "INR", "total": goods + sum(fee["amount"] for fee in fees), "lines": lines,
        "fees": fees, "customer": _customer(name, dice), "shipping_address": _address(name, dice), "payment": payment,
        "metadata": {"channel": dice.choice(("app", "web", "web"))}, **more,
    }


def _line(line_id: str, good: tuple[str, str, int, str], dice: random.Random) -> dict[str, Any]:
    sku, name, price, hsn = good
    quantity = dice.choice((1, 1, 1, 2))
    tax = {"rate": "5.00", "amount": quantity * price * 5 // 105}
    return {"line_id": line_id, "sku": sku, "name": name, "quantity": quantity, "unit_price": price, "hsn": hsn,
            "tax": tax}


def _customer(name: str, dice: random.Random) -> dict[str, str]:
    mail = name.lower().replace(" ", ".")
    return {"name": name, "email": f"{mail}@example.com", "phone": f"+9190000{dice.randrange(10_000, 99_999)}"}


def _address(name: str, dice: random.Random) -> dict[str, str]:
    city, state, postcode = dice.choice(PLACES)
    return {"name": name, "line1": f"{dice.randrange(1, 240)}, {dice.choice(STREETS)}", "city": city, "state": state,
            "postcode": postcode, "country": "IN"}
