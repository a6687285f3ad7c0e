"""News from the OMS: through the one door, never backwards, stored whatever happens."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes import webhook

from kartify import clock
from kartify.database import Database
from kartify.domain.delivery import Kind, State
from kartify.domain.errors import Conflict, Invalid, NotFound, Refused, Unreadable
from kartify.domain.status import Actor, Status
from kartify.flows.partners import news, partner_call
from kartify.flows.people import stores
from kartify.flows.receiving import receive
from kartify.flows.ticking import inbox_by_hand, retry
from kartify.models import StoreAccount, table
from kartify.plugin import Inbound


@pytest.fixture
def account(desk):
    return desk.open(secret_word="word")


def message(account, *told, word="word"):
    body = json.dumps(list(told) if len(told) != 1 else told[0]).encode()
    return Inbound(method="POST", path=f"/partners/{account}/news", headers={"x-word": word}, body=body)


def tell(desk, kind, number="K1", **more):
    told = {"id": f"{kind}-{number}-{len(more)}", "kind": kind, "number": number, **more}
    return partner_call.answer(desk.house, desk.account, message(desk.account, told), "news")


def status(rows, number="K1"):
    return rows("orders", number=number)[0]["status"]


def test_shipped_then_delivered(desk, account, rows):
    desk.order("K1")
    desk.drain()
    assert tell(desk, "shipped").status == 200
    assert status(rows) == "shipped"
    tell(desk, "delivered")
    assert status(rows) == "delivered"
    assert [move["actor"] for move in rows("order_moves")][-2:] == ["oms", "oms"]
    assert [found["state"] for found in rows("inbox")] == ["done", "done"]


def test_the_first_news_closes_a_row_that_was_not_delivered(desk, account, ledger, rows):
    order = desk.order("K1")
    tell(desk, "shipped", order="OMS77")
    row = desk.row(order)
    assert (row["state"], row["receipt"], row["receipt_kind"]) == (State.DONE, "OMS77", "news")
    assert rows("orders")[0]["oms_order_id"] == "OMS77"
    desk.drain()
    assert ledger.calls == []


def test_accepted_closes_an_uncertain_row_and_its_exception(desk, account, ledger, rows):
    order = desk.order("K1")
    ledger.script.append("invalid")
    desk.drain()
    assert desk.row(order)["state"] == State.DEAD
    tell(desk, "accepted", order="OMS5")
    assert desk.row(order)["state"] == State.DONE
    assert rows("cases")[0]["closed_at"] is not None
    assert status(rows) == "processing"


def test_never_backwards(desk, account, rows):
    desk.order("K1")
    tell(desk, "delivered")
    tell(desk, "shipped")
    assert status(rows) == "delivered"
    assert "stays delivered" in rows("timeline")[-1]["text"]
    tell(desk, "cancelled")
    assert status(rows) == "delivered"
    assert [case["type"] for case in rows("cases")] == ["returned"]


def test_a_part_is_only_noted(desk, account, rows):
    desk.order("K1")
    tell(desk, "shipped", whole=False)
    assert status(rows) == "processing"
    assert rows("timeline")[-1]["text"] == "a part is shipped"
    tell(desk, "cancelled", whole=False)
    assert status(rows) == "processing"
    assert [case["type"] for case in rows("cases")] == ["partly_cancelled"]


def test_the_same_message_twice_changes_nothing(desk, account, rows):
    desk.order("K1")
    for _ in range(3):
        assert tell(desk, "shipped").status == 200
    assert len(rows("inbox")) == 1
    assert rows("inbox")[0]["duplicates"] == 2
    assert len(rows("order_moves", target="shipped")) == 1


def paid(desk, number="K1"):
    gateway = desk.shop.account("plain", {"webhook_secret": "whsec"})
    order = desk.shop.order(number)
    desk.shop.payment(order, gateway, "ord_1")
    receive.webhook(desk.house, gateway, webhook("e1", {"order": "ord_1", "payment": "pay_1"}))
    return order


def test_cancelled_by_the_oms_opens_refund_due_and_withdraws_the_row(desk, account, ledger, rows):
    order = paid(desk)
    tell(desk, "cancelled")
    assert status(rows) == "cancelled"
    assert rows("orders")[0]["cancelled_by"] == "oms"
    case = rows("cases")[0]
    assert (case["type"], case["money_held"]) == ("refund_due", 249900)
    assert desk.row(order)["state"] == State.WITHDRAWN
    desk.drain()
    assert ledger.calls == []


def test_cancelled_by_the_oms_while_our_call_was_uncertain(desk, account, ledger, rows):
    order = paid(desk)
    ledger.script.append("drop")
    desk.drain()
    tell(desk, "cancelled", order="OMS1")
    assert status(rows) == "cancelled"
    assert desk.row(order)["state"] == State.DONE
    desk.settle_down(rounds=2)
    assert ledger.sent("K1") == 1


def test_news_of_the_cancellation_we_asked_for(desk, account, ledger, rows):
    order = paid(desk)
    desk.drain()
    desk.ask_to_cancel(order)
    tell(desk, "cancelled", order="OMS1")
    assert status(rows) == "cancelled"
    assert desk.row(order, Kind.CANCEL)["state"] == State.DONE
    desk.drain()
    assert ledger.sent("K1", "cancel") == 0


def test_cancelled_while_missing_is_a_request_and_an_exception_while_a_payment_is_open(desk, account, rows):
    gateway = desk.shop.account("plain", {"webhook_secret": "whsec"})
    order = desk.shop.order("K1")
    desk.shop.payment(order, gateway, "ord_1")
    tell(desk, "cancelled")
    found = rows("orders")[0]
    assert (found["status"], found["cancelled_by"]) == ("missing", "oms")
    assert found["cancel_requested_at"] is not None
    assert [case["type"] for case in rows("cases")] == ["oms_cancelled_payment_open"]
    receive.webhook(desk.house, gateway, webhook("e1", {"order": "ord_1", "payment": "pay_1"}))
    assert status(rows) == "missing", "never sent to an OMS that cancelled it"
    assert "paid_after_cancel" in {case["type"] for case in rows("cases")}


def test_cancelled_while_missing_without_an_attempt_is_left_to_the_clock(desk, account, rows):
    desk.shop.order("K1")
    tell(desk, "cancelled")
    assert rows("orders")[0]["cancel_requested_at"] is not None
    assert rows("cases") == []


def test_returned_is_an_exception_and_no_move(desk, account, rows):
    paid(desk)
    tell(desk, "delivered")
    tell(desk, "returned")
    assert status(rows) == "delivered"
    case = rows("cases")[0]
    assert (case["type"], case["money_held"]) == ("returned", 249900)


def test_old_news_of_a_cancellation_is_ignored(desk, account, rows):
    desk.order("K1")
    tell(desk, "cancelled", at=(clock.now() - timedelta(hours=2)).isoformat())
    assert status(rows) == "processing"


def test_shipped_after_cancelled_needs_a_person(desk, account, rows):
    order = desk.order("K1")
    desk.move(order, Status.CANCELLED, Actor.OMS)
    tell(desk, "shipped")
    assert status(rows) == "cancelled"
    assert [case["type"] for case in rows("cases")] == ["cancel_too_late"]


def test_news_before_its_order_waits_and_is_settled_later(desk, account, rows):
    assert tell(desk, "shipped").status == 200
    waiting = rows("inbox")[0]
    assert (waiting["state"], waiting["channel"]) == ("waiting", "partner")
    assert waiting["due_at"] is not None
    desk.order("K1")
    desk.later(seconds=20)
    assert retry.retry_due(desk.house) == 1
    assert status(rows) == "shipped"
    assert rows("inbox")[0]["state"] == "done"


def test_news_of_no_order_is_ignored_after_ten_minutes(desk, account, rows):
    tell(desk, "shipped")
    desk.later(minutes=11)
    assert news.process_stored_news(desk.house, rows("inbox")[0]).word == "ignored"
    assert rows("inbox")[0]["state"] == "ignored"


class Failing(Database):
    """Fails once, after everything was written and before the commit."""

    failed = False

    def run(self, work):
        def broken(connection):
            result = work(connection)
            if not self.failed:
                self.failed = True
                raise RuntimeError("before the commit")
            return result

        return super().run(broken)


def test_news_that_fails_is_kept_and_answered(desk, account, rows):
    desk.order("K1")
    house = replace(desk.house, database=Failing(desk.house.database.engine))
    told = message(account, {"id": "1", "kind": "shipped", "number": "K1"})
    assert partner_call.answer(house, account, told, "news").status == 200
    assert status(rows) == "processing"
    kept = rows("inbox")[0]
    assert (kept["state"], kept["due_at"]) == ("waiting", kept["received_at"])
    news.process_stored_news(desk.house, kept)
    assert status(rows) == "shipped"


def test_news_that_names_two_orders_needs_a_person(desk, account, rows):
    desk.order("K1")
    desk.order("K2")
    tell(desk, "accepted", "K1", order="SAME")
    tell(desk, "shipped", "K2", order="SAME")
    assert (status(rows, "K1"), status(rows, "K2")) == ("processing", "processing")
    desk.later(minutes=11)
    news.process_stored_news(desk.house, rows("inbox", state="waiting")[0])
    assert rows("inbox", event="shipped")[0]["state"] == "exception"
    assert [case["type"] for case in rows("cases")] == ["message_failing"]


def test_what_does_not_prove_where_it_comes_from_leaves_nothing(desk, account, rows):
    desk.order("K1")
    told = message(account, {"id": "x", "kind": "shipped", "number": "K1"}, word="wrong")
    with pytest.raises(Refused):
        partner_call.answer(desk.house, account, told, "news")
    assert rows("inbox") == []
    assert rows("refusals")[0]["count"] == 1
    with pytest.raises(NotFound):
        partner_call.answer(desk.house, account, message(account), "elsewhere")


def test_unreadable_news_is_kept(desk, account, rows):
    broken = Inbound(method="POST", path="/partners/x/news", headers={"x-word": "word"}, body=b"{")
    with pytest.raises(Unreadable):
        partner_call.answer(desk.house, account, broken, "news")
    assert rows("inbox")[0]["state"] == "ignored"


def test_a_plugin_that_breaks_leaves_the_message_waiting(desk, account, rows):
    odd = Inbound(method="POST", path="/partners/x/news", headers={"x-word": "word"}, body=b'{"kind": "no such"}')
    assert partner_call.answer(desk.house, account, odd, "news").status == 200
    assert rows("inbox")[0]["state"] == "waiting"


def test_many_in_one_message(desk, account, rows):
    desk.order("K1")
    desk.order("K2")
    told = message(account, {"kind": "shipped", "number": "K2"}, {"kind": "delivered", "number": "K1"})
    partner_call.answer(desk.house, account, told, "news")
    assert (status(rows, "K1"), status(rows, "K2")) == ("delivered", "shipped")


def test_sc_78_an_order_of_another_oms_is_none_of_its_business(desk, account, rows):
    order = desk.order("K1")
    with desk.house.database.write() as connection:
        links = table(StoreAccount)
        connection.execute(links.update().where(links.c.account_id == account).values(active=False))
    other = stores.add_account(desk.house, "demo", "ledger", {"merchant": "second", "secret_word": "word"})
    told = message(other, {"id": "1", "kind": "shipped", "number": "K1"})
    partner_call.answer(desk.house, other, told, "news")
    assert status(rows) == "processing"
    assert "another OMS account" in rows("timeline")[-1]["text"]
    desk.drain()
    assert desk.row(order)["account_id"] == account
    assert desk.row(order)["state"] == State.DONE


def say(desk, number, **said):
    return news.news_by_api(desk.house, desk.shop.id, number, news.StatusNews(**said), by="key oms_1")


def test_by_the_api(desk, account, rows):
    desk.order("K1")
    told = say(desk, "K1", status="shipped", oms_order_id="P1")
    assert (told.before, told.after) == (Status.PROCESSING, Status.SHIPPED)
    assert rows("order_moves", target="shipped")[0]["by"] == "key oms_1"
    with pytest.raises(Conflict, match="P1"):
        say(desk, "K1", status="delivered", oms_order_id="P2")
    with pytest.raises(Invalid, match="status"):
        say(desk, "K1", status="paid")
    with pytest.raises(NotFound):
        say(desk, "K9", status="shipped")


def test_a_person_may_have_news_read_again_and_nothing_changes(desk, account, rows):
    desk.order("K1")
    desk.drain()
    tell(desk, "shipped")
    before = [(row["status"], row["version"]) for row in rows("orders")], len(rows("order_moves")), rows("outbox")
    assert inbox_by_hand.again(desk.house, rows("inbox")[0]["id"], by="asha@x").text == "Processed again: done."
    after = [(row["status"], row["version"]) for row in rows("orders")], len(rows("order_moves")), rows("outbox")
    assert after == before
