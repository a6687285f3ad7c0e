"""The two settling tables as data: what a charge does to its order, and which exceptions stand afterwards.

``ACTIONS`` says what the charge that was just reported does. ``STANDING`` says, for any charge of the order and the
situation after the actions, which exceptions there are: it is evaluated for every charge after every report, so the
exceptions are a function of the facts and not of the order in which the facts came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from kartify.domain.cases import CaseType
from kartify.domain.reports import ChargeState
from kartify.domain.status import Status


class Situation(StrEnum):
    """How an order stands towards one of its charges."""

    OPEN = "missing or failed"
    WITHDRAWN = "cancelled or cancel requested, before any settlement"
    SETTLED = "processing or later, this charge is settled"
    OTHER = "processing or later, another charge is settled"
    BY_HAND = "processing or later by hand, no settlement"
    COD = "processing or later, COD or nothing due, no settlement"
    CANCELLED = "cancelled after its settlement, the settled charge"
    REFUNDED = "refunded, the settled charge"
    REFUNDED_OTHER = "refunded, another charge"


class Match(StrEnum):
    EXACT = "exact"
    LOW = "low"
    HIGH = "high"
    OTHER = "other"


class Settle(StrEnum):
    DUE = "due"
    AUTHORIZED = "authorized"
    REVERSED = "reversed"
    REVERSE = "reverse the settlement"
    CONVERT = "authorized becomes captured"
    CORRECT = "corrected where the gateway's figures changed"


class Then(StrEnum):
    ASK = "ask the gateway again"
    CAPTURE = "capture by policy"
    VOID = "void if the plugin can"
    REFUND = "queue one refund"


class When(StrEnum):
    """A store's policy or a fact that selects a row before the plain one."""

    HOLD = "policy hold"
    ON_AUTHORISATION = "settle on authorisation"
    REOPEN = "policy reopen, its guards hold"
    REFUND = "policy refund"
    AUTHORIZED_SETTLEMENT = "the settlement is of kind authorized"
    CONTRADICTED = "newer by the gateway's time than the capture"


@dataclass(frozen=True, slots=True)
class Action:
    situation: Situation
    states: frozenset[ChargeState]
    matches: frozenset[Match]
    move: Status | None = None
    settle: Settle | None = None
    then: Then | None = None
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    situation: Situation
    states: frozenset[ChargeState]
    matches: frozenset[Match]
    cases: tuple[CaseType, ...]
    when: When | None = None


CS = ChargeState
CAPTURED, PART, FULL = frozenset({CS.CAPTURED}), frozenset({CS.PARTIALLY_REFUNDED}), frozenset({CS.REFUNDED})
AUTH, GONE = frozenset({CS.AUTHORIZED}), frozenset({CS.FAILED, CS.VOIDED})
WAITING = frozenset({CS.CREATED, CS.PENDING, CS.UNKNOWN})
PAID = CAPTURED | PART
STATES = PAID | FULL | AUTH | GONE | WAITING
ANY = frozenset(Match)
EXACT, LOW, HIGH, OTHER = (frozenset({match}) for match in Match)
S = Situation

ACTIONS: tuple[Action, ...] = (
    Action(S.OPEN, PAID, HIGH, when=When.HOLD),
    Action(S.OPEN, PAID, EXACT | HIGH, Status.PROCESSING, Settle.DUE),
    Action(S.OPEN, PAID, LOW | OTHER),
    Action(S.OPEN, AUTH, EXACT, Status.PROCESSING, Settle.AUTHORIZED, Then.CAPTURE, When.ON_AUTHORISATION),
    Action(S.OPEN, AUTH, EXACT, then=Then.CAPTURE),
    Action(S.OPEN, AUTH, LOW | HIGH | OTHER),
    Action(S.OPEN, WAITING, ANY, then=Then.ASK),
    Action(S.OPEN, GONE, ANY),
    Action(S.OPEN, FULL, EXACT | HIGH, Status.REFUNDED, Settle.REVERSED),
    Action(S.OPEN, FULL, LOW | OTHER),
    Action(S.WITHDRAWN, PAID, EXACT, Status.PROCESSING, Settle.DUE, when=When.REOPEN),
    Action(S.WITHDRAWN, PAID, ANY, then=Then.REFUND, when=When.REFUND),
    Action(S.WITHDRAWN, PAID, ANY),
    Action(S.WITHDRAWN, AUTH, ANY, then=Then.VOID),
    Action(S.WITHDRAWN, FULL | WAITING | GONE, ANY),
    Action(S.CANCELLED, PAID, ANY, settle=Settle.CONVERT, when=When.AUTHORIZED_SETTLEMENT),
    Action(S.CANCELLED, PAID, ANY, settle=Settle.CORRECT),
    Action(S.CANCELLED, AUTH, ANY, then=Then.VOID),
    Action(S.CANCELLED, GONE | WAITING, ANY),
    Action(S.CANCELLED, FULL, ANY, Status.REFUNDED, Settle.REVERSE),
    Action(S.SETTLED, PAID, ANY, settle=Settle.CONVERT, when=When.AUTHORIZED_SETTLEMENT),
    Action(S.SETTLED, PAID, ANY, settle=Settle.CORRECT, then=Then.ASK, when=When.CONTRADICTED),
    Action(S.SETTLED, PAID, ANY, settle=Settle.CORRECT),
    Action(S.SETTLED, AUTH, ANY, then=Then.CAPTURE, when=When.AUTHORIZED_SETTLEMENT),
    Action(S.SETTLED, WAITING | AUTH, ANY),
    Action(S.SETTLED, GONE, ANY, then=Then.ASK),
    Action(S.SETTLED, FULL, ANY, Status.REFUNDED, Settle.REVERSE),
    Action(S.OTHER, AUTH, ANY, then=Then.VOID),
    Action(S.OTHER, PAID | FULL | GONE | WAITING, ANY),
    Action(S.BY_HAND, PAID, EXACT | HIGH, settle=Settle.DUE),
    Action(S.BY_HAND, PAID, LOW | OTHER),
    Action(S.BY_HAND, AUTH, EXACT, then=Then.CAPTURE),
    Action(S.BY_HAND, AUTH, LOW | HIGH | OTHER),
    Action(S.BY_HAND, WAITING, ANY, then=Then.ASK),
    Action(S.BY_HAND, FULL, EXACT | HIGH, Status.REFUNDED, Settle.REVERSED),
    Action(S.BY_HAND, FULL, LOW | OTHER),
    Action(S.BY_HAND, GONE, ANY),
    Action(S.COD, AUTH, ANY, then=Then.VOID),
    Action(S.COD, PAID | FULL | GONE | WAITING, ANY),
    Action(S.REFUNDED, STATES, ANY),
    Action(S.REFUNDED_OTHER, AUTH, ANY, then=Then.VOID),
    Action(S.REFUNDED_OTHER, PAID | FULL | GONE | WAITING, ANY),
)

