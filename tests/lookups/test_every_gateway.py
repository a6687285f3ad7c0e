"""The order lookup cron of every gateway at work: 2,000 missing orders of which 300 are paid, and all 300 are found."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kartify_razorpay.desk import RazorpayStandIn

from kartify import registry
from kartify.flows.lookups import lookup, runs
from kartify.flows.proof import laws
from kartify.plugin import Gateway, Money, PaymentRequest, SimulatorOptions
from kartify.simulation import StandIn
from kartify.testing.serve import serving

ORDERS, PAID, AMOUNT = 2000, 300, 129900
# Rows of a page, or ids of a call, where the gateway tells of many at once.
PAGE = {"razorpay": 100, "stripe": 100, "paytm": 50, "payu": 20, "cashfree": 100, "ccavenue": 100}
STAND_INS: dict[str, Any] = {
    slug: kind for slug, kind in registry.load().simulators.items()
    if isinstance(kind, type) and issubclass(kind, StandIn)
} | {"razorpay": RazorpayStandIn}


class Drifting:
    """The gateway's address. While the run reads, other shops' customers pay: rows are pushed from page to page."""

    def __init__(self) -> None:
        self.stand_in: Any = None
        self.foreign: list[str] = []
        self._lock = threading.Lock()
        self._calls = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        with self._lock:
            self._calls += 1
            if self.foreign and self._calls % 3 == 0:
                self.stand_in.pay(self.foreign.pop())
        return self.stand_in.app()(environ, start_response)


@contextmanager
def at_age(stand_in: Any, age: timedelta) -> Iterator[None]:
    """The stand-in's clock as it was then."""
    if hasattr(stand_in, "book"):
        stand_in.book.offset = -age
    else:
        stand_in.ledger.offset = -int(age.total_seconds())
    yield
    if hasattr(stand_in, "book"):
        stand_in.book.offset = timedelta()
    else:
        stand_in.ledger.offset = 0


def opened(gateway: Gateway, client: Any, reference: str, stand_in: Any) -> str:
    made = gateway.open(client, PaymentRequest(
        reference=reference, order_number=reference, amount=Money(AMOUNT, "INR"),
        customer={"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"},
        callback_url="http://127.0.0.1:8000/callbacks/a", webhook_url="http://127.0.0.1:8000/webhooks/a",
    ))
    stand_in.arrive(made.next.as_dict())
    return made.gateway_order_id


def attempts(number: int) -> tuple[str, ...]:
    """What the customer of this order tried, in order; of each 20 orders three are paid."""
    place, round_ = number % 20, number // 20
    if place in (3, 9, 16):
        paid = (("captured",), ("failed", "captured"), ("failed", "failed", "captured"), ("late",))
        return paid[(round_ + place) % 4]
    return ((), ("failed",), ("pending",), (), ("failed", "failed"))[place % 5]


def try_to_pay(stand_in: Any, session: str, tries: tuple[str, ...]) -> None:
    for state in tries:
        if state == "late":
            charge = stand_in.pay(session, state="failed")
            late = getattr(stand_in, "late", None) or stand_in.late_authorise
            late(charge.id)
        else:
            stand_in.pay(session, state=state)


def test_three_hundred_are_paid() -> None:
    assert sum(bool({"captured", "late"} & set(attempts(number))) for number in range(ORDERS)) == PAID


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("slug", sorted(STAND_INS))
def test_the_order_lookup_cron_finds_all_that_are_paid_and_nothing_else(house, shop, rows, slug, monkeypatch) -> None:
    drifting = Drifting()
    with serving(drifting) as url:
        stand_in = drifting.stand_in = STAND_INS[slug](SimulatorOptions(base_url=url))
        account = shop.account(slug, stand_in.settings())
        gateway = house.accounts.get(account).gateway()
        # The partner's own limit would only make the test long.
        monkeypatch.setattr(type(gateway), "rate", 10_000.0)
        now, paid = datetime.now(UTC), set()
        for number in range(ORDERS):
            age = timedelta(seconds=60 + number * 40)
            with at_age(stand_in, age):
                reference = f"R{number:06}"
                session = opened(gateway, house.client, reference, stand_in)
                order = shop.order(f"K{number}", due=AMOUNT, confirmed_at=now - age)
                shop.payment(order, account, session, reference=reference, created_at=now - age, next_ask_at=now)
                try_to_pay(stand_in, session, attempts(number))
                if {"captured", "late"} & set(attempts(number)):
                    paid.add(f"K{number}")
        drifting.foreign = [opened(gateway, house.client, f"X{number:06}", stand_in) for number in range(150)]
        before = sum(stand_in.calls.values())
        for _ in range(3):  # what a run leaves to the next, such as successes that are still to be confirmed
            run = runs.start(house, account, by="asha@example.com")
            tally = lookup.work_run(house, run, worker="w")
            found = {row["number"] for row in rows("orders") if row["status"] == "processing"}
            if found == paid:
                break
        calls = sum(stand_in.calls.values()) - before
        charges = sum(len(attempts(number)) for number in range(ORDERS))
        least = math.ceil(charges / PAGE[slug]) if gateway.can.bulk_from and slug in PAGE else ORDERS
        print(f"{slug}: {len(found)} of {PAID} found, {calls} calls, the least possible {least}, "
              f"{tally.unknown} answers that told nothing in the last run")
    assert found == paid
    assert len(rows("settlements")) == PAID
    assert laws.check(house) == []
