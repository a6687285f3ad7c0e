"""Two at once at checkout: one order, one session, nobody gets an error of ours."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from doors import COD, Door, Till, open_door, order_body
from flask import Flask

from kartify.accounts import AccountBook
from kartify.domain.errors import Temporary
from kartify.flows.people.keys import Caller
from kartify.flows.storefront import checkout, opening
from kartify.flows.storefront.order_body import OrderBody
from kartify.house import House
from kartify.testing.builder import Shop


def together(app: Flask, door: Door, calls: int, act: Callable[[Door], Any]) -> list[Any]:
    """The same call from many threads, each with a client of its own."""
    gate = threading.Barrier(calls)

    def one(_: int) -> Any:
        mine = Door(app.test_client(), door.key, door.shop)
        gate.wait(10)
        return act(mine)

    with ThreadPoolExecutor(calls) as pool:
        return list(pool.map(one, range(calls)))


def test_same_order_many_times_at_once_is_one_order_and_one_session(
    app: Flask, door: Door, till: Till, rows: Any
) -> None:
    answers = together(app, door, 8, lambda mine: mine.post("", order_body()))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 7}
    assert {answer.json["payment"]["state"] for answer in answers} <= {"open", "opening"}
    assert all("Retry-After" in one.headers for one in answers if one.json["payment"]["state"] == "opening")
    assert len(till.opened) == 1
    assert [len(rows(name)) for name in ("orders", "order_lines", "payments", "order_moves")] == [1, 1, 1, 1]


def test_two_bodies_under_one_number_at_once_are_one_order(app: Flask, door: Door, rows: Any) -> None:
    names = iter("ABCDEF")
    answers = together(
        app, door, 6, lambda mine: mine.post("", order_body(customer={"name": next(names)}, payment=COD))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 5}
    assert len(rows("orders")) == 1


def test_repetition_while_the_gateway_is_being_asked_waits_for_it(app: Flask, door: Door, till: Till) -> None:
    go = threading.Event()
    till.wait_for(go)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(door.post, "", order_body())
        while not till.opened:
            threading.Event().wait(0.01)
        second = Door(app.test_client(), door.key, door.shop).post("", order_body())
        go.set()
        assert first.result(10).json["payment"]["state"] == "open"
    assert (second.status_code, second.json["payment"]["state"]) == (200, "opening")
    assert second.json["payment"]["next"] is None
    assert int(second.headers["Retry-After"]) > 0
    assert len(till.opened) == 1


def test_unknown_payment_repeated_at_once_is_looked_up_by_one(app: Flask, door: Door, till: Till, rows: Any) -> None:
    till.lose_answer(Temporary("read timed out"))
    door.post("", order_body())
    answers = together(app, door, 6, lambda mine: mine.post("", order_body()))
    assert {answer.status_code for answer in answers} == {200}
    assert len(till.looked_up) == len(till.opened) == len(till.sessions) == 1
    assert rows("payments")[0]["state"] == "open"


def test_another_attempt_asked_for_many_times_at_once_opens_one(
    app: Flask, door: Door, till: Till, shop: Shop, rows: Any
) -> None:
    door.post("", order_body(payment=COD))
    answers = together(app, door, 6, lambda mine: mine.post("/K1001/payments", {}))
    assert {answer.status_code for answer in answers} == {200}
    assert len(till.opened) == len(rows("payments")) == 1
    assert rows("orders")[0]["method"] == "prepaid"


def test_place_and_cancel_at_once_have_one_winner(app: Flask, door: Door, rows: Any) -> None:
    for index in range(5):
        number = f"K{index}"
        door.post("", order_body(number, payment=COD))
        calls = iter(["place", "cancel"] * 3)
        answers = together(app, door, 6, lambda mine: mine.post(f"/{number}/{next(calls)}"))  # noqa: B023
        assert all(answer.status_code in (200, 202, 409) for answer in answers)
        assert rows("orders", number=number)[0]["status"] in ("processing", "cancelled")
    assert len(rows("outbox", state="done")) <= 5


class DyingBook:
    """An account book in a process that is killed when it begins to ask the gateway."""

    def __init__(self, book: AccountBook) -> None:
        self._book = book
        self._calls = 0

    def get(self, account_id: UUID, *, fresh: bool = False) -> Any:
        self._calls += 1
        if self._calls > 1:
            raise SystemExit
        return self._book.get(account_id, fresh=fresh)


def test_opener_that_died_is_followed_after_its_lease(house: House, door: Door, till: Till, rows: Any) -> None:
    """kill -9 between the commit and the gateway's answer."""
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    caller = Caller(store_id=door.shop.id, store=door.shop.code, scope="storefront", name="test")
    with time_machine.travel(start, tick=False) as travel:
        dying = replace(house, accounts=DyingBook(house.accounts))  # type: ignore[arg-type]
        with pytest.raises(SystemExit):
            checkout.confirm(dying, caller, OrderBody.model_validate(order_body()))
        assert (rows("orders")[0]["status"], rows("payments")[0]["state"]) == ("missing", "opening")
        assert rows("payments")[0]["next_ask_at"] is not None
        assert door.post("", order_body()).json["payment"]["state"] == "opening"
        travel.shift(opening.LEASE + timedelta(seconds=1))
        again = door.post("", order_body())
    assert (again.status_code, again.json["payment"]["state"]) == (200, "open")
    assert len(till.opened) == 1


def test_slower_opener_is_rejected_by_its_fence(app: Flask, door: Door, till: Till, rows: Any) -> None:
    """SC-27 for openers: the lease ran out, another one opened; the late answer changes nothing."""
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    go = threading.Event()
    till.wait_for(go)
    with time_machine.travel(start, tick=True) as travel, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(door.post, "", order_body())
        while not till.opened:
            threading.Event().wait(0.01)
        travel.shift(opening.LEASE + timedelta(seconds=1))
        fast = open_door(app, door.shop).post("", order_body())
        before = rows("payments")[0]
        go.set()
        slow.result(10)
    assert fast.json["payment"]["state"] == "open"
    assert rows("payments")[0] == before
