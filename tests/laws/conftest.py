"""A town of orders that went every way there is, and a vandal who writes what no flow would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fakes import SECRET, Bank, PlainPlugin, webhook
from kartify_sandbox_oms.simulator import SandboxOmsSimulator
from sqlalchemy import Connection, Table, insert, select, text, update

from kartify import clock
from kartify.domain.status import Actor, Status
from kartify.flows.delivering import deliver
from kartify.flows.people import byhand, resolve
from kartify.flows.proof import laws
from kartify.flows.receiving import receive
from kartify.flows.storefront import cancel, place
from kartify.flows.ticking import concluding
from kartify.house import House
from kartify.models import Base, new_id
from kartify.testing.builder import Shop, make_house, make_shop
from kartify.testing.postgres import fresh_database
from kartify.testing.serve import simulating

DUE = 249900


class Town:
    """One store with a gateway and an OMS. ``ids``: the orders by number."""

    def __init__(self, house: House, shop: Shop, oms: dict[str, str]) -> None:
        self.house, self.shop = house, shop
        self.gateway = shop.account("plain", {"webhook_secret": SECRET})
        self.oms = shop.account("sandbox-oms", oms)
        self.ids: dict[str, UUID] = {}
        self.events = 0

    def order(self, number: str, **changes: Any) -> UUID:
        self.ids[number] = self.shop.order(number, **changes)
        self.shop.payment(self.ids[number], self.gateway, f"ord_{number}", expires_at=clock.now() + timedelta(hours=1))
        return self.ids[number]

    def tell(self, number: str, *, payment: str = "", **given: Any) -> str:
        self.events += 1
        charge = {"order": f"ord_{number}", "payment": payment or f"pay_{number}", **given}
        return receive.webhook(self.house, self.gateway, webhook(f"e{self.events}", charge)).word

    def deliver(self) -> None:
        deliver.deliver_due(self.house, self.oms, worker="test")

    def cancel(self, number: str, actor: Any = Actor.STAFF, **given: Any) -> None:
        wish = cancel.Wish(actor=actor, by="asha", reason="asked to", refund_decided=True, **given)
        cancel.request_cancel(self.house, self.ids[number], wish)

    def live(self) -> None:
        """Every way: exact, low, high, twice, by hand, COD, refunded, cancelled and paid, unknown, ignored."""
        for name in ("plain", "low", "high", "twice", "hand", "later", "part", "whole", "surplus", "late", "paid-off",
                     "first-refunded", "foreign", "authorised", "failed", "kept", "gone", "waits"):
            self.order(name)
        self.tell("plain")
        assert self.tell("plain") == "settled"
        self.tell("low", amount=DUE - 100)
        self.tell("high", amount=DUE + 700)
        self.tell("twice")
        self.tell("twice", payment="pay_second")
        byhand.move(self.house, self.ids["hand"], target=Status.PROCESSING, by="asha", reason="the bank told us")
        byhand.move(self.house, self.ids["later"], target=Status.PROCESSING, by="asha", reason="the bank told us")
        self.tell("later")
        self.deliver()
        self._refunds()
        self.tell("foreign", currency="USD")
        self.tell("authorised", state="authorized")
        self.tell("failed", state="failed")
        self.tell("kept", amount=DUE + 900)
        self._keep("kept")
        self.ids["cod"] = self.shop.order("cod", method="cod")
        place.place(self.house, self.ids["cod"], by="storefront")
        self.ids["free"] = self.shop.order("free", due=0)
        place.place(self.house, self.ids["free"], by="storefront")
        receive.webhook(self.house, self.gateway, webhook("ignored", event="unknown"))
        assert self.tell("nobody") == "waiting"
        self.deliver()
        concluding.conclude_due(self.house)

    def _refunds(self) -> None:
        self.tell("part")
        self.tell("part", state="partially_refunded", refunded=5000)
        self.tell("whole")
        self.tell("whole", state="refunded")
        self.tell("surplus", amount=DUE + 700)
        self.tell("surplus", state="partially_refunded", amount=DUE + 700, refunded=1000)
        self.tell("first-refunded", state="refunded")
        self.cancel("late", confirmed=True)
        self.tell("late")
        self.tell("paid-off")
        self.cancel("paid-off")
        self.tell("gone")
        self.cancel("gone")
        self.tell("gone", state="refunded")

    def _keep(self, number: str) -> None:
        case = self.one("cases", order_id=self.ids[number], type="surplus")
        resolve.close(self.house, case["id"], by="asha", reason="the customer agreed", keep=True)

    def one(self, name: str, **where: Any) -> dict[str, Any]:
        found = Base.metadata.tables[name]
        query = select(found).where(*(found.c[column] == value for column, value in where.items()))
        with self.house.database.read() as connection:
            return dict(connection.execute(query).mappings().one())


@pytest.fixture(scope="session")
def oms_settings() -> Iterator[dict[str, str]]:
    with simulating(SandboxOmsSimulator) as (_, simulator):
        yield simulator.settings()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, oms_settings: dict[str, str]
) -> Iterator[Town]:
    """Built once, and never changed for good: a vandal's rows are rolled back."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('town') / 'kartify.db'}"
    else:
        url = fresh_database(request.getfixturevalue("postgres_url"))
    house = make_house(url, plugins=[PlainPlugin(Bank())])
    made = Town(house, make_shop(house), {**oms_settings, "way": "push"})
    made.live()
    yield made
    house.database.engine.dispose()


