"""Webhooks as Cashfree sends them, signed."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

from kartify.simulation import Charge, Refund, Told
from kartify_cashfree.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from kartify_cashfree.simulator.desk import Desk, dumps
from kartify_cashfree.simulator.entities import attempt_of, india, refund_of

VERSION: Final = "2025-01-01"
EVENTS: Final = {
    "captured": "PAYMENT_SUCCESS_WEBHOOK",
    "authorized": "PAYMENT_SUCCESS_WEBHOOK",
    "failed": "PAYMENT_FAILED_WEBHOOK",
}
_OWN: Final = ("order_id", "entity", "order_amount", "order_currency", "error_details", "payment_completion_time")


def told(desk: Desk, charge: Charge, refund: Refund | None) -> list[Told]:
    """Nothing of pending and released money: no event of those is documented."""
    if refund is not None:
        return [signed(desk, "REFUND_STATUS_WEBHOOK", {"refund": {**refund_of(refund), "entity": "Refund"}})]
    event = str(charge.data.get("event") or EVENTS.get(charge.state, ""))
    return [signed(desk, event, payment_data(charge))] if event and charge.session else []


def payment_data(charge: Charge) -> dict[str, Any]:
    attempt, session = attempt_of(charge), charge.session
    payment = {name: value for name, value in attempt.items() if name not in _OWN}
    # Ordinary attempts are told without these two.
    if not charge.data.get("held"):
        payment = {name: one for name, one in payment.items() if name not in ("is_captured", "authorization")}
    return {
        "order": {
            "order_id": attempt["order_id"], "order_amount": attempt["order_amount"],
            "order_currency": attempt["order_currency"], "order_tags": session.data["tags"] if session else None,
        },
        "payment": payment,
        "customer_details": session.data["customer"] if session else None,
        "error_details": attempt["error_details"],
        "payment_gateway_details": {"gateway_name": "CASHFREE", "gateway_settlement": "CASHFREE"},
        "payment_offers": None,
    }  # fmt: skip


def signed(desk: Desk, event: str, data: dict[str, Any]) -> Told:
    now = desk.book.now()
    body = dumps({"data": data, "event_time": india(now), "type": event}).encode()
    timestamp = str(int(now.timestamp() * 1000))
    return Told(
        body=body,
        headers={
            "Content-Type": "application/json",
            SIGNATURE_HEADER: sign(timestamp, body, desk.secret),
            TIMESTAMP_HEADER: timestamp,
            "x-webhook-version": VERSION,
            "x-webhook-attempt": "1",
            "x-idempotency-key": base64.b64encode(hashlib.sha256(body).digest()).decode(),
        },
    )