C = CaseType
STANDING: tuple[Standing, ...] = (
    Standing(S.OPEN, PAID, HIGH, (C.SURPLUS,), When.HOLD),
    Standing(S.OPEN, PAID, LOW, (C.UNDERPAID,)),
    Standing(S.OPEN, PAID, OTHER, (C.WRONG_CURRENCY,)),
    Standing(S.OPEN, AUTH, LOW | HIGH | OTHER, (C.DO_NOT_CAPTURE,)),
    Standing(S.WITHDRAWN, PAID, ANY, (C.PAID_AFTER_CANCEL,)),
    Standing(S.WITHDRAWN, AUTH, ANY, (C.AUTHORIZED_AFTER_CANCEL,)),
    Standing(S.CANCELLED, PAID, ANY, (C.REFUND_DUE, C.SURPLUS)),
    Standing(S.CANCELLED, AUTH, ANY, (C.AUTHORIZED_AFTER_CANCEL,)),
    Standing(S.SETTLED, PAID, ANY, (C.SURPLUS, C.UNDERPAID, C.PARTLY_REFUNDED, C.CONTRADICTION)),
    Standing(S.SETTLED, AUTH | GONE, ANY, (C.AUTHORIZATION_LOST,), When.AUTHORIZED_SETTLEMENT),
    Standing(S.OTHER, PAID, ANY, (C.SECOND_PAYMENT, C.SURPLUS)),
    Standing(S.BY_HAND, PAID, LOW, (C.UNDERPAID,)),
    Standing(S.BY_HAND, PAID, OTHER, (C.WRONG_CURRENCY,)),
    Standing(S.BY_HAND, FULL, LOW | OTHER, (C.REFUNDED_BEFORE_RECOGNITION,)),
    Standing(S.BY_HAND, AUTH, LOW | HIGH | OTHER, (C.DO_NOT_CAPTURE,)),
    Standing(S.COD, PAID, ANY, (C.PAID_AND_COD,)),
    Standing(S.REFUNDED, FULL, ANY, (C.REFUNDED_OUTSIDE,)),
    Standing(S.REFUNDED, PAID, ANY, (C.REFUNDED_OUTSIDE, C.SURPLUS)),
    Standing(S.REFUNDED_OTHER, PAID, ANY, (C.SECOND_PAYMENT, C.SURPLUS)),
)

# What ``decide`` opens and closes by itself; every other type belongs to whoever raised it.
RULED: frozenset[CaseType] = frozenset({C.DISPUTE}.union(*(row.cases for row in STANDING)))


Cell = tuple[Situation, ChargeState, Match]


def _cells(row: Action | Standing) -> Iterator[Cell]:
    return product((row.situation,), row.states, row.matches)


_ACTIONS_AT: dict[Cell, list[Action]] = {}
_STANDING_AT: dict[Cell, list[Standing]] = {}
for _action in ACTIONS:
    for _cell in _cells(_action):
        _ACTIONS_AT.setdefault(_cell, []).append(_action)
for _standing in STANDING:
    for _cell in _cells(_standing):
        _STANDING_AT.setdefault(_cell, []).append(_standing)


def action(situation: Situation, state: ChargeState, match: Match, whens: Collection[When]) -> Action:
    """The first row that fits: rows with a condition stand before the plain one. Every combination has a plain row."""
    for row in _ACTIONS_AT.get((situation, state, match), ()):
        if row.when is None or row.when in whens:
            return row
    raise LookupError(f"no row for {situation}, {state}, {match}")


def standing(situation: Situation, state: ChargeState, match: Match, whens: Collection[When]) -> tuple[CaseType, ...]:
    """The exception types that may stand; which of them do, and with how much money, the facts say."""
    for row in _STANDING_AT.get((situation, state, match), ()):
        if row.when is None or row.when in whens:
            return row.cases
    return ()
