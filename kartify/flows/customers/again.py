"""*Ask again now*, pressed by a customer: the gateway is asked in the request, seldom and never for long."""

from __future__ import annotations

import time
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import Connection

from kartify import clock
from kartify.domain.errors import KartifyError
from kartify.flows.customers import reading
from kartify.flows.customers.standing import Attempt
from kartify.flows.lookups import asking, health
from kartify.flows.receiving.callback import PATIENCE
from kartify.flows.receiving.wait import ASK_AT_MOST_EVERY, nudge_payment
from kartify.house import House

log = structlog.get_logger()
QUEUE = 1.0  # seconds of its patience that a customer waits for the account's turn


def ask_again(house: House, order_id: UUID) -> bool:
    """Whether a gateway was asked. Each payment at most once in 10 s, whoever asked before; what the account's rate
    does not let in now is the order lookup's next. Raises ``NotFound``."""
    ends = time.monotonic() + PATIENCE
    standing = reading.read(house, order_id)
    if not standing.may_ask:
        return False
    wanted = [one for one in standing.attempts if _is_due(house, one, clock.now())]
    now = {one.id for one in wanted if asking.turn(house.accounts.get(one.account_id), within=QUEUE)}
    if later := [one.id for one in wanted if one.id not in now]:
        house.database.run(lambda connection: _nudge(connection, later))
    left = ends - time.monotonic()
    if not now or left <= 0:
        return False
    try:
        return bool(asking.check_order(house, order_id, by="customer", seconds=left, only=now))
    except KartifyError as problem:
        log.warning("asking for a customer failed", error=str(problem))
        return False


def _is_due(house: House, attempt: Attempt, at: datetime) -> bool:
    if attempt.busy or not health.may_call(house.accounts.get(attempt.account_id), at):
        return False
    return attempt.asked_at is None or at - attempt.asked_at >= ASK_AT_MOST_EVERY


def _nudge(connection: Connection, ids: list[UUID]) -> None:
    for one in ids:
        nudge_payment(connection, one, at=clock.now())
