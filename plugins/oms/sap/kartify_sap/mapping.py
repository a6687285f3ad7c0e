"""The store's own mapping: fields of SAP out of fixed text and of what the order holds.

``PaymentMethod=P`` sets a constant, ``SalesOrderItemText={name:40}`` takes the line's name and cuts it at 40. A field
whose placeholder is empty for an order is left out of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC
from typing import Annotated, Any

from pydantic import BeforeValidator

from kartify.plugin import OmsLine, OmsOrder, Permanent, to_major
from kartify_sap.odata import Unfit, encode
from kartify_sap.service import entity_sets

_PLACE = re.compile(r"\{([A-Za-z0-9_.-]+)(?::([0-9]{1,3}))?\}")
ORDER_NAMES = frozenset({
    "number", "store", "currency", "method", "total", "due", "date", "payment_id", "payment_method", "gateway", "name",
    "email", "phone",
})
LINE_NAMES = frozenset({"sku", "line_id", "position", "name", "hsn", "quantity"})


def _pairs(value: Any) -> Any:
    """Takes ``A=x, B=y`` or JSON, for forms and the command line."""
    if not isinstance(value, str):
        return value
    if value.strip().startswith("{"):
        return json.loads(value)
    parts = [part.partition("=") for part in re.split(r",(?=[^,=]+=)", value) if part.strip()]
    return {name.strip(): given.strip() for name, _, given in parts}


Names = Annotated[dict[str, str], BeforeValidator(_pairs)]


def check_fields(where: str, fields: Mapping[str, str]) -> None:
    """Raises ``ValueError`` where a field cannot be set in a new entity, or a placeholder is none of ours."""
    known = entity_sets()[where].properties
    names = ORDER_NAMES if where == "A_SalesOrder" else LINE_NAMES
    for name, text in fields.items():
        if name not in known or not known[name].creatable:
            raise ValueError(f"{name} is no field that can be set when a {where} is made")
        for place, _ in _PLACE.findall(text):
            plain = place.removeprefix("order.") if where != "A_SalesOrder" else place
            allowed = ORDER_NAMES if plain != place else names
            if plain not in allowed and not plain.startswith(("metadata.", "customer.")):
                raise ValueError(f"{name}: there is no {{{place}}}; there are {', '.join(sorted(allowed))}, metadata.…")


def order_values(order: OmsOrder) -> dict[str, Any]:
    paid = next((one for one in order.payments if one.gateway_payment_id), None)
    method = paid.method if paid else next((one.method for one in order.payments if one.method), None)
    customer = order.customer
    return {
        "number": order.number, "store": order.store, "currency": order.currency, "method": order.method,
        "total": to_major(order.total, order.currency), "due": to_major(order.due, order.currency),
        "date": f"{order.created_at.astimezone(UTC):%Y-%m-%d}", "payment_id": paid.gateway_payment_id if paid else None,
        "payment_method": method, "gateway": paid.gateway if paid else None, "name": customer.get("name"),
        "email": customer.get("email"), "phone": customer.get("phone"), "customer": customer,
        "metadata": order.metadata,
    }


def line_values(order: OmsOrder, line: OmsLine, position: int) -> dict[str, Any]:
    return {
        "sku": line.sku, "line_id": line.line_id, "position": position, "name": line.name, "hsn": line.hsn,
        "quantity": line.quantity, "metadata": line.metadata, "order": order_values(order),
    }


def fill(where: str, fields: Mapping[str, str], values: Mapping[str, Any], *, ours: str) -> dict[str, Any]:
    """The fields as the service wants them. Raises ``Permanent`` naming our field where one does not fit."""
    known = entity_sets()[where].properties
    made: dict[str, Any] = {}
    for name, template in fields.items():
        text = _text(template, values)
        if text is None:
            continue
        try:
            made[name] = encode(known[name], text)
        except Unfit as problem:
            raise Permanent(
                f"SAP's field {name} cannot take this value: {problem}. Mend the order, or map the field otherwise.",
                field=_source(template, ours) or name,
            ) from None
    return made


def _text(template: str, values: Mapping[str, Any]) -> str | None:
    """None where a placeholder has no value."""
    found = {place: _value(values, place) for place, _ in _PLACE.findall(template)}
    if not all(found.values()):
        return None
    return _PLACE.sub(lambda at: found[at[1]][: int(at[2]) if at[2] else None], template).strip() or None


def _value(values: Mapping[str, Any], place: str) -> str:
    known: Any = values
    for part in place.split("."):
        known = known.get(part) if isinstance(known, Mapping) else None
    return "" if known is None or isinstance(known, Mapping | list) else str(known).strip()


def _source(template: str, ours: str) -> str:
    """Our name of the field that a template takes its value from."""
    place = next((place for place, _ in _PLACE.findall(template)), "")
    named = {"name": "customer.name", "email": "customer.email", "phone": "customer.phone"}
    plain = place.removeprefix("order.")
    if not ours or plain != place:
        return named.get(plain, plain)
    return f"{ours}.{place}" if place else ""
