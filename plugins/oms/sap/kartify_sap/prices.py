"""Prices, discounts and fees as pricing conditions; what is sent adds up to the order's total, to the minor unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kartify.plugin import Invalid, OmsLine, OmsOrder, Permanent, from_major, to_major
from kartify_sap.settings import SapSettings

MOST_PER = 99_999  # ConditionQuantity has five digits


def line_conditions(settings: SapSettings, order: OmsOrder, position: int) -> list[dict[str, Any]]:
    """The price of a line, and its discount where that has a condition of its own.

    A price that does not divide evenly by the quantity is given for the whole quantity, so that nothing is rounded.
    """
    line = order.lines[position]
    price, discount = _line_sums(settings, line, position)
    if not settings.discount_condition:
        price, discount = price - discount, 0
    each, rest = divmod(price, line.quantity)
    rate, per = (price, line.quantity) if rest else (each, 1)
    if per > MOST_PER:
        raise Permanent(
            f"SAP takes a price for at most {MOST_PER} units; this line has {line.quantity}. Split it.",
            field=f"lines.{position}.quantity",
        )
    made = [
        _condition(settings.price_condition, rate, order.currency) | {
            "ConditionQuantity": str(per), "ConditionQuantityUnit": settings.quantity_unit,
        }
    ]
    if discount:
        made.append(_condition(settings.discount_condition, -discount, order.currency))
    return made


def fee_conditions(settings: SapSettings, order: OmsOrder) -> list[dict[str, Any]]:
    """The order's fees and its discount, as conditions of the header. Raises ``Permanent`` for a kind without one."""
    made = []
    for position, fee in enumerate(order.fees):
        amount = _fee_sum(settings, fee)
        if not amount:
            continue
        kind = str(fee.get("kind"))
        condition = settings.fee_conditions.get(kind) or settings.fee_conditions.get("default")
        if not condition:
            raise Permanent(
                f"The account has no condition type for the fee {kind}: add {kind}=… to its setting fee_conditions.",
                field=f"fees.{position}.kind",
            )
        made.append(_condition(condition, amount, order.currency))
    return made


def sent_total(settings: SapSettings, order: OmsOrder) -> int:
    """What the conditions add up to: the total, or the total less the tax where prices are net."""
    sums = (_line_sums(settings, line, position) for position, line in enumerate(order.lines))
    lines = sum(price - discount for price, discount in sums)
    return lines + sum(_fee_sum(settings, fee) for fee in order.fees)


def told_amount(value: Any, currency: str) -> int | None:
    """Minor units of an amount of SAP's, which is text; None where it cannot be read."""
    try:
        return from_major(value, currency) if isinstance(value, str) else None
    except Invalid:
        return None


def _line_sums(settings: SapSettings, line: OmsLine, position: int) -> tuple[int, int]:
    """Price of the whole line and its discount; both less the tax they include where prices are net."""
    price, discount = line.quantity * line.unit_price, line.discount
    if settings.prices == "gross":
        return price, discount
    tax = _tax(line.tax)
    if tax is None:
        raise Permanent(
            "The account sends prices without tax (prices=net), and this line tells no tax amount.",
            field=f"lines.{position}.tax",
        )
    paid = price - discount
    net_discount = round_div(discount * (paid - tax), paid) if paid else discount
    return paid - tax + net_discount, net_discount


def _fee_sum(settings: SapSettings, fee: Mapping[str, Any]) -> int:
    amount = int(fee["amount"])
    return amount if settings.prices == "gross" else amount - (_tax(fee.get("tax")) or 0)


def _tax(told: Mapping[str, Any] | None) -> int | None:
    amount = told.get("amount") if isinstance(told, Mapping) else None
    return amount if isinstance(amount, int) and not isinstance(amount, bool) else None


def round_div(number: int, by: int) -> int:
    """Half away from zero, in integers."""
    sign = -1 if (number < 0) != (by < 0) else 1
    return sign * ((2 * abs(number) + abs(by)) // (2 * abs(by)))


def _condition(kind: str, amount: int, currency: str) -> dict[str, Any]:
    return {"ConditionType": kind, "ConditionRateValue": to_major(amount, currency), "ConditionCurrency": currency}
