"""What Unicommerce tells by itself: shipments, cancellations and changes of units. Pure.

Two families: those to a marketplace that is pulled from, and those to any partner. Units are named by codes that we
gave, which say how many there are; so a message that names all of them is about the whole order, and any other is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from kartify.plugin import Ack, Inbound, NewsKind, OmsNews, PartnerRoute, Unreadable, event_key, read_json
from kartify_unicommerce.progress import kind_of
from kartify_unicommerce.settings import UnicommerceSettings
from kartify_unicommerce.units import Named, is_whole, order_of
from kartify_unicommerce.wire import moment, rows, table, text

_DONE_REVERSE: Final = frozenset({"COMPLETE", "COMPLETED", "DELIVERED", "RETURNED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    code: str
    kind: NewsKind
    word: str
    units: tuple[Named, ...] = ()
    at: datetime | None = None
    detail: str = ""
    # What Uniware shows to people: our own number, also where it chose the code itself.
    shown: str = ""


def read_news(settings: UnicommerceSettings, route: PartnerRoute, message: Inbound) -> tuple[OmsNews, ...]:
    """Raises ``Unreadable``."""
    body = read_json(message.body)
    if not isinstance(body, dict):
        raise Unreadable("expected an object")
    said = list(_READERS[route.name](settings, message, body))
    if not said:
        raise Unreadable("it names no order and no unit")
    return tuple(news for one in said if (news := _news(settings, one, message.body)) is not None)


def _news(settings: UnicommerceSettings, said: _Said, body: bytes) -> OmsNews | None:
    """None where the order is none of ours: a tenant tells of all its channels."""
    number = said.shown if said.shown and settings.way == "pull" else settings.number(said.code)
    if not number:
        return None
    whole = said.kind is NewsKind.ACCEPTED or not said.units or is_whole(said.units)
    return OmsNews(
        key=event_key(f"{said.code}:{said.kind}", body), kind=said.kind, word=said.word or str(said.kind),
        number=number, whole=whole, at=said.at, detail=said.detail[:300],
    )


def read_acks(settings: UnicommerceSettings, message: Inbound) -> tuple[Ack, ...]:
    """Uniware accepted an order that it fetched. Raises ``Unreadable``."""
    code = text(table(read_json(message.body)).get("orderId"))
    number = settings.number(code) if code else None
    if not number:
        raise Unreadable("orderId: expected the id of an order of ours")
    return (Ack(number=number),)


def _units(items: Iterable[Mapping[str, Any]], *names: str) -> tuple[Named, ...]:
    found = []
    for item in items:
        code = next((known for name in names if (known := text(item.get(name)))), "")
        told = item.get("quantity")
        counted = isinstance(told, int) and not isinstance(told, bool)
        found.append(Named(code=code, told=told if counted else None))
    return tuple(found)


def _changed(settings: UnicommerceSettings, message: Inbound, body: Mapping[str, Any]) -> Iterator[_Said]:
    """/order/{id}: each unit with its new status."""
    code = unquote(message.path.rstrip("/").rpartition("/")[2])
    by: dict[tuple[NewsKind, str], list[Mapping[str, Any]]] = {}
    for item in rows(body.get("orderItems")):
        word = text(item.get("status")).upper()
        if word and text(item.get("orderItemId")):
            by.setdefault((_kind(word, item.get("IsReverse") is True), word), []).append(item)
    for (kind, word), items in by.items():
        ats = [at for item in items if (at := moment(item.get("updated"), settings.zone))]
        yield _Said(code=code, kind=kind, word=word, units=_units(items, "orderItemId"), at=_when(kind, ats))


def _kind(word: str, reverse: bool) -> NewsKind:
    """On its way back a parcel has words of its own: it is dispatched and delivered to the warehouse."""
    if reverse:
        return NewsKind.RETURNED if word in _DONE_REVERSE else NewsKind.OTHER
    known = kind_of(word)
    # Whatever else it says of a unit: it has the order.
    return NewsKind.ACCEPTED if known is NewsKind.OTHER else known


def _when(kind: NewsKind, ats: list[datetime]) -> datetime | None:
    """Never for a cancellation: the zone is a guess, and a wrong one would make it look like old news."""
    return max(ats) if ats and kind is not NewsKind.CANCELLED else None


def _cancelled(settings: UnicommerceSettings, message: Inbound, body: Mapping[str, Any]) -> Iterator[_Said]:
    """/orders/cancel and /cancelSOItem."""
    code = text(body.get("orderId")) or text(body.get("orderID")) or text(body.get("saleOrderCode"))
    items = rows(body.get("orderItems")) or rows(body.get("items"))
    why = "; ".join(dict.fromkeys(word for item in items if (word := text(item.get("cancellationReason")))))
    if code and items:
        units = _units(items, "orderItemId", "itemCode")
        shown = text(body.get("displayOrderCode"))
        yield _Said(code=code, shown=shown, kind=NewsKind.CANCELLED, word="CANCELLED", units=units, detail=why)


def _dispatched(settings: UnicommerceSettings, message: Inbound, body: Mapping[str, Any]) -> Iterator[_Said]:
    """/orders/dispatch (which names no order but by its units) and /dispatchedShipment."""
    items = rows(body.get("orderItems"))
    told = [code for one in rows(body.get("saleOrder")) if (code := text(one.get("code")))]
    own = {order_of(_name(item)) for item in items}
    codes = dict.fromkeys(sorted(code for code in own if code) or told)
    shipping = table(body.get("selfShipping"))
    at = moment(body.get("dispatchedOn") or shipping.get("dispatchDate"), settings.zone)
    carrier = text(body.get("courierName")) or text(shipping.get("deliveryPartner"))
    track = text(body.get("AWB")) or text(shipping.get("trackingId"))
    for code in codes:
        mine = [item for item in items if len(codes) == 1 or order_of(_name(item)) == code]
        units = _units(mine, "orderItemCode", "orderItemId")
        if units:
            yield _Said(code=code, kind=NewsKind.SHIPPED, word="DISPATCHED", units=units, at=at,
                        detail=" ".join(part for part in (carrier, track) if part))


def _name(item: Mapping[str, Any]) -> str:
    return text(item.get("orderItemId")) or text(item.get("orderItemCode"))


def _packed(settings: UnicommerceSettings, message: Inbound, body: Mapping[str, Any]) -> Iterator[_Said]:
    """/createShipment: Uniware has the order and works on it. Where orders are pushed the look-up proves that, with
    the sum; where they are fetched this is what proves it."""
    order = table(body.get("saleOrderDTO"))
    if code := text(order.get("code")):
        yield _Said(
            code=code, shown=text(order.get("displayOrderCode")),
            kind=NewsKind.ACCEPTED if settings.way == "pull" else NewsKind.OTHER,
            word=text(order.get("shippingPackageStatus")).upper() or "CREATED",
            detail=f"package {text(order.get('shippingPackageCode'))}",
        )


_Reader = Callable[[UnicommerceSettings, Inbound, Mapping[str, Any]], Iterator[_Said]]
_READERS: Final[Mapping[str, _Reader]] = {
    "order status": _changed, "cancellation": _cancelled, "dispatch": _dispatched, "shipment": _packed,
    "shipment dispatched": _dispatched, "items cancelled": _cancelled,
}
