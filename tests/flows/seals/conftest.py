"""A store whose orders, staff and messages have left rows in every table that is sealed."""

from __future__ import annotations

import pytest
from fakes import SECRET, webhook
from sqlalchemy import insert

from kartify import clock
from kartify.flows.ground import audit
from kartify.flows.proof import seal_rows
from kartify.flows.receiving import receive
from kartify.models import TimelineEntry, new_id, table


class Scene:
    def __init__(self, house, shop):
        self.house, self.shop = house, shop
        self.account = shop.account("plain", {"webhook_secret": SECRET})
        self.events = 0

    def paid(self, number):
        """An order that a webhook settled: a message, a report, a move."""
        order_id = self.shop.order(number)
        self.shop.payment(order_id, self.account, f"ord_{number}")
        self.tell(order=f"ord_{number}", payment=f"pay_{number}")
        return order_id

    def tell(self, **report):
        self.events += 1
        return receive.webhook(self.house, self.account, webhook(f"e{self.events}", report))

    def act(self, text="looked", order_id=None):
        act = audit.Act(by="asha@example.com", action="note", subject="order:x", text=text)
        audit.record(self.house, act, order_id=order_id)

    def note(self, order_id, *, minutes_ago, text="put in"):
        """A line whose id says that it was made then."""
        values = {"id": id_of(minutes_ago), "order_id": order_id, "at": clock.now(), "kind": "note", "by": "x",
                  "text": text}
        self.house.database.run(lambda connection: connection.execute(insert(table(TimelineEntry)).values(values)))
        return values["id"]


def id_of(minutes_ago):
    moment = seal_rows.id_now() - minutes_ago * 60_000
    return type(new_id())(int=(moment << 80) | (new_id().int & ((1 << 80) - 1)))


@pytest.fixture
def scene(house, shop):
    made = Scene(house, shop)
    made.first, made.second = made.paid("K1"), made.paid("K2")
    made.act("first"), made.act("second", order_id=made.first), made.act("third")
    made.tell(order="nobody", payment="pay_orphan")
    return made
