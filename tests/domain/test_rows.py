"""Each row of "what a report settles" by name: order, facts, policy -> what follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from kartify.domain.cases import CaseType as C
from kartify.domain.decide import ChargeView, OrderView, Policy, Settlement, decide
from kartify.domain.reports import Facts
from kartify.domain.status import Status as S

A, B = UUID(int=1), UUID(int=2)
T = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
LATER, LATEST = T + timedelta(hours=1), T + timedelta(hours=2)
RELEASE = T + timedelta(days=5)


def order(status=S.MISSING, bound=None, basis=None, **more):
    policy = {name: more.pop(name) for name in list(more) if name in Policy.__dataclass_fields__}
    return OrderView(status=status, due=1000, currency="INR", settlement=bound, basis=basis, policy=Policy(**policy),
                     **more)


def settled(charge=A, amount=1000, **more):
    return Settlement(charge=charge, amount=amount, currency="INR", **more)


def captured(amount=1000, back=0, currency="INR", **more):
    return Facts(currency=currency, captured=amount, captured_at=T, refunded=back, **more)


def authorized(amount=1000, currency="INR", **more):
    return Facts(currency=currency, authorized=amount, authorized_at=T, release_at=RELEASE, **more)


PENDING, FAILED, VOIDED = Facts(pending_at=T), Facts(failed_at=T), authorized(voided_at=LATER)
CREATED = Facts(currency="INR")


@dataclass(frozen=True)
class Row:
    order: OrderView
    facts: Facts
    move: S | None = None
    settlement: Settlement | None = None
    cases: dict = field(default_factory=dict)  # type -> (held, difference)
    operations: tuple = ()
    ask: bool = False
    rule: str | None = None


HOLD, PROMISE = {"high": "hold"}, {"settle_on_authorisation": True}
OPEN = {
    "captured_exact": Row(order(), captured(), S.PROCESSING, settled()),
    "captured_exact_failed_order": Row(order(S.FAILED), captured(), S.PROCESSING, settled()),
    "captured_exact_with_fee": Row(order(), captured(1020, fee=20), S.PROCESSING, settled(fee=20)),
    "captured_exact_with_discount": Row(order(), captured(950, discount=50), S.PROCESSING, settled(amount=950,
                                                                                                  discount=50)),
    "captured_low": Row(order(), captured(900), cases={C.UNDERPAID: (900, -100)}),
    "captured_low_factor_100": Row(order(), captured(10), cases={C.UNDERPAID: (10, -990)}),
    "captured_high": Row(order(), captured(1200), S.PROCESSING, settled(), {C.SURPLUS: (200, 200)}),
    "captured_high_hold": Row(order(**HOLD), captured(1200), cases={C.SURPLUS: (1200, 200)}),
    "captured_other": Row(order(), captured(currency="USD"), cases={C.WRONG_CURRENCY: (1000, 0)}),
    "authorized_exact": Row(order(), authorized(), operations=("capture",)),
    "authorized_exact_no_auto_capture": Row(order(auto_capture=False), authorized()),
    "authorized_exact_settles": Row(order(**PROMISE), authorized(), S.PROCESSING, settled(authorized=True),
                                    operations=("capture",)),
    "authorized_low": Row(order(**PROMISE), authorized(900), cases={C.DO_NOT_CAPTURE: (0, -100)}),
    "authorized_high": Row(order(**PROMISE), authorized(1100), cases={C.DO_NOT_CAPTURE: (0, 100)}),
    "authorized_other": Row(order(**PROMISE), authorized(currency="USD"), cases={C.DO_NOT_CAPTURE: (0, 0)}),
    "created": Row(order(), CREATED, ask=True),
    "pending": Row(order(), PENDING, ask=True),
    "failed": Row(order(), FAILED),
    "voided": Row(order(), VOIDED),
    "partly_refunded_exact": Row(order(), captured(back=300), S.PROCESSING, settled(), {C.PARTLY_REFUNDED: (0, -300)}),
    "partly_refunded_high": Row(order(), captured(1200, 300), S.PROCESSING, settled(), {C.PARTLY_REFUNDED: (0, -100)}),
    "partly_refunded_high_surplus_left": Row(order(), captured(1200, 50), S.PROCESSING, settled(),
                                             {C.SURPLUS: (150, 150)}),
    "partly_refunded_low": Row(order(), captured(900, 300), cases={C.UNDERPAID: (600, -100)}),
    "partly_refunded_other": Row(order(), captured(1000, 300, "USD"), cases={C.WRONG_CURRENCY: (700, 0)}),
    "refunded_exact": Row(order(), captured(back=1000), S.REFUNDED, settled(reversed=True),
                          {C.REFUNDED_OUTSIDE: (0, -1000)}),
    "refunded_high": Row(order(), captured(1200, 1200), S.REFUNDED, settled(reversed=True),
                         {C.REFUNDED_OUTSIDE: (0, -1200)}),
    "refunded_low": Row(order(), captured(900, 900)),
    "refunded_other": Row(order(), captured(1000, 1000, "USD")),
    "disputed": Row(order(), captured(disputed_at=T), S.PROCESSING, settled(), {C.DISPUTE: (0, -1000)}),
    "dispute_lost": Row(order(), captured(disputed_at=T, dispute_closed=True, lost=1000), S.REFUNDED,
                        settled(reversed=True), {C.REFUNDED_OUTSIDE: (0, -1000)}),
}

GONE = {"status": S.CANCELLED, "cancelled_by": "clock"}
ASK, REOPEN, REFUND = ({"after_cancel": one} for one in ("ask", "reopen", "refund"))
WITHDRAWN = {
    "captured_exact": Row(order(**GONE), captured(), cases={C.PAID_AFTER_CANCEL: (1000, 0)}),
    "cancel_requested_captured_exact": Row(order(cancel_requested=True), captured(),
                                           cases={C.PAID_AFTER_CANCEL: (1000, 0)}),
    "captured_exact_reopen": Row(order(**GONE, **REOPEN), captured(), S.PROCESSING, settled(),
                                 rule="policy reopen, its guards hold"),
    "cancel_requested_reopen": Row(order(cancel_requested=True, **REOPEN), captured(), S.PROCESSING, settled(),
                                   rule="policy reopen, its guards hold"),
    "reopen_not_after_staff": Row(order(S.CANCELLED, cancelled_by="staff", **REOPEN), captured(),
                                  cases={C.PAID_AFTER_CANCEL: (1000, 0)}),
    "reopen_not_after_oms": Row(order(S.CANCELLED, cancelled_by="oms", **REOPEN), captured(),
                                cases={C.PAID_AFTER_CANCEL: (1000, 0)}),
    "reopen_not_asked_by_oms": Row(order(cancel_requested=True, cancelled_by="oms", **REOPEN), captured(),
                                   cases={C.PAID_AFTER_CANCEL: (1000, 0)}),
    "reopen_not_touched_oms": Row(order(**GONE, touched_oms=True, **REOPEN), captured(),
                                  cases={C.PAID_AFTER_CANCEL: (1000, 0)}),
    "reopen_not_refund_begun": Row(order(**GONE, **REOPEN), captured(back=100),
                                   cases={C.PAID_AFTER_CANCEL: (900, 0)}),
    "reopen_not_low": Row(order(**GONE, **REOPEN), captured(900), cases={C.PAID_AFTER_CANCEL: (900, -100)}),
    "reopen_not_high": Row(order(**GONE, **REOPEN), captured(1100), cases={C.PAID_AFTER_CANCEL: (1100, 100)}),
    "captured_exact_refund": Row(order(**GONE, **REFUND), captured(), cases={C.PAID_AFTER_CANCEL: (1000, 0)},
                                 operations=("refund",)),
    "captured_other_refund": Row(order(**GONE, **REFUND), captured(currency="USD"),
                                 cases={C.PAID_AFTER_CANCEL: (1000, 0)}, operations=("refund",)),
    "partly_refunded": Row(order(**GONE), captured(back=300), cases={C.PAID_AFTER_CANCEL: (700, 0)}),
    "captured_low": Row(order(**GONE), captured(900), cases={C.PAID_AFTER_CANCEL: (900, -100)}),
    "captured_other": Row(order(**GONE), captured(currency="USD"), cases={C.PAID_AFTER_CANCEL: (1000, 0)}),
    "authorized": Row(order(**GONE), authorized(), cases={C.AUTHORIZED_AFTER_CANCEL: (0, 0)}),
    "refunded": Row(order(**GONE), captured(back=1000)),
    "voided": Row(order(**GONE), VOIDED),
    "pending": Row(order(**GONE), PENDING),
    "created": Row(order(**GONE), CREATED),
    "failed": Row(order(**GONE), FAILED),
}

PAID = {"bound": settled(), "basis": "settlement"}
OMS = {"status": S.CANCELLED, "cancelled_by": "oms", **PAID}
CANCELLED = {
    "captured": Row(order(**OMS), captured(), cases={C.REFUND_DUE: (1000, 0)}),
    "captured_high": Row(order(**OMS), captured(1200), cases={C.REFUND_DUE: (1000, 0), C.SURPLUS: (200, 200)}),
    "partly_refunded": Row(order(**OMS), captured(back=300), cases={C.REFUND_DUE: (700, 0)}),
    "refunded": Row(order(**OMS), captured(back=1000), S.REFUNDED, settled(reversed=True)),
    "authorized_settlement_captured": Row(order(**OMS | {"bound": settled(authorized=True)}), captured(),
                                          settlement=settled(), cases={C.REFUND_DUE: (1000, 0)}),
    "authorized_settlement": Row(order(**OMS | {"bound": settled(authorized=True)}), authorized(),
                                 cases={C.AUTHORIZED_AFTER_CANCEL: (0, 0)}),
}

DENIED = captured(failed_at=LATER, denied_at=LATEST)
PROMISED = {"bound": settled(authorized=True), "basis": "settlement"}
SETTLED = {
    "captured_unchanged": Row(order(S.PROCESSING, **PAID), captured()),
    "captured_unchanged_delivered": Row(order(S.DELIVERED, **PAID), captured()),
    "authorized_becomes_captured": Row(order(S.PROCESSING, **PROMISED), captured(), settlement=settled()),
    "captured_grown": Row(order(S.PROCESSING, **PAID), captured(1300), cases={C.SURPLUS: (300, 300)}),
    "captured_less_than_authorized": Row(order(S.SHIPPED, **PROMISED), captured(900), settlement=settled(amount=900),
                                         cases={C.UNDERPAID: (0, -100)}),
    "short_settlement_grows": Row(order(S.SHIPPED, bound=settled(amount=900)), captured(), settlement=settled()),
    "difference_accepted": Row(order(S.PROCESSING, bound=settled(amount=900, accepted=100)), captured(900)),
    "authorized_still": Row(order(S.PROCESSING, **PROMISED), authorized(), operations=("capture",)),
    "stale_pending": Row(order(S.PROCESSING, **PROMISED), PENDING),
    "failed_newer": Row(order(S.PROCESSING, **PAID), captured(failed_at=LATER), ask=True),
    "failed_newer_denied": Row(order(S.PROCESSING, **PAID), DENIED, cases={C.CONTRADICTION: (0, -1000)}, ask=True),
    "failed_older": Row(order(S.PROCESSING, **PAID), captured(failed_at=T - timedelta(hours=1))),
    "authorized_voided": Row(order(S.PROCESSING, **PROMISED), VOIDED, ask=True),
    "authorized_voided_denied": Row(order(S.PROCESSING, **PROMISED), authorized(voided_at=LATER, denied_at=LATER),
                                    cases={C.AUTHORIZATION_LOST: (0, -1000)}, ask=True),
    "partly_refunded": Row(order(S.PROCESSING, **PAID), captured(back=300), cases={C.PARTLY_REFUNDED: (0, -300)}),
    "refunded": Row(order(S.DELIVERED, **PAID), captured(back=1000), S.REFUNDED, settled(reversed=True),
                    {C.REFUNDED_OUTSIDE: (0, -1000)}),
    "refunded_after_authorized": Row(order(S.PROCESSING, **PROMISED), captured(back=1000), S.REFUNDED,
                                     settled(reversed=True), {C.REFUNDED_OUTSIDE: (0, -1000)}),
    "disputed": Row(order(S.SHIPPED, **PAID), captured(disputed_at=T), cases={C.DISPUTE: (0, -1000)}),
    "dispute_partly_lost": Row(order(S.SHIPPED, **PAID), captured(disputed_at=T, lost=400, dispute_closed=True),
                               cases={C.PARTLY_REFUNDED: (0, -400)}),
}

ELSE = {"bound": settled(B), "basis": "settlement"}
OTHER = {
    "captured": Row(order(S.PROCESSING, **ELSE), captured(), cases={C.SECOND_PAYMENT: (1000, 0)}),
    "captured_high": Row(order(S.SHIPPED, **ELSE), captured(1200),
                         cases={C.SECOND_PAYMENT: (1000, 0), C.SURPLUS: (200, 200)}),
    "captured_low": Row(order(S.SHIPPED, **ELSE), captured(900), cases={C.SECOND_PAYMENT: (900, 0)}),
    "captured_other": Row(order(S.SHIPPED, **ELSE), captured(currency="USD"), cases={C.SECOND_PAYMENT: (1000, 0)}),
    "captured_cancelled": Row(order(S.CANCELLED, **ELSE), captured(), cases={C.SECOND_PAYMENT: (1000, 0)}),
    "authorized": Row(order(S.PROCESSING, **ELSE), authorized()),
    "partly_refunded": Row(order(S.PROCESSING, **ELSE), captured(back=300), cases={C.SECOND_PAYMENT: (700, 0)}),
    "partly_refunded_high": Row(order(S.PROCESSING, **ELSE), captured(1200, 300), cases={C.SECOND_PAYMENT: (900, 0)}),
    "refunded": Row(order(S.PROCESSING, **ELSE), captured(back=1000)),
    "pending": Row(order(S.PROCESSING, **ELSE), PENDING),
    "failed": Row(order(S.PROCESSING, **ELSE), FAILED),
    "voided": Row(order(S.PROCESSING, **ELSE), VOIDED),
}

HAND = {"basis": "manual"}
BY_HAND = {
    "captured_exact": Row(order(S.PROCESSING, **HAND), captured(), settlement=settled()),
    "captured_high": Row(order(S.SHIPPED, **HAND), captured(1200), settlement=settled(),
                         cases={C.SURPLUS: (200, 200)}),
    "partly_refunded": Row(order(S.PROCESSING, **HAND), captured(back=300), settlement=settled(),
                           cases={C.PARTLY_REFUNDED: (0, -300)}),
    "captured_low": Row(order(S.PROCESSING, **HAND), captured(900), cases={C.UNDERPAID: (900, -100)}),
    "captured_other": Row(order(S.PROCESSING, **HAND), captured(currency="USD"),
                          cases={C.WRONG_CURRENCY: (1000, 0)}),
    "failed": Row(order(S.PROCESSING, **HAND), FAILED),
    "refunded_exact": Row(order(S.PROCESSING, **HAND), captured(back=1000), S.REFUNDED, settled(reversed=True),
                          {C.REFUNDED_OUTSIDE: (0, -1000)}),
    "refunded_low": Row(order(S.PROCESSING, **HAND), captured(900, 900),
                        cases={C.REFUNDED_BEFORE_RECOGNITION: (0, 0)}),
    "authorized_exact": Row(order(S.PROCESSING, **HAND), authorized(), operations=("capture",)),
    "authorized_low": Row(order(S.PROCESSING, **HAND), authorized(900), cases={C.DO_NOT_CAPTURE: (0, -100)}),
    "pending": Row(order(S.PROCESSING, **HAND), PENDING, ask=True),
}

CASH = {"basis": "cod"}
COD = {
    "captured": Row(order(S.PROCESSING, **CASH), captured(), cases={C.PAID_AND_COD: (1000, 0)}),
    "captured_low": Row(order(S.SHIPPED, **CASH), captured(900), cases={C.PAID_AND_COD: (900, 0)}),
    "nothing_due_captured": Row(order(S.PROCESSING, basis="nothing_due"), captured(),
                                cases={C.PAID_AND_COD: (1000, 0)}),
    "authorized": Row(order(S.PROCESSING, **CASH), authorized()),
    "partly_refunded": Row(order(S.PROCESSING, **CASH), captured(back=300), cases={C.PAID_AND_COD: (700, 0)}),
    "refunded": Row(order(S.PROCESSING, **CASH), captured(back=1000)),
    "pending": Row(order(S.PROCESSING, **CASH), PENDING),
    "failed": Row(order(S.PROCESSING, **CASH), FAILED),
}

BACK = {"status": S.REFUNDED, "basis": "settlement"}
REFUNDED = {
    "captured_another": Row(order(**BACK, bound=settled(B, reversed=True)), captured(),
                            cases={C.SECOND_PAYMENT: (1000, 0)}),
    "partly_refunded_another": Row(order(**BACK, bound=settled(B, reversed=True)), captured(back=300),
                                   cases={C.SECOND_PAYMENT: (700, 0)}),
    "authorized_another": Row(order(**BACK, bound=settled(B, reversed=True)), authorized()),
    "refunded_again": Row(order(**BACK, bound=settled(reversed=True)), captured(back=1000),
                          cases={C.REFUNDED_OUTSIDE: (0, -1000)}),
    "refunded_by_staff_captured": Row(order(S.REFUNDED, basis="cod"), captured(), cases={C.SECOND_PAYMENT: (1000, 0)}),
    "capture_grown": Row(order(**BACK, bound=settled(reversed=True)), captured(1200, 1000),
                         cases={C.REFUNDED_OUTSIDE: (0, -1000), C.SURPLUS: (200, 200)}),
    "pending": Row(order(**BACK, bound=settled(reversed=True)), PENDING),
}

TABLES = {
    "missing_or_failed": OPEN,
    "cancelled_or_cancel_requested": WITHDRAWN,
    "cancelled_after_settlement": CANCELLED,
    "settled_charge": SETTLED,
    "another_charge_settled": OTHER,
    "by_hand": BY_HAND,
    "cod": COD,
    "refunded": REFUNDED,
}
ROWS = {f"{table}: {name}": row for table, rows in TABLES.items() for name, row in rows.items()}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_row(row):
    found = decide(row.order, [ChargeView(id=A, facts=row.facts)], [A])
    assert found.move is row.move
    assert found.settlement == row.settlement
    assert found.settled_by == (A if row.settlement else None)
    assert {kind: (case.held, case.difference) for (_, kind), case in found.cases.items()} == row.cases
    assert tuple(operation.kind for operation in found.operations) == row.operations
    assert found.ask is row.ask
    assert found.rule == row.rule
    assert found.basis == ("settlement" if row.move is S.PROCESSING else None)
