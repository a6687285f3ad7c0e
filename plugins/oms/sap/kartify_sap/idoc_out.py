"""The feed: orders as IDocs of type ORDERS05, for systems that fetch instead of being called."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from kartify.plugin import FeedWish, Inbound, Invalid, Listed, Listing, OmsLine, OmsOrder, Reply, to_major
from kartify_sap.orders import payment_note
from kartify_sap.settings import SapSettings
from kartify_sap.xml import Segment

MOST, USUAL = 500, 100
TEXT_LINE = 70
GONE = ("cancelled", "refunded")
ROLES = (("AG", "billing"), ("WE", "shipping"), ("RE", "billing"))


def read_wish(message: Inbound) -> FeedWish:
    """Without a cursor: what is not acknowledged, the oldest first. Raises ``Invalid``."""
    asked = message.params()
    cursor, limit = _number(asked, "cursor"), _number(asked, "limit")
    if limit is not None and not 1 <= limit <= MOST:
        raise Invalid("limit", f"expected 1 to {MOST}")
    return FeedWish(cursor=cursor, limit=limit or USUAL, unacknowledged=cursor is None)


def _number(asked: dict[str, str], name: str) -> int | None:
    text = asked.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid(name, "expected a whole number")
    return int(text)


def write_feed(settings: SapSettings, listing: Listing, *, now: datetime) -> Reply:
    """One IDoc for each order; where to go on stands in the headers."""
    idocs = "".join(_idoc(settings, one, now) for one in listing.items)
    headers = {
        "Content-Type": "application/xml; charset=utf-8", "Cache-Control": "no-store",
        "X-Kartify-Cursor": str(listing.cursor), "X-Kartify-More": "true" if listing.more else "false",
    }
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<ORDERS05>{idocs}</ORDERS05>\n'
    return Reply(status=200, body=body.encode(), headers=headers)


def _idoc(settings: SapSettings, listed: Listed, now: datetime) -> str:
    """An order that is cancelled, or is to be, comes as a change that takes its lines away."""
    gone = listed.cancel_requested or listed.status in GONE
    parts = [_control(settings, listed, "ORDCHG" if gone else "ORDERS", now), *_segments(settings, listed.order, gone)]
    return '<IDOC BEGIN="1">' + "".join(part.write() for part in parts) + "</IDOC>"


def _control(settings: SapSettings, listed: Listed, message: str, now: datetime) -> Segment:
    at = now.astimezone(UTC)
    return Segment("EDI_DC40", {
        "TABNAM": "EDI_DC40", "MANDT": settings.sap_client, "DOCNUM": f"{listed.position:016d}", "DIRECT": "2",
        "IDOCTYP": "ORDERS05", "MESTYP": message, "SNDPOR": settings.idoc_sender, "SNDPRT": "LS",
        "SNDPRN": settings.idoc_sender, "RCVPRT": "LS", "RCVPRN": settings.idoc_receiver,
        "CREDAT": f"{at:%Y%m%d}", "CRETIM": f"{at:%H%M%S}", "ARCKEY": listed.order.number,
    })


def _segments(settings: SapSettings, order: OmsOrder, gone: bool) -> Iterator[Segment]:
    made = order.created_at.astimezone(UTC)
    mapped = _constants(settings, order)
    yield Segment("E1EDK01", {
        "ACTION": "003" if gone else "000", "CURCY": order.currency, "ZTERM": mapped.get("CustomerPaymentTerms", ""),
        "BELNR": order.number, "LIFSK": mapped.get("DeliveryBlockReason", ""),
    })
    area = (
        ("008", settings.sales_organization), ("007", settings.distribution_channel),
        ("006", settings.organization_division), ("012", settings.sales_order_type),
    )
    yield from (Segment("E1EDK14", {"QUALF": qualifier, "ORGID": code}) for qualifier, code in area if code)
    yield from (Segment("E1EDK03", {"IDDAT": kind, "DATUM": f"{made:%Y%m%d}", "UZEIT": f"{made:%H%M%S}"})
                for kind in ("012", "022"))
    yield from _fees(settings, order)
    yield from (_partner(settings, order, function, role) for function, role in ROLES)
    yield Segment("E1EDK02", {"QUALF": "001", "BELNR": order.number, "DATUM": f"{made:%Y%m%d}"})
    yield from _texts(settings, order)
    yield from (_line(settings, order, line, position, gone) for position, line in enumerate(order.lines, 1))
    yield Segment("E1EDS01", {"SUMID": "001", "SUMME": str(len(order.lines))})
    yield Segment("E1EDS01", {"SUMID": "002", "SUMME": to_major(order.total, order.currency), "SUNIT": order.currency})


def _constants(settings: SapSettings, order: OmsOrder) -> dict[str, str]:
    """What the mapping sets without looking at the order."""
    by_method = settings.cod_fields if order.method == "cod" else settings.prepaid_fields
    return {name: text for name, text in {**settings.order_fields, **by_method}.items() if "{" not in text}


def _fees(settings: SapSettings, order: OmsOrder) -> Iterator[Segment]:
    for fee in order.fees:
        kind, amount = str(fee.get("kind")), int(fee["amount"])
        code = settings.fee_conditions.get(kind) or settings.fee_conditions.get("default", "")
        yield _condition("E1EDK05", order, amount, code, kind)


def _condition(name: str, order: OmsOrder, amount: int, code: str, words: str) -> Segment:
    """ALCKZ is the sign; the sum stands without one."""
    return Segment(name, {
        "ALCKZ": "-" if amount < 0 else "+", "KSCHL": code, "KOTXT": words[:80],
        "BETRG": to_major(abs(amount), order.currency), "KOEIN": order.currency,
    })


def _partner(settings: SapSettings, order: OmsOrder, function: str, role: str) -> Segment:
    told = (order.billing_address if role == "billing" else None) or order.shipping_address or {}
    held = {name: str(told.get(name) or order.customer.get(name) or "") for name in ("name", "phone", "email")}
    state = str(told.get("state") or "")
    fields = {
        "PARVW": function, "PARTN": settings.sold_to_party, "NAME1": held["name"][:35], "NAME2": held["name"][35:70],
        "STRAS": str(told.get("line1") or "")[:35], "STRS2": str(told.get("line2") or "")[:35],
        "ORT01": str(told.get("city") or "")[:35], "PSTLZ": str(told.get("postcode") or "")[:9],
        "LAND1": str(told.get("country") or "")[:3], "TELF1": held["phone"][:25],
        "REGIO": settings.regions.get(state, state)[:3],
    }
    mail = [Segment("E1EDKA3", {"QUALP": "005", "STDPN": held["email"][:70]})] if held["email"] else []
    return Segment("E1EDKA1", fields, mail)


def _texts(settings: SapSettings, order: OmsOrder) -> Iterator[Segment]:
    lines = [
        row[start : start + TEXT_LINE] for row in payment_note(order).splitlines()
        for start in range(0, len(row), TEXT_LINE)
    ]
    if lines:
        held = [Segment("E1EDKT2", {"TDLINE": line}) for line in lines]
        language = {"TSSPRAS_ISO": settings.text_language}
        yield Segment("E1EDKT1", {"TDID": settings.payment_text_id or "0001", **language}, held)


def _line(settings: SapSettings, order: OmsOrder, line: OmsLine, position: int, gone: bool) -> Segment:
    value = line.quantity * line.unit_price - line.discount
    code = settings.discount_condition
    inside = [_condition("E1EDP05", order, -line.discount, code, "discount")] if line.discount else []
    ours = line.line_id if len(line.line_id) <= 6 else ""
    inside += [
        Segment("E1EDP02", {"QUALF": "001", "BELNR": order.number, "ZEILE": ours}),
        Segment("E1EDP19", {"QUALF": "002", "IDTNR": line.sku, "KTEXT": line.name[:70]}),
    ]
    return Segment("E1EDP01", {
        "POSEX": f"{position * 10:06d}", "ACTION": "003" if gone else "001", "MENGE": str(line.quantity),
        "MENEE": settings.quantity_unit, "PMENE": settings.quantity_unit,
        "VPREI": to_major(line.unit_price, order.currency), "PEINH": "1",
        "NETWR": to_major(value, order.currency), "CURCY": order.currency,
    }, inside)
