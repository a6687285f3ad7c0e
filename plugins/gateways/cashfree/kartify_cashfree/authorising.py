"""Capture and release of held money. Each can be asked for once, and is asked for under the order."""

from __future__ import annotations

from typing import Any, Literal

from kartify.plugin import ChargeState, Denied, Money, Permanent, Report, Temporary
from kartify_cashfree import ids
from kartify_cashfree.api import Api, reading
from kartify_cashfree.opening import rupees
from kartify_cashfree.reports import Told, fee_of, report_of, state_of
from kartify_cashfree.settings import CashfreeSettings
from kartify_cashfree.wire import Payment

Action = Literal["CAPTURE", "VOID"]
_DONE = {"CAPTURE": ChargeState.CAPTURED, "VOID": ChargeState.VOIDED}


def authorise(
    api: Api, gateway_payment_id: str, action: Action, *, amount: Money | None, settings: CashfreeSettings
) -> Report:
    """The charge as it then stands. A refusal may be of a repetition, so the attempt is read before it counts; one that
    is still under way is ``Temporary``."""
    payment_id, order = ids.split(gateway_payment_id)
    body: dict[str, Any] = {"action": action, **({"amount": rupees(amount)} if amount else {})}
    try:
        payment = api.post(Payment, f"/orders/{order}/authorization", body)
    except Denied:
        raise
    except Permanent:
        payment = api.get(Payment, f"/orders/{order}/payments/{payment_id}")
        if not _is_done(payment, action):
            raise
    if payment.cf_payment_id != payment_id:
        raise Temporary("Cashfree answered with another payment than the one that was asked for")
    if not _is_done(payment, action):
        raise Temporary(f"Cashfree has taken the {action.lower()} and not done it yet")
    with reading():
        told = Told(order_id=order, reference=ids.reference(order), fee=fee_of(payment),
                    release_after=settings.release_after)
        return report_of(payment, told)


def _is_done(payment: Payment, action: Action) -> bool:
    with reading():
        return state_of(payment) is _DONE[action]
