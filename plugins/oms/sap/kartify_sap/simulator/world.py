"""The sales orders as rows of every entity set, made from the book whenever somebody looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kartify.plugin import from_major, to_major
from kartify.simulation import OmsBook, SaleOrder
from kartify_sap.service import entity_sets
from kartify_sap.simulator.answers import blank

Row = dict[str, Any]
# Where the rows of a deep insert are kept, by the way that leads to them.
CHILDREN = {
    "to_Partner": "A_SalesOrderHeaderPartner", "to_PricingElement": "A_SalesOrderHeaderPrElement",
    "to_Text": "A_SalesOrderText", "to_PaymentPlanItemDetails": "A_SlsOrdPaymentPlanItemDetails",
    "to_RelatedObject": "A_SalesOrderRelatedObject", "to_Item": "A_SalesOrderItem",
}
TAX = 5  # per cent
_GUID = "00000000-0000-0000-0000-{:012d}"


class World:
    """``prices``: whether conditions hold the tax already."""

    def __init__(self, book: OmsBook) -> None:
        self.book = book
        self.prices = "gross"

    def rows(self, entity_set: str) -> list[Row]:
        if entity_set == "A_SalesOrder":
            return [self.header(order) for order in self.book.orders]
        return [row for order in self.book.orders for row in self.of(order, entity_set)]

    def of(self, order: SaleOrder, entity_set: str) -> list[Row]:
        """The rows of one order."""
        match entity_set:
            case "A_SalesOrder":
                return [self.header(order)]
            case "A_SalesOrderItem":
                return [self._item(order, item) for item in order.data["to_Item"]]
            case "A_SalesOrderItemPrElement":
                return [row for item in order.data["to_Item"] for row in _prices(item, entity_set)]
            case "A_SalesOrderHeaderPrElement":
                return _prices(order.data, entity_set)
            case "A_SalesOrderPartnerAddress":
                return [row for partner in order.data["to_Partner"] for row in partner["to_Address"]]
            case "A_SalesOrderSubsqntProcFlow" | "A_SalesOrderItmSubsqntProcFlow":
                return _flow(order, entity_set)
            case _:
                way = next((way for way, name in CHILDREN.items() if name == entity_set), "")
                return [blank(entity_sets()[entity_set]) | _plain(row) for row in order.data.get(way, ())]

    def behind(self, entity_set: str, name: str, row: Mapping[str, Any]) -> list[Row]:
        """What a navigation leads to."""
        order = self.book.by_id(row["SalesOrder"])
        target = entity_sets()[entity_set].navigations[name].target
        if order is None:
            return []
        keys = [one for one in entity_sets()[entity_set].keys if one in entity_sets()[target].keys]
        return [one for one in self.of(order, target) if all(one[part] == row[part] for part in keys)]

    def changed_at(self, row: Mapping[str, Any]) -> datetime | None:
        order = self.book.by_id(str(row.get("SalesOrder")))
        return order.updated_at if order else None

    def header(self, order: SaleOrder) -> Row:
        items = order.data["to_Item"]
        gone = [bool(item.get("SalesDocumentRjcnReason")) for item in items]
        out = order.state in ("shipped", "delivered", "returned")
        taxes = sum(self.tax(item, order.currency) for item in items)
        return blank(entity_sets()["A_SalesOrder"]) | order.data["header"] | {
            "SalesOrder": order.id, "CreationDate": order.created_at, "LastChangeDate": order.updated_at,
            "LastChangeDateTime": order.updated_at, "CreatedByUser": "CC0000000001",
            "TotalNetAmount": to_major(order.amount - taxes, order.currency), "TransactionCurrency": order.currency,
            "OverallSDProcessStatus": "C" if out else "A", "OverallTotalDeliveryStatus": _letter(order, out),
            "OverallSDDocumentRejectionSts": "C" if all(gone) else ("B" if any(gone) else "A"),
            "TotalBlockStatus": "C" if order.data["header"].get("DeliveryBlockReason") else "",
        }

    def _item(self, order: SaleOrder, item: Row) -> Row:
        tax = self.tax(item, order.currency)
        worth = value_of(item, order.currency) - (tax if self.prices == "gross" else 0)
        out = order.state in ("shipped", "delivered", "returned")
        return blank(entity_sets()["A_SalesOrderItem"]) | _plain(item) | {
            "NetAmount": to_major(worth, order.currency), "TaxAmount": to_major(tax, order.currency),
            "TransactionCurrency": order.currency, "DeliveryStatus": _letter(order, out),
            "SDProcessStatus": "C" if out else "A",
        }

    def tax(self, item: Row, currency: str) -> int:
        worth = value_of(item, currency)
        by = 100 + TAX if self.prices == "gross" else 100
        return (2 * worth * TAX + by) // (2 * by)


def value_of(item: Mapping[str, Any], currency: str) -> int:
    """A price counts by quantity, a discount once; minor units."""
    total = 0
    for one in item["to_PricingElement"]:
        rate = from_major(one["ConditionRateValue"], currency)
        per = int(one.get("ConditionQuantity") or 0)
        total += rate * int(item["RequestedQuantity"]) // per if per else rate
    return total


def _letter(order: SaleOrder, out: bool) -> str:
    return "C" if out else order.data.get("delivery", "A")


def _plain(row: Row) -> Row:
    return {name: text for name, text in row.items() if not name.startswith("to_")}


def _prices(parent: Row, entity_set: str) -> list[Row]:
    empty = blank(entity_sets()[entity_set])
    named = {name: parent[name] for name in ("SalesOrder", "SalesOrderItem") if name in parent and name in empty}
    return [
        empty | named | _plain(row) | {"PricingProcedureStep": f"{step:03d}", "PricingProcedureCounter": "001"}
        for step, row in enumerate(parent["to_PricingElement"], 1)
    ]


def _flow(order: SaleOrder, entity_set: str) -> list[Row]:
    """A delivery, and the goods issue once it has left."""
    if order.state not in ("shipped", "delivered", "returned") and order.data.get("delivery", "A") == "A":
        return []
    kinds = ["J", "R"] if order.state in ("shipped", "delivered", "returned") else ["J"]
    empty = blank(entity_sets()[entity_set])
    places = [item["SalesOrderItem"] for item in order.data["to_Item"]] if "SalesOrderItem" in empty else [""]
    return [
        empty | {"SalesOrder": order.id, "DocRelationshipUUID": _GUID.format(10 * number + step),
                 "SubsequentDocument": f"8{step}{order.id[-7:]:0>8}", "SubsequentDocumentCategory": kind}
        | ({"SalesOrderItem": place} if place else {})
        for number, place in enumerate(places) for step, kind in enumerate(kinds)
    ]
