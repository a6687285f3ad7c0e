"""Loads what ``decide`` needs: the order's lock first, then the facts, in two statements.

On PostgreSQL a row lock and a join in one statement read stale neighbours after waiting, so the lock brings ids only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Subquery,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    union_all,
)

from kartify.domain.decide import ChargeView, OrderView, Settlement
from kartify.domain.delivery import FULFILMENT, Kind, State
from kartify.domain.errors import NotFound
from kartify.domain.reports import Facts
from kartify.domain.status import Status
from kartify.flows.settling.policy import parse_policy
from kartify.models import Case as CaseRow
from kartify.models import Charge, Delivery, Order, Payment, Store, StoreAccount, deliveries_of, table
from kartify.models import Settlement as SettlementRow

orders, stores, links = table(Order), table(Store), table(StoreAccount)
payments, charges, settlements = table(Payment), table(Charge), table(SettlementRow)
cases, outbox = table(CaseRow), table(Delivery)
FACT_NAMES = tuple(field.name for field in fields(Facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCharge:
    """A charge row: its view for ``decide`` and what ties it to payment and gateway. ``orphan``: it was of no order."""

    view: ChargeView
    gateway_payment_id: str
    payment_id: UUID | None
    account_id: UUID
    method: str | None
    last_report_at: datetime
    orphan: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    id: UUID
    subject: str
    type: str
    money_held: int
    difference: int
    closed: bool
    closed_by: str | None


def news_receipt(number: str, order_id: UUID) -> str:
    """The receipt of a delivery that only news proves, where no id of the OMS is known: unique per account."""
    return f"news of {number} ({order_id.hex[-8:]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An order under its lock, with everything that is known of its money."""

    order_id: UUID
    store_id: UUID
    number: str
    view: OrderView
    charges: tuple[KnownCharge, ...]
    has_cases: bool
    oms_account_id: UUID | None
    oms_order_id: str | None
    cancelled_by: str | None
    cancel_requested_at: datetime | None
    version: int
    delivery: str | None
    status_at: datetime

    def charge(self, account_id: UUID, gateway_payment_id: str) -> KnownCharge | None:
        for known in self.charges:
            if known.gateway_payment_id == gateway_payment_id and known.account_id == account_id:
                return known
        return None


LOCK = select(orders.c.id).where(orders.c.id == bindparam("order_id")).with_for_update()

_bound_oms = and_(links.c.store_id == orders.c.store_id, links.c.kind == "oms", links.c.active)
_ORDER_COLUMNS = (
    orders.c.id, orders.c.store_id, orders.c.number, orders.c.status, orders.c.due, orders.c.currency, orders.c.basis,
    orders.c.cancel_requested_at, orders.c.cancel_requested_by, orders.c.cancelled_by, orders.c.oms_order_id,
    orders.c.version, orders.c.status_at, stores.c.policy, links.c.account_id.label("oms_account_id"), links.c.delivery,
    select(func.count()).where(cases.c.order_id == orders.c.id).scalar_subquery().label("case_count"),
)
_CHARGE_NAMES = (
    *FACT_NAMES, "id", "gateway_payment_id", "payment_id", "account_id", "method", "ours", "kept", "last_report_at",
    "order_id", "first_seen_at",
)
CHARGES = select(*(charges.c[name] for name in _CHARGE_NAMES))
# Two look-ups by index. One condition with OR is a scan of all charges wherever the planner thinks them few.
_ours = union_all(
    CHARGES.where(charges.c.order_id == bindparam("order_id", type_=charges.c.order_id.type)),
    CHARGES.where(
        charges.c.order_id.is_(None),
        charges.c.account_id == bindparam("account_id", type_=charges.c.account_id.type),
        charges.c.gateway_payment_id == bindparam("gateway_payment_id", type_=charges.c.gateway_payment_id.type),
    ),
).subquery("ours")
_SETTLEMENT_COLUMNS = tuple(
    settlements.c[name].label(f"s_{name}")
    for name in ("charge_id", "amount", "currency", "fee", "discount", "accepted", "kind", "reversed_at", "settled_at")
)


def facts_of(ours: Subquery, joined: ColumnElement[bool], these: ColumnElement[bool]) -> Select[Any]:
    """An order's row once for each charge, or once without. ``ours``: the charges, ``joined`` to their orders."""
    charge_columns = (ours.c[name].label(f"c_{name}") for name in _CHARGE_NAMES)
    return (
        select(*_ORDER_COLUMNS, *charge_columns, *_SETTLEMENT_COLUMNS)
        .select_from(
            orders.join(stores, stores.c.id == orders.c.store_id)
            .outerjoin(links, _bound_oms)
            .outerjoin(ours, joined)
            .outerjoin(settlements, settlements.c.charge_id == ours.c.id)
        )
        .where(these)
    )


FACTS = facts_of(_ours, true(), orders.c.id == bindparam("order_id"))


def lock(connection: Connection, order_id: UUID) -> None:
    """Takes the order's row lock; the transaction that has it decides. Raises ``NotFound``."""
    if connection.execute(LOCK, {"order_id": order_id}).first() is None:
        raise NotFound("there is no such order")


