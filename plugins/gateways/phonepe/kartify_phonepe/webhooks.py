"""From a webhook's bytes to a reason to ask.

The check of a webhook covers no body: whoever saw one can forge others. So no webhook proves anything; each only names
the order that PhonePe should be asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kartify.plugin import Inbound, Unreadable, Webhook, event_key, read_json
from kartify_phonepe.settings import PhonePeSettings
from kartify_phonepe.wire import ID, clean

ORDER_EVENTS = frozenset(
    {
        "checkout.order.completed", "checkout.order.failed", "checkout.transaction.attempt.failed",
        "pg.order.completed", "pg.order.failed", "pg.transaction.attempt.failed",
    }
)  # fmt: skip
REFUND_EVENTS = frozenset({"pg.refund.accepted", "pg.refund.completed", "pg.refund.failed"})


def read_webhook(message: Inbound, settings: PhonePeSettings) -> Webhook:
    """Reads a verified webhook. Raises ``Unreadable``."""
    data = read_json(message.body)
    if not isinstance(data, Mapping):
        raise Unreadable("a webhook is a JSON object")
    event, payload = _event(data), data.get("payload")
    if not event:
        raise Unreadable("the webhook names no event")
    if event not in ORDER_EVENTS | REFUND_EVENTS:
        ignored = f"event '{event}' is not one that kartify acts on"
        return Webhook(key=event_key(event, message.body), event=event, ignored=ignored)
    if not isinstance(payload, Mapping):
        raise Unreadable("the webhook has no payload")
    return _follow(event, payload, message.body, settings)


def _follow(event: str, payload: Mapping[str, Any], body: bytes, settings: PhonePeSettings) -> Webhook:
    key = event_key(_moment_of(event, payload), body)
    merchant = clean(payload.get("merchantId"))
    if settings.merchant_id and merchant and merchant != settings.merchant_id:
        return Webhook(key=key, event=event, ignored="it is of another merchant's account")
    name = payload.get("originalMerchantOrderId" if event in REFUND_EVENTS else "merchantOrderId")
    if not isinstance(name, str) or not ID.match(name):
        return Webhook(key=key, event=event, ignored="nothing to ask about: it names no order of a merchant")
    return Webhook(key=key, event=event, ask=(name,))


def _event(data: Mapping[str, Any]) -> str:
    """``type`` is the older name of the same: CHECKOUT_ORDER_COMPLETED."""
    event = clean(data.get("event"))
    return event or (clean(data.get("type")) or "").lower().replace("_", ".")


def _moment_of(event: str, payload: Mapping[str, Any]) -> str:
    """PhonePe gives no event id: what happened, to which order or refund, is one."""
    subject = payload.get("refundId") if event in REFUND_EVENTS else payload.get("orderId")
    return "|".join(part for part in (clean(subject, 40), clean(payload.get("state"), 20), event) if part)
