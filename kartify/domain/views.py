"""What ``decide`` is given and what it gives: an order, its charges, a decision. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.reports import Facts
from kartify.domain.settling import Match
from kartify.domain.status import Status

HighPolicy = Literal["accept", "hold"]
AfterCancelPolicy = Literal["ask", "reopen", "refund"]
UNPAID = frozenset({Status.MISSING, Status.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A store's choices."""

    settle_on_authorisation: bool = False
    high: HighPolicy = "accept"
    after_cancel: AfterCancelPolicy = "ask"
    auto_capture: bool = True
    hold_on_dispute: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What binds one charge to the order. ``amount`` is money, ``amount + discount + accepted`` is what was due."""

    charge: UUID
    amount: int
    currency: str
    fee: int = 0
    discount: int = 0
    accepted: int = 0
    authorized: bool = False
    reversed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order as ``decide`` sees it. ``cancelled_by``: who cancelled it (or asked to), None again once reopened."""

    status: Status
    due: int
    currency: str
    basis: str | None = None
    cancel_requested: bool = False
    cancelled_by: str | None = None
    touched_oms: bool = False
    settlement: Settlement | None = None
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeView:
    """One charge. ``ours``: refunds of it that we asked for; ``kept``: money kept by a person's decision."""

    id: UUID
    facts: Facts
    ours: int = 0
    kept: int = 0
    can_void: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something to do at the gateway: once per charge and kind (capture, void) or per key (refund)."""

    charge: UUID
    kind: Literal["capture", "void", "refund"]
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``settlement``: the new one, or the known one as it is now (amount, fee, discount, accepted, kind, reversed may
    all have changed). ``ask``: the gateway must be asked again."""

    move: Status | None = None
    settlement: Settlement | None = None
    settled_by: UUID | None = None
    basis: str | None = None
    rule: str | None = None
    cases: dict[tuple[UUID, CaseType], CaseWanted] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()
    ask: bool = False


def compare(amount: int, currency: str | None, due: int, due_currency: str) -> Match:
    if currency != due_currency:
        return Match.OTHER
    if amount == due:
        return Match.EXACT
    return Match.LOW if amount < due else Match.HIGH


def offered(facts: Facts) -> int:
    """What the charge brings towards what is due: captured (or authorised) − declared fee + declared discount."""
    return (facts.captured or facts.authorized) - facts.fee + facts.discount


def match_of(order: OrderView, facts: Facts) -> Match:
    return compare(offered(facts), facts.currency, order.due, order.currency)
