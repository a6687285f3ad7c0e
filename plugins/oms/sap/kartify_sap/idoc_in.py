"""What a pulling SAP says back: acknowledgements, order responses, dispatch notes, proofs of delivery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kartify.plugin import Ack, Acked, Inbound, NewsKind, OmsNews, Reply, Unreadable, event_key, read_json
from kartify_sap.settings import SapSettings
from kartify_sap.xml import Node, clean, parse

_BY_MESSAGE = {"DESADV": NewsKind.SHIPPED, "STPPOD": NewsKind.DELIVERED}


def read_ack(message: Inbound) -> tuple[Ack, ...]:
    """One order, named in the path; the body is empty or JSON with ``oms_reference`` or ``refused``."""
    number = message.path.rstrip("/").split("/")[-2]
    told = read_json(message.body) if message.body.strip() else {}
    if not isinstance(told, dict):
        raise Unreadable("expected an object with oms_reference, or with refused")
    reference, refused = told.get("oms_reference"), told.get("refused")
    if not all(one is None or isinstance(one, str) for one in (reference, refused)):
        raise Unreadable("oms_reference and refused: expected text")
    return (Ack(number=number, oms_order_id=reference or None, refused=refused or None),)


def read_responses(message: Inbound) -> tuple[Ack, ...]:
    """Order responses (ORDRSP, type ORDERS05), as many as there are: each acknowledges its order, or refuses it where
    all its lines are rejected."""
    acks = tuple(_ack(idoc) for idoc in _idocs(message.body))
    if not acks:
        raise Unreadable("expected ORDERS05 with order responses")
    return acks


def write_acks(acked: Sequence[Acked]) -> Reply:
    """200 where all went well, 409 where one did not: each with its receipt or why not."""
    rows = "".join(
        f"<ACK><NUMBER>{clean(one.number)}</NUMBER><RECEIPT>{clean(one.receipt or '')}</RECEIPT>"
        f"<PROBLEM>{clean(one.problem or '')}</PROBLEM><TEXT>{clean(one.text)}</TEXT></ACK>"
        for one in acked
    )
    problems = {one.problem for one in acked if one.problem}
    status = 200 if not problems else (404 if problems == {"unknown"} else 409)
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<ACKS>{rows}</ACKS>\n'
    return Reply(status=status, body=body.encode(), headers={"Content-Type": "application/xml; charset=utf-8"})


def read_news(settings: SapSettings, message: Inbound) -> tuple[OmsNews, ...]:
    """Dispatch notes (DESADV), proofs of delivery (STPPOD), order responses. Raises ``Unreadable``."""
    news: list[OmsNews] = []
    for idoc in _idocs(message.body):
        kind = idoc.value("EDI_DC40", "MESTYP")
        if kind in _BY_MESSAGE:
            news += _delivery(settings, idoc, kind, message.body)
        elif kind == "ORDRSP":
            news.append(_response(idoc, message.body))
        else:
            raise Unreadable(f"an IDoc of message type {kind or 'unknown'}: expected DESADV, STPPOD or ORDRSP")
    if not news:
        raise Unreadable("an IDoc that names no order of ours")
    return tuple(news)


def _idocs(body: bytes) -> list[Node]:
    root = parse(body)
    return [root] if root.name == "IDOC" else list(root.all("IDOC"))


def _references(idoc: Node) -> tuple[str, str | None]:
    """Our number and SAP's, of an order response."""
    named = {one.value("QUALF"): one.value("BELNR") for one in idoc.all("E1EDK02")}
    number, theirs = named.get("001", ""), named.get("002") or idoc.value("E1EDK01", "BELNR")
    if not number:
        raise Unreadable("an order response without our number (E1EDK02, QUALF 001)")
    return number, theirs if theirs and theirs != number else None


def _rejected(idoc: Node) -> tuple[int, int]:
    """How many lines, and how many of them SAP rejects."""
    lines = list(idoc.all("E1EDP01"))
    return len(lines), sum(1 for line in lines if line.value("ABGRU") or line.value("ACTION") == "003")


def _ack(idoc: Node) -> Ack:
    number, theirs = _references(idoc)
    lines, rejected = _rejected(idoc)
    refused = "SAP rejects every line of it" if lines and lines == rejected else None
    return Ack(number=number, oms_order_id=theirs, refused=refused)


def _response(idoc: Node, body: bytes) -> OmsNews:
    number, theirs = _references(idoc)
    lines, rejected = _rejected(idoc)
    kind = NewsKind.CANCELLED if rejected else NewsKind.ACCEPTED
    return OmsNews(
        key=_key(idoc, number, body), kind=kind, word="ORDRSP", number=number, oms_order_id=theirs,
        whole=not rejected or rejected == lines,
    )


def _delivery(settings: SapSettings, idoc: Node, kind: str, body: bytes) -> Iterator[OmsNews]:
    """A delivery may bring several orders, and an order may come in several deliveries: it speaks of the whole order
    only where the settings promise that."""
    for head in idoc.all("E1EDL20"):
        orders = {number: theirs for line in head.all("E1EDL24") for number, theirs in _orders_of(line)}
        for number, theirs in orders.items():
            yield OmsNews(
                key=_key(idoc, number, body), kind=_BY_MESSAGE[kind], word=kind, number=number, oms_order_id=theirs,
                whole=settings.single_delivery, detail=f"delivery {head.value('VBELN')}",
            )


def _orders_of(line: Node) -> Iterator[tuple[str, str | None]]:
    theirs = line.value("VGBEL") or None
    for one in line.all("E1EDL41"):
        if one.value("QUALI") in ("", "001") and one.value("BSTNR"):
            yield one.value("BSTNR"), theirs


def _key(idoc: Node, number: str, body: bytes) -> str:
    return event_key(f"{idoc.value('EDI_DC40', 'DOCNUM')}:{number}", body)
