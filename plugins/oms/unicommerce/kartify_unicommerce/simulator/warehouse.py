"""Sale orders as Uniware keeps and tells them: what a new one must have, and how it looks at each stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from kartify.simulation import SaleOrder
from kartify_unicommerce.wire import amount, minor, rows, table, text

CURRENCY: Final = "INR"
INSTRUMENTS: Final = ("CASH", "CREDIT_CARD", "DEBIT_CARD", "NET_BANKING", "WALLET")
_ADDRESS: Final = ("id", "name", "addressLine1", "city", "state", "phone")
# Our state → the order's, a unit's and a package's status there.
STAGES: Final = {
    "accepted": ("PROCESSING", "FULFILLABLE", "CREATED"), "on_hold": ("PROCESSING", "FULFILLABLE", "CREATED"),
    "shipped": ("COMPLETE", "DISPATCHED", "DISPATCHED"), "delivered": ("COMPLETE", "DELIVERED", "DELIVERED"),
    "cancelled": ("CANCELLED", "CANCELLED", "CANCELLED"), "returned": ("COMPLETE", "DISPATCHED", "RETURNED"),
}


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One entry of ``errors``."""

    code: int
    message: str
    field: str
    description: str

    def told(self) -> dict[str, Any]:
        return {"code": self.code, "fieldName": self.field, "description": self.description,
                "message": self.message, "errorParams": None}


def flaws(order: Mapping[str, Any], channels: tuple[str, ...]) -> Iterator[Flaw]:
    """What is wrong with a new order."""
    yield from _missing(order, "saleOrder", ("code",))
    if len(text(order.get("code"))) > 45:
        yield Flaw(30002, "INVALID_LENGTH", "saleOrder.code", "size must be between 0 and 45")
    if not isinstance(order.get("cashOnDelivery"), bool):
        yield Flaw(30001, "MISSING", "saleOrder.cashOnDelivery", "may not be null")
    if text(order.get("channel")) not in channels:
        yield Flaw(40010, "INVALID_CHANNEL", "saleOrder.channel", f"Invalid channel {text(order.get('channel'))}")
    if order.get("paymentInstrument", "CASH") not in INSTRUMENTS:
        yield Flaw(30003, "INVALID_VALUE", "saleOrder.paymentInstrument", "not one of the allowed instruments")
    wanted = "totalCashOnDeliveryCharges" if order.get("cashOnDelivery") else "totalPrepaidAmount"
    if minor(order.get(wanted), CURRENCY) is None:
        yield Flaw(30001, "MISSING", f"saleOrder.{wanted}", "may not be null")
    yield from _addresses(order)
    yield from _items(order)


def _missing(given: Mapping[str, Any], where: str, names: tuple[str, ...]) -> Iterator[Flaw]:
    for name in names:
        if not text(given.get(name)):
            yield Flaw(30001, "MISSING", f"{where}.{name}", "may not be empty")


def _addresses(order: Mapping[str, Any]) -> Iterator[Flaw]:
    listed = rows(order.get("addresses"))
    for place, given in enumerate(listed):
        yield from _missing(given, f"saleOrder.addresses[{place}]", _ADDRESS)
        pincode = text(given.get("pincode"))
        if text(given.get("country")) in ("", "IN") and not (pincode.isdigit() and len(pincode) == 6):
            yield Flaw(30003, "INVALID_VALUE", f"saleOrder.addresses[{place}].pincode", "invalid pincode")
    ids = {text(one.get("id")) for one in listed}
    for name in ("billingAddress", "shippingAddress"):
        if text(table(order.get(name)).get("referenceId")) not in ids:
            yield Flaw(30003, "INVALID_VALUE", f"saleOrder.{name}.referenceId", "no such address")


def _items(order: Mapping[str, Any]) -> Iterator[Flaw]:
    items = rows(order.get("saleOrderItems"))
    if not items:
        yield Flaw(30001, "MISSING", "saleOrder.saleOrderItems", "may not be empty")
    for place, item in enumerate(items):
        where = f"saleOrder.saleOrderItems[{place}]"
        yield from _missing(item, where, ("code", "itemSku", "shippingMethodCode"))
        if text(item.get("itemSku")).startswith("NO-SUCH"):
            yield Flaw(40007, "INVALID_ITEM_TYPE", f"{where}.itemSku", f"Invalid item sku {text(item['itemSku'])}")
        for name in ("sellingPrice", "totalPrice"):
            if minor(item.get(name), CURRENCY) is None:
                yield Flaw(30001, "MISSING", f"{where}.{name}", "may not be null")
    codes = [text(item.get("code")) for item in items]
    if len(set(codes)) < len(codes):
        yield Flaw(40012, "DUPLICATE_ITEM_CODE", "saleOrder.saleOrderItems", "item codes must be unique")


def total(items: Sequence[Mapping[str, Any]]) -> int:
    """What the units cost together, in minor units."""
    return sum((minor(item.get("totalPrice"), CURRENCY) or 0) * _pieces(item) for item in items)


def _pieces(item: Mapping[str, Any]) -> int:
    many = item.get("quantity", 1)
    return many if isinstance(many, int) else 1


def millis(at: datetime) -> int:
    return int(at.timestamp()) * 1000


def details(order: SaleOrder) -> dict[str, Any]:
    """``saleOrderDTO``, as saleorder/get tells it."""
    status, unit_status, package_status = STAGES[order.state]
    items = [_unit(order, item, unit_status, package_status) for item in order.data["items"]]
    # The book's amount counts: what the units lack to it stands on the last one.
    last = items[-1]
    last["totalPrice"] = last["totalPrice"] + amount(order.amount - total(items), order.currency)
    package = {
        "code": f"PK-{order.id}", "saleOrderCode": order.id, "channel": order.data["channel"],
        "status": package_status, "created": millis(order.created_at), "updated": millis(order.updated_at),
        "noOfItems": len(items), "collectableAmount": amount(order.data["collect"], order.currency),
    }
    return {
        "code": order.id, "displayOrderCode": order.data["shown"], "channel": order.data["channel"],
        "status": status, "cod": order.data["cod"], "currencyCode": order.currency, "thirdPartyShipping": False,
        "created": millis(order.created_at), "updated": millis(order.updated_at), "addresses": [],
        "saleOrderItems": items, "shippingPackages": [package], "returns": [],
    }


def _unit(order: SaleOrder, item: Mapping[str, Any], status: str, package_status: str) -> dict[str, Any]:
    return {
        "code": item["code"], "itemSku": item["itemSku"], "statusCode": status,
        "shippingPackageCode": f"PK-{order.id}", "shippingPackageStatus": package_status,
        "facilityCode": "STORE-1", "onHold": order.state == "on_hold", "packetNumber": 1,
        "sellingPrice": Decimal(item["sellingPrice"]), "totalPrice": Decimal(item["totalPrice"]),
        "quantity": _pieces(item), "cancellable": order.state in ("accepted", "on_hold"),
    }


def summary(order: SaleOrder) -> dict[str, Any]:
    """One of ``elements``, as saleOrder/search tells it."""
    return {
        "code": order.id, "displayOrderCode": order.data["shown"], "channel": order.data["channel"],
        "status": STAGES[order.state][0], "created": millis(order.created_at), "updated": millis(order.updated_at),
    }
