"""Law 10: every order and every repetition of the same messages ends the same; laws 1, 2, 5 and 8 after every step.

For each set of up to four messages *every* state that any order and any number of repetitions can reach is computed,
subset by subset; all of them must have the same outcome.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations_with_replacement

import pytest

from kartify.domain.cases import CaseType
from kartify.domain.decide import OrderView, Policy, match_of
from kartify.domain.reports import ChargeState, Facts, Report
from kartify.domain.settling import Match
from kartify.domain.status import Status
from tests.domain.house import (
    DUE,
    EXACT,
    HIGH,
    LOW,
    SHORT,
    VARIANTS,
    House,
    Message,
    T,
    apply,
    explore,
    held,
    message,
    outcome,
)

ALL = ("pending", "failed_before", "authorized", "captured", "disputed", "part", "refunded", "failed_after", "denied",
       "lost")
MAIN = ("authorized", "captured", "part", "refunded", "failed_after")
CORE = ("authorized", "captured", "part", "refunded")


# Where an order may stand when the messages come.


def order(status: Status = Status.MISSING, **more: object) -> OrderView:
    return OrderView(status=status, due=DUE, currency="INR", **more)


ACCEPT, HOLD = Policy(), Policy(high="hold")
PROMISE = Policy(settle_on_authorisation=True)
REOPEN, REFUND = Policy(after_cancel="reopen"), Policy(after_cancel="refund")
WORLDS = {
    "missing": order(policy=ACCEPT),
    "failed": order(Status.FAILED, policy=ACCEPT),
    "missing_hold": order(policy=HOLD),
    "missing_promise": order(policy=PROMISE),
    "cancel_requested": order(cancel_requested=True, policy=ACCEPT),
    "cancel_requested_reopen": order(cancel_requested=True, policy=REOPEN),
    "cancelled": order(Status.CANCELLED, cancelled_by="clock", policy=ACCEPT),
    "cancelled_refund": order(Status.CANCELLED, cancelled_by="clock", policy=REFUND),
    "cancelled_reopen": order(Status.CANCELLED, cancelled_by="storefront", policy=REOPEN),
    "cancelled_by_staff": order(Status.CANCELLED, cancelled_by="staff", policy=REOPEN),
    "by_hand": order(Status.PROCESSING, basis="manual", policy=ACCEPT),
    "by_hand_shipped": order(Status.SHIPPED, basis="manual", policy=HOLD),
    "cod": order(Status.PROCESSING, basis="cod", policy=ACCEPT),
    "cod_delivered": order(Status.DELIVERED, basis="cod", policy=ACCEPT),
}


def settled_start(status: Status) -> House:
    """Charge 0 paid the order; then it shipped, or was cancelled by its OMS."""
    paid = apply(House(order(policy=ACCEPT)), message(0, "captured", EXACT))
    by = "oms" if status is Status.CANCELLED else None
    return replace(paid, order=replace(paid.order, status=status, cancelled_by=by))


# The exclusions: what the rule "first come", a promise or a move that is not taken back makes depend on the order.


def fits(view: OrderView, facts: Facts) -> bool:
    """The charge could settle: exact, or high where the policy takes it or the whole went back."""
    match, taken = match_of(view, facts), view.policy.high == "accept" or view.basis == "manual"
    whole = facts.base_state is ChargeState.REFUNDED
    return bool(facts.captured) and (match is Match.EXACT or (match is Match.HIGH and (taken or whole)))


def undone(facts: Facts) -> bool:
    return bool(facts.returned) or facts.denied


def excluded(view: OrderView, facts: tuple[Facts, ...]) -> str | None:
    """The reason why these messages may end differently, or None: then they must not."""
    known = [one for one in facts if one != Facts()]
    fitting = [one for one in known if fits(view, one)]
    if len(fitting) > 1 and any(undone(one) for one in fitting):
        return "two charges could each settle, and money of one of them went back: first come decides whose it was"
    if view.policy.settle_on_authorisation:
        promised = [one for one in known if one.authorized == view.due and one.currency == view.currency]
        if promised and len(known) > 1:
            return "settle on authorisation: another charge came before or after the promise"
        if promised and not any(fits(view, one) for one in promised) and known[0].state is not ChargeState.AUTHORIZED:
            return "settle on authorisation: the order went out on a promise that was broken, or had not yet gone out"
    withdrawn = view.status is Status.CANCELLED or view.cancel_requested
    if withdrawn and view.policy.after_cancel == "reopen":
        if any(match_of(view, one) is Match.EXACT and one.returned for one in known):
            return "reopen: no order is reopened on money that is going back, and none is closed again for it"
    return None


def check_world(start: House, pool: list[Message], size: int = 4) -> tuple[int, Counter[str]]:
    """All sets of messages: one outcome, or a written reason. Gives the sets checked and the reasons that were real."""
    real: Counter[str] = Counter()
    checked = 0
    for some, houses in explore(start, pool, size):
        ends = {str(outcome(house)) for house in houses}
        assert all(house.facts == houses[0].facts for house in houses), some
        reason = excluded(start.order, houses[0].facts)
        if reason is None:
            assert len(ends) == 1, ([f"{one.charge}:{one.name}" for one in some], ends)
            checked += 1
        elif len(ends) > 1:
            real[reason] += 1
    return checked, real


# The tests.


# The rest of the product runs with the slow tests.
EVERYDAY = {
    *(("missing", variant) for variant in VARIANTS),
    *((world, "exact") for world in ("missing_hold", "missing_promise", "cancelled", "by_hand", "cod")),
    *((world, "high") for world in ("missing_hold", "cancelled_reopen", "by_hand")),
}
ONE = [
    pytest.param(world, variant, marks=() if (world, variant) in EVERYDAY else pytest.mark.slow)
    for world in WORLDS
    for variant in VARIANTS
]


@pytest.mark.parametrize(("world", "variant"), ONE)
def test_one_charge_ends_the_same_in_every_order_and_repetition(world, variant):
    pool = [message(0, name, VARIANTS[variant]) for name in ALL]
    checked, _ = check_world(House(WORLDS[world]), pool)
    assert checked > 50


@pytest.mark.parametrize("status", [Status.PROCESSING, Status.SHIPPED, Status.DELIVERED, Status.CANCELLED])
@pytest.mark.parametrize("variant", ["exact", "low", "high", "other"])
def test_messages_after_the_settlement_end_the_same(status, variant):
    pool = [message(0, name, EXACT) for name in CORE] + [message(1, name, VARIANTS[variant]) for name in MAIN]
    start = settled_start(status)
    for some, houses in explore(start, pool):
        assert len({str(outcome(house)) for house in houses}) == 1, [f"{one.charge}:{one.name}" for one in some]


PAIRS = list(combinations_with_replacement(["exact", "low", "high", "other"], 2))


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("world", ["missing", "missing_hold", "cancelled_reopen"])
def test_two_charges_end_the_same_in_every_order_and_repetition(world, pair):
    pool = [message(n, name, VARIANTS[kind]) for n, kind in enumerate(pair) for name in CORE]
    checked, _ = check_world(House(WORLDS[world]), pool)
    assert checked > 10


@pytest.mark.slow
@pytest.mark.parametrize("pair", [*PAIRS, ("exact", "short"), ("factor_100", "short")], ids="-".join)
@pytest.mark.parametrize("world", WORLDS)
def test_two_charges_in_every_world(world, pair):
    pool = [message(n, name, VARIANTS[kind]) for n, kind in enumerate(pair) for name in (*MAIN, "disputed")]
    checked, _ = check_world(House(WORLDS[world]), pool)
    assert checked > 10


@pytest.mark.parametrize("world", ["missing", "missing_hold"])
def test_three_charges_end_the_same_in_every_order_and_repetition(world):
    pool = [message(n, name, one) for n, one in enumerate((EXACT, LOW, HIGH)) for name in ("captured", "part")]
    checked, _ = check_world(House(WORLDS[world]), pool)
    assert checked > 10


@pytest.mark.slow
@pytest.mark.parametrize("three", list(combinations_with_replacement(["exact", "low", "high", "other"], 3)),
                         ids="-".join)
@pytest.mark.parametrize("world", ["missing", "missing_hold", "by_hand"])
def test_three_charges_in_every_world(world, three):
    pool = [message(n, name, VARIANTS[kind]) for n, kind in enumerate(three) for name in CORE]
    checked, _ = check_world(House(WORLDS[world]), pool)
    assert checked > 10


def test_every_exclusion_is_real():
    """Each written reason is needed: some messages under it do end differently."""
    real: Counter[str] = Counter()
    for world in ("missing", "missing_promise", "cancelled_reopen"):
        pool = [message(n, name, EXACT) for n in (0, 1) for name in ("authorized", "captured", "refunded")]
        real += check_world(House(WORLDS[world]), pool)[1]
    pool = [message(0, name, EXACT) for name in ("authorized", "failed_after", "captured")]
    real += check_world(House(WORLDS["missing_promise"]), pool)[1]
    assert {reason.partition(":")[0] for reason in real} == {
        "two charges could each settle, and money of one of them went back",
        "settle on authorisation",
        "reopen",
    }
    assert len(real) == 4


@pytest.mark.parametrize(
    ("first", "second", "held_at_end"),
    [
        ({"captured": 1020}, {"captured": 1020, "fee": 20}, 0),  # a fee declared late explains the surplus
        ({"captured": 980}, {"captured": 980, "discount": 20}, 0),  # a discount declared late explains the shortfall
        ({"captured": 1000}, {"captured": 1000, "discount": 20}, 20),
        ({"captured": 900}, {"captured": 1000}, 0),
        ({"captured": 1000}, {"captured": 1200}, 200),
        ({"captured": 900}, {"captured": 1200}, 200),
    ],
)
def test_figures_that_come_late_end_the_same(first, second, held_at_end):
    pool = [
        Message(0, str(n), Report(state=ChargeState.CAPTURED, word="x", currency="INR", at=T, **sums))
        for n, sums in enumerate((first, second))
    ]
    *_, (_, houses) = explore(House(WORLDS["missing"]), pool)
    (end,) = {outcome(house)[:2] for house in houses}
    assert end == (Status.PROCESSING, DUE - pool[1].report.discount)
    assert {held(house, 0) for house in houses} == {held_at_end}


def test_a_capture_that_grows_after_its_whole_refund_is_held():
    house = House(WORLDS["missing"])
    for one in (message(0, "refunded", EXACT), message(0, "captured", HIGH)):
        house = apply(house, one)
    assert house.order.status is Status.REFUNDED
    assert held(house, 0) == 200


def test_an_authorised_settlement_that_captures_less_is_corrected_then_grows():
    house = House(WORLDS["missing_promise"])
    house = apply(house, message(0, "authorized", EXACT))
    assert house.order.status is Status.PROCESSING
    house = apply(house, message(0, "captured", SHORT))
    assert house.order.settlement.amount == 900
    assert [kind for _, kind, _, _ in house.cases] == [CaseType.UNDERPAID]
    house = apply(house, message(0, "captured", EXACT))
    assert house.order.settlement.amount == DUE
    assert not house.cases
