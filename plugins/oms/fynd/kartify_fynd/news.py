"""FYND's webhooks: proved and read. Pure but for the clock that ends a retired secret."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from kartify.plugin import Inbound, NewsKind, NoSecret, OmsNews, Refused, Unreadable, event_key, read_json
from kartify_fynd.settings import FyndSettings
from kartify_fynd.states import news_kind
from kartify_fynd.wire import moment, rows, table, text

HEADER: Final = "x-fp-signature"
_LONGEST_PING: Final = 4096
_LONGEST_NAME: Final = 64


def prove(settings: FyndSettings, message: Inbound, *, now: datetime) -> None:
    """Over the raw bytes: never over a body that was read and written again. Raises ``Refused``, ``NoSecret``."""
    current = settings.secret("webhook_secret")
    if not current:
        raise NoSecret("no webhook secret is set for this FYND account")
    until, previous = settings.webhook_secret_previous_until, settings.secret("webhook_secret_previous")
    secrets = [current, *([previous] if previous and until and now < until else [])]
    given = message.header(HEADER).strip().lower().encode()
    matches = [hmac.compare_digest(given, sign(secret, message.body).encode()) for secret in secrets]
    if not any(matches) and not _is_small_ping(message):
        raise Refused("the signature of FYND's webhook is missing or wrong")


def sign(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _is_small_ping(message: Inbound) -> bool:
    """FYND's own library does not check a ping. Nothing ever follows from one."""
    if len(message.body) > _LONGEST_PING:
        return False
    try:
        return _is_ping(table(read_json(message.body)))
    except Unreadable:
        return False


def _is_ping(envelope: Mapping[str, Any]) -> bool:
    return text(table(envelope.get("event")).get("name")) == "ping"


def read(settings: FyndSettings, message: Inbound) -> tuple[OmsNews, ...]:
    """Raises ``Unreadable``, also for another company's message: one secret may serve several companies."""
    envelope = read_json(message.body)
    if not isinstance(envelope, dict):
        raise Unreadable("FYND's webhook is not an object")
    if _is_ping(envelope):
        return ()
    _must_be_ours(settings, envelope)
    payload = table(envelope.get("payload"))
    told = rows(payload.get("shipments")) or [table(payload.get("shipment")) or payload]
    return tuple(_news(settings, message, shipment=shipment) for shipment in told)


def _must_be_ours(settings: FyndSettings, envelope: Mapping[str, Any]) -> None:
    company, application = text(envelope.get("company_id")), text(envelope.get("application_id"))
    if company != str(settings.company_id):
        raise Unreadable("FYND's webhook is about another company")
    if application not in ("", settings.application_id):
        raise Unreadable("FYND's webhook is about another sales channel")


def _news(settings: FyndSettings, message: Inbound, *, shipment: Mapping[str, Any]) -> OmsNews:
    order, status = table(shipment.get("order")), table(shipment.get("shipment_status"))
    state = text(status.get("status")) or text(shipment.get("status")) or text(shipment.get("shipment_status"))
    order_id = (
        text(shipment.get("order_id")) or text(order.get("fynd_order_id")) or text(order.get("order_id"))
    )
    number = text(shipment.get("external_order_id")) or text(order.get("external_order_id"))
    if not state or not (order_id or number):
        raise Unreadable("FYND's webhook names no order or no state")
    if max(len(state), len(order_id), len(number)) > _LONGEST_NAME:
        raise Unreadable("FYND's webhook holds a name that is too long")
    ident = text(shipment.get("shipment_id")) or text(shipment.get("id"))
    kind = news_kind(state)
    return OmsNews(
        key=event_key(f"{ident}:{state}", message.body),
        kind=kind,
        word=state,
        number=number or None,
        oms_order_id=order_id or None,
        at=_at(shipment, status),
        # One placed shipment proves the payment of the whole order; all else is told shipment by shipment.
        whole=kind is NewsKind.ACCEPTED or settings.single_shipment,
        detail=f"shipment {ident}" if ident else "",
    )


def _at(shipment: Mapping[str, Any], status: Mapping[str, Any]) -> datetime | None:
    for value in (status.get("updated_at"), status.get("created_ts"), shipment.get("updated_at"),
                  status.get("created_at")):
        if (at := moment(value)) is not None:
            return at
    return None
