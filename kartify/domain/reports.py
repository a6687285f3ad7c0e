"""What a gateway says about a charge (a report), and what we know after merging what it said (the facts).

Facts only grow: sums are maxima, moments are set by the earliest or the latest statement, so every order of the same
reports ends in the same facts. The state is derived from the facts and never copied from the last report.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from kartify.domain.errors import Invalid
from kartify.domain.money import check_currency, check_minor


class ChargeState(StrEnum):
    CREATED = "created"
    PENDING = "pending"
    FAILED = "failed"
    AUTHORIZED = "authorized"
    VOIDED = "voided"
    CAPTURED = "captured"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    UNKNOWN = "unknown"


class Channel(StrEnum):
    CALLBACK = "callback"
    WEBHOOK = "webhook"
    LOOKUP = "lookup"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A dispute or chargeback: open until ``closed``; ``lost`` is what the bank took back, in minor units."""

    deadline: datetime | None = None
    lost: int = 0
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An immutable statement by a gateway about one charge, or about a payment that has no charge yet.

    Sums are minor units of ``currency`` and cumulative: ``refunded`` is all that was refunded so far. ``fee`` is what
    the gateway declares the customer paid on top, ``discount`` what it declares it took off: both must come from an
    authenticated answer. ``at`` is the gateway's own time of this state (aware, or None if it gives none), ``word``
    its raw status word. A gateway that names no charge gives ``gateway_payment_id=None``.
    """

    state: ChargeState
    word: str
    gateway_order_id: str | None = None
    gateway_payment_id: str | None = None
    reference: str | None = None
    currency: str | None = None
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    fee: int = 0
    discount: int = 0
    at: datetime | None = None
    method: str | None = None
    detail: str | None = None
    release_at: datetime | None = None
    dispute: Dispute | None = None

    def check(self) -> None:
        """Raises ``Invalid`` when a plugin built a report that cannot be true."""
        sums = {
            "authorized": self.authorized, "captured": self.captured, "refunded": self.refunded, "fee": self.fee,
            "discount": self.discount,
        }
        for name, value in sums.items():
            # An integer that is plain zero needs no further look: most sums of most reports are.
            if (value or type(value) is not int) and check_minor(value, name) < 0:
                raise Invalid(name, "expected a sum that is not negative")
        if self.authorized or self.captured or self.refunded or (
            self.gateway_payment_id is not None and self.state not in QUIET
        ):
            check_currency(self.currency)
        for name, moment in (("at", self.at), ("release_at", self.release_at)):
            if moment is not None and moment.tzinfo is None:
                raise Invalid(name, "expected an aware datetime")
        if self.state in MONEY and self.captured <= 0:
            raise Invalid("captured", f"a report of state {self.state} needs the captured sum")
        if self.state in RETURNED and self.refunded <= 0:
            raise Invalid("refunded", f"a report of state {self.state} needs the refunded sum")
        if self.state is ChargeState.AUTHORIZED and self.authorized <= 0:
            raise Invalid("authorized", "a report of state authorized needs the authorised sum")


QUIET = frozenset({ChargeState.CREATED, ChargeState.PENDING, ChargeState.UNKNOWN, ChargeState.FAILED})
MONEY = frozenset({ChargeState.CAPTURED, ChargeState.PARTIALLY_REFUNDED, ChargeState.REFUNDED})
RETURNED = frozenset({ChargeState.PARTIALLY_REFUNDED, ChargeState.REFUNDED})
DENIALS = frozenset({ChargeState.FAILED, ChargeState.VOIDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of one charge. ``denied_at``: when the last look-up said failed or voided; see ``denied``."""

    currency: str | None = None
    authorized: int = 0
    authorized_at: datetime | None = None
    captured: int = 0
    captured_at: datetime | None = None
    refunded: int = 0
    lost: int = 0
    fee: int = 0
    discount: int = 0
    failed_at: datetime | None = None
    voided_at: datetime | None = None
    pending_at: datetime | None = None
    release_at: datetime | None = None
    disputed_at: datetime | None = None
    dispute_deadline: datetime | None = None
    dispute_closed: bool = False
    denied_at: datetime | None = None

    @property
    def returned(self) -> int:
        """Minor units that went back: refunds and lost disputes."""
        return min(self.captured, self.refunded + self.lost)

    @property
    def net(self) -> int:
        return self.captured - self.returned

    @property
    def state(self) -> ChargeState:
        """Derived; a dispute shows only while it is open and nothing went back."""
        if self.captured:
            return self._money_state()
        released = _latest(self.failed_at, self.voided_at)
        if self.authorized:
            gone = released is not None and (self.authorized_at is None or released > self.authorized_at)
            return ChargeState.VOIDED if gone else ChargeState.AUTHORIZED
        if self.pending_at and (released is None or self.pending_at > released):
            return ChargeState.PENDING
        if self.voided_at:
            return ChargeState.VOIDED
        return ChargeState.FAILED if self.failed_at else ChargeState.CREATED

    def _money_state(self) -> ChargeState:
        returned = self.returned
        if returned:
            return ChargeState.REFUNDED if returned >= self.captured else ChargeState.PARTIALLY_REFUNDED
        return ChargeState.DISPUTED if self.disputed and not self.dispute_closed else ChargeState.CAPTURED

    @property
    def base_state(self) -> ChargeState:
        """The state that settling goes by: a disputed charge counts as captured."""
        state = self.state
        return ChargeState.CAPTURED if state is ChargeState.DISPUTED else state

    @property
    def disputed(self) -> bool:
        return self.disputed_at is not None

    @property
    def contradicted(self) -> bool:
        """A failure or void newer, by the gateway's time, than a capture: a reason to ask, never a fact."""
        newest = _latest(self.failed_at, self.voided_at)
        held = self.captured_at if self.captured else None
        return newest is not None and held is not None and newest > held

    @property
    def denied(self) -> bool:
        """The last look-up denies the capture (or authorisation) that we hold, and was asked after it."""
        held = self.captured_at if self.captured else self.authorized_at
        return self.denied_at is not None and held is not None and self.denied_at > held


