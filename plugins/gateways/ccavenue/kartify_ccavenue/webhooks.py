"""Notifications ("Dynamic Event Notifications"): encrypted, unsigned, so each is only a reason to ask."""

from __future__ import annotations

from typing import Final

from kartify.plugin import Inbound, Proof, Refused, Unreadable, Webhook, event_key
from kartify_ccavenue import ids, inbound
from kartify_ccavenue.settings import CCAvenueSettings
from kartify_ccavenue.wire import clean

FORM: Final = "application/x-www-form-urlencoded"
# Up and down of a bank: no order is in it.
_OF_BANKS: Final = ("payment_option", "payment_option_status", "option_status")


def verify(message: Inbound, settings: CCAvenueSettings) -> Proof:
    """Raises ``Refused``. That it decrypts with our key is all the proof there is, and no moment is in it: replays die
    on the event key."""
    _, key = inbound.opened(message, settings)
    return Proof(secret=key)


def read_webhook(message: Inbound, settings: CCAvenueSettings) -> Webhook:
    """Reads a verified notification. Raises ``Unreadable``."""
    try:
        told, _ = inbound.opened(message, settings)
    except Refused as problem:
        raise Unreadable(str(problem)) from None
    order = ids.order_id(told.get("order_id") or told.get("order_no"))
    name = _event(told)
    mark = told.get("tracking_id") or told.get("reference_no") or order or ""
    key = event_key(clean(f"{mark}:{name}", 80), message.body)
    if order is None:
        why = "it tells of a bank, not of an order" if set(_OF_BANKS) & set(told) else "it names no order to ask about"
        return Webhook(key=key, event=name, ignored=why)
    return Webhook(key=key, event=name, ask=(order,))


def _event(told: dict[str, str]) -> str:
    """The text does not name its event, so what it tells stands for it."""
    for field, kind in (("order_status", "order"), ("risk_status", "risk"), ("order_fraud_status", "risk")):
        if told.get(field):
            return clean(f"{kind} {told[field]}", 60)
    return "payment option" if set(_OF_BANKS) & set(told) else "unknown event"
