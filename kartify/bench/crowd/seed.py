"""Fills a database with a crowd of orders."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from kartify import clock
from kartify.bench.crowd import ground, rows
from kartify.bench.crowd.lives import life
from kartify.bench.crowd.pour import pour
from kartify.bench.crowd.work import work
from kartify.house import House
from kartify.models import Cron, table

BATCH: Final = 2_000
Told = Callable[[int], None]


def seed(house: House, orders: int, *, told: Told = lambda _done: None, salt: int = 5) -> ground.Town:
    """``told`` hears how many are in. The same salt makes the same crowd, as seen from now."""
    town, now, chance = ground.found(house), clock.now(), random.Random(salt)
    for start in range(0, orders, BATCH):
        found: dict[str, list[rows.Row]] = {name: [] for name in rows.TABLES}
        for place in range(start, min(start + BATCH, orders)):
            for name, added in rows.written(life(place, orders, town.shops, now, chance), chance).items():
                found[name] += added
        _pour(house, found)
        told(min(start + BATCH, orders))
    _pour(house, work(town, _crons(house, town), orders, now, chance))
    return town


def _pour(house: House, found: dict[str, list[dict[str, Any]]]) -> None:
    with house.database.write() as connection:
        pour(connection, found, postgres=house.database.postgres)


def _crons(house: House, town: ground.Town) -> dict[UUID, UUID]:
    accounts = [account for shop in town.shops for account in shop.gateways]
    crons = table(Cron)
    with house.database.read() as connection:
        found = connection.execute(select(crons.c.account_id, crons.c.id).where(crons.c.account_id.in_(accounts)))
        return {row.account_id: row.id for row in found}
