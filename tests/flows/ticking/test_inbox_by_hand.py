"""Processing a stored message again, and discarding one, by a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from fakes import SECRET, PlainGateway, PlainPlugin, webhook
from sqlalchemy import update

from kartify import clock
from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.flows.proof import laws
from kartify.flows.receiving import receive
from kartify.flows.ticking import inbox_by_hand, retry
from kartify.models import InboxMessage, new_id, table
from kartify.testing.builder import make_house, make_shop


class Moody:
    """Whether the plugin can read, and how often it was asked to."""

    broken, reads = False, 0


@pytest.fixture
def moody():
    return Moody()


@pytest.fixture
def house(database_url, bank, moody):
    def read(self, message):
        moody.reads += 1
        if moody.broken:
            raise RuntimeError("cannot read")
        return PlainGateway.read_webhook(self, message)

    plugin = PlainPlugin(bank)
    plugin.gateway = type("MoodyGateway", (PlainGateway,), {"bank": bank, "read_webhook": read})
    made = make_house(database_url, plugins=[plugin], tables=False)
    yield made
    made.database.engine.dispose()


@pytest.fixture
def travel():
    with time_machine.travel(datetime(2026, 11, 23, 8, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def shop(travel, house):
    return make_shop(house)


@pytest.fixture
def account(shop):
    return shop.account("plain", {"webhook_secret": SECRET})


@pytest.fixture
def order(shop, account):
    order = shop.order("K1")
    shop.payment(order, account, "ord_1")
    return order


def pay(event_id="e1", order="ord_1", **given):
    return webhook(event_id, {"order": order, **given})


def message(rows):
    return rows("inbox")[0]


def all_but_the_timeline(rows):
    """Everything that a message may change, but what is only told of it."""
    names = ("orders", "payments", "charges", "settlements", "order_moves", "outbox", "operations", "cases")
    return {name: [{key: value for key, value in row.items() if key != "last_report_at"} for row in rows(name)]
            for name in names}


def broken(house):
    """Law 9 is for a clock that ticks; here nobody runs the crons while time goes by."""
    return [one for one in laws.check(house) if one.law != 9]


def parked(house, moody, travel, account, rows, **given):
    """A message that could not be read until the patience was over."""
    moody.broken = True
    receive.webhook(house, account, pay(**given))
    for _ in range(retry.GIVE_UP_AFTER):
        travel.shift(timedelta(hours=1))
        retry.retry_due(house)
    row = message(rows)
    assert row["state"] == "exception"
    assert [case["type"] for case in rows("cases")] == ["message_failing"]
    return row["id"]


@pytest.mark.parametrize("given", [
    {}, {"amount": 100}, {"amount": 300000}, {"state": "failed"}, {"currency": "USD"}, {"state": "refunded"},
])
def test_processing_a_done_message_again_changes_nothing_but_the_timeline(house, account, order, rows, given):
    receive.webhook(house, account, pay(**given))
    before, told = all_but_the_timeline(rows), len(rows("reports"))
    done = inbox_by_hand.again(house, message(rows)["id"], by="asha@x")
    assert done.text == "Processed again: done."
    assert all_but_the_timeline(rows) == before
    assert len(rows("reports")) == told + 1
    assert rows("audit", action="process again")[0]["text"] == "charge, which was done"
    assert broken(house) == []


def test_an_ignored_message_is_ignored_again_for_its_reason(house, account, rows):
    receive.webhook(house, account, webhook("e1", event="unknown"))
    assert inbox_by_hand.again(house, message(rows)["id"], by="asha@x").text == (
        "Processed again: ignored (unknown event)."
    )


def test_a_message_that_can_be_read_after_all_settles_and_its_exception_closes(
    house, moody, travel, account, order, rows
):
    message_id = parked(house, moody, travel, account, rows)
    assert inbox_by_hand.again(house, message_id, by="asha@x").state == "waiting"
    assert rows("cases")[0]["closed_at"] is None
    moody.broken = False
    assert inbox_by_hand.again(house, message_id, by="asha@x").text == "Processed again: done."
    assert rows("orders")[0]["status"] == "processing"
    assert rows("cases")[0]["resolution"] == "worked off: done"
    assert broken(house) == []


def test_the_tick_closes_it_too_where_the_plugin_was_mended(house, moody, travel, account, order, rows):
    message_id = parked(house, moody, travel, account, rows)
    inbox_by_hand.again(house, message_id, by="asha@x")
    moody.broken = False
    travel.shift(timedelta(hours=1))
    retry.retry_due(house)
    assert message(rows)["state"] == "done"
    assert rows("cases")[0]["closed_by"] == "kartify"


def test_what_a_worker_has_in_hand_is_left_alone(house, account, order, rows):
    receive.webhook(house, account, pay(order="ord_later"))
    message_id = message(rows)["id"]
    with house.database.write() as connection:
        taken = {"lease_until": clock.now() + timedelta(seconds=30)}
        connection.execute(update(table(InboxMessage)).values(taken))
    before = message(rows)
    for act in (
        lambda: inbox_by_hand.again(house, message_id, by="asha@x"),
        lambda: inbox_by_hand.discard(house, message_id, by="asha@x", reason="old", looked=True),
    ):
        with pytest.raises(Conflict):
            act()
    assert message(rows) == before


def test_a_message_that_is_the_only_proof_of_money_is_not_discarded(house, travel, account, rows):
    receive.webhook(house, account, pay(order="ord_of_nobody", payment="pay_7"))
    message_id = message(rows)["id"]
    with pytest.raises(Conflict, match=r"only proof of ₹2,499\.00 \(pay_7\)"):
        inbox_by_hand.discard(house, message_id, by="asha@x", reason="not ours", looked=True)
    assert message(rows)["state"] == "waiting"
    travel.shift(receive.ORPHAN_PATIENCE)
    assert inbox_by_hand.again(house, message_id, by="asha@x").state == "exception"
    # Now the money stands in an exception of its own, which holds it whatever becomes of the message.
    inbox_by_hand.discard(house, message_id, by="asha@x", reason="not ours")
    assert (message(rows)["state"], message(rows)["reason"]) == ("ignored", "discarded by asha@x: not ours")
    (case,) = rows("cases")
    assert (case["type"], case["money_held"], case["closed_at"]) == ("orphan_money", 249900, None)
    assert broken(house) == []


@pytest.mark.parametrize("state", ["captured", "authorized", "partially_refunded"])
def test_more_money_than_is_known_of_the_charge_is_proof_too(house, travel, account, rows, state):
    receive.webhook(house, account, pay(order="ord_of_nobody", payment="pay_7", amount=100))
    travel.shift(receive.ORPHAN_PATIENCE)
    inbox_by_hand.again(house, message(rows)["id"], by="asha@x")
    receive.webhook(house, account, pay("e2", order="ord_of_nobody", payment="pay_7", amount=200, state=state))
    later = rows("inbox", state="waiting")[0]
    with pytest.raises(Conflict, match=r"₹2\.00"):
        inbox_by_hand.discard(house, later["id"], by="asha@x", reason="not ours")


def test_one_that_cannot_be_read_needs_a_look_at_the_gateway_and_its_exception_closes(
    house, moody, travel, account, rows
):
    message_id = parked(house, moody, travel, account, rows)
    with pytest.raises(Invalid, match="look at the gateway") as refused:
        inbox_by_hand.discard(house, message_id, by="asha@x", reason="garbage")
    assert refused.value.field == "looked"
    said = inbox_by_hand.discard(house, message_id, by="asha@x", reason="garbage", looked=True)
    assert said == "discarded, its exception closed: garbage"
    assert (rows("cases")[0]["closed_by"], message(rows)["state"]) == ("asha@x", "ignored")
    assert message(rows)["body"] == pay().body
    assert [row["action"] for row in rows("audit")] == ["discard message"]
    assert broken(house) == []


def test_poison_is_not_read_to_be_discarded(house, moody, account, order, rows):
    receive.webhook(house, account, pay(order="ord_later"))
    with house.database.write() as connection:
        values = {"fence": retry.POISON_AFTER, "reason": "being worked off", "due_at": clock.now()}
        connection.execute(update(table(InboxMessage)).values(values))
    retry.retry_due(house)
    assert rows("cases")[0]["type"] == "poison"
    before = moody.reads
    with pytest.raises(Invalid, match="cannot be read"):
        inbox_by_hand.discard(house, message(rows)["id"], by="asha@x", reason="bad")
    inbox_by_hand.discard(house, message(rows)["id"], by="asha@x", reason="bad", looked=True)
    assert moody.reads == before
    assert broken(house) == []


def test_a_mere_reason_to_ask_may_go(house, account, rows):
    receive.webhook(house, account, webhook("e1", event="hint", order="ord_of_nobody"))
    assert message(rows)["state"] == "waiting"
    assert inbox_by_hand.discard(house, message(rows)["id"], by="asha@x", reason="old") == "discarded: old"


def test_what_is_over_or_has_no_reason_or_is_not_there_is_not_discarded(house, account, order, rows):
    receive.webhook(house, account, pay())
    message_id = message(rows)["id"]
    with pytest.raises(Conflict, match="it is done: there is nothing left to discard"):
        inbox_by_hand.discard(house, message_id, by="asha@x", reason="old")
    with pytest.raises(Invalid, match="reason"):
        inbox_by_hand.discard(house, message_id, by="asha@x", reason=" ")
    for act in (
        lambda: inbox_by_hand.again(house, new_id(), by="a"),
        lambda: inbox_by_hand.discard(house, new_id(), by="a", reason="x"),
    ):
        with pytest.raises(NotFound):
            act()
