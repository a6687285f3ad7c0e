"""Refunds: once per key, which is Cashfree's ``refund_id`` and, as an UUID, its idempotency key."""

from __future__ import annotations

import re
import uuid
from typing import Final, Literal

from kartify.plugin import Denied, Money, Permanent, RefundAnswer
from kartify_cashfree import ids
from kartify_cashfree.api import Api, UnknownId, reading
from kartify_cashfree.opening import rupees
from kartify_cashfree.settings import CashfreeSettings
from kartify_cashfree.wire import Refund, minor, read

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{10,40}\Z")
_SPACE: Final = uuid.UUID("7b7a6a1e-5f0c-5d0a-9a55-5c1d3a1f0c11")
REPLAYED: Final = "x-idempotency-replayed"


def refund(
    api: Api, gateway_payment_id: str, amount: Money, *, key: str, settings: CashfreeSettings
) -> RefundAnswer:
    """Raises ``PartnerError``. A refusal may be of a repetition, so the refund of that key is read before it counts."""
    payment, order = ids.split(gateway_payment_id)
    body = {
        "refund_id": checked(key),
        "refund_amount": rupees(amount),
        "refund_note": f"kartify {key}",
        "refund_speed": settings.refund_speed,
    }
    headers = {"x-idempotency-key": str(uuid.uuid5(_SPACE, key))}
    try:
        answer = api.send("POST", f"/orders/{order}/refunds", body, headers=headers)
    except Denied:
        raise
    except Permanent:
        known = _known(api, order, key)
        if known is None:
            raise
        return _answer(known, payment, amount.currency)
    with reading():
        made = read(Refund, answer.json())
    # A replay tells how the refund stood when it was made.
    replayed = answer.headers.get(REPLAYED, "").lower() == "true"
    return _answer((_known(api, order, key) if replayed else None) or made, payment, amount.currency)


def refund_status(api: Api, gateway_payment_id: str, *, key: str) -> RefundAnswer | None:
    payment, order = ids.split(gateway_payment_id)
    known = _known(api, order, checked(key))
    return _answer(known, payment, "INR") if known is not None else None


def checked(key: str) -> str:
    if not _KEY.match(key):
        raise Permanent("a refund key is 10 to 40 of letters, digits, - and _", field="key")
    return key


def _known(api: Api, order: str, key: str) -> Refund | None:
    try:
        return api.get(Refund, f"/orders/{order}/refunds/{key}")
    except UnknownId:
        return None


def _answer(told: Refund, payment: str, currency: str) -> RefundAnswer:
    other = told.cf_payment_id is not None and told.cf_payment_id != payment
    with reading():
        amount = minor(told.refund_amount, told.refund_currency or currency)
    return RefundAnswer(
        gateway_refund_id=told.cf_refund_id or told.refund_id or "",
        state=_state(told.refund_status),
        amount=amount,
        word=f"{told.refund_status}, of payment {told.cf_payment_id}" if other else told.refund_status,
    )


def _state(word: str) -> Literal["pending", "processed", "failed"]:
    """PENDING and ONHOLD are under way; an unknown word is not money back."""
    if word == "SUCCESS":
        return "processed"
    return "failed" if word in ("CANCELLED", "FAILED") else "pending"
