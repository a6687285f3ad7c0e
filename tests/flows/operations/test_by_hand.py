"""Capture and void by a person: the one where it is what the order needs, the other where not; once, whoever asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fakes import webhook

from kartify.domain.errors import Conflict, Invalid, NotFound, Permanent, Temporary
from kartify.flows.operating import by_hand, operations
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
    wish = by_hand.Wish(by=by, reason=reason, amount=amount)
    return by_hand.request_capture(house, charge(rows, payment)["id"], wish)


def void(house, rows, *, payment="pay_1", by="fin", reason="the sum is wrong", amount=DUE - 100):
    return by_hand.request_void(house, charge(rows, payment)["id"], by_hand.Wish(by=by, reason=reason, amount=amount))


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


def pressed_by_four(press):
    """What each of four people at once is told."""

    def told(by):
        try:
            press(by)
        except Conflict as problem:
            return str(problem)
        return "asked"

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(told, "abcd"))


@pytest.mark.parametrize(("press", "kind", "amount"), [(ask, "capture", DUE), (void, "void", DUE - 100)])
def test_pressed_by_four_at_once_it_is_done_once(house, authorized, till, rows, travel, press, kind, amount):
    authorized(amount=amount)
    found = pressed_by_four(lambda by: press(house, rows, by=by))
    assert found.count("asked") == 1
    assert all("asked for already by" in one for one in found if one != "asked")
    assert len(rows("operations")) == 1
    work(house, travel)
    assert till.calls == [(kind, "pay_1")]


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
        by_hand.request_capture(house, new_id(), by_hand.Wish(by="x", reason="x", amount=1))
    assert rows("operations") == []


def test_what_the_order_cannot_use_is_voided_and_the_exception_goes(house, authorized, till, rows, travel):
    order = authorized(amount=DUE - 100)
    assert [one["type"] for one in rows("cases", closed_at=None)] == ["do_not_capture"]
    assert list(by_hand.open_to(house, order).values()) == ["void"]
    void(house, rows)
    assert by_hand.open_to(house, order) == {}
    work(house, travel)
    assert till.calls == [("void", "pay_1")]
    assert charge(rows)["state"] == "voided"
    assert rows("cases", closed_at=None) == []
    assert rows("orders")[0]["status"] in ("missing", "failed")
    assert rows("audit", action="void")[0]["by"] == "fin"
    assert rows("timeline", kind="void")
    assert laws.check(house) == []


def test_what_the_order_needs_or_went_out_on_is_not_voided(house, authorized, rows, travel):
    order = authorized()
    assert list(by_hand.open_to(house, order).values()) == ["capture"]
    with pytest.raises(Conflict, match="only an authorised one that the order does not need"):
        void(house, rows, amount=DUE)
    ask(house, rows)
    work(house, travel)
    with pytest.raises(Conflict, match="this charge is captured"):
        void(house, rows, amount=DUE)
    assert by_hand.open_to(house, order) == {}


def test_a_second_authorisation_is_let_go_once_the_first_has_paid_and_the_first_never(
    house, authorized, till, rows, travel
):
    order = authorized()
    authorized("pay_2")
    assert set(by_hand.open_to(house, order).values()) == {"capture"}
    ask(house, rows)
    work(house, travel)
    work(house, travel)
    assert till.calls == [("capture", "pay_1"), ("void", "pay_2")]
    assert charge(rows, "pay_2")["state"] == "voided"
    assert by_hand.open_to(house, order) == {}


def test_what_became_right_before_the_worker_came_is_not_voided(house, authorized, till, rows, travel):
    authorized(amount=DUE - 100)
    void(house, rows)
    with house.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE orders SET due = {DUE - 100}, total = {DUE - 100}")
    work(house, travel)
    assert till.calls == []
    assert "no void as the order is now" in rows("operations")[0]["last_error"]


def test_a_void_that_fails_needs_a_person_and_can_be_asked_for_again(house, authorized, till, rows, travel):
    authorized(amount=DUE - 100)
    till.script.append(Permanent("the acquirer is closed"))
    void(house, rows)
    work(house, travel)
    [failed] = [one for one in rows("cases", closed_at=None) if one["subject"].startswith("operation:")]
    assert (failed["type"], "void of ₹2,498.00 failed: the acquirer is closed" in failed["reason"]) == (
        "do_not_capture", True)
    void(house, rows, by="boss")
    work(house, travel)
    assert rows("cases", closed_at=None) == []
    assert [(one["state"], one["by"]) for one in rows("operations")] == [("done", "boss")]


def test_a_capture_is_refused_while_its_void_is_out(house, authorized, till, rows, travel):
    authorized(amount=DUE - 100)
    till.script.append(Temporary("no whole answer in time"))
    void(house, rows)
    work(house, travel, seconds=1)
    with house.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE orders SET due = {DUE - 100}, total = {DUE - 100}")
    with pytest.raises(Conflict, match="its void was asked for by fin"):
        ask(house, rows, amount=DUE - 100)
    assert till.calls == [("void", "pay_1")]


def test_a_capture_that_waits_for_better_times_is_no_obstacle_to_a_void(house, authorized, till, rows, travel):
    order = authorized()
    ask(house, rows)
    with house.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE orders SET due = {DUE + 100}, total = {DUE + 100}")
    work(house, travel)
    assert (rows("operations")[0]["state"], till.calls) == ("due", [])
    assert list(by_hand.open_to(house, order).values()) == ["void"]
    void(house, rows, amount=DUE)
    work(house, travel)
    assert till.calls == [("void", "pay_1")]


def test_a_void_without_a_reason_or_of_another_sum_is_refused(house, authorized, rows):
    authorized(amount=DUE - 100)
    with pytest.raises(Invalid, match="expected why"):
        void(house, rows, reason=" ")
    with pytest.raises(Conflict, match="is authorised by now"):
        void(house, rows, amount=1)
    assert rows("operations") == []
