"""Builds a house on a fresh database, with stores, accounts and orders, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import insert, select

from kartify import clock, registry
from kartify.database import Database, make_engine
from kartify.flows.people import stores
from kartify.house import House, build
from kartify.http import HttpClient
from kartify.models import Base, Order, OrderLine, Payment, Store, new_id, table
from kartify.plugin.partner import Client
from kartify.vault import Vault

# For passwords that protect nothing.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def make_house(
    url: str, *, client: Client | None = None, plugins: Iterable[object] = (), tables: bool = True, **parts: Any
) -> House:
    """A house on a database whose tables are made from the models. ``plugins``: modules with hooks, besides what is
    installed."""
    database = Database(make_engine(url, connections=parts.pop("connections", 5)))
    if tables:
        _make_tables(database)
    more = registry.load(points=(), extra=plugins)
    return build(
        database,
        replace(
            _installed(), partners=_installed().partners | more.partners,
            simulators=_installed().simulators | more.simulators,
        ),
        Vault([Fernet.generate_key().decode()]),
        client=client or HttpClient(),
        public_url=parts.pop("public_url", "http://127.0.0.1:8000"),
        passwords=parts.pop("passwords", CHEAP),
        **parts,
    )


@lru_cache(maxsize=1)
def _installed() -> registry.Registry:
    """Which plugins are installed does not change while a process lives, and to find them takes 40 ms."""
    return registry.load()


def _make_tables(database: Database) -> None:
    file = Path(database.engine.url.database or "") if not database.postgres else None
    if file is None or not file.is_absolute() or file.exists():
        Base.metadata.create_all(database.engine)
    else:
        new_sqlite(file)


def new_sqlite(file: Path) -> str:
    """The URL of a new database with its tables, a copy of one made before: to make thirty tables takes ten times as
    long."""
    file.write_bytes(_sqlite_file())
    return f"sqlite:///{file}"


@lru_cache(maxsize=1)
def _sqlite_file() -> bytes:
    with TemporaryDirectory(prefix="kartify-") as folder:
        engine = make_engine(f"sqlite:///{folder}/kartify.db")
        Base.metadata.create_all(engine)
        engine.dispose()
        return Path(folder, "kartify.db").read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A store in a house, with shortcuts that write rows directly: orders as they are after checkout."""

    house: House
    code: str

    @property
    def id(self) -> UUID:
        with self.house.database.read() as connection:
            return connection.execute(select(table(Store).c.id).where(table(Store).c.code == self.code)).scalar_one()

    def account(self, slug: str, values: Mapping[str, Any], **options: Any) -> UUID:
        return stores.add_account(self.house, self.code, slug, values, **options)

    def order(self, number: str, *, due: int = 249900, currency: str = "INR", **changes: Any) -> UUID:
        """A missing prepaid order of one line."""
        now = clock.now()
        order_id = new_id()
        values = {
            "id": order_id, "store_id": self.id, "number": number, "status": "missing", "status_at": now,
            "currency": currency, "total": due, "due": due, "method": "prepaid",
            "customer": {"name": "Asha Rao", "email": "asha@example.com"}, "metadata": {}, "body_hash": "test",
            "confirmed_at": now, "clock_at": now, **changes,
        }
        line = {
            "order_id": order_id, "position": 0, "line_id": "1", "sku": "SHIRT-M", "name": "Shirt", "quantity": 1,
            "unit_price": due, "metadata": {},
        }
        with self.house.database.write() as connection:
            connection.execute(insert(table(Order)).values(values))
            connection.execute(insert(table(OrderLine)).values(line))
        return order_id

    def payment(self, order_id: UUID, account_id: UUID, gateway_order_id: str | None, **changes: Any) -> UUID:
        """An open payment of the order at a gateway account."""
        now = clock.now()
        payment_id = new_id()
        with self.house.database.write() as connection:
            order = connection.execute(select(table(Order)).where(table(Order).c.id == order_id)).mappings().one()
            values = {
                "id": payment_id, "order_id": order_id, "account_id": account_id,
                "reference": changes.pop("reference", f"T{payment_id.hex[-18:]}"),
                "gateway_order_id": gateway_order_id, "amount": order["due"], "currency": order["currency"],
                "state": "open", "created_at": now, "next_ask_at": now + timedelta(seconds=60), **changes,
            }
            connection.execute(insert(table(Payment)).values(values))
        return payment_id


def make_shop(house: House, code: str = "demo", *, currency: str = "INR") -> Shop:
    stores.create_store(house, code, name="Demo store", currency=currency)
    return Shop(house=house, code=code)
