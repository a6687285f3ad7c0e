"""``decide``: from an order and what is known of its charges to what must change. Pure; follows ``settling``.

The caller holds the order's lock, has merged the new reports into the facts and tells which charges they were about.
The answer is complete: every exception that stands now is in it, so the caller opens what is new, updates what
changed and closes what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.reports import ChargeState, Facts
from kartify.domain.settling import PAID, Match, Settle, Situation, Then, When, action, standing
from kartify.domain.status import Status

HighPolicy = Literal["accept", "hold"]
AfterCancelPolicy = Literal["ask", "reopen", "refund"]
LATER = frozenset({Status.PROCESSING, Status.SHIPPED, Status.DELIVERED})
UNPAID = frozenset({Status.MISSING, Status.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A store's choices."""

    settle_on_authorisation: bool = False
    high: HighPolicy = "accept"
    after_cancel: AfterCancelPolicy = "ask"
    auto_capture: bool = True


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

    A charge that settles is looked for among the subjects first, in the order given, then among the others; the first
    that fits settles, under the order's lock: first come.
    """
    by_id = {charge.id: charge for charge in charges}
    wanted = [by_id[key] for key in dict.fromkeys(subjects)]
    rest = [charge for charge in charges if charge not in wanted]
    decision, after = Decision(), order
    for charge in [*wanted, *rest]:
        decision, after = _act(decision, after, charge, reported=charge in wanted)
    cases = {
        (charge.id, case.type): case for charge in charges for case in _stand(after, charge, decision.operations)
    }
    return replace(decision, cases=cases)


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
    by_machine = order.status in UNPAID or order.cancelled_by in ("clock", "storefront")
    return by_machine and not order.touched_oms and not charge.ours and not charge.facts.returned


def _act(
    decision: Decision, order: OrderView, charge: ChargeView, *, reported: bool
) -> tuple[Decision, OrderView]:
    facts, situation = charge.facts, situation_of(order, charge.id)
    row = action(situation, facts.base_state, match_of(order, facts), _whens(order, charge))
    settles = row.settle is Settle.DUE and situation in (Situation.OPEN, Situation.BY_HAND)
    if not reported and not settles and row.then is not Then.VOID:
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
        operations=(*decision.operations, *_operations(row.then, order, charge)),
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
            return replace(bound, reversed=True) if bound else None
        case Settle.CONVERT:
            return _convert(bound, facts) if bound else None


def _convert(bound: Settlement, facts: Facts) -> Settlement:
    """An authorised settlement meets its capture: never more than was settled, less if less was captured."""
    return replace(bound, authorized=False, amount=min(bound.amount, facts.captured - facts.fee))


def _operations(then: Then | None, order: OrderView, charge: ChargeView) -> tuple[Operation, ...]:
    facts = charge.facts
    currency = facts.currency or order.currency
    if then is Then.CAPTURE and order.policy.auto_capture:
        return (Operation(charge=charge.id, kind="capture", amount=facts.authorized, currency=currency),)
    if then is Then.VOID and charge.can_void:
        return (Operation(charge=charge.id, kind="void", amount=facts.authorized, currency=currency),)
    if then is Then.REFUND and not charge.ours and facts.net:
        return (Operation(charge=charge.id, kind="refund", amount=facts.net, currency=currency),)
    return ()


def _stand(order: OrderView, charge: ChargeView, operations: tuple[Operation, ...]) -> list[CaseWanted]:
    facts, situation = charge.facts, situation_of(order, charge.id)
    types = standing(situation, facts.base_state, match_of(order, facts), _whens(order, charge))
    found = [case for kind in types if (case := _case(kind, order, charge, situation)) is not None]
    if facts.disputed and not facts.dispute_closed:
        found.append(_dispute(facts))
    voiding = {operation.charge for operation in operations if operation.kind == "void"}
    return [case for case in found if not (case.type is CaseType.AUTHORIZED_AFTER_CANCEL and charge.id in voiding)]


def _dispute(facts: Facts) -> CaseWanted:
    return CaseWanted(
        type=CaseType.DISPUTE,
        reason="The customer's bank disputes this charge.",
        currency=facts.currency or "",
        difference=-facts.net,
        deadline=facts.dispute_deadline,
    )


def _case(kind: CaseType, order: OrderView, charge: ChargeView, situation: Situation) -> CaseWanted | None:
    facts = charge.facts
    currency = facts.currency or order.currency
    make = _Maker(order, charge, situation)
    held, difference, reason = make.figures(kind)
    if kind in _MONEY_ONLY and held <= 0:
        return None
    if kind in _DIFFERENCE_ONLY and not difference:
        return None
    deadline = facts.release_at if facts.base_state is ChargeState.AUTHORIZED else None
    return CaseWanted(
        type=kind, reason=reason, currency=currency, held=held, difference=difference, deadline=deadline
    )


_MONEY_ONLY = frozenset(
    {
        CaseType.SURPLUS,
        CaseType.SECOND_PAYMENT,
        CaseType.PAID_AFTER_CANCEL,
        CaseType.PAID_AND_COD,
        CaseType.WRONG_CURRENCY,
        CaseType.REFUND_DUE,
    }
)
_DIFFERENCE_ONLY = frozenset(
    {
        CaseType.UNDERPAID,
        CaseType.PARTLY_REFUNDED,
        CaseType.REFUNDED_OUTSIDE,
        CaseType.CONTRADICTION,
        CaseType.AUTHORIZATION_LOST,
    }
)


@dataclass(frozen=True, slots=True)
class _Maker:
    """The figures of one exception: what we hold, the difference, and the sentence for a person."""

    order: OrderView
    charge: ChargeView
    situation: Situation

    @property
    def surplus(self) -> int:
        """What the charge brought beyond its settlement, or beyond what is due."""
        facts, bound = self.charge.facts, self.order.settlement
        if facts.currency != self.order.currency or not facts.captured:
            return 0
        if bound is not None and bound.charge == self.charge.id:
            return max(0, facts.captured - bound.fee - bound.amount)
        return max(0, offered(facts) - self.order.due)

    @property
    def surplus_left(self) -> int:
        """A refund gives back the surplus first."""
        return max(0, self.surplus - self.charge.facts.returned - self.charge.kept)

    @property
    def eaten(self) -> int:
        """How far refunds went beyond the surplus, into what is settled or due."""
        return max(0, self.charge.facts.returned - self.surplus)

    def figures(self, kind: CaseType) -> tuple[int, int, str]:
        facts, due = self.charge.facts, self.order.due
        net = max(0, facts.net - self.charge.kept)
        match kind:
            case CaseType.UNDERPAID if self.situation is Situation.SETTLED:
                return self._short_settlement()
            case CaseType.UNDERPAID:
                return net, offered(facts) - due, self._say("less than is due", factor=True)
            case CaseType.SURPLUS if self.situation is Situation.OPEN:
                return net, offered(facts) - due, self._say("more than is due, held by policy", factor=True)
            case CaseType.SURPLUS:
                return self.surplus_left, self.surplus_left, self._say("more than is due", factor=True)
            case CaseType.SECOND_PAYMENT:
                return net - self.surplus_left, 0, "Another charge has already paid this order."
            case CaseType.PARTLY_REFUNDED:
                outside = self.eaten - self.charge.ours
                return 0, -self.eaten if outside > 0 else 0, "Part of the settled money was refunded at the gateway."
            case CaseType.REFUNDED_OUTSIDE:
                outside = facts.returned - self.charge.ours
                return 0, -outside if outside > 0 else 0, "The money was refunded, and not by us."
            case CaseType.REFUND_DUE:
                return net - self.surplus_left, 0, "The order was cancelled after it was paid."
            case CaseType.PAID_AFTER_CANCEL:
                return net, offered(facts) - due, "The money came after the order was cancelled."
            case CaseType.PAID_AND_COD:
                return net, 0, "The order goes out as cash on delivery, and was paid as well."
            case CaseType.WRONG_CURRENCY:
                return net, 0, f"Paid in {facts.currency}, due in {self.order.currency}."
            case _:
                return self._unpaid(kind)

    def _unpaid(self, kind: CaseType) -> tuple[int, int, str]:
        facts = self.charge.facts
        match kind:
            case CaseType.CONTRADICTION:
                return 0, -facts.net if facts.denied_at else 0, "The gateway now denies a capture it had confirmed."
            case CaseType.AUTHORIZATION_LOST:
                lost = facts.denied_at is not None
                return 0, -facts.authorized if lost else 0, "The authorisation this order went out on is gone."
            case CaseType.DO_NOT_CAPTURE:
                return 0, offered(facts) - self.order.due, self._say("not what is due; only authorised so far")
            case CaseType.AUTHORIZED_AFTER_CANCEL:
                return 0, 0, "Authorised after the order was cancelled."
            case _:
                return 0, 0, "Refunded before it was recognised."

    def _short_settlement(self) -> tuple[int, int, str]:
        bound = self.order.settlement
        gap = self.order.due - (bound.amount + bound.discount + bound.accepted) if bound else 0
        return 0, -max(0, gap), "Less was captured than had been authorised."

    def _say(self, what: str, *, factor: bool = False) -> str:
        brought, due = offered(self.charge.facts), self.order.due
        flag = " Off by a factor of 100." if factor and 100 in (_ratio(brought, due), _ratio(due, brought)) else ""
        return f"The gateway reports {what}.{flag}"


def _ratio(larger: int, smaller: int) -> int | None:
    return larger // smaller if smaller and larger % smaller == 0 else None


def settles(order: OrderView, facts: Facts) -> bool:
    """Whether this charge alone would settle an open order: what evidence for a move by hand must show."""
    return facts.base_state in PAID and match_of(order, facts) in (Match.EXACT, Match.HIGH)
