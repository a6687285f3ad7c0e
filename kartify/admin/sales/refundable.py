"""What can go back to the customer from the order page: charges with money left whose gateway refunds by API."""

from __future__ import annotations

from dataclasses import dataclass

from kartify.admin.sales.order_data import OrderData
from kartify.domain.money import to_major
from kartify.house import House
from kartify.models import Charge, new_id
from kartify.plugin.gateway import Gateway

_ENDED = ("failed", "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refundable:
    """A charge with money left. ``key``: of this showing of the form, so that pressing it twice is one refund."""

    charge: Charge
    left: int
    suggested: str
    key: str


def refundable(house: House, data: OrderData) -> list[Refundable]:
    """Charges whose gateway refunds by API and of which something is left."""
    found = []
    for charge in data.charges:
        waiting = sum(one.amount for one in data.operations
                      if one.charge_id == charge.id and one.kind == "refund" and one.state not in _ENDED)
        left = charge.captured - charge.refunded - charge.lost - waiting
        partner = house.accounts.get(charge.account_id).partner
        if left <= 0 or not charge.currency or not isinstance(partner, Gateway) or not partner.can.refund:
            continue
        suggested = to_major(_owed(data, charge, left), charge.currency)
        found.append(Refundable(charge=charge, left=left, suggested=suggested, key=f"refund-{new_id().hex}"))
    return found


def _owed(data: OrderData, charge: Charge, left: int) -> int:
    """What the open exceptions of this charge say we hold; else all of it."""
    held = [one.money_held for one in data.open_cases if one.charge_id == charge.id and one.money_held]
    return min(left, sum(held)) if held else left
