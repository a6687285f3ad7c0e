"""Refunds: once per key. Stripe keeps an idempotency key for a day; the key stands in the refund's metadata too, and is
looked for there before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from kartify.plugin import Money, Permanent, RefundAnswer, Temporary
from kartify_stripe import ids
from kartify_stripe.api import Api, Kept
from kartify_stripe.lookup import fetch_intent, refunds_of
from kartify_stripe.wire import Refund

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{10,40}\Z")


def refund(api: Api, intent_id: str, amount: Money, *, key: str) -> RefundAnswer:
    """Raises ``PartnerError``."""
    checked(key)
    if amount.minor <= 0:
        raise Permanent("a refund is of more than nothing", field="amount")
    intent = fetch_intent(api, intent_id)
    if intent.currency != amount.currency:
        raise Permanent(f"this payment is in {intent.currency}, not in {amount.currency}", field="currency")
    known = _named(refunds_of(api, intent_id), key, None)
    if known is not None:
        return _answer(known)
    marks = {ids.REFUND: key, **({ids.REFERENCE: intent.reference} if intent.reference else {})}
    form = {
        "payment_intent": intent_id, "amount": str(amount.minor),
        **{f"metadata[{name}]": text for name, text in marks.items()},
    }  # fmt: skip
    return _answer(_made(api, form, intent_id, key))


def _made(api: Api, form: dict[str, str], intent_id: str, key: str) -> Refund:
    try:
        made = api.post(Refund, "/v1/refunds", form, key=f"kartify-{key}")
    except Kept as problem:
        # What failed may have been done: the list tells, and after a day the key is free again.
        found = _named(refunds_of(api, intent_id), key, None)
        if found is None:
            raise Temporary(str(problem), retry_after=3600.0) from None
        return found
    if made.object != "refund" or made.metadata.get(ids.REFUND) != key:
        raise Temporary("Stripe's answer does not tell of the refund that was asked for")
    return made


def refund_status(api: Api, intent_id: str, *, key: str, refund_id: str | None) -> RefundAnswer | None:
    ids.require(intent_id, "gateway_payment_id")
    found = _named(refunds_of(api, intent_id), checked(key), refund_id)
    return None if found is None else _answer(found)


def checked(key: str) -> str:
    if not _KEY.match(key):
        raise Permanent("a refund key is 10 to 40 of letters, digits, - and _", field="key")
    return key


def _named(refunds: Sequence[Refund], key: str, refund_id: str | None) -> Refund | None:
    return next((one for one in refunds if one.metadata.get(ids.REFUND) == key or one.id == refund_id), None)


def _answer(told: Refund) -> RefundAnswer:
    word = f"{told.status}: {told.failure_reason}" if told.failure_reason else told.status
    return RefundAnswer(gateway_refund_id=told.id, state=_state(told.status), amount=told.amount, word=word)


def _state(word: str) -> Literal["pending", "processed", "failed"]:
    """An unknown word is not money back."""
    if word == "succeeded":
        return "processed"
    return "failed" if word in ("failed", "canceled") else "pending"
