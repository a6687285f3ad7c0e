"""An order as units: Uniware wants one entry for each piece, and every sum must add up to the last paisa. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kartify.plugin import OmsLine, OmsOrder

LONGEST_CODE: Final = 45
_CODE: Final = re.compile(
    r"(?:(?P<order>.+)-)?(?P<index>[0-9]{1,7})of(?P<count>[0-9]{1,7})(?:x(?P<quantity>[0-9]{1,7}))?\Z"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One piece, sums in minor units. ``selling``: after discounts, tax included. ``quantity`` is more than one only
    in orders too large to be listed piece by piece; the sums are then of one piece."""

    line: OmsLine
    position: int
    selling: int
    discount: int = 0
    shipping: int = 0
    cod: int = 0
    gift: int = 0
    prepaid: int = 0
    quantity: int = 1

    @property
    def total(self) -> int:
        return self.selling + self.shipping + self.cod + self.gift


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fees:
    shipping: int
    cod: int
    gift: int
    off: int
    more: int


def collectable(order: OmsOrder) -> int:
    """What is to be collected at the door."""
    if order.method != "cod":
        return 0
    at_door = sum(payment.amount for payment in order.payments if payment.kind == "cod")
    return at_door if order.payments else order.due


def count(order: OmsOrder) -> int:
    return sum(line.quantity for line in order.lines)


def units(order: OmsOrder) -> list[Unit]:
    """Every piece with its share of fees, discounts and of what is paid; totals come to the order's total."""
    made = [piece for whole in _lines(order) for piece in _pieces(whole)]
    paid = shares(order.total - collectable(order), [unit.total for unit in made])
    return [replace(unit, prepaid=max(share, 0)) for unit, share in zip(made, paid, strict=True)]


def grouped(order: OmsOrder) -> list[Unit]:
    """The same for orders too large for that: pieces of the same price together, charges on a line's first piece."""
    return [unit for whole in _lines(order) for unit in _groups(whole)]


def _lines(order: OmsOrder) -> list[Unit]:
    """Each line as a whole, with its share of the order's fees."""
    fees = _fees(order)
    weights = [line.quantity * line.unit_price - line.discount for line in order.lines]
    dearer = [weight + (fees.more if place == 0 else 0) for place, weight in enumerate(weights)]
    off = shares(fees.off, dearer)
    shipping, cod, gift = (shares(value, weights) for value in (fees.shipping, fees.cod, fees.gift))
    return [
        Unit(
            line=line, position=place, selling=dearer[place] - off[place], discount=line.discount + off[place],
            shipping=shipping[place], cod=cod[place], gift=gift[place], quantity=line.quantity,
        )
        for place, line in enumerate(order.lines)
    ]


def _pieces(whole: Unit) -> list[Unit]:
    even = [1] * whole.quantity
    split = (shares(value, even) for value in (whole.selling, whole.discount, whole.shipping, whole.cod, whole.gift))
    return [
        replace(whole, quantity=1, selling=selling, discount=discount, shipping=shipping, cod=cod, gift=gift)
        for selling, discount, shipping, cod, gift in zip(*split, strict=True)
    ]


def _groups(whole: Unit) -> list[Unit]:
    base, dearer = divmod(whole.selling, whole.quantity)
    plain = replace(whole, discount=0, shipping=0, cod=0, gift=0)
    first = replace(whole, selling=base + (dearer > 0), quantity=1)
    found = [first] if first.total > first.selling else []
    for price, many in ((base + 1, dearer - (dearer > 0) * len(found)),
                        (base, whole.quantity - dearer - (dearer == 0) * len(found))):
        found += [replace(plain, selling=price, quantity=many)] if many else []
    return found


def _fees(order: OmsOrder) -> _Fees:
    """By kind; what is negative is off the price. More off than the goods cost is taken from the charges."""
    sums = [(str(fee.get("kind", "")), int(fee.get("amount", 0))) for fee in order.fees]
    by = {kind: sum(value for name, value in sums if name == kind and value > 0)
          for kind in ("shipping", "cod_fee", "gift_wrap")}
    off = -sum(value for _, value in sums if value < 0)
    more = sum(value for kind, value in sums if value > 0 and kind not in by)
    goods = sum(line.quantity * line.unit_price - line.discount for line in order.lines) + more
    left = max(off - goods, 0)
    shipping, left = _less(by["shipping"], left)
    gift, left = _less(by["gift_wrap"], left)
    cod, left = _less(by["cod_fee"], left)
    return _Fees(shipping=shipping, cod=cod, gift=gift, off=min(off, goods), more=more)


def _less(charge: int, off: int) -> tuple[int, int]:
    taken = min(charge, off)
    return charge - taken, off - taken


def shares(value: int, weights: Sequence[int]) -> list[int]:
    """A sum split by weights, exact to the last unit; all of it to the first where nothing weighs."""
    total = sum(weights)
    if total <= 0:
        return [value if place == 0 else 0 for place in range(len(weights))]
    found, weighed, given = [], 0, 0
    for weight in weights:
        weighed += weight
        until = value * weighed // total
        found.append(until - given)
        given = until
    return found


def codes(code: str, made: Sequence[Unit]) -> list[str]:
    """A name for each entry that tells its place and how many there are, so that a message that names all of them is
    known to be about the whole order."""
    names = []
    for place, unit in enumerate(made, 1):
        name = f"{place}of{len(made)}" + (f"x{unit.quantity}" if unit.quantity > 1 else "")
        full = f"{code}-{name}"
        names.append(full if len(full) <= LONGEST_CODE else name)
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a message says of one entry; ``told``: how many pieces of it, None for all."""

    code: str
    told: int | None = None


def order_of(code: str) -> str | None:
    """The order's code out of an entry's; None where it does not tell."""
    match = _CODE.fullmatch(code)
    return match["order"] if match else None


def is_whole(named: Iterable[Named]) -> bool:
    """Whether these entries are all that the order has."""
    seen: set[int] = set()
    counts: set[int] = set()
    for one in named:
        match = _CODE.fullmatch(one.code)
        if match is None:
            return False
        if one.told is None or one.told >= int(match["quantity"] or 1):
            seen.add(int(match["index"]))
        counts.add(int(match["count"]))
    return len(counts) == 1 and seen == set(range(1, counts.pop() + 1))
