"""How an order stands, as far as its customer may know: facts of rows, nothing personal, no sentence yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from kartify import clock
from kartify.domain.cases import CaseType
from kartify.domain.conclude import Answer, PaymentClock
from kartify.domain.reports import ChargeState

UNPAID = ("missing", "failed")
GONE = ("failed", "voided")
# Money was paid beyond what the order needs.
TOO_MUCH = frozenset({CaseType.SECOND_PAYMENT, CaseType.SURPLUS, CaseType.PAID_AND_COD})
# About the customer's money, so that a customer who sees it is told that a person looks at it.
OF_MONEY = TOO_MUCH | {
    CaseType.UNDERPAID, CaseType.WRONG_CURRENCY, CaseType.DO_NOT_CAPTURE, CaseType.PARTLY_REFUNDED,
    CaseType.PAID_AFTER_CANCEL, CaseType.AUTHORIZED_AFTER_CANCEL, CaseType.REFUND_DUE, CaseType.CONTRADICTION,
    CaseType.AUTHORIZATION_LOST, CaseType.REFUNDED_OUTSIDE, CaseType.REFUNDED_BEFORE_RECOGNITION,
    CaseType.REFUND_NOT_CONFIRMED, CaseType.CAPTURE_NOT_CONFIRMED, CaseType.LOOKUPS_EXHAUSTED, CaseType.STILL_PENDING,
    CaseType.OMS_CANCELLED_PAYMENT_OPEN, CaseType.PARTLY_CANCELLED, CaseType.RETURNED,
}
JUST_NOW = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A payment. ``next_at``: when the gateway is asked again by itself; None where it is not. ``open``: it may still
    be paid, or whether it may is not known. ``able``: the gateway can be asked at all."""

    id: UUID
    account_id: UUID
    gateway: str | None
    answer: Answer
    asked_at: datetime | None
    next_at: datetime | None
    open: bool
    busy: bool
    able: bool

    @property
    def just_asked(self) -> bool:
        return self.asked_at is not None and clock.now() - self.asked_at < JUST_NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A charge. ``returned``: what went back by refund or lost dispute; ``elsewhere``: of that, what no refund of ours
    explains. ``at`` is the gateway's time of the state."""

    id: UUID
    gateway: str | None
    state: str
    currency: str
    authorized: int
    captured: int
    returned: int
    elsewhere: int
    at: datetime | None
    release_at: datetime | None

    @property
    def net(self) -> int:
        return max(0, self.captured - self.returned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    gateway: str | None
    state: str
    amount: int
    currency: str
    asked_at: datetime
    done_at: datetime | None

    @property
    def under_way(self) -> bool:
        return self.state in ("due", "claimed", "unknown", "pending")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The settlement that stands. ``amount`` is what the gateway confirmed for the order."""

    gateway: str | None
    kind: Literal["captured", "authorized"]
    by_hand: bool
    amount: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An open exception about the customer's money."""

    type: CaseType
    held: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    number: str
    status: str
    status_at: datetime
    confirmed_at: datetime
    currency: str
    due: int
    method: str
    basis: str | None
    cancel_requested_at: datetime | None
    store: str
    timezone: str
    shop_url: str | None
    attempts: tuple[Attempt, ...]
    charges: tuple[Paid, ...]
    refunds: tuple[Refund, ...]
    bound: Bound | None
    troubles: tuple[Trouble, ...]

    @property
    def unpaid(self) -> bool:
        return self.status in UNPAID

    @property
    def prepaid(self) -> bool:
        return self.method == "prepaid" and self.due > 0

    @property
    def held(self) -> Counter[str]:
        """What the gateways took and did not give back, by currency."""
        found: Counter[str] = Counter()
        for one in self.charges:
            found[one.currency] += one.net
        return +found

    @property
    def reserved(self) -> bool:
        return any(one.state == ChargeState.AUTHORIZED for one in self.charges)

    @property
    def uncertain(self) -> bool:
        """An attempt that may still be paid, or an answer that is still to come: nobody is to pay again now."""
        waiting = any(one.open or one.answer is not Answer.UNPAID for one in self.attempts)
        return waiting or any(one.state not in GONE and not one.captured for one in self.charges)

    @property
    def may_pay_again(self) -> bool:
        """Every attempt is over, the gateway said so, and no money of the customer's is anywhere."""
        clear = not self.uncertain and not self.held and not self.troubles and self.cancel_requested_at is None
        return self.status == "failed" and self.prepaid and clear

    @property
    def by_hand_unproved(self) -> bool:
        return self.basis == "manual" and self.bound is None and not self.unpaid and self.status != "cancelled"

    @property
    def may_ask(self) -> bool:
        wanted = (self.unpaid and self.prepaid) or self.by_hand_unproved
        return wanted and any(one.able for one in self.attempts)

    def trouble(self, *kinds: CaseType) -> Trouble | None:
        return next((one for one in self.troubles if one.type in kinds), None)


def is_open(row: Any, lifetime: timedelta | None) -> bool:
    """Where the plugin is missing, nobody can tell that it is over unless the row says so."""
    if lifetime is None:
        return row["state"] != "over"
    seen = PaymentClock(
        id=row["id"], state="unknown" if row["state"] == "opening" else row["state"], created_at=row["created_at"],
        lifetime=lifetime, late_window=timedelta(0), expires_at=row["expires_at"], answer=Answer(row["answer"]),
    )
    return seen.is_open(clock.now()) or seen.is_unknown