def load(
    connection: Connection, order_id: UUID, *, account_id: UUID | None = None, gateway_payment_id: str | None = None
) -> Snapshot:
    """The facts of an order whose lock is held. A charge named here is found even where no order has it yet."""
    rows = connection.execute(
        FACTS, {"order_id": order_id, "account_id": account_id, "gateway_payment_id": gateway_payment_id}
    ).all()
    if not rows:
        raise NotFound("there is no such order")
    return snapshot_of(connection, rows)


def snapshot_of(connection: Connection, rows: Sequence[Any]) -> Snapshot:
    """What the rows of ``FACTS`` say, at least one."""
    snapshot = _snapshot(rows)
    if snapshot.view.status is Status.CANCELLED:
        touched = connection.execute(_TOUCHED, {"order_id": snapshot.order_id}).first() is not None
        snapshot = replace(snapshot, view=replace(snapshot.view, touched_oms=touched))
    return snapshot


def locked(
    connection: Connection, order_id: UUID, *, account_id: UUID | None = None, gateway_payment_id: str | None = None
) -> Snapshot:
    """Lock, then facts."""
    lock(connection, order_id)
    return load(connection, order_id, account_id=account_id, gateway_payment_id=gateway_payment_id)


_TOUCHED = select(outbox.c.id).where(
    deliveries_of(bindparam("order_id")),
    outbox.c.kind.in_([*FULFILMENT, Kind.PUSH_UNPAID]),
    outbox.c.kind != Kind.NONE,
    or_(
        outbox.c.state.in_([State.DONE, State.SENT_UNKNOWN, State.CLAIMED, State.FOUND]),
        and_(outbox.c.state == State.DEAD, outbox.c.attempts > 0),
    ),
)


def _snapshot(rows: Any) -> Snapshot:
    first = rows[0]
    # Put in order here: to sort so wide rows costs the server more than all the rest of the statement.
    told = sorted((row for row in rows if row.c_id is not None), key=lambda row: (row.c_first_seen_at, row.c_id))
    known = tuple(_known(row) for row in told)
    return Snapshot(
        order_id=first.id,
        store_id=first.store_id,
        number=first.number,
        charges=known,
        has_cases=first.case_count > 0,
        oms_account_id=first.oms_account_id,
        oms_order_id=first.oms_order_id,
        cancelled_by=first.cancelled_by,
        cancel_requested_at=first.cancel_requested_at,
        version=first.version,
        delivery=first.delivery,
        status_at=first.status_at,
        view=OrderView(
            status=Status(first.status),
            due=first.due,
            currency=first.currency,
            basis=first.basis,
            cancel_requested=first.cancel_requested_at is not None,
            # Who asked counts before it is done: an OMS's wish is not the storefront's.
            cancelled_by=first.cancelled_by or first.cancel_requested_by,
            settlement=_bound(rows),
            policy=parse_policy(first.policy).settling,
        ),
    )


def _known(row: Row[Any]) -> KnownCharge:
    return KnownCharge(
        view=ChargeView(
            id=row.c_id,
            facts=Facts(**{name: getattr(row, f"c_{name}") for name in FACT_NAMES}),
            ours=row.c_ours,
            kept=row.c_kept,
        ),
        gateway_payment_id=row.c_gateway_payment_id,
        payment_id=row.c_payment_id,
        account_id=row.c_account_id,
        method=row.c_method,
        last_report_at=row.c_last_report_at,
        orphan=row.c_order_id is None,
    )


def _bound(rows: Any) -> Settlement | None:
    """The active settlement, else the last reversed one."""
    bound = [row for row in rows if row.s_charge_id is not None]
    if not bound:
        return None
    row = max(bound, key=lambda row: (row.s_reversed_at is None, row.s_settled_at))
    return Settlement(
        charge=row.s_charge_id,
        amount=row.s_amount,
        currency=row.s_currency,
        fee=row.s_fee,
        discount=row.s_discount,
        accepted=row.s_accepted,
        authorized=row.s_kind == "authorized",
        reversed=row.s_reversed_at is not None,
    )


_CASES = select(
    cases.c.id, cases.c.subject, cases.c.type, cases.c.money_held, cases.c.difference, cases.c.closed_at,
    cases.c.closed_by,
).where(cases.c.order_id == bindparam("order_id"), cases.c.charge_id.is_not(None))


def charge_cases(connection: Connection, order_id: UUID) -> dict[tuple[str, str], OpenCase]:
    """All exceptions of the order's charges, closed ones too, by subject and type."""
    found = connection.execute(_CASES, {"order_id": order_id}).all()
    return {
        (row.subject, row.type): OpenCase(
            id=row.id, subject=row.subject, type=row.type, money_held=row.money_held, difference=row.difference,
            closed=row.closed_at is not None, closed_by=row.closed_by,
        )
        for row in found
    }


__all__ = ["FACTS", "LOCK", "KnownCharge", "OpenCase", "Snapshot", "charge_cases", "load", "lock", "locked"]
