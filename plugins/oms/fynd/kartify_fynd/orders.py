"""The body that creates an order at FYND, unpaid (way b), in the schemas that are alive. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kartify.plugin import OmsLine, OmsOrder, Permanent
from kartify_fynd.settings import FyndSettings
from kartify_fynd.wire import amount, text

_COD_FEES: Final = ("cod_fee", "cod")
_PARTY: Final = {"collection_bearer": "seller", "refund_bearer": "seller"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A line with its part of the order's fees; sums of the whole line in minor units."""

    line: OmsLine
    delivery: int = 0
    cod: int = 0
    coupon: int = 0

    @property
    def marked(self) -> int:
        return max((self.line.list_price or self.line.unit_price) * self.line.quantity, self.effective)

    @property
    def effective(self) -> int:
        return self.line.unit_price * self.line.quantity - self.line.discount

    @property
    def paid(self) -> int:
        """FYND's rule: price_effective + cod_charges + delivery_charges - coupon."""
        return self.effective + self.cod + self.delivery - self.coupon


def priced_lines(order: OmsOrder) -> list[Priced]:
    """Charges stand on the first line; discounts of the order are taken from each line as far as it goes."""
    sums = [(str(fee.get("kind", "")), int(fee.get("amount", 0))) for fee in order.fees]
    cod = sum(value for kind, value in sums if value > 0 and kind in _COD_FEES)
    delivery = sum(value for kind, value in sums if value > 0 and kind not in _COD_FEES)
    left = -sum(value for _, value in sums if value < 0)
    lines = []
    for place, line in enumerate(order.lines):
        mine = Priced(line=line, delivery=0 if place else delivery, cod=0 if place else cod)
        taken = min(left, max(mine.paid, 0))
        left -= taken
        lines.append(Priced(line=line, delivery=mine.delivery, cod=mine.cod, coupon=taken))
    return lines


def check_create(settings: FyndSettings, order: OmsOrder) -> None:
    """Raises ``Permanent`` naming what FYND needs and the order lacks."""
    if order.currency != settings.currency:
        raise Permanent(f"This channel takes orders in {settings.currency}", field="currency")
    if not order.lines:
        raise Permanent("The order has no lines", field="lines")
    for place, line in enumerate(order.lines):
        if not line.sku:
            raise Permanent("FYND needs the seller's identifier", field=f"lines[{place}].sku")
        if line.quantity < 1:
            raise Permanent("The quantity must be at least 1", field=f"lines[{place}].quantity")
    address = order.shipping_address or {}
    for name in ("line1", "city", "state", "postcode", "country"):
        if not text(address.get(name)):
            raise Permanent(f"FYND needs the {name} of the shipping address", field=f"shipping_address.{name}")
    if not text(order.customer.get("phone")):
        raise Permanent("FYND needs the customer's phone number", field="customer.phone")
    if sum(line.paid for line in priced_lines(order)) != order.total:
        raise Permanent("Lines and fees do not add up to the order's total", field="total")


def create_body(settings: FyndSettings, order: OmsOrder) -> dict[str, Any]:
    check_create(settings, order)
    return _new(settings, order) if settings.order_schema == "new" else _old(settings, order)


def create_headers(settings: FyndSettings) -> dict[str, str]:
    return {"x-ordering-source": settings.ordering_source, "x-application-id": settings.application_id}


def _primary(settings: FyndSettings, order: OmsOrder) -> str:
    return settings.fynd_mode("cod" if order.method == "cod" else "default")


def _new(settings: FyndSettings, order: OmsOrder) -> dict[str, Any]:
    stamp = int(order.created_at.timestamp() * 1000)
    lines = [_new_line(settings, order, priced=line) for line in priced_lines(order)]
    body = {
        "external_order_id": order.number,
        "external_creation_date": order.created_at.isoformat(),
        "primary_payment_mode": _primary(settings, order),
        "currency_details": {
            "ordering_currency": order.currency, "conversion_rate": {"rate": 1, "timestamp_ms": stamp},
        },
        "shipping_details": _new_details(order, order.shipping_address),
        "billing_details": _new_details(order, order.billing_address or order.shipping_address),
        "shipments": [{"location_id": settings.location_id, "type": "HomeDelivery", "line_items": lines}],
        "meta": {"store": order.store},
    }
    return {**body, "is_draft": True} if settings.push_as_draft else body


