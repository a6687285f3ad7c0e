"""Refunds: once per key, which is Paytm's ``refId``.

Sources disagree about a repeated ``refId`` (accepted, or refused as a duplicate). So a refusal is believed only when
the refund's status agrees: what was refused as a duplicate is found there.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from kartify.plugin import Money, Permanent, RefundAnswer, Temporary, to_major
from kartify_paytm import ids
from kartify_paytm.api import Api
from kartify_paytm.opening import check_amount
from kartify_paytm.wire import CURRENCY, Refund

APPLY: Final = "/refund/apply"
STATUS: Final = "/v2/refund/status"
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{10,40}\Z")
_STATES: Final[dict[str, Literal["pending", "processed", "failed"]]] = {
    "TXN_SUCCESS": "processed", "PENDING": "pending", "TXN_FAILURE": "failed",
}
_NONE: Final = re.compile(r"no record|record not found|refund not found", re.IGNORECASE)
# Refused before anything was looked at: 631 is the status call's "record not found".
_NO_RECORD: Final = frozenset({"331", "631"})


def refund(api: Api, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
    check_amount(amount)
    _check_key(key)
    transaction, order = ids.split(gateway_payment_id)
    body = {
        "txnType": "REFUND", "orderId": order, "txnId": transaction, "refId": key,
        "refundAmount": to_major(amount.minor, CURRENCY),
    }
    made = api.call(Refund, APPLY, body)
    if made.result.status == "TXN_FAILURE" or made.result.status not in _STATES:
        return _doubted(api, made, amount, order=order, key=key)
    return _answer(made, key, amount.minor)


def _doubted(api: Api, made: Refund, amount: Money, *, order: str, key: str) -> RefundAnswer:
    """A refusal, or a word we do not know: what stands in Paytm's books decides."""
    problem = api.mistake(made.result)
    if problem is not None:
        raise problem
    standing = _standing(api, order, key)
    if standing is not None:
        return _answer(standing, key, amount.minor)
    if made.result.status != "TXN_FAILURE":
        raise Temporary(f"{api.said(made.result)}, and knows no such refund yet")
    return RefundAnswer(gateway_refund_id=key, state="failed", amount=amount.minor, word=api.said(made.result)[:200])


def refund_status(api: Api, gateway_payment_id: str, *, key: str) -> RefundAnswer | None:
    """The refund under that key; None when Paytm has none."""
    _check_key(key)
    _, order = ids.split(gateway_payment_id)
    found = _standing(api, order, key)
    return None if found is None else _answer(found, key, 0)


def _standing(api: Api, order: str, key: str) -> Refund | None:
    told = api.call(Refund, STATUS, {"orderId": order, "refId": key})
    if told.ref_id not in ("", key):
        raise Temporary("Paytm answered about another refund")
    # A refund is only what carries an id of Paytm's or our key: the rest is about our call.
    if told.refund_id or (told.ref_id and told.result.status in _STATES):
        return told
    if told.result.code in _NO_RECORD or _NONE.search(told.result.text):
        return None
    raise api.mistake(told.result) or Temporary(f"{api.said(told.result)}: that tells nothing of the refund")


def _answer(told: Refund, key: str, asked: int) -> RefundAnswer:
    """An unknown word is not money back."""
    return RefundAnswer(
        gateway_refund_id=told.refund_id or key,
        state=_STATES.get(told.result.status, "pending"),
        amount=asked if told.amount is None else told.amount,
        word=told.result.word,
    )


def _check_key(key: str) -> None:
    if not _KEY.match(key):
        raise Permanent("a refund key is 10 to 40 of letters, digits, - and _", field="key")
