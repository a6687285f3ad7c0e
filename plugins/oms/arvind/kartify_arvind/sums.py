"""How an order's money stands in the contract's terms: discounts of the order spread over its lines, to the unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kartify.plugin import OmsLine, OmsOrder, Permanent
from kartify_arvind.money import tax_of

_FEES: Final = ("shipping", "cod_fee", "gift_wrap", "round_off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """``discounts``: of each line, its part of the order's included. ``fees``: by kind, what is left of them."""

    discounts: Sequence[int]
    fees: Mapping[str, int]
    taken: int
    items: int
    tax: int

    @property
    def grand(self) -> int:
        return self.items + sum(self.fees.values())


def sums_of(order: OmsOrder) -> Sums:
    fees = dict.fromkeys(_FEES, 0)
    off = 0
    for fee in order.fees:
        kind, amount = str(fee.get("kind", "")), int(fee.get("amount", 0))
        if amount < 0 and kind != "round_off":
            off -= amount
        else:
            fees[kind if kind in fees else "shipping"] += amount
    values = [line.quantity * line.unit_price - line.discount for line in order.lines]
    parts, left = spread(off, values)
    for kind in ("shipping", "gift_wrap", "cod_fee"):
        taken = min(left, max(fees[kind], 0))
        fees[kind] -= taken
        left -= taken
    tax = sum(tax_of(line.tax) for line in order.lines) + sum(tax_of(fee.get("tax")) for fee in order.fees)
    return Sums(
        discounts=[line.discount + part for line, part in zip(order.lines, parts, strict=True)], fees=fees,
        taken=off, items=sum(values) - sum(parts) - left, tax=tax,
    )


def spread(amount: int, values: Sequence[int]) -> tuple[list[int], int]:
    """By value, never more than a line is worth; units left over by rounding go to the first lines that can take
    them. And what no line could take."""
    room = [max(value, 0) for value in values]
    whole = sum(room)
    take = min(amount, whole)
    parts = [take * one // whole if whole else 0 for one in room]
    rest = take - sum(parts)
    for place, one in enumerate(room):
        more = min(rest, one - parts[place])
        parts[place] += more
        rest -= more
    return parts, amount - take


def check_sums(order: OmsOrder) -> None:
    """Raises ``Permanent`` where the order does not add up to its total."""
    for place, line in enumerate(order.lines):
        _check_line(place, line)
    grand = sums_of(order).grand
    if grand != order.total:
        raise Permanent(
            f"Lines and fees come to {grand}, the total is {order.total} (minor units): mend the order", field="total"
        )


def _check_line(place: int, line: OmsLine) -> None:
    wrong: dict[str, Any] = {
        "quantity": line.quantity < 1, "unit_price": line.unit_price < 0,
        "discount": not 0 <= line.discount <= line.quantity * line.unit_price,
    }
    for name, bad in wrong.items():
        if bad:
            raise Permanent(f"The {name} of line {line.line_id} cannot be so", field=f"lines[{place}].{name}")
