"""Someone with the link of one order, and the rows that the order's page may stand on."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from doors import Door
from sqlalchemy import insert, select, update

from kartify.flows.customers import link
from kartify.models import Account, Case, Charge, Operation, Order, Settlement, new_id, table

NOON = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)  # 12:00 in the store's zone
ENDED = {"state": "over", "answer": "not paid, and nothing under way", "asked_at": NOON, "next_ask_at": None}


class Customer:
    """Someone with the link of one order."""

    def __init__(self, door: Door, order_id: UUID, account: UUID) -> None:
        self.door, self.order_id, self.account = door, order_id, account
        self.path = f"{link.PATH}/{link.token(door.shop.house, order_id)}"

    def get(self, **query: str) -> Any:
        return self.door.client.get(self.path, query_string=query)

    def text(self, **query: str) -> str:
        answer = self.get(**query)
        assert answer.status_code == 200, answer.text
        bare = re.sub(r"<[^>]+>", " ", answer.text)
        return re.sub(r"\s+([.,;])", r"\1", re.sub(r"\s+", " ", html.unescape(bare)))

    def press(self) -> Any:
        return self.door.client.post(self.path)

    def write(self, model: Any, **values: Any) -> UUID:
        values = {"id": new_id(), **values}
        with self.door.shop.house.database.write() as connection:
            connection.execute(insert(table(model)).values(values))
        return values["id"]

    def set(self, model: Any, **values: Any) -> None:
        target = table(model)
        where = target.c.id == self.order_id if model is Order else target.c.order_id == self.order_id
        with self.door.shop.house.database.write() as connection:
            connection.execute(update(target).where(where).values(values))

    def charge(self, state: str = "captured", amount: int = 249900, **values: Any) -> UUID:
        now = datetime.now(UTC)
        money = {"captured": {"captured": amount, "captured_at": now}, "authorized": {
            "authorized": amount, "authorized_at": now}, "failed": {"failed_at": now}}.get(state, {})
        return self.write(
            Charge, account_id=self.account, gateway_payment_id=f"pay_{new_id().hex[-6:]}", order_id=self.order_id,
            state=state, currency="INR", first_seen_at=now, last_report_at=now, **{**money, **values})

    def settle(self, charge: UUID, **values: Any) -> None:
        self.write(Settlement, **{
            "order_id": self.order_id, "charge_id": charge, "amount": 249900, "currency": "INR", "kind": "captured",
            "channel": "lookup", "by": "x", "settled_at": datetime.now(UTC), **values})

    def case(self, kind: str, held: int = 0) -> None:
        self.write(Case, subject=f"order:{new_id()}", type=kind, order_id=self.order_id, reason="for staff only",
                   money_held=held, currency="INR", opened_at=datetime.now(UTC))

    def refund(self, charge: UUID, state: str, amount: int = 249900) -> None:
        now = datetime.now(UTC)
        self.write(Operation, key=new_id().hex, charge_id=charge, order_id=self.order_id, account_id=self.account,
                   kind="refund", amount=amount, currency="INR", state=state, by="x", reason="for staff only",
                   created_at=now, done_at=now if state == "done" else None)


def make_customer(door: Door, *, attempts: tuple[dict[str, Any], ...] = ({},), **order: Any) -> Customer:
    with door.shop.house.database.read() as connection:
        account = connection.execute(select(table(Account).c.id)).scalar_one()
    order_id = door.shop.order("K1001", **order)
    for index, values in enumerate(attempts):
        door.shop.payment(order_id, account, f"ses_{index}", **values)
    return Customer(door, order_id, account)
