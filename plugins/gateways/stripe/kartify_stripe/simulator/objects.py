"""Stripe's objects as the stand-in shows them, made from its book."""

from __future__ import annotations

from typing import Any, Final

from kartify.simulation import Book, Charge, Refund, Session, State

Json = dict[str, Any]
_INTENT: Final[dict[State, str]] = {
    "captured": "succeeded", "authorized": "requires_capture", "pending": "processing",
    "failed": "requires_payment_method", "voided": "canceled",
}
_CHARGE: Final[dict[State, str]] = {"pending": "pending", "failed": "failed"}
_REFUND: Final = {"processed": "succeeded", "pending": "pending", "failed": "failed"}


def intent_id(session: Session) -> str:
    """One intent a session, however often it is tried."""
    return f"pi_{session.id.removeprefix('cs_test_')}"


def of_intent(book: Book, name: str) -> Session | None:
    return next((one for one in book.sessions.values() if intent_id(one) == name), None)


def best(book: Book, session: Session) -> Charge | None:
    """The attempt that the money is with, else the last."""
    charges = book.charges_of(session.id)
    good = [one for one in charges if one.state in ("captured", "authorized", "voided")]
    return (good or charges)[-1] if charges else None


def session_object(book: Book, session: Session, *, expand: bool) -> Json:
    charge = best(book, session)
    done = charge is not None and charge.state in ("captured", "authorized", "pending", "voided")
    paid = charge is not None and charge.state == "captured"
    own: Any = None
    if charge is not None:
        own = intent_object(book, session, expand=True) if expand else intent_id(session)
    status = "complete" if done else "expired" if session.closed else "open"
    return {
        "id": session.id, "object": "checkout.session", "mode": "payment", "status": status,
        "payment_status": "paid" if paid else "unpaid", "payment_intent": own,
        "amount_subtotal": session.amount, "amount_total": charge.amount if paid and charge else session.amount,
        "currency": session.currency.lower(), "client_reference_id": session.reference, "customer": None,
        "customer_details": None, "metadata": session.data["metadata"], "payment_method_types": ["card"],
        "expires_at": int(session.created_at.timestamp()) + 86_400, "created": int(session.created_at.timestamp()),
        "livemode": False, "url": None if done or session.closed else session.data["url"], "ui_mode": "hosted_page",
        "success_url": session.callback_url, "cancel_url": session.data["cancel_url"],
    }  # fmt: skip


def intent_object(book: Book, session: Session, *, expand: bool) -> Json:
    charge = best(book, session)
    state: State = charge.state if charge else "failed"
    amount = charge.amount if charge else session.amount
    failed = charge is not None and state == "failed"
    latest: Any = None
    if charge is not None:
        latest = charge_object(charge, session) if expand else charge.id
    return {
        "id": intent_id(session), "object": "payment_intent", "amount": amount,
        "amount_capturable": amount if state == "authorized" else 0,
        "amount_received": charge.captured if charge and state == "captured" else 0,
        "currency": session.currency.lower(), "status": _INTENT[state],
        "capture_method": session.data["capture_method"], "latest_charge": latest,
        "last_payment_error": {
            "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
            "message": "Your card has insufficient funds.",
        } if failed else None,
        "next_action": None,
        "canceled_at": int(charge.updated_at.timestamp()) if charge and state == "voided" else None,
        "cancellation_reason": "requested_by_customer" if state == "voided" else None,
        "payment_method_types": ["card"], "metadata": session.data["intent_metadata"],
        "created": int(session.created_at.timestamp()), "livemode": False,
    }  # fmt: skip


def charge_object(charge: Charge, session: Session) -> Json:
    return {
        "id": charge.id, "object": "charge", "amount": charge.amount, "amount_captured": charge.captured,
        "amount_refunded": sum(one.amount for one in charge.refunds if one.state != "failed"),
        "refunded": bool(charge.refunds) and charge.refundable == 0, "currency": charge.currency.lower(),
        "paid": charge.state in ("captured", "authorized", "voided"), "captured": charge.captured > 0,
        "disputed": bool(charge.data.get("disputes")), "status": _CHARGE.get(charge.state, "succeeded"),
        "failure_message": "Your card has insufficient funds." if charge.state == "failed" else None,
        "payment_intent": intent_id(session), "metadata": session.data["intent_metadata"],
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
        "created": int(charge.created_at.timestamp()), "livemode": False,
    }  # fmt: skip


def refund_object(refund: Refund) -> Json:
    session = refund.charge.session
    return {
        "id": refund.id, "object": "refund", "amount": refund.amount, "charge": refund.charge.id,
        "currency": refund.charge.currency.lower(), "payment_intent": intent_id(session) if session else None,
        "metadata": refund.data.get("metadata", {}), "reason": None, "status": _REFUND[refund.state],
        "failure_reason": "declined" if refund.state == "failed" else None,
        "created": int(refund.created_at.timestamp()),
    }  # fmt: skip


def listed(rows: list[Json], path: str, *, more: bool) -> Json:
    return {"object": "list", "data": rows, "has_more": more, "url": path}
