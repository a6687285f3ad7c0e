"""``decide``: from an order and what is known of its charges to what must change. Pure; follows ``settling``.

The caller holds the order's lock, has merged the new reports into the facts and tells which charges they were about.
The answer is complete: every exception that stands now is in it, so the caller opens what is new, updates what
changed and closes what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal
from uuid import UUID

from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.figures import Figures, case_of, dispute_of
from kartify.domain.reports import ChargeState, Facts
from kartify.domain.settling import CAPTURED, PAID, Action, Match, Settle, Situation, Then, When, action, standing
from kartify.domain.status import Status
from kartify.domain.views import (
    UNPAID,
    AfterCancelPolicy,
    ChargeView,
    Decision,
    HighPolicy,
    Operation,
    OrderView,
    Policy,
    Settlement,
    compare,
    match_of,
    offered,
)

__all__ = [
    "AfterCancelPolicy",
    "ChargeView",
    "Decision",
    "HighPolicy",
    "Operation",
    "OrderView",
    "Policy",
    "Settlement",
    "accepting",
    "captures",
    "compare",
    "decide",
    "match_of",
    "offered",
    "settles",
    "situation_of",
    "voids",
]


def situation_of(order: OrderView, charge: UUID) -> Situation:
    bound = order.settlement
    mine = bound is not None and bound.charge == charge
    if order.status is Status.REFUNDED:
        return Situation.REFUNDED if mine else Situation.REFUNDED_OTHER
    if bound is not None and not bound.reversed:
        if not mine:
            return Situation.OTHER
        return Situation.CANCELLED if order.status is Status.CANCELLED else Situation.SETTLED
    if order.status is Status.CANCELLED or (order.status in UNPAID and order.cancel_requested):
        return Situation.WITHDRAWN
    if order.status in UNPAID:
        return Situation.OPEN
    return Situation.BY_HAND if order.basis == "manual" else Situation.COD


def decide(order: OrderView, charges: Sequence[ChargeView], subjects: Iterable[UUID]) -> Decision:
    """What follows from the reports about ``subjects``.

    A charge that settles is looked for among the subjects first (whole captures before others, else in the order
    given), then among the other charges; the first that fits settles, under the order's lock: first come.
    """
    by_id = {charge.id: charge for charge in charges}
    wanted = sorted((by_id[key] for key in dict.fromkeys(subjects)), key=_rank)
    reported = {charge.id for charge in wanted}
    rest = [charge for charge in charges if charge.id not in reported]
    decision, after = Decision(), order
    for charge in [*wanted, *rest]:
        decision, after = _act(decision, after, charge, reported=charge.id in reported)
    operations = _operations(after, charges, reported)
    cases = {(charge.id, case.type): case for charge in charges for case in _stand(after, charge, operations)}
    return replace(decision, cases=cases, operations=operations)


def _rank(charge: ChargeView) -> int:
    state = charge.facts.base_state
    return 0 if state in CAPTURED else 1 if state in PAID else 2


def _row(order: OrderView, charge: ChargeView) -> Action:
    facts = charge.facts
    return action(situation_of(order, charge.id), facts.base_state, match_of(order, facts), _whens(order, charge))


def _whens(order: OrderView, charge: ChargeView) -> set[When]:
    policy, facts, bound = order.policy, charge.facts, order.settlement
    whens = set()
    if policy.high == "hold":
        whens.add(When.HOLD)
    if policy.settle_on_authorisation:
        whens.add(When.ON_AUTHORISATION)
    if policy.after_cancel == "reopen" and _may_reopen(order, charge):
        whens.add(When.REOPEN)
    if policy.after_cancel == "refund":
        whens.add(When.REFUND)
    if bound is not None and bound.authorized:
        whens.add(When.AUTHORIZED_SETTLEMENT)
    if facts.contradicted:
        whens.add(When.CONTRADICTED)
    return whens


def _may_reopen(order: OrderView, charge: ChargeView) -> bool:
    who = ("clock", "storefront", None) if order.status in UNPAID else ("clock", "storefront")
    return order.cancelled_by in who and not order.touched_oms and not charge.ours and not charge.facts.returned


def _act(decision: Decision, order: OrderView, charge: ChargeView, *, reported: bool) -> tuple[Decision, OrderView]:
    facts, situation, row = charge.facts, situation_of(order, charge.id), _row(order, charge)
    settles = row.settle is Settle.DUE and situation in (Situation.OPEN, Situation.BY_HAND)
    if not reported and not settles:
        return decision, order
    rule = row.when.value if situation is Situation.WITHDRAWN and row.when and row.move else None
    settlement = _settlement(row.settle, order, charge)
    decision = replace(
        decision,
        move=row.move or decision.move,
        settlement=settlement or decision.settlement,
        settled_by=charge.id if settlement else decision.settled_by,
        basis="settlement" if row.move is Status.PROCESSING else decision.basis,
        rule=rule or decision.rule,
        ask=decision.ask or row.then is Then.ASK or (settlement is None and facts.contradicted),
    )
    return decision, replace(
        order,
        status=row.move or order.status,
        settlement=settlement or order.settlement,
        basis=decision.basis or order.basis,
        cancel_requested=order.cancel_requested and row.move is None,
    )


def _settlement(settle: Settle | None, order: OrderView, charge: ChargeView) -> Settlement | None:
    facts, bound = charge.facts, order.settlement
    match settle:
        case None:
            return None
        case Settle.DUE | Settle.REVERSED | Settle.AUTHORIZED:
            return Settlement(
                charge=charge.id,
                amount=order.due - facts.discount,
                currency=order.currency,
                fee=facts.fee,
                discount=facts.discount,
                authorized=settle is Settle.AUTHORIZED,
                reversed=settle is Settle.REVERSED,
            )
        case Settle.REVERSE:
            return replace(_corrected(order, bound, facts), reversed=True) if bound else None
        case Settle.CONVERT | Settle.CORRECT:
            after = _corrected(order, bound, facts) if bound else None
            return after if after != bound else None


def _corrected(order: OrderView, bound: Settlement, facts: Facts) -> Settlement:
    """The settlement as the figures now have it: an authorised one meets its capture, a fee or a discount is declared
    late, a capture grew. Never more than is due, less if less was captured."""
    if bound.currency != order.currency or facts.currency != order.currency:
        return replace(bound, authorized=False)
    wanted = order.due - facts.discount
    amount = max(0, min(wanted, facts.captured - facts.fee))
    return replace(
        bound,
        amount=amount,
        fee=facts.fee,
        discount=facts.discount,
        accepted=max(0, min(bound.accepted, wanted - amount)),
        authorized=False,
    )


def _operations(order: OrderView, charges: Sequence[ChargeView], reported: set[UUID]) -> tuple[Operation, ...]:
    """What to do at the gateways as the order now is. Of several matching authorisations one is captured."""
    found: list[Operation] = []
    for charge in charges:
        facts, then = charge.facts, _row(order, charge).then
        capturing = any(operation.kind == "capture" for operation in found)
        if then is Then.CAPTURE and order.policy.auto_capture and not capturing:
            found.append(_operation(order, charge, "capture", facts.authorized))
        if then is Then.VOID and charge.can_void:
            found.append(_operation(order, charge, "void", facts.authorized))
        if then is Then.REFUND and charge.id in reported and not charge.ours and facts.net:
            found.append(_operation(order, charge, "refund", facts.net))
    return tuple(found)


def _operation(
    order: OrderView, charge: ChargeView, kind: Literal["capture", "void", "refund"], amount: int
) -> Operation:
    return Operation(charge=charge.id, kind=kind, amount=amount, currency=charge.facts.currency or order.currency)


def _stand(order: OrderView, charge: ChargeView, operations: tuple[Operation, ...]) -> list[CaseWanted]:
    facts, situation = charge.facts, situation_of(order, charge.id)
    types = standing(situation, facts.base_state, match_of(order, facts), _whens(order, charge))
    figures = Figures(order, charge, situation)
    found = [case for kind in types if (case := case_of(kind, figures)) is not None]
    if facts.disputed and not facts.dispute_closed:
        found.append(dispute_of(facts))
    voiding = {operation.charge for operation in operations if operation.kind == "void"}
    return [case for case in found if not (case.type is CaseType.AUTHORIZED_AFTER_CANCEL and charge.id in voiding)]


def settles(order: OrderView, facts: Facts) -> bool:
    """Whether this charge alone would settle an open order: what evidence for a move by hand must show."""
    return facts.base_state in PAID and match_of(order, facts) in (Match.EXACT, Match.HIGH)


def captures(order: OrderView, charge: ChargeView) -> bool:
    """Whether to capture this authorised charge is right as the order is now: it matches, and nothing else pays."""
    return _row(order, charge).then is Then.CAPTURE


def voids(order: OrderView, charge: ChargeView) -> bool:
    """Whether a person may let this authorised charge go: the order neither went out on it nor still needs it."""
    if charge.facts.base_state is not ChargeState.AUTHORIZED or captures(order, charge):
        return False
    return situation_of(order, charge.id) is not Situation.SETTLED


def accepting(order: OrderView, charge: ChargeView) -> Settlement | None:
    """The settlement once a person accepts the difference of this charge: what came pays the order and the rest of
    what is due is given up; of more than due, held by policy, *due* settles. None where there is nothing to accept:
    other money, money that goes back, or money that a person has decided to keep."""
    facts, situation = charge.facts, situation_of(order, charge.id)
    if facts.currency != order.currency or facts.base_state not in PAID:
        return None
    if charge.kept or charge.ours > facts.returned:
        return None
    if situation is Situation.SETTLED:
        return _less(order)
    if situation not in (Situation.OPEN, Situation.BY_HAND) or match_of(order, facts) is Match.EXACT:
        return None
    wanted = order.due - facts.discount
    amount = min(wanted, facts.captured - facts.fee)
    if amount <= 0:
        return None
    return Settlement(
        charge=charge.id, amount=amount, currency=order.currency, fee=facts.fee, discount=facts.discount,
        accepted=wanted - amount,
    )


def _less(order: OrderView) -> Settlement | None:
    """A settlement that brought less than it was made for, with its gap accepted."""
    bound = order.settlement
    gap = order.due - (bound.amount + bound.discount + bound.accepted) if bound else 0
    return replace(bound, accepted=bound.accepted + gap) if bound and gap > 0 and not bound.authorized else None
