"""What the house itself leaves behind over the months: runs of its crons, exceptions that were closed, the audit."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from kartify.bench.crowd.ground import Town
from kartify.bench.crowd.lives import SPREAD
from kartify.bench.crowd.pour import moment_id

_ACTIONS: Final = ("check payment", "note", "login", "export orders", "close exception", "refused")
_CLOSED: Final = ("underpaid", "surplus", "oms_refused", "account_failing", "lookups_exhausted")
ORDERS_A_RUN, ORDERS_AN_ACT, ORDERS_A_CLOSED_CASE = 100, 40, 120


def work(
    town: Town, crons: dict[UUID, UUID], orders: int, now: datetime, chance: Random
) -> dict[str, list[dict[str, Any]]]:
    """``crons``: the cron of each gateway account."""
    return {
        "runs": [_run(crons, now, place, orders, chance) for place in range(orders // ORDERS_A_RUN)] if crons else [],
        "cases": [_case(town, now, place, chance) for place in range(orders // ORDERS_A_CLOSED_CASE)],
        "audit": [_act(now, chance) for _ in range(orders // ORDERS_AN_ACT)],
    }


def _some_time(now: datetime, chance: Random) -> datetime:
    return now - SPREAD * chance.random() - timedelta(minutes=5)


def _run(crons: dict[UUID, UUID], now: datetime, place: int, orders: int, chance: Random) -> dict[str, Any]:
    account = chance.choice(list(crons))
    at = now - SPREAD * (1 - place / max(1, orders // ORDERS_A_RUN)) - timedelta(minutes=5)
    found = chance.random() < 0.2
    return {
        "id": moment_id(at, chance.getrandbits(74)), "cron_id": crons[account], "account_id": account, "state": "done",
        "by": "clock", "dry": False, "stop_requested": False, "created_at": at, "started_at": at, "beat_at": at,
        "finished_at": at + timedelta(seconds=9), "total": 40, "asked": 40, "recovered": int(found),
        "unknown": 0, "money": {"INR": 129900 if found else 0}, "result": "every due payment was asked about",
    }


def _case(town: Town, now: datetime, place: int, chance: Random) -> dict[str, Any]:
    at, shop = _some_time(now, chance), chance.choice(town.shops)
    return {
        "id": moment_id(at, chance.getrandbits(74)), "subject": f"seed:{shop.code}:{place}",
        "type": chance.choice(_CLOSED), "store_id": shop.id, "account_id": chance.choice(shop.gateways),
        "reason": "It was looked into.", "money_held": 0, "difference": 0, "currency": "INR", "opened_at": at,
        "closed_at": at + timedelta(minutes=4), "closed_by": "finance@shop.example", "resolution": "settled by phone",
    }


def _act(now: datetime, chance: Random) -> dict[str, Any]:
    at = _some_time(now, chance)
    return {
        "id": moment_id(at, chance.getrandbits(74)), "at": at, "by": f"person{chance.randrange(40)}@shop.example",
        "action": chance.choice(_ACTIONS), "subject": "orders", "text": "seeded",
    }
