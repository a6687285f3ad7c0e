"""How PhonePe tells of an order, an attempt and a refund: in answers and in webhooks alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from kartify.simulation import Charge, Refund, Session, State

MERCHANT: Final = "KARTIFYUAT"
# A state that PhonePe does not have is told as the nearest one: it captures at once and holds nothing.
_STATES: Final[dict[State, str]] = {
    "pending": "PENDING", "authorized": "PENDING", "failed": "FAILED", "voided": "FAILED", "captured": "COMPLETED",
}
_REFUNDS: Final = {"pending": "PENDING", "processed": "COMPLETED", "failed": "FAILED"}
_ERROR: Final = {"errorCode": "AUTHORIZATION_ERROR", "detailedErrorCode": "ZM"}
_MODES: Final = {"upi": "UPI_QR", "card": "CARD", "netbanking": "NET_BANKING"}


def millis(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def word_of(charge: Charge) -> str:
    """``data["word"]``: a word that nobody knows yet."""
    return charge.data.get("word") or _STATES[charge.state]


def refund_word(refund: Refund) -> str:
    return refund.data.get("word") or _REFUNDS[refund.state]


def expires_at(session: Session) -> datetime:
    return session.created_at + timedelta(seconds=session.data["expire_after"])


def order_state(session: Session, charges: Sequence[Charge], now: datetime) -> str:
    """Paid by one attempt; ended by its time, or by the only attempt that it allows. ``data["word"]`` overrides."""
    if word := session.data.get("word"):
        return str(word)
    states = {charge.state for charge in charges}
    if "captured" in states:
        return "COMPLETED"
    if states & {"pending", "authorized"}:
        return "PENDING"
    ended = now >= expires_at(session) or (session.data["one_attempt"] and charges)
    return "FAILED" if ended else "PENDING"


def attempt(charge: Charge) -> dict[str, Any]:
    word = word_of(charge)
    told: dict[str, Any] = {
        "transactionId": charge.id, "paymentMode": _MODES.get(charge.method, charge.method.upper()),
        "timestamp": millis(charge.updated_at), "amount": charge.amount, "state": word,
    }
    if word == "FAILED":
        return told | _ERROR
    if word != "COMPLETED":
        return told
    rail = {"type": "UPI", "utr": "615212345678", "upiTransactionId": "YBL0000001", "vpa": "a***@ybl"}
    instrument = {"type": "ACCOUNT", "maskedAccountNumber": "*******0001", "accountType": "SAVINGS"}
    split = [{"amount": charge.amount, "rail": rail, "instrument": instrument}]
    return told | {"rail": rail, "instrument": instrument, "splitInstruments": split}


def order(session: Session, shown: Sequence[Charge], state: str) -> dict[str, Any]:
    """``shown``: the attempts that are told, all or the last."""
    told: dict[str, Any] = {
        "orderId": session.data["order_id"], "state": state, "amount": session.amount,
        "expireAt": millis(expires_at(session)), "metaInfo": session.data["meta"],
        "paymentDetails": [attempt(charge) for charge in shown],
    }
    return told | _ERROR if state == "FAILED" else told


def named(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    """As webhooks and newer answers have it: with the merchant's own names."""
    return {"merchantId": MERCHANT, "merchantOrderId": session.id, **told}


def refund(made: Refund) -> dict[str, Any]:
    session = made.charge.session
    state, at = refund_word(made), millis(made.created_at)
    return {
        "merchantId": MERCHANT, "merchantRefundId": made.key or made.id,
        "originalMerchantOrderId": session.id if session else "", "refundId": made.id, "amount": made.amount,
        "state": state, "timestamp": at,
        "paymentDetails": [{
            "transactionId": made.charge.id, "paymentMode": "UPI_QR", "timestamp": at, "amount": made.amount,
            "state": state,
        }],
    }
