"""``kartify seed``: invented orders on which the laws hold, never among real ones by accident."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from kartify.bench.crowd import ground
from kartify.bench.crowd.seed import seed
from kartify.domain.errors import Conflict
from kartify.flows.proof import laws
from kartify.flows.ticking import tick
from kartify.models import Account, Base, Order, table

FILLED = ("order_lines", "payments", "charges", "inbox", "reports", "settlements", "order_moves", "outbox",
          "delivery_attempts", "cases", "timeline", "runs", "audit")


def test_the_laws_hold_on_every_kind_of_order_that_is_seeded(house):
    seed(house, 2_500)
    with house.database.read() as connection:
        statuses = dict(connection.execute(select(Order.status, func.count()).group_by(Order.status)).all())
        counts = {name: connection.execute(select(func.count()).select_from(Base.metadata.tables[name])).scalar_one()
                  for name in FILLED}
    assert sum(statuses.values()) == 2_500
    assert set(statuses) >= {"missing", "processing", "delivered", "cancelled", "refunded"}
    assert statuses["delivered"] > 1_500
    assert [name for name, count in counts.items() if count == 0] == []
    assert laws.check(house) == []


def test_a_clock_that_ticks_calls_nobody_of_it(house):
    seed(house, 200)
    with house.database.read() as connection:
        assert set(connection.execute(select(table(Account).c.state)).scalars()) == {"paused"}
    assert {name: count for name, count in tick.inline(house).items() if count} == {}


def test_real_orders_are_not_mixed_with_invented_ones_unless_somebody_says_so(house, shop):
    shop.order("K1001")
    with pytest.raises(Conflict, match=r"K1001.*--beside-real-orders"):
        ground.refuse_real_orders(house, anyway=False)
    ground.refuse_real_orders(house, anyway=True)
    assert [one.code for one in seed(house, 10).shops] == ["seed-1", "seed-2", "seed-3"]
    assert [one.code for one in seed(house, 10).shops] == ["seed-4", "seed-5", "seed-6"]
