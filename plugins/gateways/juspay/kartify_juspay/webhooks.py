"""A webhook is a reason to ask, whatever it says: its user and password prove nothing about the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kartify.plugin import Inbound, Unreadable, Webhook, event_key, read_json
from kartify_juspay.ids import is_order
from kartify_juspay.wire import clean

# ORDER_SUCCEEDED, ORDER_FAILED, TXN_CHARGED, REFUND_INITIATED, ORDER_REFUNDED, AUTO_REFUND_FAILED … which of them come
# depends on the version that is set in the dashboard.
_ASKED = ("ORDER_", "TXN_", "REFUND_", "AUTO_REFUND_")


def read_webhook(message: Inbound) -> Webhook:
    """Reads a verified webhook. Raises ``Unreadable``."""
    data = read_json(message.body)
    if not isinstance(data, Mapping):
        raise Unreadable("a webhook is a JSON object")
    name = clean(data.get("event_name"), 80)
    if not name:
        raise Unreadable("the webhook names no event")
    key = event_key(clean(data.get("id")) or "", message.body)
    if not name.startswith(_ASKED):
        return Webhook(key=key, event=name, ignored=f"event '{name}' is not one that kartify acts on")
    order_id = _order_of(data.get("content"))
    if order_id is None:
        return Webhook(key=key, event=name, ignored="it names no order that could be asked about")
    return Webhook(key=key, event=name, ask=(order_id,))


def _order_of(content: Any) -> str | None:
    """Events of an attempt bring ``txn`` where the others bring ``order``."""
    parts = content if isinstance(content, Mapping) else {}
    inner = (parts.get(name) for name in ("order", "txn", "refund"))
    named = (one.get("order_id") for one in inner if isinstance(one, Mapping))
    return next((one for one in named if isinstance(one, str) and is_order(one)), None)
