"""Accept difference: a person lets an order stand on other money than was due; every law stays clean."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes import Temporary, webhook

from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.domain.status import Status
from kartify.flows.people import accept, byhand, edit, resolve, stores
from kartify.flows.proof import laws
from kartify.flows.receiving import receive
from kartify.flows.settling import facts
from kartify.models import new_id

DUE, PAID, SHORT = 249900, 240000, -9900


@pytest.fixture
def account(shop):
    return shop.account("plain", {"webhook_secret": "whsec"})


@pytest.fixture
def tell(house, account):
    """News of the order's payment: the same charge, with what is given."""
    count = iter(range(1, 100))

    def tell(**given):
        message = webhook(f"e{next(count)}", {"order": "ord_1", "payment": "pay_1", **given})
        return receive.webhook(house, account, message)

    return tell


@pytest.fixture
def order(house, shop, account, bank):
    bank.answers["ord_1"] = Temporary("not now")
    order_id = shop.order("K1")
    shop.payment(order_id, account, "ord_1")
    return order_id


def one(rows, name, **where):
    found = rows(name, **where)
    assert len(found) == 1, found
    return found[0]


def agree(house, rows, *, kind="underpaid", difference=SHORT, by="fin", reason="a rounding of the bank", version=None):
    number = version if version is not None else one(rows, "orders")["version"]
    wish = accept.Wish(by=by, reason=reason, difference=difference, form=edit.Form(version=number))
    return accept.accept(house, one(rows, "cases", type=kind)["id"], wish)


def test_an_underpaid_order_goes_out_and_the_settlement_says_what_was_given_up(house, order, tell, rows):
    tell(amount=PAID)
    assert one(rows, "orders")["status"] == "missing"
    assert agree(house, rows) == "₹99.00 less than due is accepted."
    bound = one(rows, "settlements")
    assert (bound["amount"], bound["accepted"], bound["channel"], bound["by"]) == (PAID, 9900, "manual", "fin")
    found = one(rows, "orders")
    assert (found["status"], found["basis"]) == ("processing", "settlement")
    move = rows("order_moves", target="processing")[0]
    assert (move["actor"], move["by"]) == ("staff", "fin")
    assert move["reason"] == "difference accepted: a rounding of the bank"
    assert move["evidence"] == {"gateway": ["not now"]}
    assert one(rows, "cases")["closed_at"] is not None
    assert one(rows, "outbox")["settlement_id"] == bound["id"]
    assert one(rows, "payments")["state"] == "over"
    assert one(rows, "audit", action="accept difference")["by"] == "fin"
    assert laws.check(house) == []


def test_the_same_news_again_changes_nothing_and_more_money_is_worked_off(house, order, tell, rows):
    tell(amount=PAID)
    agree(house, rows)
    tell(amount=PAID)
    assert one(rows, "settlements")["accepted"] == 9900
    assert [case["type"] for case in rows("cases") if not case["closed_at"]] == []
    tell(amount=DUE + 100)
    bound = one(rows, "settlements")
    assert (bound["amount"], bound["accepted"]) == (DUE, 0)
    assert [case["type"] for case in rows("cases") if not case["closed_at"]] == ["surplus"]
    assert laws.check(house) == []


def test_a_surplus_held_by_policy_is_accepted_and_the_rest_stays_held(house, shop, order, tell, rows):
    stores.set_store(house, shop.code, {"high": "hold"})
    tell(amount=DUE + 500)
    assert one(rows, "orders")["status"] == "missing"
    said = agree(house, rows, kind="surplus", difference=500)
    assert said == "₹2,499.00 settles the order; what is beyond it is still held."
    case = one(rows, "cases")
    assert (case["type"], case["money_held"], case["closed_at"]) == ("surplus", 500, None)
    bound = one(rows, "settlements")
    assert (bound["amount"], bound["accepted"]) == (DUE, 0)
    assert one(rows, "orders")["status"] == "processing"
    assert laws.check(house) == []


def test_an_order_moved_by_hand_is_settled_where_it_stands(house, order, tell, rows):
    byhand.move(house, order, target=Status.PROCESSING, by="asha", reason="bank slip", ask=False)
    tell(amount=PAID)
    agree(house, rows)
    bound = one(rows, "settlements")
    assert bound["amount"] + bound["accepted"] == DUE
    assert one(rows, "outbox")["settlement_id"] == bound["id"]
    assert len(rows("order_moves", target="processing")) == 1
    assert laws.check(house) == []


def test_a_fee_that_is_declared_later_is_a_new_difference_and_can_be_accepted_too(house, order, tell, rows):
    tell(amount=PAID)
    agree(house, rows)
    with house.database.write() as connection:
        connection.exec_driver_sql("UPDATE charges SET fee = 500")
    tell(amount=PAID, state="captured")
    case = one(rows, "cases")
    assert (case["type"], case["difference"], case["closed_at"]) == ("underpaid", -500, None)
    assert agree(house, rows, difference=-500) == "₹5.00 less than due is accepted."
    bound = one(rows, "settlements")
    assert (bound["amount"], bound["fee"], bound["accepted"]) == (PAID - 500, 500, 10400)
    assert laws.check(house) == []