def _earliest(old: datetime | None, new: datetime | None) -> datetime | None:
    return min(old, new) if old and new else old or new


def _latest(old: datetime | None, new: datetime | None) -> datetime | None:
    return max(old, new) if old and new else old or new


def merge(facts: Facts, report: Report, *, channel: Channel, seen_at: datetime) -> Facts:
    """The facts after one more report. Pure; the same report again changes nothing.

    ``seen_at``: when the message first came (a replay brings the old moment), or when the look-up was asked; it stands
    in where the gateway gives no time. Of a charge whose currency is known, sums in another currency are not merged.
    """
    at = report.at or seen_at
    if report.state is ChargeState.UNKNOWN or foreign(facts, report):
        return facts
    changes: dict[str, Any] = {"currency": facts.currency or report.currency}
    changes |= _sums(facts, report, at)
    changes |= _moments(facts, report, at)
    if report.dispute is not None:
        changes |= _dispute(facts, report.dispute, at)
    if channel is Channel.LOOKUP:
        changes |= _denial(facts, report, seen_at)
    return replace(facts, **changes)


def is_news(before: Facts, after: Facts) -> bool:
    """Whether the facts tell more than before. That the same failure was told again, later, is none: the moments move,
    and the facts are stored, but the quiet time of the clock does not start anew."""
    again: dict[str, Any] = {"failed_at": None, "voided_at": None, "pending_at": None, "denied_at": None}
    told = (before.state, before.denied, before.contradicted) != (after.state, after.denied, after.contradicted)
    return told or replace(before, **again) != replace(after, **again)


def foreign(facts: Facts, report: Report) -> bool:
    """Whether the report speaks of another currency than the charge is known to have: noted, never merged."""
    return None not in (facts.currency, report.currency) and facts.currency != report.currency


def _denial(facts: Facts, report: Report, asked_at: datetime) -> dict[str, Any]:
    """Look-ups come in the order they were asked: the last one that says yes or no counts."""
    if report.captured or report.state is ChargeState.AUTHORIZED:
        return {"denied_at": None}
    return {"denied_at": _latest(facts.denied_at, asked_at)} if report.state in DENIALS else {}


def _sums(facts: Facts, report: Report, at: datetime) -> dict[str, Any]:
    return {
        "authorized": max(facts.authorized, report.authorized),
        "captured": max(facts.captured, report.captured),
        "captured_at": _earliest(facts.captured_at, at) if report.captured else facts.captured_at,
        "refunded": max(facts.refunded, report.refunded),
        "fee": max(facts.fee, report.fee),
        "discount": max(facts.discount, report.discount),
    }


def _moments(facts: Facts, report: Report, at: datetime) -> dict[str, Any]:
    match report.state:
        case ChargeState.AUTHORIZED:
            return {
                "authorized_at": _earliest(facts.authorized_at, at),
                "release_at": _earliest(facts.release_at, report.release_at),
            }
        case ChargeState.FAILED:
            return {"failed_at": _latest(facts.failed_at, at)}
        case ChargeState.VOIDED:
            return {"voided_at": _latest(facts.voided_at, at)}
        case ChargeState.PENDING:
            return {"pending_at": _latest(facts.pending_at, at)}
        case _:
            return {}


def _dispute(facts: Facts, dispute: Dispute, at: datetime) -> dict[str, Any]:
    return {
        "disputed_at": _earliest(facts.disputed_at, at),
        "dispute_deadline": _earliest(facts.dispute_deadline, dispute.deadline),
        "lost": max(facts.lost, dispute.lost),
        "dispute_closed": facts.dispute_closed or dispute.closed,
    }
