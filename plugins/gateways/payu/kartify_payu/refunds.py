"""Refunds and captures: PayU queues both, and tells by the actions of the charge what became of them.

A refund's token is ours. Whether PayU refuses a token that was used is not certain, so the actions are read before each
call: what is there is not asked for twice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from kartify.plugin import ChargeState, Money, Permanent, RefundAnswer, Report, Temporary
from kartify_payu import ids, lookup
from kartify_payu.api import Api
from kartify_payu.opening import check_amount
from kartify_payu.reports import REFUND, report_of, state_of
from kartify_payu.wire import Action, text, word

REFUNDING: Final = "cancel_refund_transaction"
CAPTURING: Final = "capture_transaction"
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{10,40}\Z")
_SHORT: Final = re.compile(r"[A-Za-z0-9]{10,23}\Z")
_QUEUED: Final = frozenset({"102", "100", "101"})
State = Literal["pending", "processed", "failed"]
_STATES: Final[dict[str, State]] = {"success": "processed", "failure": "failed"}


def token_of(key: str) -> str:
    """At most 23 letters and digits, the same for the same key."""
    if not _KEY.match(key):
        raise Permanent("a refund key is 10 to 40 of letters, digits, - and _", field="key")
    return key if _SHORT.match(key) else "K" + hashlib.sha256(key.encode()).hexdigest()[:22]


def refund(api: Api, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
    rupees, token, charge = check_amount(amount), token_of(key), ids.require_charge(gateway_payment_id)
    known = _standing(api, charge, token, None)
    if known is not None:
        return known
    told = api.call(REFUNDING, charge, var2=token, var3=rupees)
    if _is_queued(told):
        return RefundAnswer(
            gateway_refund_id=text(told.get("request_id"), 40) or token, state="pending", amount=amount.minor,
            word=text(told.get("msg"), 60),
        )
    # A refusal is believed only when the charge's actions have no such refund.
    standing = _standing(api, charge, token, None)
    if standing is not None:
        return standing
    return RefundAnswer(gateway_refund_id=token, state="failed", amount=amount.minor, word=api.said(told)[:200])


def refund_status(api: Api, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None) -> RefundAnswer | None:
    return _standing(api, ids.require_charge(gateway_payment_id), token_of(key), gateway_refund_id)


def _standing(api: Api, charge: str, token: str, request_id: str | None) -> RefundAnswer | None:
    found = [one for one in lookup.actions_of(api, charge) if one.kind == REFUND
             and (one.token == token or (request_id and one.request_id == request_id))]
    return _answer(found[0]) if found else None


def _answer(one: Action) -> RefundAnswer:
    """An unknown word is not money back."""
    return RefundAnswer(
        gateway_refund_id=one.request_id, state=_STATES.get(one.status, "pending"), amount=one.amount, word=one.status
    )


def _is_queued(told: Mapping[str, Any]) -> bool:
    return word(told.get("status")) == "1" and word(told.get("error_code") or "102") in _QUEUED


def capture(api: Api, gateway_payment_id: str, amount: Money) -> Report:
    """Already captured is success; what is only queued is asked about again."""
    rupees, charge = check_amount(amount), ids.require_charge(gateway_payment_id)
    row = lookup.charge(api, charge)
    if state_of(row) is ChargeState.AUTHORIZED:
        told = api.call(CAPTURING, charge, var2=f"C{charge}"[:23], var3=rupees)
        row = lookup.charge(api, charge)
        if state_of(row) is not ChargeState.CAPTURED:
            if _is_queued(told):
                raise Temporary("PayU has queued the capture", sent=True)
            raise api.refused(told)
    if state_of(row) is not ChargeState.CAPTURED:
        raise Permanent(f"PayU has this charge as {row.status}, {row.unmapped}: it cannot be captured")
    return report_of(row)
