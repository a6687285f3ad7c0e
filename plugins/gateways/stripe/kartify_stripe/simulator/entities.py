"""Sessions, intents, charges, refunds, disputes and events as Stripe writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from kartify.simulation import Charge, Refund, Session

LIFETIME: Final = timedelta(hours=24)
VERSION: Final = "2026-10-28.endive"
_INTENT: Final = {
    "captured": "succeeded", "authorized": "requires_capture", "pending": "processing", "voided": "canceled",
    "failed": "requires_payment_method",
}  # fmt: skip
_REFUND: Final = {"processed": "succeeded", "pending": "pending", "failed": "failed"}
_DECLINED: Final = "Your card has insufficient funds."


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def is_complete(charge: Charge | None) -> bool:
    """Whether the customer is through with the page. A delayed method may fail afterwards."""
    return charge is not None and (charge.state != "failed" or bool(charge.data.get("delayed")))


def status_of(session: Session, charge: Charge | None, now: datetime) -> str:
    if is_complete(charge):
        return "complete"
    return "expired" if session.closed or now >= session.created_at + LIFETIME else "open"


def intent_status(session: Session, charge: Charge, now: datetime) -> str:
    """``charge.data["word"]`` plays any other word. An expired session takes its intent with it."""
    if status_of(session, charge, now) == "expired":
        return "canceled"
    return str(charge.data.get("word") or _INTENT[charge.state])


def session_json(
    session: Session, charge: Charge | None, now: datetime, *, base: str, expand: bool = False
) -> dict[str, Any]:
    status, data = status_of(session, charge, now), session.data
    intent: Any = data["intent"] if charge else None
    if charge is not None and expand:
        intent = intent_json(session, charge, now, expand=True)
    total = charge.amount if is_complete(charge) and charge is not None else session.amount
    return {
        "id": session.id, "object": "checkout.session", "mode": "payment", "status": status, "livemode": False,
        "payment_status": "paid" if charge is not None and charge.state == "captured" else "unpaid",
        "payment_intent": intent, "amount_subtotal": total, "amount_total": total,
        "currency": session.currency.lower(), "client_reference_id": session.reference, "customer": None,
        "customer_email": data.get("email"), "customer_details": None, "metadata": data["metadata"],
        "payment_method_types": ["card"], "expires_at": seconds(session.created_at + LIFETIME),
        "created": seconds(session.created_at), "success_url": session.callback_url,
        "cancel_url": data.get("cancel_url"), "ui_mode": "hosted_page",
        "url": f"{base}/_pay/{session.id}" if status == "open" else None,
    }  # fmt: skip


def intent_json(session: Session, charge: Charge, now: datetime, *, expand: bool = False) -> dict[str, Any]:
    status, held = intent_status(session, charge, now), charge.state == "authorized"
    failed = charge.state == "failed" and status == "requires_payment_method"
    return {
        "id": session.data["intent"], "object": "payment_intent", "amount": charge.amount, "livemode": False,
        "amount_capturable": charge.amount if held else 0, "amount_received": charge.captured,
        "currency": charge.currency.lower(), "status": status, "capture_method": session.data["capture"],
        "latest_charge": charge_json(charge, session) if expand else charge.id,
        "last_payment_error": _error(charge) if failed else None, "next_action": None,
        "canceled_at": seconds(charge.updated_at) if status == "canceled" else None,
        "cancellation_reason": "automatic" if status == "canceled" else None, "payment_method": "pm_kart1",
        "payment_method_types": ["card"], "metadata": session.data["intent_metadata"],
        "description": session.data.get("description"), "created": seconds(session.data["tried_at"]),
    }  # fmt: skip


def _error(charge: Charge) -> dict[str, Any]:
    return {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "charge": charge.id,
            "message": _DECLINED}  # fmt: skip


def charge_json(charge: Charge, session: Session) -> dict[str, Any]:
    good = charge.state in ("captured", "authorized", "voided")
    given_back = sum(one.amount for one in charge.refunds if one.state != "failed")
    limit = {"capture_before": seconds(charge.created_at + timedelta(days=7))} if charge.state == "authorized" else {}
    status = "succeeded" if good else ("pending" if charge.state == "pending" else "failed")
    return {
        "id": charge.id, "object": "charge", "amount": charge.amount, "amount_captured": charge.captured,
        "amount_refunded": given_back, "captured": charge.captured > 0, "currency": charge.currency.lower(),
        "created": seconds(charge.created_at), "disputed": bool(charge.data.get("disputed")), "livemode": False,
        "failure_code": "card_declined" if status == "failed" else None,
        "failure_message": _DECLINED if status == "failed" else None, "metadata": session.data["intent_metadata"],
        "paid": good, "payment_intent": session.data["intent"], "status": status,
        "refunded": bool(charge.captured) and given_back >= charge.captured,
        "payment_method_details": {"type": charge.method, charge.method: {"country": "IN", **limit}},
    }  # fmt: skip


def refund_json(refund: Refund) -> dict[str, Any]:
    session = refund.charge.session
    return {
        "id": refund.id, "object": "refund", "amount": refund.amount, "charge": refund.charge.id,
        "created": seconds(refund.created_at), "currency": refund.charge.currency.lower(),
        "metadata": refund.data.get("metadata", {}), "reason": None, "receipt_number": None,
        "payment_intent": session.data["intent"] if session else None,
        "status": refund.data.get("word") or _REFUND[refund.state],
        **({"failure_reason": "expired_or_canceled_card"} if refund.state == "failed" else {}),
    }  # fmt: skip


def dispute_json(dispute: dict[str, Any], charge: Charge) -> dict[str, Any]:
    session = charge.session
    return {
        "object": "dispute", "amount": charge.captured, "charge": charge.id, "currency": charge.currency.lower(),
        "is_charge_refundable": False, "livemode": False, "metadata": {}, "reason": "fraudulent",
        "payment_intent": session.data["intent"] if session else None, "evidence": {}, **dispute,
    }  # fmt: skip


def list_json(url: str, rows: Sequence[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    return {"object": "list", "url": url, "has_more": more, "data": list(rows)}


def event_json(number: str, name: str, entity: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "id": number, "object": "event", "api_version": VERSION, "created": seconds(at), "livemode": False,
        "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None}, "type": name,
        "data": {"object": entity},
    }  # fmt: skip
