"""A webhook settles in the request: five commands, one winner, and nothing lost whatever fails."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import pytest
from fakes import SECRET, webhook
from sqlalchemy import event

from kartify.flows.receiving import receive
from kartify.flows.ticking import retry
from kartify.house import House


@pytest.fixture
def paid(shop):
    """A missing order with an open payment, and a webhook that pays it."""
    account = shop.account("plain", {"webhook_secret": SECRET})
    order = shop.order("K1")
    payment = shop.payment(order, account, "ord_1")
    return account, order, payment


@contextmanager
def commands(house: House) -> Iterator[list[str]]:
    """Every command on the wire in the block, begin and commit too."""
    seen: list[str] = []
    hooks = {
        "before_cursor_execute": lambda conn, cursor, statement, *rest: seen.append(statement.split()[0]),
        "begin": lambda conn: seen.append("BEGIN"),
        "commit": lambda conn: seen.append("COMMIT"),
        "rollback": lambda conn: seen.append("ROLLBACK"),
    }
    for name, hook in hooks.items():
        event.listen(house.database.engine, name, hook)
    yield seen
    for name, hook in hooks.items():
        event.remove(house.database.engine, name, hook)


def pay(event_id="e1", **given: Any):
    return webhook(event_id, {"order": "ord_1", **given})


def state(rows) -> dict[str, Any]:
    return {
        "orders": [row["status"] for row in rows("orders")],
        "settlements": [(row["amount"], row["reversed_at"] is None) for row in rows("settlements")],
        "moves": [row["target"] for row in rows("order_moves")],
        "outbox": [(row["kind"], row["state"]) for row in rows("outbox")],
        "cases": sorted((row["type"], row["money_held"]) for row in rows("cases") if row["closed_at"] is None),
        "inbox": sorted((row["state"], row["duplicates"]) for row in rows("inbox")),
    }


SETTLED = {
    "orders": ["processing"],
    "settlements": [(249900, True)],
    "moves": ["processing"],
    "outbox": [("none", "done")],
    "cases": [],
}


def test_a_webhook_moves_its_order_once(house, paid, rows):
    account, *_ = paid
    assert receive.webhook(house, account, pay()).word == "settled"
    assert state(rows) == {**SETTLED, "inbox": [("done", 0)]}


def test_sc_01_the_same_webhook_twice_is_counted_and_changes_nothing(house, paid, rows):
    account, *_ = paid
    receive.webhook(house, account, pay())
    assert receive.webhook(house, account, pay()).word == "duplicate"
    assert state(rows) == {**SETTLED, "inbox": [("done", 1)]}


def test_sc_02_the_same_webhook_50_times_in_parallel_settles_once(house, paid, rows):
    account, *_ = paid
    with ThreadPoolExecutor(10) as pool:
        words = list(pool.map(lambda _: receive.webhook(house, account, pay()).word, range(50)))
    assert sorted(set(words)) == ["duplicate", "settled"]
    assert words.count("settled") == 1
    assert state(rows) == {**SETTLED, "inbox": [("done", 49)]}


def test_sc_03_the_same_fact_with_different_event_ids_settles_once(house, paid, rows):
    account, *_ = paid
    for name in ("e1", "e2"):
        receive.webhook(house, account, pay(name))
    assert state(rows) == {**SETTLED, "inbox": [("done", 0), ("done", 0)]}


@pytest.mark.parametrize("known", [True, False])
def test_a_settled_webhook_takes_five_commands_and_a_duplicate_three(house, paid, known):
    """With a warm connection and account cache, on PostgreSQL where the promise holds."""
    account, *_ = paid
    house.accounts.get(account)
    if known:
        receive.webhook(house, account, pay())
    with commands(house) as seen:
        receive.webhook(house, account, pay())
    most = 3 if known else 5
    if house.database.postgres:
        assert len(seen) <= most, seen
    assert seen[0] == "BEGIN"
    assert seen[-1] == "COMMIT"


def test_a_refused_signature_costs_no_query_before_it_is_refused(house, paid):
    account, *_ = paid
    house.accounts.get(account)
    forged = webhook("e1", {"order": "ord_1"}, secret="wrong")
    with commands(house) as seen, pytest.raises(receive.Refused):
        receive.check(house.accounts.get(account), forged, receive.clock.now())
    assert seen == []


class Injected(Exception):
    """Stands for any bug or outage in the middle of settling."""


@contextmanager
def failing_at(house: House, number: int) -> Iterator[list[int]]:
    """Raises after the n-th statement of the first transaction, or right before its commit (number 0)."""
    count = [0]

    def after(conn, cursor, statement, *rest):
        count[0] += 1
        if count[0] == number:
            raise Injected(statement[:40])

    def commit(conn):
        if number == 0 and count[0] < 1000:
            count[0] = 1000
            raise Injected("before the commit")

    event.listen(house.database.engine, "after_cursor_execute", after)
    event.listen(house.database.engine, "commit", commit)
    yield count
    event.remove(house.database.engine, "after_cursor_execute", after)
    event.remove(house.database.engine, "commit", commit)


@pytest.mark.parametrize("number", range(13))
def test_a_failure_after_any_statement_keeps_the_message_and_the_next_tick_settles(house, paid, rows, number):
    account, *_ = paid
    house.accounts.get(account)
    with failing_at(house, number) as count:
        word = receive.webhook(house, account, pay()).word
    if word == "settled":
        assert count[0] < number, "the injected failure must have been reached, or lie past the last statement"
        return
    assert word == "waiting"
    assert state(rows)["inbox"] == [("waiting", 0)]
    assert state(rows)["settlements"] == []
    assert retry.retry_due(house) == 1
    assert {**state(rows), "inbox": None} == {**SETTLED, "inbox": None}
    assert [row["state"] for row in rows("inbox")] == ["done"]


def test_two_charges_of_one_order_at_once_settle_one_and_hold_the_other(house, paid, rows):
    account, *_ = paid
    barrier = Barrier(2)

    def send(number: int) -> str:
        barrier.wait()
        return receive.webhook(house, account, pay(f"e{number}", payment=f"pay_{number}")).word

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(send, range(2))) == ["settled", "settled"]
    found = state(rows)
    assert found["settlements"] == [(249900, True)]
    assert found["cases"] == [("second_payment", 249900)]
