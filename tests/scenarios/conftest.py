"""What the scenarios share: a missing order at the plain gateway, and short ways to say what happens to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from fakes import SECRET, Bank, sign, webhook

from kartify.flows.receiving import callback, receive
from kartify.house import House
from kartify.plugin import Inbound
from kartify.testing.builder import Shop


@dataclass
class Scene:
    """One order K1 (due 249900 paise) with an open payment ord_1."""

    house: House
    shop: Shop
    bank: Bank
    rows: Any
    account: UUID
    order: UUID
    payment: UUID

    def webhook(self, event_id: str = "e1", **given: Any) -> str:
        message = webhook(event_id, {"order": "ord_1", **given})
        return receive.webhook(self.house, self.account, message).word

    def returns(self, payment: str = "pay_1", order: str = "ord_1", signature: str | None = None) -> Any:
        signed = sign(f"{order}|{payment}".encode()) if signature is None else signature
        query = (("order", order), ("payment", payment), ("signature", signed))
        message = Inbound(method="GET", path="/callbacks/x", headers={"x-kartify-peer": "10.1.2.3"}, query=query)
        return callback.callback(self.house, self.account, message)

    @property
    def status(self) -> str:
        return self.rows("orders", id=self.order)[0]["status"]

    @property
    def settled(self) -> list[tuple[str, int]]:
        charges = {row["id"]: row["gateway_payment_id"] for row in self.rows("charges")}
        return [(charges[row["charge_id"]], row["amount"]) for row in self.rows("settlements", reversed_at=None)]

    @property
    def cases(self) -> list[tuple[str, int]]:
        return sorted((row["type"], row["money_held"]) for row in self.rows("cases") if row["closed_at"] is None)

    @property
    def deliveries(self) -> int:
        return len([row for row in self.rows("outbox") if row["state"] != "withdrawn"])

    @property
    def inbox(self) -> list[str]:
        return sorted(row["state"] for row in self.rows("inbox"))


@pytest.fixture
def scene(house, shop, bank, rows) -> Scene:
    account = shop.account("plain", {"webhook_secret": SECRET})
    order = shop.order("K1")
    payment = shop.payment(order, account, "ord_1")
    return Scene(house=house, shop=shop, bank=bank, rows=rows, account=account, order=order, payment=payment)
