"""Orders, attempts and refunds in the form of the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from kartify.simulation import Book, Charge, Refund, Session
from kartify_cashfree.simulator.desk import rupees
from kartify_cashfree.wire import INDIA

WORDS: Final = {
    "pending": "PENDING", "failed": "FAILED", "authorized": "SUCCESS", "captured": "SUCCESS", "voided": "VOID",
}  # fmt: skip
REFUND_WORDS: Final = {"pending": "PENDING", "processed": "SUCCESS", "failed": "CANCELLED"}
_SUCCESS: Final = ("captured", "authorized")
_HOLD: Final = timedelta(days=7)


def india(moment: datetime) -> str:
    return moment.astimezone(INDIA).strftime("%Y-%m-%dT%H:%M:%S+05:30")


def order_status(book: Book, session: Session) -> str:
    """What an order with held money is called is not documented: here it is PAID."""
    if any(charge.state in _SUCCESS for charge in book.charges_of(session.id)):
        return "PAID"
    if session.closed:
        return "TERMINATED"
    return "EXPIRED" if book.now() >= session.data["expires_at"] else "ACTIVE"


def order_of(book: Book, session: Session) -> dict[str, Any]:
    data = session.data
    return {
        "cf_order_id": data["cf_order_id"],
        "order_id": session.id,
        "entity": "order",
        "order_currency": session.currency,
        "order_amount": rupees(session.amount, session.currency),
        "order_status": data.get("word") or order_status(book, session),
        "payment_session_id": data["session_token"],
        "order_expiry_time": india(data["expires_at"]),
        "order_note": data.get("note"),
        "created_at": india(session.created_at),
        "order_splits": [],
        "customer_details": data["customer"],
        "order_meta": data["meta"],
        "order_tags": data["tags"],
        "cart_details": None,
        "terminal_data": None,
    }


def payment_word(charge: Charge) -> str:
    return str(charge.data.get("word") or WORDS[charge.state])


def attempt_of(charge: Charge) -> dict[str, Any]:
    session = charge.session
    ordered = session.amount if session else charge.amount
    failed = charge.state == "failed"
    return {
        "cf_payment_id": charge.data["cf_payment_id"],
        "order_id": session.id if session else None,
        "entity": "payment",
        "payment_currency": charge.currency,
        "payment_amount": rupees(charge.amount, charge.currency),
        "order_currency": session.currency if session else charge.currency,
        "order_amount": rupees(ordered, charge.currency),
        "payment_status": payment_word(charge),
        # Documented samples show true on failed attempts as well.
        "is_captured": charge.state in ("captured", "failed"),
        "authorization": authorization_of(charge),
        "payment_group": charge.method,
        "payment_method": {charge.method: {"channel": "collect", "upi_id": "asha@upi"}},
        "payment_message": message_of(charge),
        "payment_time": india(charge.created_at),
        "payment_completion_time": None if charge.state == "pending" else india(charge.updated_at),
        "bank_reference": "432100000001",
        "auth_id": None,
        "error_details": {"error_code": "TRANSACTION_DECLINED", "error_description": "declined by bank",
                          "error_reason": "auth_declined", "error_source": "customer"} if failed else None,
        "international_payment": {"international": False},
        "payment_surcharge": None,
    }


def message_of(charge: Charge) -> str:
    held = "PRE_AUTH|" if charge.data.get("held") else ""
    return "declined" if charge.state == "failed" else f"{held}00::Transaction success"


def authorization_of(charge: Charge) -> dict[str, Any] | None:
    """Of money that was held at first."""
    if not charge.data.get("held"):
        return None
    done = {"captured": "CAPTURE", "voided": "VOID"}.get(charge.state)
    return {
        "action": done,
        "status": charge.data.get("action_status", "SUCCESS") if done else None,
        "captured_amount": rupees(charge.captured, charge.currency),
        "start_time": india(charge.created_at),
        "end_time": india(charge.created_at + _HOLD),
        "approve_by": None,
        "action_reference": "6595231908096894505959" if done else None,
        "action_time": india(charge.updated_at) if done else None,
    }


def refund_of(refund: Refund) -> dict[str, Any]:
    charge = refund.charge
    processed = refund.state == "processed"
    return {
        "cf_payment_id": charge.data["cf_payment_id"],
        "cf_refund_id": refund.data.get("cf_refund_id", refund.id),
        "refund_id": refund.key or refund.id,
        "order_id": charge.session.id if charge.session else None,
        "entity": "refund",
        "refund_amount": rupees(refund.amount, charge.currency),
        "refund_currency": charge.currency,
        "refund_note": refund.data.get("note", "dashboard"),
        "refund_status": refund.data.get("word") or REFUND_WORDS[refund.state],
        "refund_type": refund.data.get("type", "MERCHANT_INITIATED"),
        "refund_arn": "205907014017" if processed else None,
        "status_description": "Refund processed successfully" if processed else "In Progress",
        "created_at": india(refund.created_at),
        "processed_at": india(refund.created_at) if processed else None,
        "refund_charge": 0,
        "refund_splits": [],
        "metadata": None,
    }
