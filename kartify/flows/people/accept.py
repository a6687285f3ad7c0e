"""*Accept difference*: a person lets an order stand on money that is not what was due. It settles through the one
door, under the order's lock, and what is given up stands in the settlement: amount + discount + accepted = due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from kartify import clock
from kartify.domain.decide import Decision, OrderView, Settlement, accepting, decide
from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.domain.money import display
from kartify.domain.reports import Channel
from kartify.domain.status import Actor, Guard, Status
from kartify.domain.views import UNPAID
from kartify.flows.ground import audit
from kartify.flows.ground.writes import Write, execute
from kartify.flows.people import byhand, edit
from kartify.flows.settling import facts, moves
from kartify.flows.settling.facts import KnownCharge, Snapshot
from kartify.flows.settling.settle_rows import (
    Source,
    case_writes,
    changed_settlement,
    late_settlement,
    new_settlement,
    payment_writes,
)
from kartify.house import House
from kartify.models import Case, new_id, table

cases = table(Case)
_CASE = select(cases).where(cases.c.id == bindparam("case_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Who accepts which difference (minor units, as the exception showed it) and why."""

    by: str
    reason: str
    difference: int
    form: edit.Form


def accept(house: House, case_id: UUID, wish: Wish) -> str:
    """Asks the gateway once more, then settles; gives what was done in a sentence.

    Raises ``Invalid`` (no reason), ``NotFound``, ``edit.Stale``, ``Conflict`` (closed meanwhile, another difference by
    now, nothing to accept).
    """
    if not wish.reason.strip():
        raise Invalid("reason", "expected why, in a few words: it stays on the order's timeline")
    with house.database.read() as connection:
        order_id = _row(connection, case_id)["order_id"]
    if order_id is None:
        raise Conflict("this exception is of no order: there is nothing to settle")
    answers = byhand.ask_first(house, order_id, wish.by)
    done = house.database.run(lambda connection: _accept(connection, case_id, order_id, wish, answers))
    byhand.wake(house, order_id)
    return done


def _row(connection: Connection, case_id: UUID, *, lock: bool = False) -> Any:
    query = _CASE.with_for_update() if lock else _CASE
    row = connection.execute(query, {"case_id": case_id}).mappings().first()
    if row is None:
        raise NotFound("there is no such exception")
    return row


def _accept(
    connection: Connection, case_id: UUID, order_id: UUID, wish: Wish, answers: Sequence[str]
) -> str:
    snapshot = facts.locked(connection, order_id)
    row = _row(connection, case_id, lock=True)
    if row["closed_at"] is not None:
        raise Conflict(f"this exception was closed by {row['closed_by']}: {row['resolution']}")
    if snapshot.version != wish.form.version:
        raise edit.Stale(edit.since(connection, order_id, wish.form), snapshot.version)
    if row["difference"] != wish.difference:
        now = display(row["difference"], row["currency"])
        raise Conflict(f"the difference is {now} by now, and not what the page showed")
    known = next((one for one in snapshot.charges if one.view.id == row["charge_id"]), None)
    bound = accepting(snapshot.view, known.view) if known else None
    if known is None or bound is None:
        raise Conflict("as things are now there is no difference to accept here")
    given_up = bound.accepted - _before(snapshot, bound)
    text = _said(snapshot.view, bound, given_up)
    act = audit.Act(by=wish.by, action="accept difference", subject=f"case:{case_id}", text=f"{text} {wish.reason}",
                    data={"accepted": given_up, "currency": bound.currency, "gateway": list(answers)})
    execute(connection, _writes(connection, snapshot, known, bound, (wish, answers)))
    audit.write(connection, act, order_id=order_id)
    return text


def _said(view: OrderView, bound: Settlement, given_up: int) -> str:
    if given_up > 0:
        return f"{display(given_up, bound.currency)} less than due is accepted."
    return f"{display(bound.amount, bound.currency)} settles the order; what is beyond it is still held."


def _before(snapshot: Snapshot, bound: Settlement) -> int:
    known = snapshot.view.settlement
    return known.accepted if known is not None and known.charge == bound.charge else 0


def _writes(
    connection: Connection, snapshot: Snapshot, known: KnownCharge, bound: Settlement, why: tuple[Wish, Sequence[str]]
) -> list[Write]:
    wish, _ = why
    at, settlement_id = clock.now(), new_id()
    opens = snapshot.view.status in UNPAID
    source = Source(
        account_id=known.account_id, payment_id=known.payment_id or new_id(), channel=Channel.MANUAL, by=wish.by, at=at
    )
    view = replace(snapshot.view, settlement=bound)
    if opens:
        view = replace(view, status=Status.PROCESSING, basis="settlement")
    found = decide(view, [one.view for one in snapshot.charges], [])
    after = Decision(cases=found.cases, settlement=bound, move=Status.PROCESSING if opens else None)
    return [
        *_settlement(connection, snapshot, bound, source, settlement_id),
        *(_move(snapshot, why, settlement_id, source) if opens else ()),
        *case_writes(connection, snapshot, after, source),
        *payment_writes(snapshot, after, source),
    ]


def _settlement(
    connection: Connection, snapshot: Snapshot, bound: Settlement, source: Source, settlement_id: UUID
) -> list[Write]:
    known = snapshot.view.settlement
    if known is not None and known.charge == bound.charge:
        return [changed_settlement(snapshot, bound, source)]
    late = () if snapshot.view.status in UNPAID else late_settlement(connection, snapshot, settlement_id)
    return [new_settlement(snapshot, bound, source, settlement_id), *late]


def _move(
    snapshot: Snapshot, why: tuple[Wish, Sequence[str]], settlement_id: UUID, source: Source
) -> list[Write]:
    wish, answers = why
    asked = moves.Move(
        target=Status.PROCESSING, actor=Actor.STAFF, by=wish.by, channel=Channel.MANUAL, at=source.at,
        reason=f"difference accepted: {wish.reason.strip()}", guards=frozenset({Guard.REASON, Guard.EVIDENCE}),
        basis="settlement", settlement_id=settlement_id, evidence={"gateway": list(answers)},
    )
    return moves.writes(snapshot, asked)
