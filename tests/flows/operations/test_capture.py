"""Capture by a person: what matches, once, whoever presses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fakes import webhook

from kartify.domain.errors import Conflict, Invalid, NotFound, Permanent
from kartify.flows.operating import capturing, operations
from kartify.flows.people import stores
from kartify.flows.proof import laws
from kartify.flows.receiving import receive
from kartify.models import new_id

DUE = 249900


@pytest.fixture
def account(shop):
    return shop.account("till", {"webhook_secret": "whsec"})


@pytest.fixture
def authorized(house, shop, account):
    """Tells of an authorisation, in a store that captures nothing by itself."""
    stores.set_store(house, shop.code, {"auto_capture": "false"})
    order = shop.order("K1")
    shop.payment(order, account, "ord_1")

    def tell(payment="pay_1", **given):
        message = webhook(f"e{payment}", {"order": "ord_1", "payment": payment, "state": "authorized", **given})
        receive.webhook(house, account, message)
        return order

    return tell


def charge(rows, payment="pay_1"):
    return rows("charges", gateway_payment_id=payment)[0]


def ask(house, rows, *, payment="pay_1", by="fin", reason="the shop sends it today", amount=DUE):
    wish = capturing.CaptureWish(by=by, reason=reason, amount=amount)
    return capturing.request_capture(house, charge(rows, payment)["id"], wish)


def work(house, travel, **later):
    operations.work_operations(house, worker="w1")
    travel.shift(timedelta(**later) if later else timedelta(minutes=5))


def test_a_person_captures_where_the_store_does_not_and_it_settles(house, authorized, till, rows, travel):
    authorized()
    assert rows("operations") == []
    ask(house, rows)
    assert rows("operations")[0]["by"] == "fin"
    work(house, travel)
    assert till.calls == [("capture", "pay_1")]
    assert rows("orders")[0]["status"] == "processing"
    assert rows("settlements")[0]["kind"] == "captured"
    assert rows("audit", action="capture")[0]["by"] == "fin"
    assert rows("timeline", kind="capture")
    assert laws.check(house) == []


def test_pressed_by_four_at_once_it_is_one_capture(house, authorized, till, rows, travel):
    authorized()

    def press(by):
        try:
            ask(house, rows, by=by)
        except Conflict as problem:
            return str(problem)
        return "asked"

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(press, "abcd"))
    assert found.count("asked") == 1
    assert all("asked for already by" in one for one in found if one != "asked")
    assert len(rows("operations")) == 1
    work(house, travel)
    assert till.calls == [("capture", "pay_1")]


def test_what_failed_can_be_asked_for_again_and_what_is_done_cannot(house, authorized, till, rows, travel):
    authorized()
    till.script.append(Permanent("the acquirer is closed"))
    ask(house, rows)
    work(house, travel)
    assert rows("operations")[0]["state"] == "failed"
    ask(house, rows, by="boss")
    work(house, travel)
    found = rows("operations")
    assert [(one["state"], one["by"]) for one in found] == [("done", "boss")]
    with pytest.raises(Conflict, match="this charge is captured"):
        ask(house, rows)
    assert till.calls == [("capture", "pay_1")] * 2


@pytest.mark.parametrize("given", [{"amount": DUE - 100}, {"amount": DUE + 100}, {"currency": "USD"}])
def test_what_does_not_match_is_not_captured(house, authorized, rows, given):
    authorized(**given)
    with pytest.raises(Conflict, match="not what the order needs"):
        ask(house, rows, amount=given.get("amount", DUE))
    assert rows("operations") == []


def test_a_second_authorisation_is_not_captured_beside_the_first(house, authorized, rows):
    authorized()
    authorized("pay_2")
    ask(house, rows)
    with pytest.raises(Conflict, match="one is enough"):
        ask(house, rows, payment="pay_2")


def test_an_order_that_is_cancelled_before_the_worker_comes_is_not_captured(house, authorized, till, rows, travel):
    authorized()
    ask(house, rows)
    with house.database.write() as connection:
        connection.exec_driver_sql("UPDATE orders SET cancel_requested_at = confirmed_at")
    work(house, travel)
    assert till.calls == []
    assert "no capture as the order is now" in rows("operations")[0]["last_error"]


def test_a_capture_without_a_reason_of_no_charge_or_of_another_sum_is_refused(house, authorized, rows):
    authorized()
    with pytest.raises(Invalid, match="expected why"):
        ask(house, rows, reason="")
    with pytest.raises(Conflict, match="is authorised by now"):
        ask(house, rows, amount=1)
    with pytest.raises(NotFound):
        capturing.request_capture(house, new_id(), capturing.CaptureWish(by="x", reason="x", amount=1))
    assert rows("operations") == []
