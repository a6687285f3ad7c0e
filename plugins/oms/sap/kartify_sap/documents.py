"""Sales orders as SAP has them: looked up by our number, and what that says of a delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kartify.plugin import Client, Found, Kind, OmsOrder, Presence, Receipt, Temporary
from kartify_sap import odata, prices
from kartify_sap.api import Api
from kartify_sap.settings import SapSettings

HEADER = (
    "SalesOrder", "PurchaseOrderByCustomer", "TransactionCurrency", "TotalNetAmount", "OverallTotalDeliveryStatus",
    "OverallSDDocumentRejectionSts", "HeaderBillingBlockReason", "DeliveryBlockReason", "LastChangeDateTime",
)
ITEM = ("SalesOrderItem", "HigherLevelItem", "SalesDocumentRjcnReason")
BLOCKS = ("HeaderBillingBlockReason", "DeliveryBlockReason")
TOGETHER, MOST_PARTS = 100, 500
DELIVERED = ("B", "C")  # a part, or all, is in deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """``top``: a line of the order itself, no part of a set and no free goods."""

    number: str
    top: bool
    rejected: bool
    tax: int | None
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """``net`` and the items' taxes are minor units; None where SAP told none that can be read."""

    id: str
    number: str
    currency: str
    net: int | None
    delivery: str
    rejection: str
    blocks: Mapping[str, str]
    items: Sequence[Item]
    etag: str
    changed: str

    @property
    def rejected(self) -> bool:
        return self.rejection == "C" or (bool(self.items) and all(item.rejected for item in self.items))

    @property
    def total(self) -> int | None:
        taxes = [item.tax for item in self.items]
        return self.net + sum(tax or 0 for tax in taxes) if self.net is not None and None not in taxes else None


class Documents:
    """Look-ups of one account."""

    def __init__(self, settings: SapSettings, api: Api) -> None:
        self._settings = settings
        self._api = api
        amounts = ("TaxAmount",) if settings.compare_amount == "total" else ()
        self._params = {
            "$select": ",".join((*HEADER, *(f"to_Item/{name}" for name in (*ITEM, *amounts)))), "$expand": "to_Item",
        }

    def of(self, client: Client, number: str) -> list[Document]:
        """Every sales order of our customer with this number; rejected ones too."""
        wanted = f"PurchaseOrderByCustomer eq {odata.literal(number)}"
        if self._settings.sold_to_party:
            wanted += f" and SoldToParty eq {odata.literal(self._settings.sold_to_party)}"
        return [one for one in self.where(client, wanted, what="the look-up") if one.number == number]

    def where(self, client: Client, wanted: str, *, what: str, order_by: str = "") -> list[Document]:
        """Read in parts of a size that one answer can bring, until SAP's own count of them is there."""
        params = {"$filter": wanted, **self._params, "$inlinecount": "allpages", "$top": str(TOGETHER)}
        params |= {"$orderby": order_by} if order_by else {}
        found: list[Document] = []
        for _ in range(MOST_PARTS):
            asked = params | ({"$skip": str(len(found))} if found else {})
            pages = self._api.pages(client, "A_SalesOrder", asked, what=what)
            rows = [row for page in pages for row in odata.results(page)]
            found += [_document(row) for row in rows]
            told = pages[0].get("__count")
            total = int(told) if isinstance(told, str) and told.isdigit() else len(found)
            if len(found) >= total:
                return found
            if not rows:
                raise Temporary(f"SAP's list is shorter than it says ({what})")
        raise Temporary(f"SAP's list has no end ({what})")

    def get(self, client: Client, order_id: str) -> Document:
        path = odata.key("A_SalesOrder", SalesOrder=order_id)
        return _document(self._api.get(client, path, self._params, what="reading the sales order"))


def _document(row: Mapping[str, Any]) -> Document:
    order_id, currency = _text(row, "SalesOrder"), _text(row, "TransactionCurrency")
    if not order_id:
        raise Temporary("SAP told of a sales order without its number")
    return Document(
        id=order_id, number=_text(row, "PurchaseOrderByCustomer"), currency=currency,
        net=prices.told_amount(row.get("TotalNetAmount"), currency), delivery=_text(row, "OverallTotalDeliveryStatus"),
        rejection=_text(row, "OverallSDDocumentRejectionSts"), blocks={name: _text(row, name) for name in BLOCKS},
        items=[_item(one, currency) for one in odata.results(row.get("to_Item"))], etag=odata.etag(row),
        changed=_text(row, "LastChangeDateTime"),
    )


