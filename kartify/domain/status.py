"""The table of status moves: who may move an order from where to where, and what must hold.

Anything not listed is refused. The conditions that need rows (settlement, evidence, windows) are checked by the flow
that asks for the move; each row names the guard it must pass, and the one door refuses a move whose guards the caller
does not bring.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kartify.domain.errors import Conflict


class Status(StrEnum):
    MISSING = "missing"
    PROCESSING = "processing"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    REFUNDED = "refunded"


class Actor(StrEnum):
    """Who moves: the kind, not the name."""

    STOREFRONT = "storefront"
    GATEWAY = "gateway"
    CLOCK = "clock"
    STAFF = "staff"
    OMS = "oms"


class Guard(StrEnum):
    """What the caller must have established under the order's lock."""

    SETTLEMENT = "a matching settlement"
    PLACED = "cash on delivery, or nothing due"
    REASON = "a reason"
    EVIDENCE = "evidence: the gateway was just asked"
    ALL_OVER = "every attempt is over and quiet, nothing open or unknown"
    INQUEST = "no money, no open attempt, fresh negative answer, late window over"
    NO_MONEY = "no settlement, no authorised or captured charge"
    REOPEN = "the reopen policy, an exact match, never delivered, no refund begun"
    NEWER = "news newer than stored, all units"
    REFUND_DECISION = "a refund decision, and the delivery withdrawn or cancelled at the OMS"
    REFUNDED_WHOLE = "processed refunds equal the captures"
    PAYOUT = "proof of payout, no gateway charge"


@dataclass(frozen=True, slots=True)
class Move:
    source: Status | None
    target: Status
    actor: Actor
    guards: tuple[Guard, ...]
    follows: str


M, P, F, C, S, D, R = (
    Status.MISSING,
    Status.PROCESSING,
    Status.FAILED,
    Status.CANCELLED,
    Status.SHIPPED,
    Status.DELIVERED,
    Status.REFUNDED,
)


def _rows(sources: tuple[Status | None, ...], target: Status, actor: Actor, *guards: Guard, follows: str) -> list[Move]:
    return [Move(source, target, actor, guards, follows) for source in sources]


MOVES: tuple[Move, ...] = (
    *_rows((None,), M, Actor.STOREFRONT, follows="timeline; push unpaid where the OMS works that way"),
    *_rows((M, F), P, Actor.GATEWAY, Guard.SETTLEMENT, follows="settlement; one delivery row"),
    *_rows((M, F), P, Actor.STOREFRONT, Guard.PLACED, follows="basis recorded; one delivery row"),
    *_rows((M, F), P, Actor.STAFF, Guard.REASON, Guard.EVIDENCE, follows="one delivery row; asking goes on"),
    *_rows((M,), F, Actor.CLOCK, Guard.ALL_OVER, follows="asked on until the late window ends"),
    *_rows((F,), M, Actor.STOREFRONT, follows="another payment"),
    *_rows((M, F), C, Actor.CLOCK, Guard.INQUEST, follows="cancel at the OMS only if it knows the order"),
    *_rows((M, F), C, Actor.STOREFRONT, Guard.INQUEST, follows="cancel at the OMS only if it knows the order"),
    *_rows((M, F), C, Actor.STAFF, Guard.REASON, Guard.NO_MONEY, follows="later money is paid after cancel"),
    *_rows((C,), P, Actor.GATEWAY, Guard.REOPEN, follows="settlement; one delivery row; the rule recorded"),
    *_rows((C,), P, Actor.STAFF, Guard.REASON, Guard.SETTLEMENT, follows="settlement; one delivery row"),
    *_rows((P,), S, Actor.OMS, Guard.NEWER, follows="an undelivered row is closed by this receipt"),
    *_rows((P,), D, Actor.OMS, Guard.NEWER, follows="an undelivered row is closed by this receipt"),
    *_rows((S,), D, Actor.OMS, Guard.NEWER, follows="timeline"),
    *_rows((P,), S, Actor.STAFF, Guard.REASON, follows="an undelivered row is closed"),
    *_rows((P,), D, Actor.STAFF, Guard.REASON, follows="an undelivered row is closed"),
    *_rows((S,), D, Actor.STAFF, Guard.REASON, follows="timeline"),
    *_rows((P,), C, Actor.OMS, follows="refund due if money is held; undelivered row withdrawn"),
    *_rows((P,), C, Actor.STAFF, Guard.REASON, Guard.REFUND_DECISION, follows="refund due if money is held"),
    *_rows((P,), C, Actor.STOREFRONT, Guard.REFUND_DECISION, follows="refund due if money is held"),
    *_rows((M, F, P, S, D, C), R, Actor.GATEWAY, Guard.REFUNDED_WHOLE, follows="settlement reversed"),
    *_rows((P, S, D, C), R, Actor.STAFF, Guard.REASON, Guard.PAYOUT, follows="timeline"),
)
_TABLE = {(move.source, move.target, move.actor): move for move in MOVES}


def permit(source: Status | None, target: Status, actor: Actor, guards: frozenset[Guard] = frozenset()) -> Move:
    """The row that allows this move. Raises ``Conflict`` naming what is missing."""
    move = _TABLE.get((source, target, actor))
    if move is None:
        raise Conflict(f"an order that is {source or 'new'} cannot become {target} by {actor}")
    lacking = [guard.value for guard in move.guards if guard not in guards]
    if lacking:
        raise Conflict(f"{source} → {target} by {actor} needs {', '.join(lacking)}")
    return move


def targets(source: Status, actor: Actor) -> tuple[Status, ...]:
    """Where this actor may move an order from here, guards aside."""
    return tuple(move.target for move in MOVES if move.source == source and move.actor is actor)
