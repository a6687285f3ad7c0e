"""The body that creates a sale order, and what Uniware would refuse in it anyway. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from kartify.plugin import OmsOrder, Permanent
from kartify_unicommerce.settings import UnicommerceSettings
from kartify_unicommerce.units import LONGEST_CODE, Unit, codes, collectable, count, units
from kartify_unicommerce.wire import amount, stamp, text

_PINCODE: Final = re.compile(r"[0-9]{6}\Z")
_NEEDED: Final = ("line1", "city", "state")
_LONGEST: Final = {"name": 100, "line1": 500, "line2": 500, "city": 100, "state": 45, "phone": 45}
# Our name of what Uniware's ``fieldName`` ends with.
_FIELDS: Final = {
    "code": "number", "displayOrderCode": "number", "itemSku": "lines.sku", "addressLine1": "shipping_address.line1",
    "addressLine2": "shipping_address.line2", "city": "shipping_address.city", "state": "shipping_address.state",
    "country": "shipping_address.country", "pincode": "shipping_address.postcode", "phone": "shipping_address.phone",
    "name": "shipping_address.name", "email": "customer.email", "notificationEmail": "customer.email",
    "notificationMobile": "customer.phone", "customerName": "customer.name", "currencyCode": "currency",
    "channel": "account.channel", "shippingMethodCode": "account.shipping_method",
    "paymentInstrument": "account.payment_instruments", "facilityCode": "account.facility",
    "totalPrepaidAmount": "total", "totalCashOnDeliveryCharges": "fees", "sellingPrice": "lines.unit_price",
}
_PLACE: Final = re.compile(r"saleOrderItems\[([0-9]{1,6})\]")


def check_push(settings: UnicommerceSettings, order: OmsOrder) -> None:
    """Raises ``Permanent`` naming our field."""
    if len(settings.code(order.number)) > LONGEST_CODE:
        raise Permanent(f"Uniware takes order codes of at most {LONGEST_CODE} characters", field="number")
    if order.currency != settings.currency:
        raise Permanent(f"This channel takes orders in {settings.currency}", field="currency")
    if not order.lines:
        raise Permanent("The order has no lines", field="lines")
    if (many := count(order)) > settings.most_units:
        raise Permanent(
            f"Uniware gets one entry for each piece, and {many} are more than the account's most_units of "
            f"{settings.most_units}", field="lines",
        )
    for name in ("name", "email"):
        if len(text(order.customer.get(name))) > 100:
            raise Permanent("Uniware takes at most 100 characters", field=f"customer.{name}")
    _check_address(order, "shipping_address", order.shipping_address)
    _check_address(order, "billing_address", order.billing_address or order.shipping_address)
    if sum(unit.total for unit in units(order)) != order.total or any(unit.selling < 0 for unit in units(order)):
        raise Permanent("Lines and fees do not add up to the order's total", field="total")


def _check_address(order: OmsOrder, where: str, given: Mapping[str, Any] | None) -> None:
    if not given:
        raise Permanent("Uniware needs an address to ship to", field=where)
    for name in _NEEDED:
        if not text(given.get(name)):
            raise Permanent(f"Uniware needs the {name} of the address", field=f"{where}.{name}")
    for name, most in _LONGEST.items():
        if len(text(given.get(name))) > most:
            raise Permanent(f"Uniware takes at most {most} characters", field=f"{where}.{name}")
    if text(given.get("country")) in ("", "IN") and not _PINCODE.match(text(given.get("postcode"))):
        raise Permanent("Uniware needs a pincode of six digits", field=f"{where}.postcode")
    if not _phone(order, given):
        raise Permanent("Uniware needs a phone number", field=f"{where}.phone")
    if not _name(order, given):
        raise Permanent("Uniware needs the name of who receives it", field=f"{where}.name")


def push_body(settings: UnicommerceSettings, order: OmsOrder) -> dict[str, Any]:
    made = units(order)
    cod = collectable(order) > 0
    whole: dict[str, Any] = {
        "code": settings.code(order.number), "displayOrderCode": order.number,
        "displayOrderDateTime": stamp(order.created_at), "channel": settings.channel,
        "customerName": _person(order), "notificationEmail": text(order.customer.get("email")),
        "notificationMobile": local(text(order.customer.get("phone"))),
        "cashOnDelivery": cod, "paymentInstrument": settings.instrument(_method(order, cod)),
        "currencyCode": order.currency, "thirdPartyShipping": settings.third_party_shipping,
        "verificationRequired": _verified(settings, cod), "taxExempted": False, "cformProvided": False,
        **_addresses(order),
        "saleOrderItems": [
            _item(settings, order.currency, unit, name)
            for unit, name in zip(made, codes(settings.code(order.number), made), strict=True)
        ],
        **(_totals(order.currency, made, cod) if settings.send_totals else {}),
    }
    paid = next((one.gateway_payment_id for one in order.payments if one.gateway_payment_id), None)
    if settings.payment_id_field and paid:
        whole["customFieldValues"] = [{"name": settings.payment_id_field, "value": paid}]
    return {"saleOrder": {name: value for name, value in whole.items() if value not in ("", None)}}


def our_field(order: OmsOrder, told: str) -> str | None:
    """What to mend here, of a field that Uniware names."""
    last = re.sub(r"\[[0-9]*\]", "", told.rpartition(".")[2])
    known = _FIELDS.get(last)
    place = _PLACE.search(told)
    if known and known.startswith("lines.") and place:
        pieces = [number for number, line in enumerate(order.lines) for _ in range(line.quantity)]
        where = int(place[1])
        return f"lines.{pieces[where]}.{known[6:]}" if where < len(pieces) else known
    if last == "code" and place:
        return "lines"
    return known or told or None


def local(phone: str) -> str:
    """Indian numbers as Uniware's couriers take them: ten digits."""
    digits = phone.replace(" ", "").replace("-", "")
    return digits[3:] if digits.startswith("+91") and len(digits) == 13 else phone


