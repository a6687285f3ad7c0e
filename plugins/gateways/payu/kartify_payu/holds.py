"""Money that is only authorised: captured, or released. PayU queues both, so what came of it the list tells.

The command that releases an authorised payment refunds a captured one. So the list is read before: what is captured is
never "released".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from kartify.plugin import ChargeState, Money, Permanent, Report, Temporary
from kartify_payu import actions, ids
from kartify_payu.api import Api, good, said
from kartify_payu.opening import check_amount
from kartify_payu.wire import CURRENCY, Action, clean

Verb = Literal["capture", "cancel"]
COMMANDS: Final[dict[Verb, str]] = {"capture": "capture_transaction", "cancel": "cancel_refund_transaction"}
_TAKEN: Final = frozenset({"", "100", "101", "102", "126", "127"})
# The token is there already, the request is logged already, captured already: our own earlier call, perhaps.
_REPEATED: Final = frozenset({"106", "109", "227", "301"})


def move(api: Api, verb: Verb, charge: str, amount: Money) -> Report:
    """The charge as it then stands; done before is success. Raises ``PartnerError``, ``Temporary`` while PayU is at
    it."""
    rupees = check_amount(amount)
    before = actions.listed(api, ids.require_charge(charge))
    if (standing := _standing(before, verb, charge)) is not None:
        return standing
    if verb == "cancel" and any(actions.state_of(one) != "failed" for one in actions.of_kind(before, "capture")):
        raise Permanent("this payment is captured, or about to be: it is refunded, not released")
    made = api.call(COMMANDS[verb], charge, var2=ids.hold_token(verb, charge), var3=rupees)
    code, word = clean(made.get("error_code"), 20), api.masked(f"{clean(made.get('error_code'), 20)} {said(made)}")
    after = actions.listed(api, charge)
    if (standing := _standing(after, verb, charge)) is not None:
        return standing
    if (good(made) and code in _TAKEN) or code in _REPEATED:
        raise Temporary(f"the {verb} is not through at PayU yet: {word.strip()}")
    raise Permanent(f"PayU refused the {verb}: {word.strip() or 'without a word'}")


def _standing(found: Sequence[Action], verb: Verb, charge: str) -> Report | None:
    """None while it is not done."""
    done = actions.done(found)
    if verb == "capture" and done.captured:
        return Report(
            state=ChargeState.CAPTURED, word="capture", gateway_payment_id=charge, currency=CURRENCY,
            captured=done.captured,
        )
    if verb == "cancel" and done.released and not done.captured:
        return Report(state=ChargeState.VOIDED, word="cancel", gateway_payment_id=charge, currency=CURRENCY)
    return None
