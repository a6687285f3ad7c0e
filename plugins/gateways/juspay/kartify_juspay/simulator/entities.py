"""Orders, transactions and refunds as Juspay writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from kartify.plugin import to_major
from kartify.simulation import Charge, Refund, Session

WORDS: Final = {
    "pending": ("PENDING_VBV", 23), "failed": ("AUTHORIZATION_FAILED", 27), "authorized": ("AUTHORIZED", 25),
    "captured": ("CHARGED", 21), "voided": ("VOIDED", 31),
}  # fmt: skip
REFUND_WORDS: Final = {"pending": "PENDING", "processed": "SUCCESS", "failed": "FAILURE"}
_SUCCESSES = ("captured", "authorized")


def told_of(charges: Sequence[Charge], *, first: bool) -> Charge | None:
    """The one attempt that an order tells of: a successful one, else the last."""
    for state in _SUCCESSES:
        good = [one for one in charges if one.state == state]
        if good:
            return good[0 if first else -1]
    return charges[-1] if charges else None


def rupees(minor: int, currency: str) -> int | float:
    """A JSON number, as Juspay answers though it was sent text."""
    text = Decimal(to_major(minor, currency))
    return int(text) if text == text.to_integral_value() else float(text)


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def word_of(charge: Charge) -> tuple[str, int | None]:
    """``charge.data["word"]`` plays any other word, with no number."""
    given = charge.data.get("word")
    return (given, charge.data.get("number")) if given else WORDS[charge.state]


def links_of(base: str, order_uuid: str) -> dict[str, str]:
    page = f"{base}/_pay/{order_uuid}"
    return {"web": page, "mobile": f"{page}?mobile=true", "iframe": page}


def order_json(session: Session, charge: Charge | None, *, base: str, merchant: str) -> dict[str, Any]:
    word, number = ("NEW", 10) if charge is None else word_of(charge)
    order: dict[str, Any] = {
        "order_id": session.id, "id": session.data["uuid"], "merchant_id": merchant,
        "customer_id": session.data.get("customer_id"), "customer_email": session.data.get("customer_email"),
        "customer_phone": session.data.get("customer_phone"), "status": word, "status_id": number,
        "amount": rupees(session.amount, session.currency), "currency": session.currency, "refunded": False,
        "amount_refunded": 0, "date_created": moment(session.created_at), "return_url": session.callback_url,
        "udf1": session.data.get("udf1", ""), "udf2": "", "metadata": {}, "offers": [],
        "payment_links": links_of(base, session.id),
    }  # fmt: skip
    return order if charge is None else {**order, **_tried(session, charge)}


def _tried(session: Session, charge: Charge) -> dict[str, Any]:
    failed = charge.state == "failed"
    given_back = sum(one.amount for one in charge.refunds if one.state != "failed")
    return {
        "txn_id": charge.id, "txn_uuid": charge.data["uuid"], "payment_method_type": charge.method.upper(),
        "payment_method": charge.method.upper(), "auth_type": "", "gateway_id": 23,
        "effective_amount": rupees(charge.captured or charge.amount, charge.currency),
        "amount_refunded": rupees(given_back, charge.currency),
        "refunded": bool(charge.captured) and given_back >= charge.captured,
        "bank_error_code": "03" if failed else "", "bank_error_message": "Not sufficient funds" if failed else "",
        "payment_gateway_response": _behind(charge), "txn_detail": txn_json(session, charge),
        **({"refunds": [refund_json(one) for one in charge.refunds]} if charge.refunds else {}),
    }  # fmt: skip


def _behind(charge: Charge) -> dict[str, Any]:
    if charge.state in ("failed", "pending"):
        return dict.fromkeys(("txn_id", "rrn", "epg_txn_id", "auth_id_code", "resp_code", "resp_message", "created"))
    return {
        "txn_id": charge.id, "rrn": "615212345678", "epg_txn_id": f"pay_{charge.data['uuid']}", "auth_id_code": "NA",
        "resp_code": "SUCCESS", "resp_message": "SUCCESS", "created": moment(charge.updated_at),
    }  # fmt: skip


def txn_json(session: Session, charge: Charge) -> dict[str, Any]:
    failed, sum_ = charge.state == "failed", rupees(charge.captured or charge.amount, charge.currency)
    return {
        "txn_id": charge.id, "txn_uuid": charge.data["uuid"], "order_id": session.id, "status": word_of(charge)[0],
        "txn_amount": sum_, "net_amount": sum_, "surcharge_amount": None, "tax_amount": None,
        "currency": charge.currency, "gateway": "RAZORPAY", "gateway_id": 23, "error_code": "03" if failed else "",
        "error_message": "Not sufficient funds" if failed else "", "redirect": True, "express_checkout": False,
        "created": moment(charge.created_at),
    }  # fmt: skip


def refund_json(refund: Refund) -> dict[str, Any]:
    word = refund.data.get("word") or REFUND_WORDS[refund.state]
    sent = word != "PENDING"
    return {
        "id": None, "unique_request_id": refund.key or refund.id, "status": word, "ref": "55430487" if sent else None,
        "amount": rupees(refund.amount, refund.charge.currency), "sent_to_gateway": sent, "refund_type": "STANDARD",
        "refund_source": "RAZORPAY", "initiated_by": "API" if refund.key else "PORTAL",
        "created": moment(refund.created_at), "error_code": None,
        "error_message": "Refund failed" if word == "FAILURE" else "",
    }  # fmt: skip
