"""What the clock concludes of an unpaid order: wait, ask first, failed, cancelled. Pure; law 6 lives here.

Nothing is concluded while there is a settlement, held money, an authorised charge, an open attempt or an unknown
answer. An order fails when every attempt is over and it was quiet; it is cancelled when besides its late window is
over and a fresh answer still says "not paid". The sentence is what the order page shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from kartify.domain.reports import ChargeState, Facts
from kartify.domain.status import Status
from kartify.domain.views import UNPAID

OVER = frozenset({ChargeState.FAILED, ChargeState.VOIDED})
WAITING = frozenset({ChargeState.CREATED, ChargeState.PENDING, ChargeState.UNKNOWN})
# The answer that cancels an order is no older than this.
FRESH = timedelta(minutes=15)
_NEVER = datetime.max.replace(tzinfo=UTC)


class Answer(StrEnum):
    """What the last look-up of a payment told."""

    NEVER = "never asked"
    UNPAID = "not paid, and nothing under way"
    PENDING = "still under way"
    PAID = "paid"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    WAIT = "wait"
    ASK = "ask"
    FAIL = "fail"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentClock:
    """A payment as the clock sees it. ``state`` unknown: whether a session was opened is not known yet. ``asked_at``:
    when the look-up that gave ``answer`` was asked; an answer "no such payment" is UNPAID only past the plugin's
    ``knows_after``, else UNKNOWN."""

    id: UUID
    state: Literal["open", "over", "unknown"]
    created_at: datetime
    lifetime: timedelta
    late_window: timedelta
    expires_at: datetime | None = None
    asked_at: datetime | None = None
    answer: Answer = Answer.NEVER

    @property
    def ends_at(self) -> datetime:
        return self.expires_at or self.created_at + self.lifetime

    @property
    def late_until(self) -> datetime:
        return self.created_at + self.late_window

    def is_open(self, now: datetime) -> bool:
        return self.state != "over" and now < self.ends_at

    @property
    def over_since(self) -> datetime:
        """Where only our clock says that it is over, an answer must be younger than that."""
        return self.created_at if self.state == "over" else self.ends_at

    def asked_since(self, moment: datetime) -> bool:
        """Whether there is an answer, and it was asked no earlier: asking alone proves nothing."""
        return self.answer is not Answer.NEVER and self.asked_at is not None and self.asked_at >= moment

    @property
    def is_unknown(self) -> bool:
        return self.answer is Answer.UNKNOWN or (self.state == "unknown" and self.answer is not Answer.UNPAID)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeClock:
    """``reported_at``: when a report last changed the facts (a look-up that says the same again does not count)."""

    facts: Facts
    reported_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """An order as the clock sees it. ``money_held``: an open exception holds money. ``lifetime``: None where the store
    cancels nothing that nobody asked to cancel."""

    status: Status
    created_at: datetime
    method: Literal["prepaid", "cod"] = "prepaid"
    placed: bool = False
    basis: str | None = None
    cancel_requested_at: datetime | None = None
    payments: tuple[PaymentClock, ...] = ()
    charges: tuple[ChargeClock, ...] = ()
    money_held: bool = False
    settled: bool = False
    failed_after: timedelta = timedelta(minutes=30)
    lifetime: timedelta | None = timedelta(days=7)

    @property
    def reported_at(self) -> datetime:
        return max((charge.reported_at for charge in self.charges), default=self.created_at)

    @property
    def states(self) -> frozenset[ChargeState]:
        return frozenset(charge.facts.base_state for charge in self.charges)

    @property
    def dies_at(self) -> datetime | None:
        """From when on it may be cancelled, all else given."""
        if self.cancel_requested_at is not None or self.lifetime is None:
            return self.cancel_requested_at
        return self.created_at + self.lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """``until``: when to look again, None for "when an answer or news comes". ``ask``: the payments to ask first."""

    verdict: Verdict
    why: str
    until: datetime | None = None
    ask: tuple[UUID, ...] = ()


def conclude(view: ClockView, now: datetime) -> Conclusion:
    """Nothing while something forbids it or is under way; else cancelled, failed, or wait for the next of both."""
    if (stop := _forbidden(view)) is not None:
        return _wait(stop)
    if (busy := _under_way(view, now)) is not None:
        return busy
    found = [_cancel(view, now)]
    if view.status is Status.MISSING and view.charges and view.states <= OVER:
        found.append(_fail(view, now))
    rank = (Verdict.CANCEL, Verdict.FAIL, Verdict.ASK, Verdict.WAIT)
    return min(found, key=lambda one: (rank.index(one.verdict), one.until or _NEVER))


def unpaid_by_hand(view: ClockView, now: datetime) -> bool:
    """Moved to processing by hand, and nothing came: every charge failed or voided, the late window over."""
    later = (Status.PROCESSING, Status.SHIPPED, Status.DELIVERED)
    if view.status not in later or view.basis != "manual" or view.settled or view.money_held:
        return False
    known = all(payment.answer is Answer.UNPAID for payment in view.payments)
    quiet = all(now >= max(payment.late_until, payment.ends_at) for payment in view.payments)
    return known and quiet and view.states <= OVER


def _wait(why: str, until: datetime | None = None) -> Conclusion:
    return Conclusion(verdict=Verdict.WAIT, why=why, until=until)


def _forbidden(view: ClockView) -> str | None:
    """What only news or a person can end."""
    if view.status not in UNPAID:
        return f"Nothing to conclude: the order is {view.status}."
    if view.settled:
        return "It is paid: a settlement exists."
    if view.placed:
        return "It was placed: nothing is to be paid online."
    if view.money_held or view.states & {ChargeState.CAPTURED, ChargeState.PARTIALLY_REFUNDED}:
        return "We hold money for it: a person must decide."
    if ChargeState.AUTHORIZED in view.states:
        return "A charge is authorised: it must be captured or voided first."
    if any(payment.answer is Answer.PAID for payment in view.payments):
        return "The gateway says it is paid: the report is on its way."
    return None


def _under_way(view: ClockView, now: datetime) -> Conclusion | None:
    """An open attempt or an unknown answer: time or the next look-up ends it."""
    if any(payment.is_unknown for payment in view.payments):
        return _wait("The gateway's last answer is unknown: it is asked again.")
    running = [payment.ends_at for payment in view.payments if payment.is_open(now)]
    if running:
        return _wait("A payment session is still open at the gateway.", max(running))
    if view.states & WAITING or any(payment.answer is Answer.PENDING for payment in view.payments):
        return _wait("The gateway still says pending: it is asked on.")
    return None


def _fail(view: ClockView, now: datetime) -> Conclusion:
    quiet_until = max([view.reported_at, *(payment.created_at for payment in view.payments)]) + view.failed_after
    if now < quiet_until:
        return _wait("The last attempt failed a moment ago: the customer may try again.", quiet_until)
    stale = [one.id for one in view.payments if not one.asked_since(max(view.reported_at, one.over_since))]
    if stale:
        return _ask("Every attempt seems over: the gateway is asked once more.", stale)
    return Conclusion(verdict=Verdict.FAIL, why="Every attempt is over and none succeeded.")


def _cancel(view: ClockView, now: datetime) -> Conclusion:
    if view.dies_at is None:
        return _wait(f"{_SO_FAR[view.status]} The store cancels no unpaid orders by itself.")
    if now < view.dies_at:
        return _wait(f"{_SO_FAR[view.status]} It is cancelled when its lifetime is over.", view.dies_at)
    late = max((payment.late_until for payment in view.payments), default=now)
    if now < late:
        return _wait("A failed payment may still succeed at the gateway: its late window is open.", late)
    stale = [one.id for one in view.payments if not one.asked_since(max(late, view.reported_at, now - FRESH))]
    if stale:
        return _ask("It may be cancelled: the gateway is asked once more.", stale)
    asked = "The customer asked to cancel it" if view.cancel_requested_at else "Its lifetime is over"
    return Conclusion(verdict=Verdict.CANCEL, why=f"{asked}, and nothing was paid.")


_SO_FAR = {Status.MISSING: "Nothing was paid so far.", Status.FAILED: "Every attempt failed; it is asked on."}


def _ask(why: str, payments: list[UUID]) -> Conclusion:
    return Conclusion(verdict=Verdict.ASK, why=why, ask=tuple(payments))
