"""The demo's storyteller: plays the opening once, then adds an order every so often, so that there is life to see."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, Self

import urllib3
from sqlalchemy import select

from kartify.demo.players import Players
from kartify.demo.scenes import AT_FYND, DAILY, OPENING, Scene
from kartify.demo.setup import ACCOUNTS, FYND_SHOP
from kartify.domain.errors import KartifyError
from kartify.house import House
from kartify.models import Order, Store, table

EVERY: Final = 20.0
AT_MOST: Final = 40
Say = Callable[[str], None]
orders, stores = table(Order), table(Store)


class Teller:
    """A context: a thread that tells while it lasts."""

    def __init__(self, house: House, world: Players, say: Say) -> None:
        self._house, self._world, self._say = house, world, say
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="storyteller", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=2)

    def _tell(self) -> None:
        self._play("the OMS", lambda world, _: world.tell_oms_where_we_are())
        known = numbers(self._house)
        self._tell_fynd_again(known)
        for number, scene in {**OPENING, **AT_FYND}.items():
            if self._over.is_set():
                return
            if number not in known:
                self._play(number, scene)
        for number, scene in daily(known):
            if self._over.wait(EVERY):
                return
            self._play(number, scene)

    def _play(self, number: str, scene: Scene) -> None:
        """A scene that fails, perhaps because everything stops just now, ends with itself."""
        try:
            scene(self._world, number)
        except (KartifyError, urllib3.exceptions.HTTPError) as problem:
            if not self._over.wait(0.5):
                self._say(f"storyteller: {number}: {problem}")

    def _tell_fynd_again(self, known: set[str]) -> None:
        """The stand-in keeps its orders in memory: those that still wait are told again after a restart."""
        if known:
            for number, fynd_id, amount in waiting_at_fynd(self._house):
                at_fynd = {"number": number, "fynd_id": fynd_id, "amount": amount}
                self._play(number, partial(_tell_fynd, at_fynd=at_fynd))


def _tell_fynd(world: Players, _: str, *, at_fynd: dict[str, Any]) -> None:
    world.call("POST", f"{world.demo.urls['fynd']}/simulator/orders", at_fynd)


def daily(known: set[str]) -> Iterator[tuple[str, Scene]]:
    """New numbers after the highest one, each with its scene."""
    taken = [int(number[1:]) for number in {*known, *OPENING} if number[:1] == "K" and number[1:].isdigit()]
    for number in range(max(taken) + 1, max(taken) + 1 + AT_MOST):
        yield f"K{number}", random.Random(number).choice(DAILY)


def numbers(house: House) -> set[str]:
    """Every number that a demo store has."""
    found = select(orders.c.number).join(stores, stores.c.id == orders.c.store_id)
    with house.database.read() as connection:
        return set(connection.execute(found.where(stores.c.code.in_(list(ACCOUNTS)))).scalars())


def waiting_at_fynd(house: House) -> list[tuple[str, str, int]]:
    found = select(orders.c.number, orders.c.oms_order_id, orders.c.total).join(
        stores, stores.c.id == orders.c.store_id
    )
    waiting = found.where(stores.c.code == FYND_SHOP, orders.c.status.in_(["missing", "failed"]))
    with house.database.read() as connection:
        return [tuple(row) for row in connection.execute(waiting)]
