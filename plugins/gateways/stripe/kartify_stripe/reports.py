"""From a Stripe intent to a kartify report: one charge for one intent, however often it was tried.

An unknown status word is never paid. Moments are Stripe's own, and those of *failed* and *pending* are when the attempt
began, so that neither looks newer than the success that followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from kartify.plugin import ChargeState, Dispute, Report
from kartify_stripe import wire
from kartify_stripe.amounts import is_exact
from kartify_stripe.wire import Intent, Refund, Session

UNTRIED: Final = "requires_payment_method"
_STATES: Final = {
    UNTRIED: ChargeState.FAILED,
    "requires_confirmation": ChargeState.PENDING,
    "requires_action": ChargeState.PENDING,
    "processing": ChargeState.PENDING,
    "requires_capture": ChargeState.AUTHORIZED,
    "succeeded": ChargeState.CAPTURED,
    "canceled": ChargeState.VOIDED,
}
_CLOSED: Final = frozenset({"won", "lost", "warning_closed", "prevented"})
UNDER_WAY: Final = frozenset({"pending", "requires_action", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known besides the intent. ``at``: the moment of the news; None where the answer describes the present.
    ``through`` and ``under_way`` are refunds."""

    order_id: str | None = None
    reference: str | None = None
    at: datetime | None = None
    through: int = 0
    under_way: int = 0
    dispute: Dispute | None = None
    release_after: timedelta


def is_tried(intent: Intent) -> bool:
    """Whether a customer has begun to pay."""
    nothing = intent.last_payment_error is None and intent.latest_charge is None
    return not (intent.status == UNTRIED and nothing)


def state_of(intent: Intent) -> ChargeState:
    state = _STATES.get(intent.status, ChargeState.UNKNOWN)
    if state is ChargeState.VOIDED and not _was_held(intent):
        return ChargeState.FAILED
    return state


def _was_held(intent: Intent) -> bool:
    """A cancelled intent released money, or nobody ever paid on it."""
    charge = intent.latest_charge
    if charge is None:
        return False
    return charge.paid is True if charge.status else intent.capture_method == "manual"


def report_of(intent: Intent, told: Told) -> Report:
    state = state_of(intent)
    base = Report(
        state=state, word=intent.status or "no word", gateway_order_id=told.order_id, gateway_payment_id=intent.id,
        reference=told.reference, currency=intent.currency, at=_at(intent, state, told), method=_method(intent),
        detail=_detail(intent, state),
    )  # fmt: skip
    if state is ChargeState.AUTHORIZED:
        return _held(base, intent, told)
    return _money(base, intent, told) if state is ChargeState.CAPTURED else base


def _held(base: Report, intent: Intent, told: Told) -> Report:
    if not _is_sum(intent.amount_capturable, intent.currency):
        return _unsure(base, "Stripe names no sum that it holds")
    charge = intent.latest_charge
    begun = base.at or (charge.created if charge else None)
    ends = (charge.capture_before if charge else None) or (begun + told.release_after if begun else None)
    return replace(base, authorized=intent.amount_capturable, release_at=ends)


def _money(base: Report, intent: Intent, told: Told) -> Report:
    taken = intent.amount_received
    if not _is_sum(taken, intent.currency):
        return _unsure(base, "Stripe names no sum that it received, or counts this currency in another unit")
    if told.through < taken <= told.through + told.under_way:
        # Not money to send goods for, and not yet money returned: asked again.
        return _unsure(replace(base, word=f"{base.word}, refund pending"), "a refund of the whole is under way")
    refunded = min(taken, told.through)
    state = ChargeState.PARTIALLY_REFUNDED if refunded else ChargeState.CAPTURED
    state = ChargeState.REFUNDED if refunded == taken else state
    if told.dispute is not None and not refunded:
        state = ChargeState.DISPUTED
    return replace(base, state=state, captured=taken, refunded=refunded, dispute=told.dispute)


def _is_sum(minor: int, currency: str | None) -> bool:
    return minor > 0 and currency is not None and is_exact(currency)


def _unsure(base: Report, why: str) -> Report:
    return replace(base, state=ChargeState.UNKNOWN, at=None, detail=why)


def unsure(session: Session, reference: str | None, why: str) -> Report:
    """A session that says something which no charge of it proves."""
    return Report(
        state=ChargeState.UNKNOWN, word=f"{session.status}, {session.payment_status}", gateway_order_id=session.id,
        reference=reference, detail=why,
    )  # fmt: skip


def _at(intent: Intent, state: ChargeState, told: Told) -> datetime | None:
    if told.at is not None or state is ChargeState.UNKNOWN:
        return told.at
    charge = intent.latest_charge
    begun = charge.created if charge else None
    if intent.status == "canceled":
        return intent.canceled_at or begun or intent.created
    if state in (ChargeState.FAILED, ChargeState.PENDING):
        return begun or intent.created
    # Money that was held first came later than its charge: then our clock stands in.
    return None if state is ChargeState.CAPTURED and intent.capture_method == "manual" else begun


def _method(intent: Intent) -> str | None:
    return intent.latest_charge.method if intent.latest_charge else None


def _detail(intent: Intent, state: ChargeState) -> str | None:
    if state is ChargeState.UNKNOWN:
        return f"status '{intent.status}' is unknown"
    error = intent.last_payment_error
    if intent.status == "canceled":
        return f"cancelled: {intent.cancellation_reason}" if intent.cancellation_reason else "cancelled"
    if error is None or state is not ChargeState.FAILED:
        return None
    return ", ".join(filter(None, (error.message, error.decline_code or error.code))) or None


def refunded(refunds: Sequence[Refund]) -> tuple[int, int]:
    """(through, under way); a failed or cancelled refund came back, and a word that nobody knows is not money back."""
    through = sum(one.amount for one in refunds if one.status == "succeeded")
    return through, sum(one.amount for one in refunds if one.status in UNDER_WAY)


def dispute_of(disputes: Sequence[wire.Dispute]) -> Dispute | None:
    """All disputes of a charge as one: open while one of them is."""
    if not disputes:
        return None
    running = [one for one in disputes if one.status not in _CLOSED]
    ends = [one.evidence_details.due_by for one in running if one.evidence_details and one.evidence_details.due_by]
    lost = sum(one.amount for one in disputes if one.status == "lost")
    return Dispute(deadline=min(ends, default=None), lost=lost, closed=not running)
