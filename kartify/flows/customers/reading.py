"""Reads the rows that a customer's page stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from kartify import clock
from kartify.accounts import Broken, Loaded
from kartify.domain.cases import CaseType
from kartify.domain.conclude import Answer
from kartify.domain.errors import NotFound
from kartify.flows.customers.standing import OF_MONEY, Attempt, Bound, Paid, Refund, Standing, Trouble, is_open
from kartify.flows.lookups import lookup, schedules
from kartify.house import House
from kartify.models import Case, Charge, Cron, Operation, Order, Payment, Settlement, Store, table

orders, stores, payments, charges = table(Order), table(Store), table(Payment), table(Charge)
settlements, operations, cases, crons = table(Settlement), table(Operation), table(Case), table(Cron)
# Named one by one: what is personal is never read.
_ORDER = (
    select(
        orders.c.number, orders.c.status, orders.c.status_at, orders.c.confirmed_at, orders.c.currency, orders.c.due,
        orders.c.method, orders.c.basis, orders.c.cancel_requested_at, orders.c.return_url,
        stores.c.name.label("store"), stores.c.timezone, stores.c.return_origins,
    )
    .select_from(orders.join(stores, stores.c.id == orders.c.store_id))
    .where(orders.c.id == bindparam("b_order_id"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    order: Any
    payments: Sequence[Any]
    charges: Sequence[Any]
    operations: Sequence[Any]
    settlement: Any
    cases: Sequence[Any]
    crons: Mapping[UUID, Any]


def read(house: House, order_id: UUID) -> Standing:
    """Raises ``NotFound``."""
    with house.database.read() as connection:
        rows = _rows(connection, order_id)
    accounts = {id: house.accounts.get(id) for id in _accounts(rows)}
    names = {id: _name(house, one) for id, one in accounts.items()}
    row = rows.order
    return Standing(
        **{name: row[name] for name in ("number", "status", "status_at", "confirmed_at", "currency", "due", "method",
                                        "basis", "cancel_requested_at", "store", "timezone")},
        shop_url=_shop_url(row["return_url"], row["return_origins"]),
        attempts=tuple(_attempt(one, accounts[one["account_id"]], names, rows.crons) for one in rows.payments),
        charges=tuple(_paid(one, names, rows.operations, row["currency"]) for one in rows.charges),
        refunds=tuple(_refund(one, names) for one in rows.operations if one["state"] != "dropped"),
        bound=_bound(rows, names),
        troubles=tuple(_trouble(one) for one in rows.cases if one["type"] in OF_MONEY),
    )


def _rows(connection: Connection, order_id: UUID) -> _Rows:
    order = connection.execute(_ORDER, {"b_order_id": order_id}).mappings().first()
    if order is None:
        raise NotFound("there is no such order")

    def of(target: Any, by: str, *more: Any) -> Sequence[Any]:
        found = select(target).where(target.c.order_id == order_id, *more).order_by(target.c[by], target.c.id)
        return connection.execute(found).mappings().all()

    attempts = of(payments, "created_at")
    ids = {one["account_id"] for one in attempts}
    asked = select(crons).where(crons.c.name == "lookup", crons.c.account_id.in_(ids))
    standing = of(settlements, "settled_at", settlements.c.reversed_at.is_(None))
    return _Rows(
        order=order, payments=attempts, charges=of(charges, "first_seen_at"),
        operations=of(operations, "created_at", operations.c.kind == "refund"),
        settlement=standing[0] if standing else None, cases=of(cases, "opened_at", cases.c.closed_at.is_(None)),
        crons={row["account_id"]: row for row in connection.execute(asked).mappings()},
    )


def _accounts(rows: _Rows) -> set[UUID]:
    return {row["account_id"] for row in (*rows.payments, *rows.charges, *rows.operations)}


def _name(house: House, account: Loaded) -> str | None:
    """The gateway's own name: an account's label is the shop's, and may say more than a customer is to read."""
    kind = house.registry.partner(account.slug)
    return kind.name if kind else None


def _shop_url(return_url: str | None, origins: Sequence[str]) -> str | None:
    """The shop's door. The return page itself may hold what is the customer's own."""
    if return_url:
        parts = urlsplit(return_url)
        return f"{parts.scheme}://{parts.netloc}/"
    return f"{origins[0]}/" if origins else None


def _attempt(row: Any, account: Loaded, names: Mapping[UUID, str | None], found: Mapping[UUID, Any]) -> Attempt:
    now = clock.now()
    try:
        lifetime = account.gateway().plan.lifetime
    except Broken:
        lifetime = None
    able = lifetime is not None and account.state not in ("paused", "denied")
    return Attempt(
        id=row["id"], account_id=account.id, gateway=names[account.id], answer=Answer(row["answer"]),
        asked_at=row["asked_at"], next_at=_next(row, account, found.get(account.id)) if able else None,
        open=is_open(row, lifetime), busy=row["lease_until"] is not None and row["lease_until"] > now, able=able,
    )


def _next(row: Any, account: Loaded, cron: Any) -> datetime | None:
    """A young payment is asked about when its time comes, an older one with the cron's next run."""
    at: datetime | None = row["next_ask_at"]
    if at is None or cron is None or not cron["enabled"]:
        return None
    gap = schedules.gap(cron["schedule"], cron["timezone"], clock.now())
    young = row["created_at"] > clock.now() - lookup.eager_age(account, gap)
    return max([at, *(one for one in (account.paused_until, None if young else cron["next_at"]) if one is not None)])


def _paid(row: Any, names: Mapping[UUID, str | None], refunds: Sequence[Any], currency: str) -> Paid:
    ours = sum(one["amount"] for one in refunds if one["charge_id"] == row["id"] and one["state"] == "done")
    at = row["captured_at"] or row["authorized_at"] or row["failed_at"] or row["voided_at"] or row["pending_at"]
    returned = min(row["captured"], row["refunded"] + row["lost"])
    return Paid(
        id=row["id"], gateway=names[row["account_id"]], state=row["state"], currency=row["currency"] or currency,
        authorized=row["authorized"], captured=row["captured"], returned=returned,
        elsewhere=max(0, min(row["refunded"], row["captured"]) - ours), at=at, release_at=row["release_at"],
    )


def _refund(row: Any, names: Mapping[UUID, str | None]) -> Refund:
    return Refund(
        gateway=names[row["account_id"]], state=row["state"], amount=row["amount"], currency=row["currency"],
        asked_at=row["created_at"], done_at=row["done_at"],
    )


def _bound(rows: _Rows, names: Mapping[UUID, str | None]) -> Bound | None:
    row = rows.settlement
    if row is None:
        return None
    charge = next((one for one in rows.charges if one["id"] == row["charge_id"]), None)
    captured = charge["captured"] if charge and row["kind"] != "authorized" else 0
    return Bound(
        gateway=names[charge["account_id"]] if charge else None, kind=row["kind"], by_hand=row["channel"] == "manual",
        amount=captured or row["amount"] + row["fee"], currency=row["currency"], at=row["settled_at"],
    )


def _trouble(row: Any) -> Trouble:
    return Trouble(type=CaseType(row["type"]), held=row["money_held"], currency=row["currency"])
