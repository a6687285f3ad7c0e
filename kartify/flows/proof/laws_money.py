"""Laws 5 and 8 as queries: where every captured minor unit is, and that no more goes back than came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, String, and_, case, cast, func, literal, or_, select

from kartify.domain.cases import SETTLED_MONEY
from kartify.flows.proof.laws_sql import Truth, charges, positive, returned
from kartify.models import Case, Operation, Settlement, table

settlements, cases, operations = table(Settlement), table(Case), table(Operation)

# Summed once and joined: asked for each charge it would read all exceptions as often as there are charges.
_holds = (
    select(cases.c.charge_id, func.sum(cases.c.money_held).label("money"))
    .where(cases.c.closed_at.is_(None), cases.c.type.not_in(SETTLED_MONEY))
    .group_by(cases.c.charge_id)
    .subquery("holds")
)
_held = func.coalesce(_holds.c.money, 0)
# An authorised settlement binds no money yet, a reversed one none any more.
_binds = and_(
    settlements.c.charge_id == charges.c.id,
    settlements.c.reversed_at.is_(None),
    or_(settlements.c.kind != "authorized", charges.c.captured > 0),
)
_charge = (
    select(
        charges.c.id, charges.c.account_id, charges.c.gateway_payment_id, charges.c.currency, charges.c.captured_at,
        charges.c.captured, returned.label("returned"), _held.label("held"), charges.c.kept,
        func.coalesce(settlements.c.amount, 0).label("amount"), func.coalesce(settlements.c.fee, 0).label("fee"),
    )
    .select_from(charges.outerjoin(settlements, _binds).outerjoin(_holds, _holds.c.charge_id == charges.c.id))
    .where(or_(charges.c.captured > 0, charges.c.refunded > 0, _held > 0))
    .subquery("charge")
)
_c = _charge.c
_claimed = _c.amount + _c.fee + _c.kept
# A refund gives back the surplus first, then what was settled, then what was kept, then the fee.
_eaten = positive(_c.returned - positive(_c.captured - _claimed))
_settled = positive(_c.amount - _eaten)
_kept = positive(_c.kept - positive(_eaten - _c.amount))
_fee = positive(_c.fee - positive(_eaten - _c.amount - _c.kept))
_parts = (
    _c.captured.label("captured"), _settled.label("settled"), _c.returned.label("returned"), _c.held.label("held"),
    _kept.label("kept"), _fee.label("fee"),
)
_sum = _settled + _c.returned + _c.held + _kept + _fee
_UNEQUAL = select(_c.id, _c.gateway_payment_id, _c.currency, *_parts).where(_c.captured != _sum)

_OVER_REFUNDED = select(
    charges.c.id, charges.c.gateway_payment_id, charges.c.captured, charges.c.refunded, charges.c.ours
).where(or_(charges.c.refunded > charges.c.captured, charges.c.ours > charges.c.captured))
_refunds = (
    select(operations.c.charge_id, func.sum(operations.c.amount).label("money"))
    .where(operations.c.kind == "refund", operations.c.state == "done")
    .group_by(operations.c.charge_id)
    .subquery("refunds")
)
_OVER_ASKED = (
    select(charges.c.id, charges.c.gateway_payment_id, charges.c.captured, _refunds.c.money.label("refunds_done"))
    .join_from(charges, _refunds, _refunds.c.charge_id == charges.c.id)
    .where(_refunds.c.money > charges.c.captured)
)
_TWICE_REFUNDED = (
    select(operations.c.gateway_refund_id.label("id"), operations.c.account_id, func.count().label("operations"))
    .where(operations.c.kind == "refund", operations.c.gateway_refund_id.is_not(None))
    .group_by(operations.c.gateway_refund_id, operations.c.account_id)
    .having(func.count() > 1)
)
_SAME_KEY = (
    select(operations.c.key.label("id"), func.count().label("operations"))
    .group_by(operations.c.key)
    .having(func.count() > 1)
)

TRUTHS = (
    Truth(law=5, sentence="Captured = settled less refunds of it + returned + held + kept + fee.", subject="charge",
          query=_UNEQUAL),
    Truth(law=8, sentence="Refunds of a charge never exceed its captures.", subject="charge", query=_OVER_REFUNDED),
    Truth(law=8, sentence="The refunds we did never exceed the captures.", subject="charge", query=_OVER_ASKED),
    Truth(law=8, sentence="A refund at the gateway is of one request.", subject="refund", query=_TWICE_REFUNDED),
    Truth(law=8, sentence="An idempotency key is of one request.", subject="key", query=_SAME_KEY),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Law 5 summed up: where the money is that an account captured on one day (UTC), in minor units."""

    account_id: UUID
    currency: str
    day: str
    charges: int
    captured: int
    settled: int
    returned: int
    held: int
    kept: int
    fee: int

    @property
    def missing(self) -> int:
        """0 where law 5 holds."""
        return self.captured - self.settled - self.returned - self.held - self.kept - self.fee


_day = case((_c.captured_at.is_(None), literal("")), else_=cast(func.date(_c.captured_at), String))
_currency = func.coalesce(_c.currency, "")
_SUMS = (
    select(
        _c.account_id, _currency.label("currency"), _day.label("day"), func.count().label("charges"),
        *(func.sum(part).label(part.name) for part in _parts),
    )
    .group_by(_c.account_id, _currency, _day)
    .order_by(_day, _currency, _c.account_id)
)


def sums(connection: Connection) -> list[Sums]:
    """By account, currency and day of capture."""
    return [Sums(**{name: _whole(value) for name, value in row.items()}) for row in
            connection.execute(_SUMS).mappings()]


def _whole(value: Any) -> Any:
    """PostgreSQL sums big integers to decimals."""
    return value if isinstance(value, str | UUID | int) else int(value)