@pytest.fixture
def rows(town: Town) -> Callable[[str], list[dict[str, Any]]]:
    def read(name: str) -> list[dict[str, Any]]:
        with town.house.database.read() as connection:
            return [dict(row) for row in connection.execute(select(Base.metadata.tables[name])).mappings()]

    return read


class Vandal:
    """Writes rows directly, in a transaction in which every constraint that would stop it is gone."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def one(self, name: str, **where: Any) -> dict[str, Any]:
        return dict(self.connection.execute(select(_table(name)).where(*_same(name, where))).mappings().one())

    def check(self) -> list[laws.Broken]:
        return laws.broken(self.connection, clock.now())

    def change(self, name: str, where: dict[str, Any], **values: Any) -> None:
        query = update(_table(name)).where(*_same(name, where)).values(values)
        assert self.connection.execute(query).rowcount == 1

    def copy(self, name: str, where: dict[str, Any], **changes: Any) -> None:
        """A second row like the one there is."""
        self.insert(name, {**self.one(name, **where), "id": new_id(), **changes})

    def insert(self, name: str, row: dict[str, Any]) -> None:
        self.connection.execute(insert(_table(name)).values(row))

    def delete(self, name: str, **where: Any) -> None:
        assert self.connection.execute(_table(name).delete().where(*_same(name, where))).rowcount >= 1


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


def _same(name: str, where: dict[str, Any]) -> list[Any]:
    return [_table(name).c[column] == value for column, value in where.items()]


def _unguard_sqlite(connection: Connection) -> None:
    """Tables made again from their rows have no constraints."""
    for name in Base.metadata.tables:
        connection.exec_driver_sql(f"CREATE TABLE bare AS SELECT * FROM {name}")
        connection.exec_driver_sql(f"DROP TABLE {name}")
        connection.exec_driver_sql(f"ALTER TABLE bare RENAME TO {name}")


# Foreign keys first: they lean on the unique ones.
_UNGUARD = """
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT conrelid::regclass AS home, conname FROM pg_constraint
    WHERE contype IN ('f', 'c', 'u') AND connamespace = 'public'::regnamespace
    ORDER BY contype = 'u' LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.home, one.conname);
  END LOOP;
  FOR one IN SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND left(indexname, 3) = 'uq_' LOOP
    EXECUTE format('DROP INDEX %I', one.indexname);
  END LOOP;
END $$
"""


@pytest.fixture
def vandal(town: Town) -> Iterator[Vandal]:
    database = town.house.database
    with database.engine.connect() as connection:
        if not database.postgres:
            # Outside of a transaction, or it does nothing.
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        with connection.begin() as transaction:
            connection.execute(text(_UNGUARD)) if database.postgres else _unguard_sqlite(connection)
            yield Vandal(connection)
            transaction.rollback()
    database.engine.dispose()
