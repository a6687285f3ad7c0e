"""Changes: the deep insert of an order, and patches of what is there, with SAP's refusals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from kartify.plugin import from_major
from kartify.simulation import OmsBook, SaleOrder
from kartify_sap.service import EntitySet, Property, entity_sets
from kartify_sap.simulator.answers import now, refuse
from kartify_sap.simulator.world import CHILDREN, Row, World, value_of

_DATE = re.compile(r"/Date\((-?[0-9]+)(?:\+0000)?\)/\Z")
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?\Z")
NEEDED = ("SalesOrderType", "SalesOrganization", "DistributionChannel", "OrganizationDivision", "SoldToParty")


def create(world: World, body: Any, *, customers: frozenset[str]) -> SaleOrder:
    """A sales order out of a deep insert: all of it or nothing."""
    told = _typed(entity_sets()["A_SalesOrder"], body, "create")
    for name in NEEDED:
        if not told.get(name):
            raise refuse(400, "V1/101", f"Enter a value for {name}", name)
    if told["SoldToParty"] not in customers:
        raise refuse(400, "VP/199", f"Customer {told['SoldToParty']} does not exist in this sales area", "SoldToParty")
    _check_items(told)
    _check_addresses(told)
    order_id = world.book.next_id(digits=7)
    currency = told.get("TransactionCurrency") or "INR"
    data: dict[str, Any] = {way: _named(way, told.get(way, []), order_id) for way in CHILDREN}
    data["header"] = {name: value for name, value in told.items() if name not in CHILDREN}
    data["SalesOrder"] = order_id
    at = now()
    amount = _amount(world, data, currency)
    return world.book.add(SaleOrder(
        number=data["header"].get("PurchaseOrderByCustomer", ""), id=order_id, amount=amount, currency=currency,
        created_at=at, updated_at=at, data=data,
        state="on_hold" if data["header"].get("DeliveryBlockReason") else "accepted",
    ))


def _amount(world: World, data: Row, currency: str) -> int:
    """What the customer pays: items, conditions of the header, and the tax where prices are without it."""
    total = sum(value_of(item, currency) for item in data["to_Item"])
    total += sum(from_major(one["ConditionRateValue"], currency) for one in data["to_PricingElement"])
    taxes = sum(world.tax(item, currency) for item in data["to_Item"])
    return total if world.prices == "gross" else total + taxes


def _check_items(told: Row) -> None:
    if not told.get("to_Item"):
        raise refuse(400, "V1/302", "Enter at least one item", "to_Item")
    for place, item in enumerate(told["to_Item"]):
        if not item.get("Material"):
            raise refuse(400, "V1/384", "Enter a material", f"/A_SalesOrder/to_Item/{place}/Material")
        if not item.get("RequestedQuantity", "").isdigit() or int(item["RequestedQuantity"]) < 1:
            raise refuse(400, "V1/385", "Enter a quantity", f"/A_SalesOrder/to_Item/{place}/RequestedQuantity")
        if item["Material"].startswith("NO-"):
            text = f"Material {item['Material']} is not defined for this sales organization"
            raise refuse(400, "V1/382", text, f"/A_SalesOrder/to_Item/{place}/Material")


def _check_addresses(told: Row) -> None:
    for partner in told.get("to_Partner", ()):
        for address in partner.get("to_Address", ()):
            if address.get("Country") == "IN" and not re.fullmatch(r"[1-9][0-9]{5}", address.get("PostalCode", "")):
                text = f"Postal code {address.get('PostalCode')} must have the length 6"
                raise refuse(400, "AM/064", text, "/A_SalesOrder/to_Partner/to_Address/PostalCode")


def _named(way: str, rows: list[Row], order_id: str) -> list[Row]:
    """With the keys that SAP gives."""
    for place, row in enumerate(rows, 1):
        row["SalesOrder"] = order_id
        if way == "to_Item":
            row["SalesOrderItem"] = row.get("SalesOrderItem") or str(place * 10)
            row.setdefault("to_PricingElement", [])
            for price in row["to_PricingElement"]:
                price |= {"SalesOrder": order_id, "SalesOrderItem": row["SalesOrderItem"]}
        if way == "to_PaymentPlanItemDetails":
            row["PaymentPlanItem"] = str(place)
        if way == "to_RelatedObject":
            row["SDDocRelatedObjectSequenceNmbr"] = str(place)
        if way == "to_Partner":
            empty = dict.fromkeys(entity_sets()["A_SalesOrderPartnerAddress"].properties, "")
            key = {"SalesOrder": order_id, "PartnerFunction": row["PartnerFunction"]}
            row["to_Address"] = [empty | one | key for one in row.get("to_Address") or [{}]]
    return rows


def patch(book: OmsBook, order: SaleOrder, entity_set: EntitySet, row: Mapping[str, Any], body: Any) -> None:
    """A change of one entity."""
    told = _typed(entity_set, body, "update")
    match entity_set.name:
        case "A_SalesOrder":
            order.data["header"] |= told
            if order.state in ("accepted", "on_hold"):
                order.state = "on_hold" if order.data["header"].get("DeliveryBlockReason") else "accepted"
        case "A_SalesOrderItem":
            _patch_item(order, str(row["SalesOrderItem"]), told)
        case "A_SalesOrderPartnerAddress":
            partner = next(one for one in order.data["to_Partner"] if one["PartnerFunction"] == row["PartnerFunction"])
            partner["to_Address"][0] |= told
        case _:
            raise refuse(405, "/IWBEP/CM_MGW_RT/022", f"{entity_set.name} cannot be changed here")
    touch(order)


def _patch_item(order: SaleOrder, number: str, told: Row) -> None:
    if order.state in ("shipped", "delivered", "returned"):
        raise refuse(400, "V1/499", f"Item {number} is already delivered and cannot be rejected")
    item = next(one for one in order.data["to_Item"] if one["SalesOrderItem"] == number)
    item |= told
    if all(one.get("SalesDocumentRjcnReason") for one in order.data["to_Item"]):
        order.state = "cancelled"


def touch(order: SaleOrder) -> None:
    """Its change time, and with it its ETag, is a new one."""
    order.updated_at = max(now(), order.updated_at + timedelta(microseconds=1))


def _typed(entity_set: EntitySet, body: Any, act: str) -> Row:
    """The body with its values read; SAP's refusal of whatever does not fit the metadata."""
    if not isinstance(body, Mapping):
        raise refuse(400, "/IWBEP/CM_MGW_RT/176", "The request body is not valid JSON of this entity")
    made: Row = {}
    for name, value in body.items():
        if name in entity_set.navigations and act == "create":
            rows = value.get("results") if isinstance(value, Mapping) else value
            target = entity_sets()[entity_set.navigations[name].target]
            made[name] = [_typed(target, row, act) for row in rows or ()]
            continue
        known = entity_set.properties.get(name)
        if known is None:
            raise refuse(400, "/IWBEP/CM_MGW_RT/021", f"Property {name} is invalid in {entity_set.type_name}", name)
        if not (known.creatable if act == "create" else known.updatable):
            raise refuse(400, "/IWBEP/CM_MGW_RT/096", f"Property {name} cannot be set", name)
        made[name] = _value(known, value)
    return made


def _value(known: Property, value: Any) -> Any:
    wrong = refuse(400, "/IWBEP/CM_MGW_RT/178", f"The value of property {known.name} is not valid", known.name)
    if known.kind == "bool":
        if not isinstance(value, bool):
            raise wrong
        return value
    if not isinstance(value, str):
        raise wrong
    if known.kind == "s" and known.size and len(value) > known.size[0]:
        raise refuse(400, "/IWBEP/CM_MGW_RT/177", f"Property {known.name} has at most {known.size[0]} characters",
                     known.name)
    if known.kind == "n" and not _DECIMAL.match(value):
        raise wrong
    if known.kind in ("date", "moment"):
        found = _DATE.match(value)
        if found is None:
            raise wrong
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1]))
    return value