def address(order: OmsOrder, given: Mapping[str, Any]) -> dict[str, str]:
    """An address in Uniware's words."""
    return {
        "name": _name(order, given), "addressLine1": text(given.get("line1")),
        "addressLine2": text(given.get("line2")), "city": text(given.get("city")), "state": text(given.get("state")),
        "country": text(given.get("country")) or "IN", "pincode": text(given.get("postcode")),
        "phone": _phone(order, given), "email": text(order.customer.get("email")),
    }


def _addresses(order: OmsOrder) -> dict[str, Any]:
    ship = address(order, order.shipping_address or {})
    bill = address(order, order.billing_address or order.shipping_address or {})
    listed = [{"id": "ship", **ship}] + ([{"id": "bill", **bill}] if bill != ship else [])
    return {
        "addresses": listed, "shippingAddress": {"referenceId": "ship"},
        "billingAddress": {"referenceId": listed[-1]["id"]},
    }


def _item(settings: UnicommerceSettings, currency: str, unit: Unit, code: str) -> dict[str, Any]:
    sums = {
        "sellingPrice": unit.selling, "discount": unit.discount, "shippingCharges": unit.shipping,
        "cashOnDeliveryCharges": unit.cod, "giftWrapCharges": unit.gift, "prepaidAmount": unit.prepaid,
        "totalPrice": unit.total,
    }
    return {
        "code": code, "itemSku": unit.line.sku, "itemName": unit.line.name,
        "shippingMethodCode": settings.shipping_method, "packetNumber": 1, "giftWrap": unit.gift > 0,
        **{name: amount(value, currency) for name, value in sums.items()},
    }


def _totals(currency: str, made: list[Unit], cod: bool) -> dict[str, Any]:
    """COD: the fee, never the order's value."""
    paid = sum(unit.prepaid for unit in made)
    found = {"totalPrepaidAmount": amount(paid, currency)} if paid or not cod else {}
    return found | ({"totalCashOnDeliveryCharges": amount(sum(unit.cod for unit in made), currency)} if cod else {})


def _verified(settings: UnicommerceSettings, cod: bool) -> bool:
    return settings.verification == "always" or (settings.verification == "cod" and cod)


def _method(order: OmsOrder, cod: bool) -> str:
    if cod:
        return "cod"
    return next((one.method for one in order.payments if one.kind == "gateway" and one.method), "default")


def _person(order: OmsOrder) -> str:
    return text(order.customer.get("name")) or _name(order, order.shipping_address or {})


def _name(order: OmsOrder, given: Mapping[str, Any]) -> str:
    return text(given.get("name")) or text(order.customer.get("name"))


def _phone(order: OmsOrder, given: Mapping[str, Any]) -> str:
    return local(text(given.get("phone")) or text(order.customer.get("phone")))
