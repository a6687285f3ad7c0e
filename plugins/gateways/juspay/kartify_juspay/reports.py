"""From a Juspay order to a kartify report of the one attempt that the order tells of.

Money must be told twice the same: the order's word, its number and the transaction's word agree, else it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from kartify.plugin import ChargeState, Invalid, Report, Unreadable, from_major
from kartify_juspay.ids import charge_of, is_txn
from kartify_juspay.statuses import AUTO_REFUNDED, UNTRIED, state_of
from kartify_juspay.wire import Order, Refund, Txn

_REFUNDED = "SUCCESS"
_FAILED = "FAILURE"
_HELD = {"CAPTURE_FAILED": "the capture failed: try again or void", "VOID_FAILED": "the void failed: try again",
         "CAPTURE_INITIATED": "the capture is under way", "VOID_INITIATED": "the void is under way"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Minor units. ``under_way``: refunds that are asked for and not through."""

    taken: int = 0
    refunded: int = 0
    under_way: int = 0
    fee: int = 0
    discount: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """``word`` is what Juspay calls it, ``state`` what that means."""

    txn_id: str
    word: str
    state: ChargeState
    txn: Txn


def minor(amount: Decimal | None, currency: str) -> int:
    """Minor units of rupees. Raises ``Unreadable``."""
    try:
        return from_major(amount or Decimal(0), currency)
    except Invalid as problem:
        raise Unreadable(f"an amount in {currency} that is none: {problem}") from None


def report_of(order: Order, *, reference: str, due: int | None, release_after: timedelta) -> Report | None:
    """None where nobody has tried. ``due``: what we asked for, in minor units; None where that is not known. Raises
    ``Unreadable``."""
    attempt = attempt_of(order)
    if attempt is None:
        return None
    return _report(order, attempt, reference, due=due, release_after=release_after)


def attempt_of(order: Order) -> Attempt | None:
    """The attempt that the order's own status speaks of."""
    detail = order.txn_detail or Txn()
    txn_id = order.txn_id or detail.txn_id
    if txn_id is None or not is_txn(txn_id):
        return None
    word, state = order.status, state_of(order.status, order.status_id)
    if detail.txn_id not in (None, txn_id):
        return Attempt(txn_id=txn_id, word=word, state=_doubted(state), txn=Txn())
    if word in UNTRIED and detail.status:
        return Attempt(txn_id=txn_id, word=detail.status, state=state_of(detail.status), txn=detail)
    if detail.status and state_of(detail.status) is not state_of(word):
        word, state = f"{word}, transaction {detail.status}", ChargeState.UNKNOWN
    return Attempt(txn_id=txn_id, word=word, state=state, txn=detail)


def _doubted(state: ChargeState) -> ChargeState:
    """The details are of another transaction: what they say of money is not about this one."""
    return ChargeState.UNKNOWN if state in (ChargeState.CAPTURED, ChargeState.AUTHORIZED) else state


def _report(
    order: Order, attempt: Attempt, reference: str, *, due: int | None, release_after: timedelta
) -> Report:
    currency = attempt.txn.currency or order.currency
    base = Report(
        state=attempt.state, word=attempt.word or "no word", gateway_order_id=order.order_id, reference=reference,
        gateway_payment_id=charge_of(attempt.txn_id, order.order_id), currency=currency, at=_at(order, attempt),
        method=(order.payment_method_type or "").lower() or None, detail=_detail(order, attempt),
    )  # fmt: skip
    if attempt.state not in (ChargeState.CAPTURED, ChargeState.AUTHORIZED):
        return base
    sums = sums_of(order, attempt, currency, due) if currency else Sums()
    if not sums.taken:
        return replace(base, state=ChargeState.UNKNOWN, at=None, detail="Juspay names no amount or no currency")
    if attempt.state is ChargeState.AUTHORIZED:
        begun = attempt.txn.created
        return replace(base, authorized=sums.taken, release_at=begun + release_after if begun else None)
    return _money(base, sums)


