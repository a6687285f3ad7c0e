"""Finds what a command names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from kartify.domain.errors import Conflict, NotFound
from kartify.flows.people.stores import store_row
from kartify.flows.storefront.order_read import find_order
from kartify.house import House
from kartify.models import Account, table

accounts = table(Account)


def order_id(house: House, store: str, number: str) -> UUID:
    """Raises ``NotFound``."""
    with house.database.read() as connection:
        found = store_row(connection, store)["id"]
    return find_order(house, found, number)


def account_id(house: House, name: str) -> UUID:
    """By its id, or by its slug where only one account has it. Raises ``NotFound``, ``Conflict``."""
    rows = [row for row in all_accounts(house) if name in (str(row["id"]), row["slug"], row["slug"].replace("-", "_"))]
    if not rows:
        raise NotFound(f"there is no account '{name}'")
    if len(rows) > 1:
        raise Conflict(f"several accounts are of '{name}': " + ", ".join(str(row["id"]) for row in rows))
    return UUID(str(rows[0]["id"]))


def all_accounts(house: House) -> Sequence[Any]:
    with house.database.read() as connection:
        return connection.execute(select(accounts).order_by(accounts.c.created_at)).mappings().all()


def account(house: House, account_id: UUID) -> Any:
    with house.database.read() as connection:
        found = select(accounts).where(accounts.c.id == bindparam("account_id"))
        return connection.execute(found, {"account_id": account_id}).mappings().one()
