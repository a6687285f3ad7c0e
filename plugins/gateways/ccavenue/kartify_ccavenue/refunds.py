"""Refunds: once per key, which goes as ``refund_ref_no``.

CCAvenue refuses a number that it has seen: that is our own earlier call. Any refusal is believed only when the list of
refunds does not hold ours.
"""

from __future__ import annotations

from typing import Final, Literal

from kartify.plugin import Invalid, Money, RefundAnswer, Temporary, from_major
from kartify_ccavenue import ids, lookup
from kartify_ccavenue.api import Api
from kartify_ccavenue.opening import check_amount
from kartify_ccavenue.settings import CCAvenueSettings
from kartify_ccavenue.wire import Refund, Refunded

REFUND: Final = "refundOrder"
_REPEATED: Final = "51309"
# Refund not allowed, several not allowed (twice), not for this order, over the limit, disputed, no such transaction.
_REFUSALS: Final = frozenset({"51310", "51311", "51328", "51312", "51314", "51315"})
_STATES: Final[dict[str, Literal["pending", "processed", "failed"]]] = {
    "TS-REFC": "processed", "TS-REFA": "pending", "TS-REFF": "failed", "TS-REFD": "failed",
}


def refund(
    api: Api, charge: str, amount: Money, *, key: str, settings: CCAvenueSettings
) -> RefundAnswer:
    ref = ids.refund_ref(key)
    body = {
        "reference_no": ids.require_charge(charge), "refund_amount": check_amount(amount, settings),
        "refund_ref_no": ref,
    }
    made = api.call(Refunded, REFUND, body, asks=False)
    if made.status == "0" and made.error_code in ("", "0"):
        # Taken, not yet money back: that stands in the list of refunds.
        return RefundAnswer(gateway_refund_id=ref, state="pending", amount=amount.minor, word="taken")
    if made.status not in ("0", "1"):
        raise Temporary("CCAvenue's answer does not say whether the refund was taken")
    return _refused(api, made, charge, RefundAnswer(gateway_refund_id=ref, state="pending", amount=amount.minor))


def _refused(api: Api, made: Refunded, charge: str, asked: RefundAnswer) -> RefundAnswer:
    standing = _standing(api, charge, asked.gateway_refund_id)
    if standing is not None:
        return standing
    said = api.masked(f"{made.error_code} {made.error_desc}".strip())[:200]
    if made.error_code == _REPEATED:
        # It was asked for under this key before, and is not listed yet.
        return RefundAnswer(
            gateway_refund_id=asked.gateway_refund_id, state="pending", amount=asked.amount, word=said
        )
    if made.error_code in _REFUSALS:
        return RefundAnswer(
            gateway_refund_id=asked.gateway_refund_id, state="failed", amount=asked.amount, word=said
        )
    raise api.problem(made.error_code, made.error_desc)


def refund_status(api: Api, charge: str, *, key: str) -> RefundAnswer | None:
    """The refund under that key; None when CCAvenue lists none."""
    return _standing(api, ids.require_charge(charge), ids.refund_ref(key))


def _standing(api: Api, charge: str, ref: str) -> RefundAnswer | None:
    found = lookup.refunds_of(api, charge)
    ours = [one for one in found.refunds if one.ref == ref] if found else []
    if found is None or not ours:
        return None
    best = min(ours, key=lambda one: _rank(one.status))
    return RefundAnswer(
        gateway_refund_id=ref, state=_state(best.status), amount=_sum(best, found.currency), word=best.status
    )


def _state(word: str) -> Literal["pending", "processed", "failed"]:
    """An unknown word is not money back."""
    return _STATES.get(word, "pending")


def _rank(word: str) -> int:
    return ("processed", "pending", "failed").index(_state(word))


def _sum(one: Refund, currency: str) -> int:
    if one.amount is None or not currency:
        raise Temporary("CCAvenue lists the refund without a sum or a currency")
    try:
        return from_major(one.amount, currency)
    except Invalid as problem:
        raise Temporary(f"CCAvenue's refund cannot be read: {problem.expected}") from None


