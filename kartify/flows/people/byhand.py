"""A person moves an order: the gateway is asked first and its answer attached; the same door as for everyone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from kartify import clock
from kartify.domain.decide import Decision, Settlement, decide, settles
from kartify.domain.errors import Conflict, Invalid, KartifyError
from kartify.domain.reports import Channel
from kartify.domain.status import Actor, Guard, Status, permit
from kartify.flows.ground.writes import Write, execute
from kartify.flows.lookups import ask as lookups
from kartify.flows.lookups import asking
from kartify.flows.people import approvals
from kartify.flows.settling import facts, moves
from kartify.flows.settling.facts import KnownCharge, Snapshot
from kartify.flows.settling.settle_rows import Source, case_writes, new_settlement
from kartify.house import House
from kartify.models import new_id

BY_HAND = (Status.PROCESSING, Status.SHIPPED, Status.DELIVERED, Status.REFUNDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """What was done: the order's status now, and what the gateway said when it was asked."""

    status: Status
    answers: tuple[str, ...] = ()
    by_gateway: bool = False

    @property
    def text(self) -> str:
        how = "the gateway confirmed it, so it moved by itself" if self.by_gateway else "moved by hand"
        return f"{self.status}: {how}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """A second person's yes: who asked, who agreed, and what the gateway had said to the first."""

    asked_by: str
    by: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants, and why."""

    target: Status
    by: str
    reason: str
    evidence: str | None
    version: int | None
    agreed: Agreed | None = None


def move(
    house: House, order_id: UUID, *, target: Status, by: str, reason: str, evidence: str | None = None,
    version: int | None = None, ask: bool = True,
) -> ByHand:
    """Moves an order by hand. Raises ``Invalid`` (no reason), ``Conflict`` (not allowed, or changed meanwhile).

    To *processing* the gateway is asked first (``ask``); if it confirms, the order moves by that and not by hand.
    Where the store's policy wants a second person, the wish is stored for one and ``NeedsSecond`` is raised.
    """
    target = Status(target)
    if not reason.strip():
        raise Invalid("reason", "expected why, in a few words: it stays on the order's timeline")
    if target not in BY_HAND:
        raise Invalid("status", f"expected one of {', '.join(BY_HAND)}")
    wish = Wish(target=target, by=by, reason=reason.strip(), evidence=evidence, version=version)
    answers = ask_first(house, order_id, by) if ask and target is Status.PROCESSING else ("not asked",)
    outcome = house.database.run(lambda connection: make(connection, order_id, wish, answers))
    if isinstance(outcome, approvals.NeedsSecond):
        # Raised only now: the transaction that stored the request is to be kept.
        raise outcome
    wake(house, order_id)
    return outcome


def ask_first(house: House, order_id: UUID, by: str) -> tuple[str, ...]:
    """The gateways' answers as evidence, or "not reachable"."""
    try:
        asked = asking.check_order(house, order_id, by=by)
    except KartifyError as problem:
        return (f"not reachable: {problem}",)
    if asked:
        return tuple(one.word for one in asked)
    with house.database.read() as connection:
        payments = lookups.payments_of(connection, order_id)
    return ("not asked: someone else is asking right now",) if payments else ("no payment to ask about",)


def make(
    connection: Connection, order_id: UUID, wish: Wish, answers: tuple[str, ...]
) -> ByHand | approvals.NeedsSecond:
    """The move in the caller's transaction, or the request for a second person that it became."""
    snapshot = facts.locked(connection, order_id)
    status = snapshot.view.status
    if status is wish.target and wish.target is Status.PROCESSING:
        return ByHand(status=status, answers=answers, by_gateway=snapshot.view.settlement is not None)
    if wish.version is not None and wish.version != snapshot.version:
        raise Conflict("the order changed meanwhile; look at it again before moving it")
    charge = _paid(snapshot)
    if status is Status.CANCELLED and wish.target is Status.PROCESSING and charge is None:
        raise Conflict("a cancelled order becomes processing only with a matching capture that was not refunded")
    if wish.target is Status.PROCESSING and wish.agreed is None:
        why = approvals.needed(connection, snapshot, answers, confirmed=charge is not None)
        if why is not None:
            # What the table of moves does not have is refused at once, and no second person is troubled with it.
            permit(status, wish.target, Actor.STAFF, frozenset(Guard))
            wanted = approvals.Wanted(
                target=wish.target, by=wish.by, reason=wish.reason, evidence=wish.evidence, answers=answers, why=why
            )
            return approvals.ask(connection, snapshot, wanted)
    rows = moves.delivery_rows(connection, order_id)
    execute(connection, _writes(connection, snapshot, wish, answers, charge=charge, rows=rows))
    return ByHand(status=wish.target, answers=answers)


