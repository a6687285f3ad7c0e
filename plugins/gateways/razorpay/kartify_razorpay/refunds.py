"""Refunds: once per key, by Razorpay's idempotency header and by the key as receipt and note."""

from __future__ import annotations

import re
from typing import Literal

from kartify.plugin import Money, Permanent, RefundAnswer
from kartify_razorpay.api import Api, segment
from kartify_razorpay.settings import RazorpaySettings
from kartify_razorpay.wire import Refund, Refunds

KEY_NOTE = "kartify_refund"
IDEMPOTENCY_HEADER = "X-Refund-Idempotency"
PAGE = 100
_MOST_PAGES = 20
_KEY = re.compile(r"[A-Za-z0-9_-]{10,40}\Z")
_BEST_FIRST = ("processed", "pending", "failed")


def refund(
    api: Api, gateway_payment_id: str, amount: Money, *, key: str, settings: RazorpaySettings
) -> RefundAnswer:
    if not _KEY.match(key):
        raise Permanent("a refund key is 10 to 40 of letters, digits, - and _", field="key")
    payment_id = segment(gateway_payment_id, "gateway_payment_id")
    body = {"amount": amount.minor, "speed": settings.refund_speed, "receipt": key, "notes": {KEY_NOTE: key}}
    made = api.post(Refund, f"/v1/payments/{payment_id}/refund", body, headers={IDEMPOTENCY_HEADER: key})
    return _answer(made)


def refund_status(
    api: Api, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
) -> RefundAnswer | None:
    """The refund of that id, else the furthest one under that key."""
    refunds = refunds_of(api, segment(gateway_payment_id, "gateway_payment_id"))
    named = [item for item in refunds if item.id == gateway_refund_id]
    answers = [_answer(item) for item in named or refunds if named or key in (item.receipt, item.notes.get(KEY_NOTE))]
    return min(answers, key=lambda answer: _BEST_FIRST.index(answer.state), default=None)


def refunds_of(api: Api, payment_id: str) -> list[Refund]:
    found: dict[str, Refund] = {}
    for page in range(_MOST_PAGES):
        params = [("count", str(PAGE)), ("skip", str(page * PAGE))]
        items = api.get(Refunds, f"/v1/payments/{payment_id}/refunds", params).items
        found.update({item.id: item for item in items})
        if len(items) < PAGE:
            break
    return list(found.values())


def _answer(made: Refund) -> RefundAnswer:
    return RefundAnswer(gateway_refund_id=made.id, state=_state(made.status), amount=made.amount, word=made.status)


def _state(word: str) -> Literal["pending", "processed", "failed"]:
    """``created`` is seen in integrations; an unknown word is not money back."""
    if word == "processed":
        return "processed"
    return "failed" if word == "failed" else "pending"
