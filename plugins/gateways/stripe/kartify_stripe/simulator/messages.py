"""What Stripe tells: which events follow from a charge as it stands, and their signature."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Final

from kartify.simulation import Charge, Refund, Told

# (event, what its object is); the two of a payment may arrive in any order.
_OF_CHARGE: Final = {
    "captured": (("payment_intent.succeeded", "intent"), ("checkout.session.completed", "session")),
    "failed": (("payment_intent.payment_failed", "intent"),),
    "pending": (("payment_intent.processing", "intent"), ("checkout.session.completed", "session")),
    "authorized": (
        ("payment_intent.amount_capturable_updated", "intent"), ("checkout.session.completed", "session"),
    ),
    "voided": (("payment_intent.canceled", "intent"),),
}  # fmt: skip
_DELAYED: Final = {
    "captured": (("checkout.session.async_payment_succeeded", "session"), ("payment_intent.succeeded", "intent")),
    "failed": (("checkout.session.async_payment_failed", "session"), ("payment_intent.payment_failed", "intent")),
}
_OF_REFUND: Final = {"processed": "refund.updated", "pending": "refund.created", "failed": "refund.failed"}


def events_of(charge: Charge, refund: Refund | None) -> tuple[tuple[str, str], ...]:
    if refund is not None:
        return (("charge.refunded", "charge"), (_OF_REFUND[refund.state], "refund"))
    if charge.data.get("delayed") and charge.state in _DELAYED:
        return _DELAYED[charge.state]
    return _OF_CHARGE[charge.state]


def signed(event: dict[str, Any], secret: str, at: int) -> Told:
    body = json.dumps(event, indent=2).encode()
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": f"t={at},v1={mac}"}
    return Told(body=body, headers=headers)
