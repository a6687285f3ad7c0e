"""Webhooks that came at the same moment: together they come to what they come to one by one."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import SECRET, webhook
from sqlalchemy import event

from kartify import accounts, clock
from kartify.domain.reports import Channel
from kartify.flows.proof import laws
from kartify.flows.receiving import batch, inbox, many, receive
from kartify.flows.ticking import retry

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def account(house, shop):
    found = shop.account("plain", {"webhook_secret": SECRET})
    for number in range(6):
        shop.payment(shop.order(f"K{number}"), found, f"ord_{number}")
    house.accounts.get(found)
    return found


def job(house, account, key: str, *reports: dict[str, Any]):
    """A message, read as ``receive`` reads it."""
    loaded: accounts.Loaded = house.accounts.get(account)
    message = webhook(key, *reports)
    news = receive.read(loaded.gateway(), message)
    values = inbox.message_values(
        message, account_id=account, key=news.key, event=news.event, channel=Channel.WEBHOOK, secret="current",
        at=clock.now(),
    )
    return batch.Message(
        values=values, account_id=account, reports=news.reports, channel=Channel.WEBHOOK, can_void=False
    ), news


def report(number: int, **given: Any) -> dict[str, Any]:
    return {"order": f"ord_{number}", "payment": f"pay_{number}", **given}


def standing(rows) -> dict[str, Any]:
    orders = {row["id"]: row["number"] for row in rows("orders")}
    return {
        "orders": sorted((row["number"], row["status"]) for row in rows("orders")),
        "settlements": sorted((orders[row["order_id"]], row["amount"]) for row in rows("settlements")),
        "moves": sorted((orders[row["order_id"]], row["target"]) for row in rows("order_moves")),
        "outbox": sorted((orders[row["order_id"]], row["state"]) for row in rows("outbox")),
        "cases": sorted((row["type"], row["money_held"]) for row in rows("cases") if row["closed_at"] is None),
        "inbox": sorted((row["state"], row["duplicates"]) for row in rows("inbox")),
        "charges": sorted((row["gateway_payment_id"], row["state"], row["captured"]) for row in rows("charges")),
        "reports": len(rows("reports")),
    }


def together(house, *jobs):
    done = receive._together(house, jobs)
    assert [one for one in done if isinstance(one, BaseException)] == []
    return [one.word for one in done]


def test_several_are_settled_in_one_transaction_with_five_trips(house, account, rows):
    seen: list[str] = []
    event.listen(house.database.engine, "begin", lambda connection: seen.append("begin"))
    jobs = [job(house, account, f"e{number}", report(number)) for number in range(6)]
    assert together(house, *jobs) == ["settled"] * 6
    assert seen == ["begin"]
    assert [status for _, status in standing(rows)["orders"]] == ["processing"] * 6
    assert laws.check(house) == []


def test_a_mix_comes_to_the_same_as_one_by_one(house, account, rows, database_url):
    def play(by):
        by(job(house, account, "e0", report(0)), job(house, account, "e1", report(1, amount=100)),
           job(house, account, "e2", report(2, state="authorized")),
           job(house, account, "e3", report(3, state="failed")), job(house, account, "e4", report(4, currency="USD")))
        by(job(house, account, "e0", report(0)), job(house, account, "e2b", report(2)),
           job(house, account, "e3b", report(3, payment="pay_3b")), job(house, account, "e5", report(5)))

    play(lambda *jobs: together(house, *jobs))
    found = standing(rows)
    assert found["orders"] == [("K0", "processing"), ("K1", "missing"), ("K2", "processing"), ("K3", "processing"),
                               ("K4", "missing"), ("K5", "processing")]
    assert found["cases"] == [("underpaid", 100), ("wrong_currency", 249900)]
    assert found["inbox"] == [("done", 0)] * 7 + [("done", 1)]
    assert laws.check(house) == []
    before = found
    play(lambda *jobs: [receive._one_by_one(house, *one) for one in jobs])
    after = standing(rows)
    assert {**after, "inbox": 0} == {**before, "inbox": 0}, "told again one by one, nothing changes"


@pytest.mark.parametrize("last", [
    ("same order again", report(0, payment="pay_0b")), ("another attempt", report(0, state="failed", payment="pay_0c")),
    ("no such order", report(99)),
])
def test_what_cannot_go_together_goes_one_by_one(house, account, rows, last):
    words = together(house, job(house, account, "e0", report(0)), job(house, account, "e1", report(1)),
                     job(house, account, "e2", last[1]))
    assert words[:2] == ["settled", "settled"]
    assert words[2] == ("waiting" if last[0] == "no such order" else "settled")
    assert [one for one in standing(rows)["orders"] if one[1] == "processing"] == [
        ("K0", "processing"), ("K1", "processing")
    ]
    assert laws.check(house) == []


def test_the_same_message_twice_in_one_batch_is_one_message(house, account, rows):
    assert sorted(together(house, *[job(house, account, "e0", report(0)) for _ in range(4)])) == [
        "duplicate", "duplicate", "duplicate", "settled"
    ]
    assert standing(rows)["inbox"] == [("done", 3)]


@pytest.mark.parametrize("trip", [1, 2, 3])
def test_a_failure_in_any_trip_undoes_the_batch_and_each_is_done_alone(house, account, rows, trip, monkeypatch):
    """The failing trip is the batch's own, so what is done alone succeeds."""
    trips = []

    def failing(run):
        def trip_or_fail(*given):
            trips.append(run)
            if len(trips) == trip:
                raise RuntimeError("injected")
            return run(*given)

        return trip_or_fail

    for name in ("store_and_lock", "load"):
        monkeypatch.setattr(many, name, failing(getattr(many, name)))
    monkeypatch.setattr(batch, "execute_many", failing(batch.execute_many))
    jobs = [job(house, account, f"e{number}", report(number)) for number in range(3)]
    assert together(house, *jobs) == ["settled"] * 3
    assert len(trips) == trip
    assert standing(rows)["inbox"] == [("done", 0)] * 3
    assert laws.check(house) == []


def test_one_that_always_fails_is_kept_and_the_others_are_settled(house, account, rows):
    """Order K1's row refuses every write: its message waits, and the tick settles it when the cause is gone."""
    with house.database.write() as connection:
        connection.exec_driver_sql(
            "create function refuse() returns trigger as $$ begin raise exception 'injected'; end $$ language plpgsql"
        )
        connection.exec_driver_sql(
            "create trigger refuse before update on orders for each row when (old.number = 'K1') "
            "execute function refuse()"
        )
    done = receive._together(house, [job(house, account, f"e{number}", report(number)) for number in range(3)])
    assert [isinstance(one, BaseException) for one in done] == [False, True, False]
    with house.database.write() as connection:
        connection.exec_driver_sql("drop trigger refuse on orders")
    message = webhook("e1", report(1))
    assert receive.webhook(house, account, message).word == "settled"
    assert retry.retry_due(house) == 0
    assert [status for _, status in standing(rows)["orders"]][:3] == ["processing"] * 3
