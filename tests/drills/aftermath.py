"""What must be true after every drill, whatever was killed: the clock moves on, and nothing is lost or done twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import time_machine
from ground import Ground

from kartify import clock
from kartify.flows.proof import laws
from kartify.flows.ticking import tick

# Later moments at which everything that was due has been done: leases, pauses and look-ups are over by one of them.
MOMENTS = (timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=12), timedelta(minutes=25))


def come_to_rest(ground: Ground) -> None:
    """Ticks in this process at later moments, until no delivery and no message waits and no order is missing."""
    begun = clock.now()
    for later in MOMENTS:
        with time_machine.travel(begun + later, tick=True):
            ground.house.accounts.forget()
            tick.inline(ground.house)
            if at_rest(ground):
                assert [str(one) for one in laws.check(ground.house)] == []
                return
    missing = [row["number"] for row in ground.rows("orders") if row["status"] != "processing"]
    undelivered = [(row["state"], row["last_error"]) for row in ground.rows("outbox") if row["state"] != "done"]
    waiting = [(row["event"], row["reason"]) for row in ground.rows("inbox") if row["state"] == "waiting"]
    raise AssertionError(f"not at rest: {missing=} {undelivered=} {waiting=}")


def at_rest(ground: Ground) -> bool:
    return (
        {row["status"] for row in ground.rows("orders")} == {"processing"}
        and {row["state"] for row in ground.rows("outbox")} == {"done"}
        and "waiting" not in {row["state"] for row in ground.rows("inbox")}
    )


def check_exactly_once(ground: Ground, numbers: list[str]) -> None:
    """Each order: known, paid, settled, moved and delivered once, and no exception for a person to look at."""
    once = Counter(numbers)
    orders = {row["id"]: row for row in ground.rows("orders")}
    outbox = ground.rows("outbox")

    def per_order(rows: list[dict]) -> Counter[str]:
        return Counter(orders[row["order_id"]]["number"] for row in rows)

    assert Counter(row["number"] for row in orders.values()) == once
    assert ground.oms.by_number == once
    assert per_order(ground.rows("settlements")) == once
    assert per_order([row for row in ground.rows("order_moves") if row["target"] == "processing"]) == once
    assert per_order(outbox) == once
    receipts = {orders[row["order_id"]]["number"]: row["receipt"] for row in outbox}
    assert receipts == {order.number: order.id for order in ground.oms.orders}
    assert Counter(charge.reference for charge in ground.gateway.vault.charges.values()) == Counter(
        row["reference"] for row in ground.rows("payments")
    ), "every payment was paid once"
    assert len(ground.gateway.vault.sessions) == len(numbers), "no payment was opened twice at the gateway"
    settled = sum(row["amount"] for row in ground.rows("settlements"))
    assert settled == sum(charge.captured for charge in ground.gateway.vault.charges.values())
    assert {row["state"] for row in ground.rows("inbox")} <= {"done", "ignored"}
    assert [row for row in ground.rows("cases") if row["closed_at"] is None] == []


def stored_events(ground: Ground) -> set[str]:
    """The gateway's ids of what stands in the inbox."""
    return {row["event_key"].partition(":")[0] for row in ground.rows("inbox")}
