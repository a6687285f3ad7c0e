"""Callback, webhook, lookup and a person at once: exactly one wins, the others end normally."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from fakes import SECRET, sign, webhook

from kartify.domain.errors import Conflict
from kartify.domain.status import Status
from kartify.flows.lookups import asking
from kartify.flows.people import byhand
from kartify.flows.receiving import callback, receive
from kartify.plugin import Inbound

ROUNDS = {"postgresql": 200, "sqlite": 25}


def returned(order: str, payment: str) -> Inbound:
    query = (("order", order), ("payment", payment), ("signature", sign(f"{order}|{payment}".encode())))
    return Inbound(method="GET", path="/callbacks/x", headers={}, query=query)


@pytest.mark.timeout(170)
def test_sc_25_four_sources_at_once_settle_move_and_deliver_once(house, shop, bank, rows):
    account = shop.account("plain", {"webhook_secret": SECRET})
    rounds = ROUNDS["postgresql" if house.database.postgres else "sqlite"]
    orders = []
    for number in range(rounds):
        order = shop.order(f"K{number}")
        shop.payment(order, account, f"ord_{number}")
        bank.paid(f"ord_{number}", payment=f"pay_{number}")
        orders.append(order)
    house.accounts.get(account)
    barrier = Barrier(4)

    def by_webhook(number: int) -> object:
        message = webhook(f"e{number}", {"order": f"ord_{number}", "payment": f"pay_{number}"})
        return receive.webhook(house, account, message)

    def by_callback(number: int) -> object:
        return callback.callback(house, account, returned(f"ord_{number}", f"pay_{number}"))

    def by_lookup(number: int) -> object:
        return asking.check_order(house, orders[number], by="order lookup cron")

    def by_hand(number: int) -> object:
        try:
            return byhand.move(house, orders[number], target=Status.PROCESSING, by="asha", reason="customer called")
        except Conflict as refused:
            return refused

    def play(source) -> list[object]:
        found = []
        for number in range(rounds):
            barrier.wait()
            found.append(source(number))
        return found

    with ThreadPoolExecutor(4) as pool:
        playing = [pool.submit(play, source) for source in (by_webhook, by_callback, by_lookup, by_hand)]
        results = [future.result() for future in playing]

    assert all(len(found) == rounds for found in results)
    assert {row["status"] for row in rows("orders")} == {"processing"}
    assert len(rows("settlements")) == rounds
    assert len(rows("order_moves")) == rounds
    assert len(rows("outbox")) == rounds
    assert len(rows("charges")) == rounds
    assert rows("cases") == []
    assert {row["state"] for row in rows("inbox")} <= {"done"}