def _money(base: Report, sums: Sums) -> Report:
    if sums.refunded < sums.taken <= sums.refunded + sums.under_way:
        # Not money to send goods for, and not yet money returned: asked again.
        return replace(
            base, state=ChargeState.UNKNOWN, at=None, word=f"{base.word}, refund pending",
            detail="a refund of the whole is under way",
        )  # fmt: skip
    state = ChargeState.CAPTURED if not sums.refunded else ChargeState.PARTIALLY_REFUNDED
    if sums.refunded >= sums.taken:
        state = ChargeState.REFUNDED
    return replace(
        base, state=state, captured=sums.taken, refunded=sums.refunded, fee=sums.fee, discount=sums.discount
    )


def sums_of(order: Order, attempt: Attempt, currency: str, due: int | None) -> Sums:
    """``amount_refunded`` counts refunds under way, so the list of refunds tells. Raises ``Unreadable``."""
    taken = _taken(order, attempt.txn, currency)
    refunded = _sum((one for one in order.refunds if one.status == _REFUNDED), currency)
    under_way = _sum((one for one in order.refunds if one.status not in (_REFUNDED, _FAILED)), currency)
    if AUTO_REFUNDED in (order.status, attempt.txn.status) and not (refunded or under_way):
        refunded = taken
    fee, discount = (0, 0) if due is None else _declared(order, attempt.txn, taken, due=due, currency=currency)
    return Sums(taken=taken, refunded=min(taken, refunded), under_way=under_way, fee=fee, discount=discount)


def _sum(refunds: Iterable[Refund], currency: str) -> int:
    return sum(minor(one.amount, currency) for one in refunds)


def _taken(order: Order, txn: Txn, currency: str) -> int:
    """What the customer was charged. Where transaction and order differ, and no surcharge explains it, the lower: too
    little is a question for a person, too much would be goods for nothing."""
    charged = None if txn.txn_amount is None else minor(txn.txn_amount, currency)
    effective = None if order.effective_amount is None else minor(order.effective_amount, currency)
    if charged is None or effective is None:
        known = charged if effective is None else effective
        return minor(order.amount, currency) if known is None else known
    return charged if charged == effective + _added(txn, currency) else min(charged, effective)


def _added(txn: Txn, currency: str) -> int:
    return minor(txn.surcharge_amount, currency) + minor(txn.tax_amount, currency)


def _declared(order: Order, txn: Txn, taken: int, *, due: int, currency: str) -> tuple[int, int]:
    """(fee, discount) where Juspay's own figures make it certain: the order asks for what we asked, and the surcharge
    or the offer is exactly the difference."""
    if minor(order.amount, currency) != due or order.currency != currency:
        return 0, 0
    if taken > due and taken - due == _added(txn, currency):
        return taken - due, 0
    offered = order.offers and order.effective_amount is not None and minor(order.effective_amount, currency) == taken
    if taken < due and (offered or minor(txn.offer_deduction_amount, currency) == due - taken):
        return 0, due - taken
    return 0, 0


def _at(order: Order, attempt: Attempt) -> datetime | None:
    """Money: when the gateway behind answered, else our clock. *Failed* and *pending*: the attempt's beginning, so that
    neither looks newer than a success that came late."""
    if attempt.state in (ChargeState.FAILED, ChargeState.PENDING):
        return attempt.txn.created
    answered = order.payment_gateway_response.created if order.payment_gateway_response else None
    begun = attempt.txn.created
    if attempt.state is not ChargeState.CAPTURED or answered is None or begun is None or answered < begun:
        return None
    return answered


def _detail(order: Order, attempt: Attempt) -> str | None:
    if attempt.state is ChargeState.FAILED:
        answered = order.payment_gateway_response
        return order.bank_error_message or attempt.txn.error_message or (answered.resp_message if answered else None)
    if attempt.state is ChargeState.UNKNOWN:
        return f"status '{attempt.word}' is unknown, or Juspay contradicts itself about it"
    return "sent back by Juspay itself" if order.status == AUTO_REFUNDED else _HELD.get(attempt.word)