def test_a_refund_after_it_leaves_every_law_clean(house, order, tell, rows):
    tell(amount=PAID)
    agree(house, rows)
    tell(state="partially_refunded", amount=PAID, refunded=40000)
    assert laws.check(house) == []
    tell(state="refunded", amount=PAID)
    assert one(rows, "orders")["status"] == "refunded"
    assert laws.check(house) == []


def test_two_who_accept_at_once_make_one_settlement(house, order, tell, rows):
    tell(amount=PAID)
    version = one(rows, "orders")["version"]

    def press(by):
        try:
            return agree(house, rows, by=by, version=version)
        except Conflict as problem:
            return problem

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(press, ["a", "b", "c", "d"]))
    assert sum(isinstance(one, str) for one in found) == 1
    assert len(rows("settlements")) == 1
    assert len(rows("outbox")) == 1
    assert len(rows("audit", action="accept difference")) == 1
    assert laws.check(house) == []


def test_whoever_has_the_orders_lock_is_waited_for_and_his_news_count(house, order, tell, rows, bank):
    """Money that comes in the very moment of accepting: what is decided is decided on what there is then."""
    byhand.move(house, order, target=Status.PROCESSING, by="asha", reason="bank slip", ask=False)
    tell(amount=PAID)
    asked, found = threading.Event(), []

    def no_answer():
        asked.set()
        raise Temporary("not now")

    bank.answers["ord_1"] = no_answer

    def press():
        try:
            found.append(agree(house, rows))
        except Conflict as problem:
            found.append(str(problem))

    thread = threading.Thread(target=press)
    with house.database.write() as connection:
        if connection.dialect.name == "sqlite":
            # One writer at a time: while this one writes, nobody can even note that the gateway was asked.
            pytest.skip("SQLite has one writer")
        facts.lock(connection, order)
        thread.start()
        assert asked.wait(10)
        time.sleep(0.5)
        connection.exec_driver_sql(f"UPDATE charges SET captured = {DUE}, authorized = {DUE}")
    thread.join(20)
    assert found == ["as things are now there is no difference to accept here"]
    assert rows("settlements") == []


def test_the_rest_of_the_money_that_comes_while_the_form_is_open_wins(house, order, tell, rows, bank):
    tell(amount=PAID)
    bank.paid("ord_1", payment="pay_1", amount=DUE)
    with pytest.raises(Conflict):
        agree(house, rows)
    bound = one(rows, "settlements")
    assert (bound["amount"], bound["accepted"]) == (DUE, 0)
    assert one(rows, "orders")["status"] == "processing"
    assert laws.check(house) == []


def test_what_cannot_be_accepted_is_refused_in_words(house, order, tell, rows):
    tell(amount=PAID)
    with pytest.raises(Invalid, match="expected why"):
        agree(house, rows, reason="  ")
    with pytest.raises(edit.Stale):
        agree(house, rows, version=7)
    with pytest.raises(Conflict, match=r"the difference is -₹99\.00 by now"):
        agree(house, rows, difference=-1)
    wish = accept.Wish(by="fin", reason="x", difference=0, form=edit.Form(version=1))
    with pytest.raises(NotFound):
        accept.accept(house, new_id(), wish)
    assert rows("settlements") == []
    assert laws.check(house) == []


def test_money_that_is_on_its_way_back_is_not_accepted(house, order, tell, rows):
    tell(amount=PAID)
    with house.database.write() as connection:
        connection.exec_driver_sql("UPDATE charges SET ours = 240000")
    with pytest.raises(Conflict, match="no difference to accept"):
        agree(house, rows)
    assert rows("settlements") == []


def test_money_that_was_kept_is_not_counted_twice(house, order, tell, rows):
    tell(amount=PAID)
    case = one(rows, "cases")["id"]
    resolve.close(house, case, by="fin", reason="ours", keep=True)
    with pytest.raises(Conflict, match="was closed by fin"):
        agree(house, rows)
    tell(amount=PAID + 100)
    with pytest.raises(Conflict, match="no difference to accept"):
        agree(house, rows, difference=SHORT + 100)
    assert laws.check(house) == []


@pytest.mark.parametrize("given", [{"currency": "USD"}, {"state": "authorized", "amount": PAID}])
def test_other_money_has_nothing_to_accept(house, order, tell, rows, given):
    tell(**{"amount": PAID, **given})
    case = one(rows, "cases")
    with pytest.raises(Conflict, match="no difference to accept"):
        agree(house, rows, kind=case["type"], difference=case["difference"])
    assert one(rows, "orders")["status"] == "missing"
