"""News by asking: what changed since the last run, and every open order once a day by its number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from kartify.plugin import Client, Known, NewsKind, OmsNews
from kartify_sap import odata
from kartify_sap.api import Api
from kartify_sap.documents import DELIVERED, Document, Documents
from kartify_sap.settings import SapSettings

TOGETHER = 20  # numbers in one filter
GOODS_ISSUE = "R"


class Poll:
    """Of one account. ``every`` is the seconds between two runs."""

    def __init__(self, settings: SapSettings, api: Api, documents: Documents, *, every: int) -> None:
        self._settings = settings
        self._api = api
        self._documents = documents
        self._slots = max(1, settings.sweep_hours * 3600 // every)
        self._every = every

    def news(
        self, client: Client, orders: Sequence[Known], since: datetime | None, *, now: datetime
    ) -> Iterator[OmsNews]:
        known = {one.number: one for one in orders}
        told: set[str] = set()
        for document in self._changed(client, known, since, now):
            ours = known.get(document.number)
            if ours is None or document.id in told or ours.oms_order_id not in (None, document.id):
                continue
            told.add(document.id)
            yield from self._of(client, document)

    def _changed(
        self, client: Client, known: dict[str, Known], since: datetime | None, now: datetime
    ) -> Iterator[Document]:
        """A delivery may leave the order's change time as it is, so the numbers are asked about as well: all of them
        where nothing was asked yet, else the part whose turn it is."""
        if since is not None:
            wanted = [f"LastChangeDateTime ge {odata.moment_literal(since)}",
                      f"SoldToParty eq {odata.literal(self._settings.sold_to_party)}"]
            yield from self._documents.where(
                client, " and ".join(wanted), what="the news", order_by="LastChangeDateTime"
            )
        turn = int(now.timestamp()) // self._every % self._slots
        numbers = [number for number in known if since is None or _slot(number, self._slots) == turn]
        for part in _parts(numbers):
            listed = " or ".join(f"PurchaseOrderByCustomer eq {odata.literal(number)}" for number in part)
            wanted_too = f"SoldToParty eq {odata.literal(self._settings.sold_to_party)} and ({listed})"
            yield from self._documents.where(client, wanted_too, what="the news")

    def _of(self, client: Client, document: Document) -> Iterator[OmsNews]:
        if document.rejected:
            yield _news(document, NewsKind.CANCELLED, "all items rejected")
            return
        if document.rejection == "B":
            yield _news(document, NewsKind.CANCELLED, "some items rejected", whole=False)
        if document.delivery not in DELIVERED:
            yield _news(document, NewsKind.ACCEPTED, "in process")
            return
        gone = self._goods_issued(client, document)
        wanted = [item.number for item in document.items if item.top and not item.rejected]
        if document.delivery == "C" and set(wanted) <= gone:
            yield _news(document, NewsKind.SHIPPED, "goods issued")
        elif gone:
            yield _news(document, NewsKind.SHIPPED, "goods issued in part", whole=False)
        else:
            yield _news(document, NewsKind.ACCEPTED, "in delivery")

    def _goods_issued(self, client: Client, document: Document) -> set[str]:
        """The items that have a goods movement among the documents that follow them."""
        path = odata.key("A_SalesOrder", SalesOrder=document.id) + "/to_Item"
        params = {
            "$expand": "to_SubsequentProcFlowDocItem",
            "$select": "SalesOrderItem,to_SubsequentProcFlowDocItem/SubsequentDocumentCategory",
        }
        pages = self._api.pages(client, path, params, what="reading what follows an order")
        return {
            str(row.get("SalesOrderItem"))
            for page in pages for row in odata.results(page)
            if any(one.get("SubsequentDocumentCategory") == GOODS_ISSUE
                   for one in odata.results(row.get("to_SubsequentProcFlowDocItem")))
        }


def _news(document: Document, kind: NewsKind, word: str, *, whole: bool = True) -> OmsNews:
    return OmsNews(
        key=f"{document.id}:{kind}:{'whole' if whole else 'part'}", kind=kind, word=word, number=document.number,
        oms_order_id=document.id, at=None, whole=whole,
    )


def _slot(number: str, slots: int) -> int:
    """The same for ever, and even: a number's turn among the runs of a day."""
    return int.from_bytes(hashlib.sha256(number.encode()).digest()[:4], "big") % slots


def _parts(numbers: Sequence[str]) -> Iterable[Sequence[str]]:
    return (numbers[start : start + TOGETHER] for start in range(0, len(numbers), TOGETHER))
