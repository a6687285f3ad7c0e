"""Changes of a sales order that is there: blocks, rejected items, addresses. Each is read, decided, and sent with the
ETag of what was read; where somebody was faster, it is read and decided again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kartify.plugin import Client, OmsOrder, Permanent, Receipt, Temporary
from kartify_sap import odata
from kartify_sap.api import Api
from kartify_sap.documents import DELIVERED, Document, Documents, is_held, ours_of_blocks, too_late
from kartify_sap.partners import partners
from kartify_sap.refusals import Changed
from kartify_sap.settings import SapSettings

TIMES = 3


class Changes:
    """Of one account."""

    def __init__(self, settings: SapSettings, api: Api, documents: Documents) -> None:
        self._settings = settings
        self._api = api
        self._documents = documents

    def release(self, client: Client, order_id: str) -> Receipt:
        """Takes off the blocks that we set while the order was unpaid, and no others."""
        def wanted(document: Document) -> dict[str, str]:
            return dict.fromkeys(ours_of_blocks(self._settings, document), "")

        document = self._header(client, order_id, wanted, what="taking off the blocks")
        left = {name: code for name, code in document.blocks.items() if code}
        others = f"; SAP's own blocks stay: {left}" if left else ""
        return Receipt(id=document.id, detail=f"the blocks are off{others}")

    def hold(self, client: Client, order_id: str) -> Receipt:
        """A block that stands there already is left as it is."""
        codes = {"DeliveryBlockReason": self._settings.hold_delivery_block,
                 "HeaderBillingBlockReason": self._settings.hold_billing_block}

        def wanted(document: Document) -> dict[str, str]:
            if is_held(self._settings, document):
                return {}
            if document.delivery in DELIVERED:
                raise Permanent(f"SAP has the order {document.id} in delivery: too late to hold it. Ask the warehouse.")
            return {name: code for name, code in codes.items() if code and not document.blocks[name]}

        return Receipt(id=self._header(client, order_id, wanted, what="the hold").id, detail="held at SAP")

    def reject(self, client: Client, order_id: str) -> Receipt:
        """Rejects item by item: what a lost answer left half done is gone on with."""
        clashes = 0
        while True:
            document = self._documents.get(client, order_id)
            left = [item for item in document.items if not item.rejected]
            if not left:
                return Receipt(id=document.id, detail="all items are rejected at SAP")
            if document.delivery in DELIVERED:
                raise Permanent(too_late(document))
            path = odata.key("A_SalesOrderItem", SalesOrder=document.id, SalesOrderItem=left[0].number)
            body = {"SalesDocumentRjcnReason": self._settings.rejection_reason}
            try:
                self._patch(client, path, body, etag=left[0].etag or document.etag, what="the cancellation")
            except Changed:
                clashes += 1
                if clashes == TIMES:
                    raise

    def complete(self, client: Client, order: OmsOrder, order_id: str, *, block: str) -> Receipt:
        """The addresses, then the order's block as the mapping wants it."""
        wanted = {one.function: one.address for one in partners(self._settings, order) if one.address}
        for row in self._address_rows(client, order_id):
            function = row.get("PartnerFunction")
            fields = wanted.pop(function, None) if isinstance(function, str) else None
            if fields:
                self._address(client, order_id, row, fields)
        if wanted:
            raise Permanent(
                f"SAP's order {order_id} has no address for the partner {', '.join(wanted)}: see the partners of its "
                "order type, or the account's setting partners.", field="partners",
            )
        pending = self._settings.pending_delivery_block
        document = self._header(
            client, order_id,
            lambda one: {"DeliveryBlockReason": block} if one.blocks["DeliveryBlockReason"] == pending else {},
            what="taking off the block",
        )
        return Receipt(id=document.id, detail="made, and its addresses set")

    def _header(
        self, client: Client, order_id: str, wanted: Callable[[Document], Mapping[str, str]], *, what: str
    ) -> Document:
        """The order as it is once nothing is left to change."""
        for turn in range(TIMES + 1):
            document = self._documents.get(client, order_id)
            body = wanted(document)
            if not body:
                return document
            if turn == TIMES:
                break
            try:
                self._patch(client, odata.key("A_SalesOrder", SalesOrder=order_id), body, etag=document.etag, what=what)
            except Changed:
                if turn == TIMES - 1:
                    raise
        raise Temporary(f"SAP took {what} and shows the order {order_id} as it was")

    def _patch(self, client: Client, path: str, body: Mapping[str, Any], *, etag: str, what: str) -> None:
        """Raises ``Permanent`` where the refusal rides in ``sap-message`` of a success."""
        guard = {"if-match": etag} if etag else {}
        answer = self._api.change(client, "PATCH", path, body, what=what, headers=guard)
        if problem := self._api.errors(answer):
            raise Permanent(f"SAP answered {what} with an error: {problem}")

    def _address_rows(self, client: Client, order_id: str) -> list[Mapping[str, Any]]:
        path = odata.key("A_SalesOrder", SalesOrder=order_id) + "/to_Partner"
        pages = self._api.pages(client, path, {"$expand": "to_Address"}, what="reading the partners")
        return [row for page in pages for one in odata.results(page) for row in odata.results(one.get("to_Address"))]

    def _address(
        self, client: Client, order_id: str, row: Mapping[str, Any], fields: Mapping[str, Any]
    ) -> None:
        path = odata.key(
            "A_SalesOrderPartnerAddress", SalesOrder=order_id, PartnerFunction=str(row["PartnerFunction"]),
            AddressRepresentationCode=str(row.get("AddressRepresentationCode") or ""),
        )
        etag = odata.etag(row)
        for turn in range(TIMES):
            if all(row.get(name) == value for name, value in fields.items()):
                return
            try:
                self._patch(client, path, fields, etag=etag, what="setting an address")
                return
            except Changed:
                if turn == TIMES - 1:
                    raise
            row = self._api.get(client, path, {}, what="reading an address")
            etag = odata.etag(row)