def _item(row: Mapping[str, Any], currency: str) -> Item:
    return Item(
        number=_text(row, "SalesOrderItem"), top=not _text(row, "HigherLevelItem").strip("0"),
        rejected=bool(_text(row, "SalesDocumentRjcnReason")), tax=prices.told_amount(row.get("TaxAmount"), currency),
        etag=odata.etag(row),
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def found(settings: SapSettings, kind: Kind, order: OmsOrder, documents: Sequence[Document]) -> Found:
    """What the look-up says of this delivery."""
    live = [one for one in documents if not one.rejected]
    if len(live) > 1:
        named = ", ".join(one.id for one in live)
        return _dead(f"SAP has this order more than once ({named}): keep one, reject the items of the others there.")
    if kind is Kind.CANCEL:
        return _cancellation(documents, live)
    if not live:
        return _gone(kind, documents)
    return _standing(settings, kind, order, live[0])


def _gone(kind: Kind, documents: Sequence[Document]) -> Found:
    if documents:
        return _dead(f"SAP has the order as {documents[0].id}, and all its items are rejected there.")
    if kind is Kind.HOLD:
        return _dead("SAP has no order of this number.")
    return Found(presence=Presence.ABSENT, detail="SAP has no order of this number")


def _cancellation(documents: Sequence[Document], live: Sequence[Document]) -> Found:
    if not documents:
        return _dead("SAP has no order of this number, so there is nothing to cancel there.")
    one = live[0] if live else documents[0]
    known = Found(presence=Presence.DONE, receipt=Receipt(id=one.id), number=one.number)
    if not live:
        return known
    if one.delivery in DELIVERED:
        return replace(known, presence=Presence.DEAD, detail=too_late(one))
    return replace(known, presence=Presence.ABSENT, detail=f"SAP has it as {one.id}, not cancelled")


def too_late(document: Document) -> str:
    return f"SAP has the order {document.id} in delivery: it is too late to cancel it from here. Ask the warehouse."


def _standing(settings: SapSettings, kind: Kind, order: OmsOrder, document: Document) -> Found:
    known = Found(
        presence=Presence.DONE, receipt=Receipt(id=document.id), number=document.number,
        amount=amount(settings, order, document), detail=f"SAP has it as {document.id}",
    )
    if document.currency != order.currency:
        return replace(known, presence=Presence.DEAD, amount=None, detail=(
            f"SAP has the order {document.id} in {document.currency or 'no currency'}, ours is in {order.currency}."
        ))
    lines = sum(item.top for item in document.items)
    if lines != len(order.lines):
        return replace(known, presence=Presence.DEAD, detail=(
            f"SAP's order {document.id} has {lines} lines, ours has {len(order.lines)}: compare the two."
        ))
    if known.amount is None and settings.compare_amount != "off":
        return replace(known, presence=Presence.UNTOLD, detail=f"SAP told no amount of the order {document.id}")
    if (waits := left_to_do(settings, kind, document)) is not None:
        return replace(known, presence=Presence.ABSENT, detail=f"SAP has it as {document.id}; {waits}")
    return known


def left_to_do(settings: SapSettings, kind: Kind, document: Document) -> str | None:
    """Why an order that is there is not yet as this delivery wants it."""
    if kind is Kind.CONFIRM and ours_of_blocks(settings, document):
        return "its blocks are still on"
    if kind is Kind.HOLD and not is_held(settings, document):
        return "it is not held"
    if kind is Kind.PUSH and is_pending(settings, document):
        return "its addresses are still to be set"
    return None


def ours_of_blocks(settings: SapSettings, document: Document) -> list[str]:
    """The blocks that we set while the order was unpaid; what staff set there is theirs."""
    ours = {"HeaderBillingBlockReason": settings.unpaid_billing_block,
            "DeliveryBlockReason": settings.unpaid_delivery_block}
    return [name for name, code in ours.items() if code and document.blocks[name] == code]


def is_held(settings: SapSettings, document: Document) -> bool:
    return bool(document.blocks["DeliveryBlockReason"]) and (
        not settings.hold_billing_block or bool(document.blocks["HeaderBillingBlockReason"])
    )


def is_pending(settings: SapSettings, document: Document) -> bool:
    pending = settings.pending_delivery_block
    return settings.address_style == "patch_after" and document.blocks["DeliveryBlockReason"] == pending


def amount(settings: SapSettings, order: OmsOrder, document: Document) -> int | None:
    """SAP's amount as it compares with our total; None where it is not to be compared, or SAP told none."""
    if settings.compare_amount == "off":
        return None
    if settings.compare_amount == "net":
        told = None if document.net is None else document.net - prices.sent_total(settings, order) + order.total
    else:
        told = document.total
    near = told is not None and abs(told - order.total) <= settings.amount_tolerance
    return order.total if near else told


def _dead(detail: str) -> Found:
    return Found(presence=Presence.DEAD, detail=detail)
