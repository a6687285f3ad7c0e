"""The states of a delivery row (outbox) as one pure table."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from kartify.domain.errors import Conflict


class Kind(StrEnum):
    """What the OMS must get."""

    PUSH = "push"
    CONFIRM = "confirm"
    FEED = "feed"
    NONE = "none"
    PUSH_UNPAID = "push_unpaid"
    CANCEL = "cancel"
    HOLD = "hold"
    UNHOLD = "unhold"


# Exactly one of these per stay in processing (law 3).
FULFILMENT = (Kind.PUSH, Kind.CONFIRM, Kind.FEED, Kind.NONE)


class State(StrEnum):
    DUE = "due"
    CLAIMED = "claimed"
    SENT_UNKNOWN = "sent_unknown"
    FOUND = "found"
    DONE = "done"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"


# Nothing follows by itself: done and withdrawn are the end, out of dead a person leads.
RESTING = frozenset({State.DONE, State.DEAD, State.WITHDRAWN})


class Event(StrEnum):
    """What happens to a row."""

    CLAIM = "claim"  # a deliverer took it, the lease runs
    ACCEPTED = "accepted"  # the OMS answered with its id or receipt
    REFUSED = "refused"  # a validation error: parked at once with the field named
    NOT_SENT = "not_sent"  # surely not acted on: tried again later
    LOST = "lost"  # sent, and the answer never came or was unclear
    LEASE_OVER = "lease_over"  # the deliverer died with the row in hand: the call may have left
    CLAIM_LOOKUP = "claim_lookup"  # a deliverer took it to look, not to send
    SEEN = "seen"  # the lookup found the order at the OMS
    ABSENT = "absent"  # the lookup says the OMS does not have it
    NOT_TOLD = "not_told"  # the lookup gave no answer: asked again later
    GIVE_UP = "give_up"  # no lookup, no idempotency: a person must look
    ADOPT = "adopt"  # the OMS id that was found is recorded
    RECEIPT = "receipt"  # news or an acknowledgement proves that the OMS has it
    WITHDRAW = "withdraw"
    AGAIN = "again"  # a person pushes again


S, E = State, Event
TABLE: dict[tuple[State, Event], State] = {
    (S.DUE, E.CLAIM): S.CLAIMED,
    (S.DUE, E.RECEIPT): S.DONE,
    (S.DUE, E.WITHDRAW): S.WITHDRAWN,
    (S.CLAIMED, E.ACCEPTED): S.DONE,
    (S.CLAIMED, E.REFUSED): S.DEAD,
    (S.CLAIMED, E.NOT_SENT): S.DUE,
    (S.CLAIMED, E.LOST): S.SENT_UNKNOWN,
    (S.CLAIMED, E.LEASE_OVER): S.SENT_UNKNOWN,
    (S.CLAIMED, E.SEEN): S.FOUND,
    (S.CLAIMED, E.RECEIPT): S.DONE,
    (S.SENT_UNKNOWN, E.CLAIM_LOOKUP): S.SENT_UNKNOWN,
    (S.SENT_UNKNOWN, E.SEEN): S.FOUND,
    (S.SENT_UNKNOWN, E.ABSENT): S.DUE,
    (S.SENT_UNKNOWN, E.NOT_TOLD): S.SENT_UNKNOWN,
    (S.SENT_UNKNOWN, E.REFUSED): S.DEAD,
    (S.SENT_UNKNOWN, E.GIVE_UP): S.DEAD,
    (S.SENT_UNKNOWN, E.LEASE_OVER): S.SENT_UNKNOWN,
    (S.SENT_UNKNOWN, E.RECEIPT): S.DONE,
    (S.FOUND, E.ADOPT): S.DONE,
    (S.FOUND, E.LEASE_OVER): S.FOUND,
    (S.FOUND, E.RECEIPT): S.DONE,
    (S.FOUND, E.REFUSED): S.DEAD,
    (S.DEAD, E.AGAIN): S.DUE,
    (S.DEAD, E.RECEIPT): S.DONE,
    (S.DEAD, E.WITHDRAW): S.WITHDRAWN,
}


def step(state: State, event: Event) -> State:
    """The state that follows. Raises ``Conflict`` for an arrow that is not in the table."""
    try:
        return TABLE[(state, event)]
    except KeyError:
        raise Conflict(f"a delivery that is {state} cannot take {event}") from None


class Hold(StrEnum):
    """Whether the OMS keeps an order back."""

    FREE = "free"
    ASKED = "asked to hold it"
    HELD = "held"
    LETTING_GO = "asked to let it go"
    REFUSED = "refused"


def hold_of(rows: Iterable[tuple[str, str]]) -> Hold:
    """From (kind, state) of the order's delivery rows, oldest first. After a refusal a person leads."""
    now = Hold.FREE
    for kind, state in rows:
        if kind not in (Kind.HOLD, Kind.UNHOLD) or state == State.WITHDRAWN:
            continue
        holds = kind == Kind.HOLD
        if state == State.DONE:
            now = Hold.HELD if holds else Hold.FREE
        elif state == State.DEAD:
            now = Hold.REFUSED
        else:
            now = Hold.ASKED if holds else Hold.LETTING_GO
    return now
