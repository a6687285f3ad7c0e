"""A tiny house in memory: it merges, decides and applies, and checks laws 1, 2, 5 and 8 after every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import UUID

from kartify.domain.cases import SETTLED_MONEY, CaseType
from kartify.domain.decide import ChargeView, OrderView, Settlement, decide, match_of
from kartify.domain.reports import Channel, ChargeState, Dispute, Facts, Report, merge
from kartify.domain.settling import PAID, Match
from kartify.domain.status import Actor, Guard, Status, permit

DUE = 1000
T = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
IDS = tuple(UUID(int=n + 1) for n in range(3))


# What a gateway may say of a charge.


@dataclass(frozen=True)
class Variant:
    authorized: int
    captured: int
    currency: str = "INR"


EXACT, LOW, HIGH = Variant(1000, 1000), Variant(900, 900), Variant(1200, 1200)
OTHER, SHORT, FACTOR = Variant(1000, 1000, "USD"), Variant(1000, 900), Variant(100_000, 100_000)
VARIANTS = {"exact": EXACT, "low": LOW, "high": HIGH, "other": OTHER, "short": SHORT, "factor_100": FACTOR}


@dataclass(frozen=True)
class Message:
    charge: int
    name: str
    report: Report
    channel: Channel = Channel.WEBHOOK


def message(charge: int, name: str, variant: Variant) -> Message:
    state, minute, sums = {
        "pending": (ChargeState.PENDING, 0, {}),
        "failed_before": (ChargeState.FAILED, 1, {}),
        "authorized": (ChargeState.AUTHORIZED, 2, {"authorized": variant.authorized}),
        "captured": (ChargeState.CAPTURED, 3, {"captured": variant.captured}),
        "disputed": (ChargeState.DISPUTED, 4, {"captured": variant.captured, "dispute": Dispute()}),
        "part": (ChargeState.PARTIALLY_REFUNDED, 5, {"captured": variant.captured, "refunded": 300}),
        "refunded": (ChargeState.REFUNDED, 6, {"captured": variant.captured, "refunded": variant.captured}),
        "failed_after": (ChargeState.FAILED, 7, {}),
        "denied": (ChargeState.FAILED, 8, {}),
        "lost": (ChargeState.DISPUTED, 9, {"captured": variant.captured, "dispute": Dispute(lost=400, closed=True)}),
    }[name]
    report = Report(state=state, word=name, currency=variant.currency, at=T + timedelta(minutes=minute), **sums)
    return Message(charge, name, report, Channel.LOOKUP if name == "denied" else Channel.WEBHOOK)


# The house.


@dataclass(frozen=True)
class House:
    order: OrderView
    facts: tuple[Facts, ...] = (Facts(), Facts(), Facts())
    cases: frozenset[tuple[int, CaseType, int, str]] = field(default=frozenset())


def apply(house: House, one: Message) -> House:
    merged = merge(house.facts[one.charge], one.report, channel=one.channel, seen_at=one.report.at)
    facts = tuple(merged if n == one.charge else old for n, old in enumerate(house.facts))
    charges = [ChargeView(id=IDS[n], facts=known) for n, known in enumerate(facts) if known != Facts()]
    decision = decide(house.order, charges, [IDS[one.charge]])
    order = house.order
    if decision.move is not None:
        permit(order.status, decision.move, Actor.GATEWAY, frozenset(Guard))
        reopened = decision.move is Status.PROCESSING
        order = replace(
            order,
            status=decision.move,
            basis=decision.basis or order.basis,
            cancel_requested=False,
            cancelled_by=None if reopened else order.cancelled_by,
        )
    order = replace(order, settlement=decision.settlement or order.settlement)
    cases = {(IDS.index(charge), kind, case.held, case.currency) for (charge, kind), case in decision.cases.items()}
    after = House(order, facts, frozenset(cases))
    check_laws(house, after)
    return after


def check_laws(before: House, after: House) -> None:
    old, new = before.order.settlement, after.order.settlement
    # Law 1: an order is bound once; a reversed settlement stays reversed.
    if old is not None:
        assert new is not None
        assert new.charge == old.charge
        assert new.reversed >= old.reversed
    # Law 2: processing by machine stands on a settlement that matches what is due.
    if before.order.status is not after.order.status is Status.PROCESSING:
        assert new is not None
        assert new.amount + new.discount == after.order.due
        assert new.currency == after.order.currency
        facts = after.facts[IDS.index(new.charge)]
        assert match_of(after.order, facts) in (Match.EXACT, Match.HIGH)
        assert facts.base_state in PAID or new.authorized
    for n, facts in enumerate(after.facts):
        # Law 8, and law 5 as an equation.
        assert facts.returned <= facts.captured
        left, fee = settled_left(new, n, facts)
        assert facts.captured == left + facts.returned + held(after, n) + fee, (n, facts, after)


def held(house: House, charge: int) -> int:
    return sum(money for n, kind, money, _ in house.cases if n == charge and kind not in SETTLED_MONEY)


def settled_left(bound: Settlement | None, charge: int, facts: Facts) -> tuple[int, int]:
    """What is left of the settlement and of the declared fee: refunds take the surplus first, then these."""
    if bound is None or bound.charge != IDS[charge] or bound.reversed or bound.authorized:
        return 0, 0
    surplus = facts.captured - bound.fee - bound.amount
    eaten = max(0, facts.returned - surplus)
    return bound.amount - min(eaten, bound.amount), bound.fee - max(0, eaten - bound.amount)


def outcome(house: House) -> tuple[object, ...]:
    """What law 10 compares: status, settled, refunded, held by currency, exceptions by type."""
    bound = house.order.settlement
    sums: Counter[str] = Counter()
    for _, kind, money, currency in house.cases:
        sums[currency] += 0 if kind in SETTLED_MONEY else money
    left = sum(settled_left(bound, n, facts)[0] for n, facts in enumerate(house.facts))
    kinds = Counter(kind.value for _, kind, _, _ in house.cases)
    returned = sum(facts.returned for facts in house.facts)
    gross = bound.amount if bound and not bound.reversed else 0
    return house.order.status, gross, left, returned, sorted((+sums).items()), sorted(kinds.items())


def explore(start: House, pool: list[Message], size: int = 4) -> Iterator[tuple[list[Message], list[House]]]:
    """For each set of up to ``size`` messages, every house that any order and any repetition of it can lead to."""
    houses, number = [start], {start: 0}  # each house is hashed once, and known by its number
    steps: dict[tuple[int, int], int] = {}

    def step(house: int, one: int) -> int:
        if (house, one) not in steps:
            after = apply(houses[house], pool[one])
            if after not in number:
                number[after] = len(houses)
                houses.append(after)
            steps[house, one] = number[after]
        return steps[house, one]

    reached = {(): {0}}
    for count in range(1, size + 1):
        for some in combinations(range(len(pool)), count):
            fresh = {step(house, one) for one in some for house in reached[tuple(n for n in some if n != one)]}
            found: set[int] = set()
            while fresh:
                found |= fresh
                fresh = {step(house, one) for one in some for house in fresh} - found
            reached[some] = found
            yield [pool[one] for one in some], [houses[house] for house in found]