def _paid(snapshot: Snapshot) -> KnownCharge | None:
    """A charge that would settle the order by itself and of which nothing went back."""
    for known in snapshot.charges:
        if settles(snapshot.view, known.view.facts) and not known.view.facts.returned and not known.view.ours:
            return known
    return None


def _writes(
    connection: Connection, snapshot: Snapshot, wish: Wish, answers: Sequence[str], *, charge: KnownCharge | None,
    rows: tuple[moves.DeliveryRow, ...],
) -> list[Write]:
    at = clock.now()
    settles_now = charge is not None and wish.target is Status.PROCESSING
    settlement_id = new_id() if settles_now else None
    guards = {Guard.REASON, Guard.EVIDENCE, Guard.NEWER, Guard.PAYOUT}
    if settles_now:
        guards.add(Guard.SETTLEMENT)
    if wish.target is Status.REFUNDED:
        _refuse_gateway_money(snapshot)
    asked = moves.Move(
        target=wish.target, actor=Actor.STAFF, by=wish.by, channel=Channel.MANUAL, reason=wish.reason, at=at,
        guards=frozenset(guards), basis=_basis(wish, settles_now), settlement_id=settlement_id,
        evidence=_evidence(wish, answers),
    )
    found = moves.writes(snapshot, asked, rows)
    if charge is None or settlement_id is None:
        return [*found, *_cases(connection, snapshot, wish)]
    source = Source(
        account_id=charge.account_id, payment_id=charge.payment_id or new_id(), channel=Channel.MANUAL, by=wish.by,
        at=at,
    )
    bound = _bound(snapshot, charge)
    settled = replace(snapshot, view=replace(snapshot.view, settlement=bound))
    return [new_settlement(settled, bound, source, settlement_id), *found, *_cases(connection, settled, wish)]


def _evidence(wish: Wish, answers: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"gateway": list(answers), **({"note": wish.evidence} if wish.evidence else {})}
    if wish.agreed is not None:
        first = {"gateway_before": list(wish.agreed.answers)}
        found |= {"asked_by": wish.agreed.asked_by, "agreed_by": wish.agreed.by, **first}
    return found


def _basis(wish: Wish, settles_now: bool) -> str | None:
    if wish.target is not Status.PROCESSING:
        return None
    return "settlement" if settles_now else "manual"


def _bound(snapshot: Snapshot, charge: KnownCharge) -> Settlement:
    money = charge.view.facts
    return Settlement(
        charge=charge.view.id, amount=snapshot.view.due - money.discount, currency=snapshot.view.currency,
        fee=money.fee, discount=money.discount,
    )


def _refuse_gateway_money(snapshot: Snapshot) -> None:
    if any(known.view.facts.captured for known in snapshot.charges):
        raise Conflict("this order has a gateway charge: refund it there, the status follows by itself")


def _cases(connection: Connection, snapshot: Snapshot, wish: Wish) -> list[Write]:
    """The exceptions of the order's charges as they stand after the move."""
    basis = "manual" if wish.target is Status.PROCESSING else snapshot.view.basis
    after = replace(snapshot.view, status=wish.target, basis=basis, cancel_requested=False)
    decision = decide(after, [known.view for known in snapshot.charges], [])
    source = Source(account_id=new_id(), payment_id=new_id(), channel=Channel.MANUAL, by=wish.by, at=clock.now())
    return case_writes(connection, snapshot, Decision(cases=decision.cases), source)


def wake(house: House, order_id: UUID) -> None:
    """Wakes the deliverer of the order's rows; the tick would find them too."""
    with house.database.read() as connection:
        rows = moves.open_accounts(connection, order_id)
    for account_id in rows:
        house.waker.wake("deliver", str(account_id))
