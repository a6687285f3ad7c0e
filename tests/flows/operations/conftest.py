"""A gateway that captures, voids and refunds as the test says."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from fakes import Bank, PlainGateway, report

from kartify.house import House
from kartify.plugin import Capabilities, ChargeState, PaymentAnswer, RefundAnswer, Temporary, hookimpl
from kartify.testing.builder import Shop, make_house, make_shop


class Till:
    """The gateway's side: what it holds of each charge, and what the next calls do."""

    def __init__(self) -> None:
        self.script: deque[Any] = deque()
        self.calls: list[tuple[str, str]] = []
        self.refunds: dict[str, list[Any]] = {}
        self.captured: set[str] = set()
        self.refunded = 0

    def next(self) -> Any:
        return self.script.popleft() if self.script else "ok"


class TillGateway(PlainGateway):
    slug = "till"
    name = "Till"
    can = Capabilities(capture=True, void=True, refund=True)
    till: Till

    def capture(self, client, gateway_payment_id, amount):
        return self._change("capture", gateway_payment_id, amount)

    def void(self, client, gateway_payment_id, amount):
        return self._change("void", gateway_payment_id, amount)

    def _change(self, verb, name, amount):
        self.till.calls.append((verb, name))
        todo = self.till.next()
        if isinstance(todo, Exception) and not getattr(todo, "sent", False):
            raise todo
        self.till.captured.add(name)
        if isinstance(todo, Exception):
            raise todo
        if verb == "capture":
            return report(payment=name, amount=amount.minor)
        return report(payment=name, state="voided", amount=amount.minor, at=1_900_000_000)

    def refund(self, client, gateway_payment_id, amount, *, key):
        self.till.calls.append(("refund", key))
        todo = self.till.next()
        if isinstance(todo, Exception) and not getattr(todo, "sent", False):
            raise todo
        known = self.till.refunds.setdefault(key, [f"rf_{len(self.till.refunds)}", "processed", amount.minor])
        if todo in ("pending", "failed"):
            known[1] = todo
        if isinstance(todo, Exception):
            raise todo
        return self._answer(known)

    def refund_status(self, client, gateway_payment_id, *, key, gateway_refund_id):
        self.till.calls.append(("refund_status", key))
        known = self.till.refunds.get(key)
        return self._answer(known) if known else None

    def _answer(self, known):
        return RefundAnswer(gateway_refund_id=known[0], state=known[1], amount=known[2], word=known[1])

    def ask(self, client, payment):
        self.till.calls.append(("ask", payment.gateway_order_id))
        if not self.bank.answers and "pay_1" in self.till.captured:
            return PaymentAnswer(reports=(report(order=payment.gateway_order_id),))
        return self.bank.answer(payment.gateway_order_id)


class TillPlugin:
    def __init__(self, bank: Bank, till: Till) -> None:
        self.gateway = type("BoundTill", (TillGateway,), {"bank": bank, "till": till})

    @hookimpl
    def register_gateways(self):
        return [self.gateway]


LOST = Temporary("no whole answer in time")
DOWN = Temporary("the connection was refused", sent=False)
STATES = ChargeState


@pytest.fixture
def till() -> Till:
    return Till()


@pytest.fixture
def house(database_url: str, bank: Bank, till: Till) -> Iterator[House]:
    made = make_house(database_url, plugins=[TillPlugin(bank, till)], connections=8)
    yield made
    made.database.engine.dispose()


@pytest.fixture
def travel() -> Iterator[Any]:
    with time_machine.travel(datetime(2026, 11, 23, 8, 0, tzinfo=UTC), tick=True) as traveller:
        yield traveller


@pytest.fixture
def shop(travel: Any, house: House) -> Shop:
    return make_shop(house)
