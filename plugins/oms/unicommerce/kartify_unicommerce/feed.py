"""Pages of orders as Uniware fetches them: by number, over a window that it reads again and again. Pure.

A page is never cut short, since a short one ends the fetch; so nothing is filtered here, every order tells its status.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kartify.plugin import FeedWish, Inbound, Invalid, Listed, Listing
from kartify_unicommerce.orders import address
from kartify_unicommerce.settings import UnicommerceSettings
from kartify_unicommerce.units import Unit, codes, collectable, count, grouped, units
from kartify_unicommerce.wire import amount, dump, moment, stamp

MOST: Final = 500
_SPACE: Final = re.compile(r" (\d\d:?\d\d)\Z")
# Our status → the order's and its items' in Uniware's words.
_STATUS: Final = {
    "processing": ("CREATED", "CREATED"), "shipped": ("COMPLETE", "DISPATCHED"),
    "delivered": ("COMPLETE", "DELIVERED"), "cancelled": ("CANCELLED", "CANCELLED"),
    "refunded": ("CANCELLED", "CANCELLED"),
}


def read_wish(settings: UnicommerceSettings, message: Inbound) -> FeedWish:
    """Raises ``Invalid`` with the name that Uniware gave it."""
    query = message.params()
    until = _moment(query.get("orderDateTo", ""), "orderDateTo", "UTC")
    return FeedWish(
        page=_number(query.get("pageNumber", ""), "pageNumber", default=1, most=100_000),
        limit=_number(query.get("pageSize", ""), "pageSize", default=50, most=MOST),
        # Without an offset the wider reading counts: an order listed once more is harmless, one left out is not.
        since=_moment(query.get("orderDateFrom", ""), "orderDateFrom", settings.zone),
        # Whole seconds are told: the last one belongs to it.
        until=until + timedelta(seconds=1) if until else None,
    )


def _number(value: str, name: str, *, default: int, most: int) -> int:
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or len(value) > 9 or not 1 <= int(value) <= most:
        raise Invalid(name, f"expected 1 to {most}")
    return int(value)


def _moment(value: str, name: str, zone: str) -> datetime | None:
    """A plus sign that was not encoded has become a space."""
    if not value:
        return None
    at = moment(_SPACE.sub(r"+\1", value), zone)
    if at is None:
        raise Invalid(name, "expected a moment such as 2025-01-02T03:04:05+05:30")
    return at


def write_page(settings: UnicommerceSettings, listing: Listing) -> bytes:
    orders = [_order(settings, listed) for listed in listing.items]
    return dump(orders if settings.orders_form == "list" else {"orders": orders})


def _order(settings: UnicommerceSettings, listed: Listed) -> dict[str, Any]:
    order, code = listed.order, settings.code(listed.order.number)
    status, item_status = _statuses(listed)
    made = units(order) if count(order) <= settings.most_units else grouped(order)
    paid = order.total - collectable(order)
    bill = order.billing_address or order.shipping_address or {}
    zero = amount(0, order.currency)
    return {
        "id": code, "displayOrderNumber": order.number, "code": order.number,
        "orderDate": stamp(order.created_at), "orderStatus": status,
        "sla": stamp(order.created_at.astimezone(UTC) + timedelta(hours=settings.sla_hours)), "priority": 0,
        "paymentType": settings.payment_type(cod=collectable(order) > 0),
        # Charges stand on the items, so they must not stand here as well; what was paid has no place there.
        "orderPrice": {
            "currency": order.currency, "totalCashOnDeliveryCharges": zero, "totalDiscount": zero,
            "totalGiftCharges": zero, "totalStoreCredit": zero, "totalShippingCharges": zero,
            "totalPrepaidAmount": amount(paid, order.currency),
        },
        "orderItems": [
            _item(settings, order.currency, unit, {"orderItemId": name, "status": item_status})
            for unit, name in zip(made, codes(code, made), strict=True)
        ],
        "taxExempted": False, "cFormProvided": False, "thirdPartyShipping": settings.third_party_shipping,
        "shippingAddress": address(order, order.shipping_address or {}), "billingAddress": address(order, bill),
        "additionalInfo": "",
    }


def _statuses(listed: Listed) -> tuple[str, str]:
    """A cancellation that was asked for is told by this alone; Uniware's own word then cancels it here."""
    if listed.cancel_requested and listed.status == "processing":
        return _STATUS["cancelled"]
    return _STATUS.get(listed.status, ("PENDING_VERIFICATION", "CREATED"))


def _item(settings: UnicommerceSettings, currency: str, unit: Unit, named: dict[str, str]) -> dict[str, Any]:
    sums = {
        "sellingPrice": unit.selling, "shippingCharges": unit.shipping, "cashOnDeliveryCharges": unit.cod,
        "discount": unit.discount, "totalPrice": unit.total, "transferPrice": 0,
    }
    return {
        **named, "productId": unit.line.sku, "variantId": unit.line.sku, "sku": unit.line.sku,
        "title": unit.line.name, "shippingMethodCode": settings.shipping_method, "quantity": unit.quantity,
        "orderItemPrice": {
            **{name: amount(value, currency) for name, value in sums.items()}, "currency": currency,
        },
        "giftWrap": {"giftWrapMessage": "", "giftWrapCharges": amount(unit.gift, currency)},
        "onHold": False, "packetNumber": 1,
    }
