"""A thousand orders that await their delivery to one OMS, its stand-in, and workers to be killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet
from sqlalchemy import func, insert, select, update

from kartify import clock, registry
from kartify.database import Database, make_engine
from kartify.flows.people import stores
from kartify.flows.proof import laws
from kartify.house import House, build
from kartify.http import HttpClient
from kartify.models import Account, Base, Case, Delivery, Order, OrderLine, OrderMove, new_id, table
from kartify.plugin import SimulatorOptions
from kartify.simulation import OmsBook, OmsStandIn
from kartify.testing.serve import serving
from kartify.vault import Vault

HERE = Path(__file__).parent
outbox, cases, accounts, orders = table(Delivery), table(Case), table(Account), table(Order)
ADDRESS = {"name": "Asha Rao", "line1": "12 MG Road", "city": "Bengaluru", "state": "KA", "postcode": "560001",
           "country": "IN", "phone": "+919000000000"}
AMOUNT = 249900
# Longer than any lease and any call's deadline: between two rounds nobody works, and the clock leaps so far.
LEAP = 400.0
MOST_ROUNDS = 40
FAULTS: tuple[Any, ...] = (*("dropped-after",) * 6, "dropped-before", "429", "500", "html")


class Restarting:
    """The OMS behind one address: a new object on the same book from time to time, as after a restart."""

    def __init__(self, kind: type[OmsStandIn], seed: int) -> None:
        self.kind, self.book, self.dice, self.slug = kind, OmsBook(), random.Random(seed), kind.slug
        self.stand_in: OmsStandIn | None = None
        self.url = ""
        self._lock = threading.Lock()
        self._left = 0

    def start(self) -> None:
        seed = self.dice.randrange(1_000_000)
        self.stand_in = self.kind(SimulatorOptions(base_url=self.url, faults=seed), self.book)
        # One answer in ten is dropped after the OMS has acted.
        self.stand_in.faults.kinds, self.stand_in.faults.share = FAULTS, 0.16
        self._left = self.dice.randrange(150, 400)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.start()
            elif self._left % 90 == 0:
                self.stand_in.expire()
        return self.stand_in.app()(environ, start_response)


@dataclass(kw_only=True)
class Town:
    house: House
    url: str
    key: str
    account: UUID
    store: UUID
    oms: Any
    extra: str
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    kills: int = 0

    def fill(self, count: int, kind: str = "push") -> None:
        """Orders that became processing just now, each with its delivery row. What is to be confirmed is at the OMS
        beforehand."""
        at = clock.now() - timedelta(minutes=1)
        rows: dict[type[Base], list[dict[str, Any]]] = {Order: [], OrderLine: [], OrderMove: [], Delivery: []}
        for number in range(count):
            order_id = new_id()
            at_oms = f"FY{number:018}" if kind == "confirm" else None
            if at_oms:
                self.oms.take(f"T{number:05}", at_oms, AMOUNT)
            rows[Order].append({
                "id": order_id, "store_id": self.store, "number": f"T{number:05}", "status": "processing",
                "status_at": at, "basis": "cod", "currency": "INR", "total": AMOUNT, "due": AMOUNT, "method": "cod",
                "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"},
                "shipping_address": ADDRESS, "billing_address": ADDRESS, "metadata": {}, "body_hash": "drill",
                "confirmed_at": at, "placed_at": at, "clock_at": None, "oms_order_id": at_oms,
            })
            rows[OrderLine].append({
                "order_id": order_id, "position": 0, "line_id": "1", "sku": "SHIRT-M", "name": "Shirt", "quantity": 1,
                "unit_price": AMOUNT, "metadata": {},
            })
            rows[OrderMove].append({
                "id": new_id(), "order_id": order_id, "source": "missing", "target": "processing",
                "actor": "storefront", "by": "drill", "reason": "cash on delivery", "at": at,
            })
            rows[Delivery].append({
                "id": new_id(), "order_id": order_id, "store_id": self.store, "account_id": self.account,
                "kind": kind, "state": "due", "due_at": at, "by": "drill", "created_at": at,
            })
        with self.house.database.write() as connection:
            for model, many in rows.items():
                connection.execute(insert(table(model)), many)

    def work(self, *, kill: bool) -> int:
        """Rounds of four workers until nothing is open; how many rounds it took."""
        for number in range(MOST_ROUNDS):
            self._round(number, kill=kill and number < 12)
            if not self.open_rows():
                return number + 1
            self._wake()
        raise AssertionError(f"{self.open_rows()} deliveries are still open after {MOST_ROUNDS} rounds")

    def _round(self, number: int, *, kill: bool) -> None:
        workers = [self._start(number * LEAP) for _ in range(4)]
        if kill:
            time.sleep(self.dice.uniform(1.5, 4.0))
            for worker in self.dice.sample(workers, k=3):
                if worker.poll() is None:
                    worker.send_signal(signal.SIGKILL)
                    self.kills += 1
        while any(worker.poll() is None for worker in workers):
            self._rested()
            time.sleep(0.1)

    def _start(self, ahead: float) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(HERE / "worker.py"), self.url, self.key, str(self.account), str(ahead),
                   self.extra]
        path = os.pathsep.join([str(HERE.parent), *sys.path])
        return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})

    def _wake(self) -> None:
        """The retries' pauses are over. What a lost call may still do is waited out as ever: ``call_until`` stays."""
        waiting = outbox.c.state.in_(["due", "sent_unknown", "found"]) & outbox.c.lease_until.is_(None)
        with self.house.database.write() as connection:
            connection.execute(update(outbox).where(waiting).values(due_at=clock.now()))

    def _rested(self) -> None:
        """What the OMS or the breaker asked for has passed."""
        with self.house.database.write() as connection:
            connection.execute(update(accounts).values(state="active", paused_until=None, failures=0))

    def open_rows(self) -> int:
        return self._count(outbox.c.state.in_(["due", "claimed", "sent_unknown", "found"]))

    def _count(self, condition: Any) -> int:
        with self.house.database.read() as connection:
            return connection.execute(select(func.count()).select_from(outbox).where(condition)).scalar_one()

    def states(self) -> Counter[str]:
        with self.house.database.read() as connection:
            query = select(outbox.c.state, func.count()).group_by(outbox.c.state)
            return Counter({row[0]: row[1] for row in connection.execute(query)})

    def receipts(self) -> list[str]:
        with self.house.database.read() as connection:
            return list(connection.execute(select(outbox.c.receipt).where(outbox.c.state == "done")).scalars())

    def numbers(self, state: str) -> list[str]:
        query = select(orders.c.number).join_from(outbox, orders, orders.c.id == outbox.c.order_id)
        with self.house.database.read() as connection:
            return list(connection.execute(query.where(outbox.c.state == state)).scalars())

    def cases(self) -> Counter[str]:
        with self.house.database.read() as connection:
            query = select(cases.c.type, func.count()).where(cases.c.closed_at.is_(None)).group_by(cases.c.type)
            return Counter({row[0]: row[1] for row in connection.execute(query)})

    def broken_laws(self) -> list[str]:
        return [str(one) for one in laws.check(self.house)]


@contextmanager
def town(database_url: str, oms: Any, *, extra: str = "", plugins: Any = (), **settings: Any) -> Iterator[Town]:
    """``oms``: a ``Restarting``, or what behaves as one."""
    key = Fernet.generate_key().decode()
    house = build(
        Database(make_engine(database_url, connections=5)), registry.load(extra=plugins), Vault([key]),
        client=HttpClient(), public_url="http://127.0.0.1:8000",
    )
    with serving(oms) as url:
        oms.url = url
        oms.start()
        store = stores.create_store(house, "drill", name="Drill")
        values = {**oms.stand_in.settings(), **settings}
        account = stores.add_account(house, "drill", oms.slug, values)
        yield Town(house=house, url=database_url, key=key, account=account, store=store, oms=oms, extra=extra)
    house.database.engine.dispose()
