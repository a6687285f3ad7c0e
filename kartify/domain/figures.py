"""The figures of an exception: what we hold, the difference, and the sentence for a person. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.reports import ChargeState, Facts
from kartify.domain.settling import Situation
from kartify.domain.views import ChargeView, OrderView, offered

# These stand only while money is held, ...
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
# ... these only while there is a difference.
_DIFFERENCE_ONLY = frozenset(
    {
        CaseType.UNDERPAID,
        CaseType.PARTLY_REFUNDED,
        CaseType.REFUNDED_OUTSIDE,
        CaseType.CONTRADICTION,
        CaseType.AUTHORIZATION_LOST,
    }
)


def dispute_of(facts: Facts) -> CaseWanted:
    return CaseWanted(
        type=CaseType.DISPUTE,
        reason="The customer's bank disputes this charge.",
        currency=facts.currency or "",
        difference=-facts.net,
        deadline=facts.dispute_deadline,
    )


def case_of(kind: CaseType, figures: Figures) -> CaseWanted | None:
    """The exception with its figures; None where the figures say that nothing is wrong."""
    order, facts = figures.order, figures.charge.facts
    held, difference, reason = figures.of(kind)
    if kind in _MONEY_ONLY and held <= 0:
        return None
    if kind in _DIFFERENCE_ONLY and not difference:
        return None
    return CaseWanted(
        type=kind,
        reason=reason,
        currency=facts.currency or order.currency,
        held=held,
        difference=difference,
        deadline=facts.release_at if facts.base_state is ChargeState.AUTHORIZED else None,
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """Held, difference and reason of each type, for one charge. A refund gives back the surplus first."""

    order: OrderView
    charge: ChargeView
    situation: Situation

    @property
    def net(self) -> int:
        """What we have of the charge and nobody has decided to keep."""
        return max(0, self.charge.facts.net - self.charge.kept)

    @property
    def gap(self) -> int:
        """What the charge brings beyond what is due; negative where it is less."""
        return offered(self.charge.facts) - self.order.due

    @property
    def surplus(self) -> int:
        """What the charge brought beyond its settlement, or beyond what is due, and nobody has decided to keep."""
        facts, bound = self.charge.facts, self.order.settlement
        if facts.currency != self.order.currency or not facts.captured:
            return 0
        mine = bound is not None and bound.charge == self.charge.id
        beyond = facts.captured - bound.fee - bound.amount if mine and bound else offered(facts) - self.order.due
        return max(0, beyond - self.charge.kept)

    @property
    def surplus_left(self) -> int:
        if self.situation in (Situation.OPEN, Situation.REFUNDED):
            return self.net
        return max(0, self.surplus - self.charge.facts.returned)

    @property
    def eaten(self) -> int:
        """How far refunds went beyond the surplus, into what is settled."""
        return max(0, self.charge.facts.returned - self.surplus)

    @property
    def outside(self) -> int:
        """What went back without our asking."""
        return max(0, self.charge.facts.returned - self.charge.ours)

    def of(self, kind: CaseType) -> tuple[int, int, str]:
        match kind:
            case CaseType.UNDERPAID if self.situation is Situation.SETTLED:
                return self._short_settlement()
            case CaseType.UNDERPAID:
                return self.net, self.gap, self._say("less than is due")
            case CaseType.SURPLUS if self.situation is Situation.OPEN:
                return self.net, self.gap, self._say("more than is due, held by policy")
            case CaseType.SURPLUS:
                left = self.surplus_left
                return left, left, self._say("more than is due")
            case CaseType.SECOND_PAYMENT:
                return self.net - self.surplus_left, 0, "Another charge has already paid this order."
            case CaseType.REFUND_DUE:
                return self.net - self.surplus_left, 0, "The order was cancelled after it was paid."
            case CaseType.PAID_AFTER_CANCEL:
                return self.net, self.gap, self._say("money after the order was cancelled")
            case CaseType.PAID_AND_COD:
                return self.net, 0, "The order goes out as cash on delivery, and was paid as well."
            case CaseType.WRONG_CURRENCY:
                return self.net, 0, f"Paid in {self.charge.facts.currency}, due in {self.order.currency}."
            case _:
                return self._without_money(kind)

    def _without_money(self, kind: CaseType) -> tuple[int, int, str]:
        facts = self.charge.facts
        match kind:
            case CaseType.PARTLY_REFUNDED:
                return 0, -self.eaten if self.outside else 0, "Part of the settled money went back, and not by us."
            case CaseType.REFUNDED_OUTSIDE:
                # A cancelled order was due to be refunded: whoever did it closed the matter.
                news = 0 if self.order.cancelled_by else self.outside
                return 0, -news, "The money was refunded, and not by us."
            case CaseType.CONTRADICTION:
                return 0, -facts.net if facts.denied else 0, "The gateway now denies a capture it had confirmed."
            case CaseType.AUTHORIZATION_LOST:
                lost = -facts.authorized if facts.denied else 0
                return 0, lost, "The authorisation this order went out on is gone."
            case CaseType.DO_NOT_CAPTURE:
                return 0, self.gap, self._say("not what is due; only authorised so far")
            case CaseType.AUTHORIZED_AFTER_CANCEL:
                return 0, 0, "Authorised after the order was cancelled."
            case _:
                return 0, 0, "Refunded before it was recognised."

    def _short_settlement(self) -> tuple[int, int, str]:
        bound = self.order.settlement
        gap = self.order.due - (bound.amount + bound.discount + bound.accepted) if bound else 0
        return 0, -max(0, gap), "The charge brought less than was settled on."

    def _say(self, what: str) -> str:
        brought, due = offered(self.charge.facts), self.order.due
        same = self.charge.facts.currency == self.order.currency
        flag = " Off by a factor of 100." if same and 100 in (_ratio(brought, due), _ratio(due, brought)) else ""
        return f"The gateway reports {what}.{flag}"


def _ratio(larger: int, smaller: int) -> int | None:
    return larger // smaller if smaller and larger % smaller == 0 else None
