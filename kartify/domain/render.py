"""The tables of moves and settling as Markdown, for the docs: what is shown there is what the code goes by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from kartify.domain.cases import NEXT_ACTION, CaseType
from kartify.domain.delivery import RESTING, TABLE
from kartify.domain.reports import ChargeState
from kartify.domain.settling import ACTIONS, ANY, STANDING, STATES, Action, Match, Standing
from kartify.domain.status import MOVES, Move

# What an exception of this type holds, and what its difference tells.
MONEY: dict[CaseType, str] = {
    CaseType.UNDERPAID: "held: the charge's net (nothing once it is settled); difference: what is missing",
    CaseType.SURPLUS: "held: what is beyond due, less refunds; by policy *hold*: the charge's net",
    CaseType.WRONG_CURRENCY: "held: the charge's net",
    CaseType.DO_NOT_CAPTURE: "no money yet; difference: to what is due; deadline: the release",
    CaseType.PARTLY_REFUNDED: "difference: what went back of the settled money; unless the refund was ours",
    CaseType.PAID_AFTER_CANCEL: "held: the charge's net; difference: to what was due",
    CaseType.AUTHORIZED_AFTER_CANCEL: "no money yet; deadline: the release; only where it cannot be voided",
    CaseType.REFUND_DUE: "held: the settled money that is left; shown, not counted again beside the settlement",
    CaseType.CONTRADICTION: "difference: the capture; only when a look-up asked after the capture denies it",
    CaseType.AUTHORIZATION_LOST: "difference: the authorisation; only when a look-up denies it",
    CaseType.REFUNDED_OUTSIDE: "difference: what went back; unless the refund was ours or the order was cancelled",
    CaseType.SECOND_PAYMENT: "held: the charge's net up to what is due",
    CaseType.REFUNDED_BEFORE_RECOGNITION: "no money left",
    CaseType.PAID_AND_COD: "held: the charge's net",
    CaseType.DISPUTE: "difference: the charge's net; deadline: the dispute's; stands beside any other, till closed",
}


def moves_table() -> str:
    """Section 1: order status."""
    rows = []
    for _, same in groupby(MOVES, key=lambda move: (move.target, move.actor, move.guards, move.follows)):
        rows.append(_move_cells(list(same)))
    return _table(("from", "to", "who", "needs", "follows in the same commit"), rows)


def _move_cells(same: Sequence[Move]) -> tuple[str, ...]:
    first = same[0]
    sources = ", ".join(move.source or "–" for move in same)
    needs = "; ".join(guard.value for guard in first.guards) or "–"
    return sources, first.target, first.actor, needs, first.follows


def actions_table() -> str:
    """Section 2: what the charge that was just reported does to its order."""
    head = ("the order towards the charge", "charge state", "match", "when", "move", "settlement", "then")
    return _table(head, [_action_cells(row) for row in ACTIONS])


def _action_cells(row: Action) -> tuple[str, ...]:
    return (
        row.situation,
        _states(row.states),
        _matches(row.matches),
        row.when or "",
        f"→ {row.move}" if row.move else "none",
        row.settle or "none",
        row.then or "",
    )


def standing_table() -> str:
    """Section 3: the exceptions that stand after every report, for every charge of the order."""
    head = ("the order towards the charge", "charge state", "match", "when", "exceptions")
    return _table(head, [_standing_cells(row) for row in STANDING])


def _standing_cells(row: Standing) -> tuple[str, ...]:
    cases = ", ".join(f"*{case}*" for case in row.cases)
    return row.situation, _states(row.states), _matches(row.matches), row.when or "", cases


def cases_table() -> str:
    """Section 4: what an exception holds, and what to do."""
    rows = [(f"*{kind}*", text, NEXT_ACTION[kind]) for kind, text in MONEY.items()]
    return _table(("exception", "money", "next safe action"), rows)


def delivery_table() -> str:
    """Section 5: the states of a delivery row."""
    rows = [(source + (" (rests)" if source in RESTING else ""), event, to) for (source, event), to in TABLE.items()]
    return _table(("from", "what happens", "to"), rows)


TABLES = {
    "moves": moves_table,
    "actions": actions_table,
    "standing": standing_table,
    "cases": cases_table,
    "delivery": delivery_table,
}


def refresh(text: str) -> str:
    """The document with every marked table as the code has it. Raises ``ValueError`` where a mark is missing."""
    for name, table in TABLES.items():
        start, end = f"<!-- table: {name} -->\n", f"<!-- end: {name} -->"
        head, found, rest = text.partition(start)
        _, closed, tail = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the document has no marked place for the table {name}")
        text = f"{head}{start}{table()}{end}{tail}"
    return text


def _states(states: Iterable[ChargeState]) -> str:
    known = set(states)
    return "any" if known >= STATES else ", ".join(state for state in ChargeState if state in known)


def _matches(matches: Iterable[Match]) -> str:
    known = set(matches)
    return "any" if known >= ANY else ", ".join(match for match in Match if match in known)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)