def _new_line(settings: FyndSettings, order: OmsOrder, *, priced: Priced) -> dict[str, Any]:
    mode = _primary(settings, order)
    money = {name: amount(value, order.currency) for name, value in _sums(priced).items()}
    paying = {
        "mode_of_payment": {"name": mode, "slug": mode}, "gateway": {"name": "kartify"},
        "amount_paid": money["amount_paid"], "payment_identifier": order.number, "transaction_party": _PARTY,
    }
    return {**_item(priced.line), "monetary_values": money, "payment_methods": [paying]}


def _sums(priced: Priced) -> dict[str, int]:
    always = {"price_marked": priced.marked, "price_effective": priced.effective, "amount_paid": priced.paid}
    some = {
        "discount": priced.marked - priced.effective, "coupon_discount": priced.coupon, "cod_charges": priced.cod,
        "delivery_charges": priced.delivery,
    }
    return {**always, **{name: value for name, value in some.items() if value}}


def _item(line: OmsLine) -> dict[str, Any]:
    return {"seller_identifier": line.sku, "quantity": line.quantity, "external_line_id": line.line_id}


def _names(order: OmsOrder, address: Mapping[str, Any]) -> tuple[str, str]:
    name = text(address.get("name")) or text(order.customer.get("name")) or "Customer"
    first, _, last = name.partition(" ")
    return first, last.strip()


def _place(address: Mapping[str, Any]) -> dict[str, str]:
    given = {
        "address1": text(address.get("line1")), "address2": text(address.get("line2")),
        "landmark": text(address.get("landmark")), "city": text(address.get("city")),
        "state": text(address.get("state")), "pincode": text(address.get("postcode")),
        "country": text(address.get("country")),
    }
    return {name: value for name, value in given.items() if value}


def _new_details(order: OmsOrder, given: Mapping[str, Any] | None) -> dict[str, Any]:
    address = given or {}
    first, last = _names(order, address)
    phone = text(address.get("phone")) or text(order.customer.get("phone"))
    code, number = ("+91", phone.removeprefix("+91")) if phone.startswith("+91") else ("", phone)
    told = {
        "first_name": first, "last_name": last, "email": text(order.customer.get("email")),
        "phone_code": code, "mobile_number": number, "country_iso_code": text(address.get("country")),
    }
    return {**_place(address), **{name: value for name, value in told.items() if value}}


def _old(settings: FyndSettings, order: OmsOrder) -> dict[str, Any]:
    lines = [{**_item(it.line), "charges": _charges(order, it)} for it in priced_lines(order)]
    mode = _primary(settings, order)
    paying = {
        "mode": mode, "name": mode, "amount": amount(order.total, order.currency),
        "collect_by": _PARTY["collection_bearer"], "refund_by": _PARTY["refund_bearer"],
    }
    return {
        "external_order_id": order.number,
        "external_creation_date": order.created_at.isoformat(),
        "shipping_info": _old_info(order, order.shipping_address),
        "billing_info": _old_info(order, order.billing_address or order.shipping_address),
        "payment_info": {"primary_mode": mode, "payment_methods": [paying]},
        "config": {"dp_configuration": {"shipping_by": "fynd"}},
        "shipments": [{"location_id": settings.location_id, "line_items": lines}],
        "meta": {"store": order.store},
    }


def _charges(order: OmsOrder, priced: Priced) -> list[dict[str, Any]]:
    """The three charges that the older schema takes; the fees are in amount_paid."""
    three = {"amount_paid": priced.paid, "price_effective": priced.effective, "price_marked": priced.marked}
    return [{"name": name, "type": name, "amount": _base(order, value)} for name, value in three.items()]


def _base(order: OmsOrder, value: int) -> dict[str, Any]:
    money = {"value": amount(value, order.currency), "currency": order.currency}
    return {"base_amount": money, "ordering_currency": money}


def _old_info(order: OmsOrder, given: Mapping[str, Any] | None) -> dict[str, Any]:
    address = given or {}
    first, last = _names(order, address)
    told = {
        "first_name": first, "last_name": last, "primary_email": text(order.customer.get("email")),
        "primary_mobile_number": text(address.get("phone")) or text(order.customer.get("phone")),
    }
    return {**_place(address), **{name: value for name, value in told.items() if value}}
