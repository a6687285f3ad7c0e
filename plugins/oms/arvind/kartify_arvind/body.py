"""An order in the contract's own words, before an account's renames. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kartify.plugin import OmsLine, OmsOrder, OmsPayment
from kartify_arvind.contract import Contract
from kartify_arvind.money import Writer, tax_of
from kartify_arvind.sums import Sums, sums_of
from kartify_arvind.words import state_of

_LOCAL: Final = re.compile(r"0?([6-9]\d{9})")


def order_body(contract: Contract, order: OmsOrder) -> dict[str, Any]:
    write, sums = Writer(contract, order.currency), sums_of(order)
    paid = [one.paid_at for one in order.payments if one.paid_at]
    ships = _address(order, order.shipping_address)
    return {
        "version": "1",
        "event": "order.processing",
        "number": order.number,
        "store": order.store,
        "channel": contract.channel,
        "created_at": write.moment(order.created_at),
        "confirmed_at": write.moment(max([order.created_at, *paid])),
        "currency": order.currency,
        "customer": _customer(order),
        "billing_address": _address(order, order.billing_address or order.shipping_address),
        "shipping_address": ships,
        "items": _items(contract, order, sums, state=str(ships.get("state_code", ""))),
        "shipping": _shipping(order, sums, write),
        **{kind: write.money(sums.fees[kind]) for kind in ("cod_fee", "gift_wrap", "round_off") if sums.fees[kind]},
        "discounts": [{"code": "order", "amount": write.money(sums.taken)}] if sums.taken else [],
        "totals": {
            "items": write.money(sums.items), "discount": write.money(sum(sums.discounts)),
            "shipping": write.money(sums.fees["shipping"]), "cod_fee": write.money(sums.fees["cod_fee"]),
            "tax": write.money(sums.tax), "grand": write.money(sums.grand),
        },
        "payment": _payment(order, write),
        "meta": dict(order.metadata),
    }


def phone_of(text: object, country: str = "IN") -> str:
    """E.164 where that can be told; a number of India may come without its +91."""
    digits = re.sub(r"[\s().-]", "", str(text or ""))
    local = _LOCAL.fullmatch(digits)
    return f"+91{local[1]}" if local and country == "IN" else digits


def _told(**values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", None)}


def _customer(order: OmsOrder) -> dict[str, Any]:
    ships = order.shipping_address or {}
    known = {**{name: ships.get(name) for name in ("name", "phone")}, **_told(**order.customer)}
    country = str(ships.get("country") or "IN")
    return _told(
        id=known.get("id"), name=known.get("name"), email=known.get("email"),
        phone=phone_of(known.get("phone"), country), gstin=known.get("gstin"),
    )


def _address(order: OmsOrder, given: Mapping[str, Any] | None) -> dict[str, Any]:
    if not given:
        return {}
    country = str(given.get("country") or "IN")
    state = str(given.get("state") or "")
    code, name = state_of(state) if country == "IN" else (state, state)
    return _told(
        name=given.get("name") or order.customer.get("name"), line1=given.get("line1"), line2=given.get("line2"),
        landmark=given.get("landmark"), city=given.get("city"), state=name, state_code=code,
        pincode=given.get("postcode"), country=country,
        phone=phone_of(given.get("phone") or order.customer.get("phone"), country),
    )


def _items(contract: Contract, order: OmsOrder, sums: Sums, *, state: str) -> list[dict[str, Any]]:
    write = Writer(contract, order.currency)
    return [
        {
            **_told(line_id=line.line_id, sku=line.sku, name=line.name, hsn=line.hsn),
            "quantity": line.quantity,
            "unit_price": write.money(line.unit_price),
            "list_price": write.money(line.unit_price if line.list_price is None else line.list_price),
            "discount": write.money(discount),
            **_tax(contract, line, write, state),
            "total": write.money(line.quantity * line.unit_price - discount),
        }
        for line, discount in zip(order.lines, sums.discounts, strict=True)
    ]


def _tax(contract: Contract, line: OmsLine, write: Writer, state: str) -> dict[str, Any]:
    """Split only where it is known whence and whither the goods go."""
    if not line.tax:
        return {}
    rate, amount = _told(rate=line.tax.get("rate")), tax_of(line.tax)
    if not contract.seller_state or not state:
        return {"tax": {**rate, "amount": write.money(amount)}}
    inside = contract.seller_state == state
    cgst = (amount + 1) // 2 if inside else 0
    parts = {"cgst": cgst, "sgst": amount - cgst if inside else 0, "igst": 0 if inside else amount}
    return {"tax": {**rate, **{name: write.money(part) for name, part in parts.items()}}}


def _shipping(order: OmsOrder, sums: Sums, write: Writer) -> dict[str, Any]:
    tax = sum(tax_of(fee.get("tax")) for fee in order.fees if fee.get("kind") == "shipping")
    return {"method": "STD", "charge": write.money(sums.fees["shipping"]), "tax": write.money(tax)}


def _payment(order: OmsOrder, write: Writer) -> dict[str, Any]:
    due = sum(one.amount for one in order.payments if one.kind == "cod")
    paid = [one for one in order.payments if one.kind != "cod"]
    kind = "prepaid" if not due else "part" if sum(one.amount for one in paid) else "cod"
    return {
        "type": kind,
        "status": "pending_collection" if due else "confirmed",
        "amount_paid": write.money(order.total - due),
        "amount_due": write.money(due),
        "transactions": _transactions(paid, write),
    }


def _transactions(paid: Sequence[OmsPayment], write: Writer) -> list[dict[str, Any]]:
    return [
        _told(
            gateway=one.gateway or one.name, id=one.gateway_payment_id, mode=one.method or one.kind,
            amount=write.money(one.amount), at=write.moment(one.paid_at) if one.paid_at else None,
        )
        for one in paid
    ]
