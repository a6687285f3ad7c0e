"""Refunds: once per key, which goes as PayU's token.

The list of what was done to the payment is read before anything is asked for, since PayU does not promise that a token
counts once. Any refusal is believed only when the list does not hold ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kartify.plugin import Money, RefundAnswer, Temporary
from kartify_payu import actions, ids
from kartify_payu.api import Api, good, said
from kartify_payu.opening import check_amount
from kartify_payu.wire import Action, clean

COMMAND: Final = "cancel_refund_transaction"
# Done, done, queued, held for risk, for approval, in progress, requested, overdraft, tomorrow: none of them money back
# before the list says so.
_TAKEN: Final = frozenset({"", "100", "101", "102", "112", "122", "126", "127", "225", "226"})
# The token is there already, the request is logged already, this sum under this token already: our own earlier call.
_REPEATED: Final = frozenset({"106", "109", "227"})
# A lock; the same sum for the same payment within five minutes; a transaction that PayU puts off.
_LATER: Final = {"120": 60.0, "214": 300.0}


def refund(api: Api, charge: str, amount: Money, *, key: str) -> RefundAnswer:
    token, rupees = ids.refund_token(key), check_amount(amount)
    ids.require_charge(charge)
    standing = _standing(actions.listed(api, charge), token)
    if standing is not None:
        return standing
    made = api.call(COMMAND, charge, var2=token, var3=rupees)
    code, word = clean(made.get("error_code"), 20), api.masked(said(made))
    name = clean(made.get("request_id"), 60) or token
    if good(made) and code in _TAKEN:
        if not clean(made.get("request_id"), 60) and not code:
            raise Temporary("PayU's answer does not say whether the refund was taken")
        # Taken, not yet money back: that stands in the list.
        return RefundAnswer(gateway_refund_id=name, state="pending", amount=amount.minor, word=word or "taken")
    return _refused(api, made, charge, token=token, amount=amount.minor)


def _refused(api: Api, made: Mapping[str, Any], charge: str, *, token: str, amount: int) -> RefundAnswer:
    standing = _standing(actions.listed(api, charge), token)
    if standing is not None:
        return standing
    code = clean(made.get("error_code"), 20)
    word = api.masked(f"{code} {said(made)}".strip())[:200]
    if code in _LATER:
        raise Temporary(f"PayU puts the refund off: {word}", sent=False, retry_after=_LATER[code])
    if not word:
        raise Temporary("PayU's answer does not say whether the refund was taken")
    # Under this token something was asked for before, and is not listed yet.
    state: actions.State = "pending" if code in _REPEATED else "failed"
    return RefundAnswer(gateway_refund_id=token, state=state, amount=amount, word=word)


def refund_status(api: Api, charge: str, *, key: str, gateway_refund_id: str | None) -> RefundAnswer | None:
    """The refund under that key; None when PayU lists none."""
    token = ids.refund_token(key)
    return _standing(actions.listed(api, ids.require_charge(charge)), token, gateway_refund_id)


def _standing(found: Iterable[Action], token: str, request_id: str | None = None) -> RefundAnswer | None:
    """By the request where it is known, else by the token; of several the one that came furthest."""
    ours = [one for one in found if one.kind == "refund" and (one.token == token or _is(one, request_id))]
    named = [one for one in ours if _is(one, request_id)]
    if not ours:
        return None
    best = min(named or ours, key=lambda one: ("processed", "pending", "failed").index(actions.state_of(one)))
    return RefundAnswer(
        gateway_refund_id=best.request_id or token, state=actions.state_of(best), amount=actions.sum_of(best),
        word=best.status,
    )


def _is(one: Action, request_id: str | None) -> bool:
    return bool(request_id) and one.request_id == request_id
