"""An older SAP system: fetches ORDERS05, answers with order responses, and sends dispatch notes."""

from __future__ import annotations

import base64
from collections.abc import Callable

from kartify.plugin import HttpAnswer, from_major
from kartify.simulation import Knock, OmsBook, SaleOrder
from kartify_sap.simulator.answers import now
from kartify_sap.xml import Node, Segment, parse


class Puller:
    """``user`` and ``password`` are those of our doors."""

    def __init__(self, book: OmsBook, user: str, password: str) -> None:
        self._book = book
        proof = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"authorization": f"Basic {proof}"}

    def fetch(self, knock: Callable[[Knock], HttpAnswer]) -> list[str]:
        """Reads what is not acknowledged until there is no more; the first order of a page alone, the rest together."""
        read: list[str] = []
        while True:
            answer = knock(self._knock("GET", "idocs/orders", query=[("limit", "3")]))
            idocs = list(parse(_taken(answer).body).all("IDOC"))
            if not idocs:
                return read
            orders = [self._keep(idoc) for idoc in idocs]
            read += [one.number for one in orders]
            body = f'{{"oms_reference": "{orders[0].id}"}}'.encode()
            _taken(knock(self._knock("POST", f"idocs/orders/{orders[0].number}/ack", body)))
            if orders[1:]:
                _taken(knock(self._knock("POST", "idocs/acks", _file("ORDERS05", *map(response, orders[1:])))))

    def news(self, order: SaleOrder) -> Knock:
        """What this order's state is told by."""
        if order.state in ("shipped", "delivered"):
            kind = "DESADV" if order.state == "shipped" else "STPPOD"
            return self._knock("POST", "idocs/news", _file("DELVRY03", _delivery(order, kind)))
        return self._knock("POST", "idocs/news", _file("ORDERS05", response(order)))

    def _keep(self, idoc: Node) -> SaleOrder:
        number, currency = idoc.value("E1EDK02", "BELNR"), idoc.value("E1EDK01", "CURCY")
        if known := self._book.of(number):
            return known[0]
        at = now()
        return self._book.add(SaleOrder(
            number=number, id=self._book.next_id(digits=7), amount=_sum(idoc, currency), currency=currency,
            created_at=at, updated_at=at, data=_data(idoc),
        ))

    def _knock(
        self, method: str, path: str, body: bytes = b"", query: list[tuple[str, str]] | None = None
    ) -> Knock:
        return Knock(method=method, path=path, headers=self._headers, query=query or [], body=body)


def _taken(answer: HttpAnswer) -> HttpAnswer:
    if answer.status != 200:
        raise ValueError(f"kartify answered {answer.status}")
    return answer


def _sum(idoc: Node, currency: str) -> int:
    """The lines and the conditions of the header; they must be the total that the IDoc tells."""
    total = sum(from_major(line.value("NETWR"), currency) for line in idoc.all("E1EDP01"))
    for fee in idoc.all("E1EDK05"):
        amount = from_major(fee.value("BETRG"), currency)
        total += -amount if fee.value("ALCKZ") == "-" else amount
    told = next(one.value("SUMME") for one in idoc.all("E1EDS01") if one.value("SUMID") == "002")
    if total != from_major(told, currency):
        raise ValueError("the IDoc's total is not the sum of its lines")
    return total


def _data(idoc: Node) -> dict[str, object]:
    """So that the order can be read by OData too."""
    header = {"PurchaseOrderByCustomer": idoc.value("E1EDK02", "BELNR")}
    return {"header": header, "to_Item": [], "to_Partner": [], "to_PricingElement": [], "idoc": idoc}


def response(order: SaleOrder) -> str:
    """ORDRSP: acknowledges, or rejects every line."""
    reason = "Z1" if order.state == "cancelled" else ""
    return _idoc("ORDERS05", "ORDRSP", order, [
        Segment("E1EDK01", {"ACTION": "000", "CURCY": order.currency, "BELNR": order.id}),
        Segment("E1EDK02", {"QUALF": "001", "BELNR": order.number}),
        Segment("E1EDK02", {"QUALF": "002", "BELNR": order.id}),
        Segment("E1EDP01", {"POSEX": "000010", "ABGRU": reason}),
    ])


def _delivery(order: SaleOrder, kind: str) -> str:
    line = Segment("E1EDL24", {"POSNR": "000010", "VGBEL": order.id, "VGPOS": "000010"},
                   [Segment("E1EDL41", {"QUALI": "001", "BSTNR": order.number})])
    return _idoc("DELVRY03", kind, order, [Segment("E1EDL20", {"VBELN": f"8{order.id[-7:]:0>9}"}, [line])])


def _idoc(kind: str, message: str, order: SaleOrder, segments: list[Segment]) -> str:
    control = Segment("EDI_DC40", {"TABNAM": "EDI_DC40", "DOCNUM": f"{order.id}{order.state[:1].encode().hex()}",
                                   "IDOCTYP": kind, "MESTYP": message})
    return '<IDOC BEGIN="1">' + "".join(one.write() for one in (control, *segments)) + "</IDOC>"


def _file(root: str, *idocs: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><{root}>{"".join(idocs)}</{root}>'.encode()
