"""Confirming (capturing) and cancelling (releasing) an approved order, one at a time.

There is no idempotency key: "already confirmed" may be our own lost call, so the transaction is then read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from kartify.plugin import ChargeState, Money, Permanent, Report, Temporary
from kartify_ccavenue import ids, lookup
from kartify_ccavenue.api import Api, NoRecord
from kartify_ccavenue.opening import check_amount
from kartify_ccavenue.settings import CCAvenueSettings
from kartify_ccavenue.wire import Failed, Moved

CONFIRM: Final = "confirmOrder"
CANCEL: Final = "cancelOrder"
_CAPTURED: Final = (ChargeState.CAPTURED, ChargeState.PARTIALLY_REFUNDED, ChargeState.REFUNDED)
# Already confirmed; already cancelled; of a status that does not allow it, which may come to the same.
_DONE: Final = frozenset({"51301", "51302", "51303"})
Verb = Literal["confirmOrder", "cancelOrder"]


def move(api: Api, verb: Verb, charge: str, amount: Money, settings: CCAvenueSettings) -> Report:
    """The charge as it then stands. Raises ``PartnerError``."""
    listed = [{"reference_no": ids.require_charge(charge), "amount": check_amount(amount, settings)}]
    told = api.call(Moved, verb, {"order_List": listed}, asks=False)
    if told.success_count == 1 and not told.failed:
        return _made(verb, charge, amount)
    code, text = _reason(told, charge)
    if code in _DONE:
        standing = _standing(api, charge, settings)
        if standing is not None and standing.state in _wanted(verb):
            return standing
    if not code:
        raise Temporary("CCAvenue's answer does not say whether the order was confirmed or cancelled")
    problem = api.problem(code, text)
    raise Permanent(str(problem), field="gateway_payment_id") if isinstance(problem, NoRecord) else problem


def _wanted(verb: Verb) -> Sequence[ChargeState]:
    return _CAPTURED if verb == CONFIRM else (ChargeState.VOIDED,)


def _made(verb: Verb, charge: str, amount: Money) -> Report:
    """CCAvenue tells that it was done; no moment comes with that."""
    if verb == CONFIRM:
        return Report(
            state=ChargeState.CAPTURED, word="confirmed", gateway_payment_id=charge, currency=amount.currency,
            captured=amount.minor,
        )
    return Report(
        state=ChargeState.VOIDED, word="cancelled", gateway_payment_id=charge, currency=amount.currency
    )


def _reason(told: Moved, charge: str) -> tuple[str, str]:
    """Code and text of the refusal. Raises ``Temporary`` where it is about another transaction."""
    if any(one.reference_no not in ("", charge) for one in told.failed):
        raise Temporary("CCAvenue answered about another transaction")
    refused: Failed | Moved = told.failed[0] if told.failed else told
    return refused.error_code, refused.error_desc


def _standing(api: Api, charge: str, settings: CCAvenueSettings) -> Report | None:
    try:
        row = lookup.status(api, reference_no=charge)
    except NoRecord:
        return None
    if row.reference_no != charge:
        raise Temporary("CCAvenue answered about another transaction")
    return lookup.made_report(row, None, settings)
