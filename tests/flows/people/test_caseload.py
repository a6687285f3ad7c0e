"""Taking, giving and snoozing exceptions: who may, who was first, and what ends a rest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from fakes import SECRET, webhook
from sqlalchemy import insert

from kartify import clock
from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.flows.people import case_rows, caseload, resolve, stores
from kartify.flows.proof import laws
from kartify.flows.receiving import receive
from kartify.flows.settling import cases
from kartify.models import User, new_id, table

HOUR = timedelta(hours=1)


def user(house, email, role="support", **more):
    values = {"id": new_id(), "email": email, "role": role, "password_hash": "x", "created_at": clock.now(), **more}
    with house.database.write() as connection:
        connection.execute(insert(table(User)).values(values))
    return email


def raised(house, rows, *, kind=CaseType.OMS_REFUSED, subject="delivery:1", reason="the pincode is wrong", **more):
    ties = {name: more.pop(name) for name in ("order_id", "store_id", "account_id") if name in more}
    wanted = CaseWanted(type=kind, reason=reason, currency="INR", **more)
    with house.database.write() as connection:
        cases.raise_case(connection, wanted, subject=subject, at=clock.now(), **ties)
    return rows("cases", subject=subject)[0]["id"]


def one(rows, case_id):
    return rows("cases", id=case_id)[0]


def test_taken_given_and_given_back_with_audit_and_a_line_on_the_orders_timeline(house, shop, rows):
    asha, bala = user(house, "asha@x"), user(house, "bala@x", "finance")
    order = shop.order("K1")
    case_id = raised(house, rows, order_id=order, store_id=shop.id)
    assert caseload.assign(house, case_id, by=asha, to=asha) == "OMS refused: taken by asha@x"
    assert one(rows, case_id)["owner"] == asha
    caseload.assign(house, case_id, by=asha, to=bala)
    assert caseload.assign(house, case_id, by=asha, to=None) == (
        "OMS refused: given back: nobody has it now, before it was bala@x's"
    )
    assert one(rows, case_id)["owner"] is None
    told = ["take exception", "give exception", "give back exception"]
    assert [row["action"] for row in rows("audit", subject=f"case:{case_id}")] == told
    assert [(row["kind"], row["by"]) for row in rows("timeline", order_id=order)] == [(name, asha) for name in told]
    assert laws.check(house) == []


@pytest.mark.parametrize(("email", "more", "said"), [
    ("nobody@x", None, "nobody here is nobody@x"),
    ("gone@x", {"active": False}, "nobody here is gone@x"),
    ("reads@x", {"role": "viewer"}, "is viewer and may only read"),
    ("elsewhere@x", {"stores": ["other"]}, "does not see the store"),
])
def test_only_a_colleague_who_may_gets_it(house, shop, rows, email, more, said):
    if more is not None:
        user(house, email, **more)
    case_id = raised(house, rows, store_id=shop.id)
    with pytest.raises(Invalid, match=said) as refused:
        caseload.assign(house, case_id, by="asha@x", to=email)
    assert refused.value.field == "to"
    assert one(rows, case_id)["owner"] is None


def test_an_accounts_exception_goes_to_who_sees_a_store_that_it_serves(house, shop, rows):
    stores.create_store(house, "other", name="Other", currency="INR")
    account = shop.account("plain", {"webhook_secret": SECRET})
    mine, other = user(house, "mine@x", stores=["demo"]), user(house, "other@x", stores=["other"])
    case_id = raised(house, rows, kind=CaseType.ACCOUNT_FAILING, subject=f"account:{account}", account_id=account)
    with pytest.raises(Invalid, match="does not see"):
        caseload.assign(house, case_id, by=mine, to=other)
    caseload.assign(house, case_id, by=mine, to=mine)
    assert one(rows, case_id)["owner"] == mine


@pytest.mark.parametrize(("until", "said"), [
    (timedelta(0), "still to come"), (timedelta(days=91), "within the next 90 days"), (2 * HOUR, "before its deadline"),
])
def test_a_rest_ends_in_time(house, shop, rows, until, said):
    case_id = raised(house, rows, deadline=clock.now() + HOUR)
    with pytest.raises(Invalid, match=said):
        caseload.snooze(house, case_id, by="asha@x", until=clock.now() + until)
    caseload.snooze(house, case_id, by="asha@x", until=clock.now() + HOUR / 2)
    assert one(rows, case_id)["snoozed_until"] is not None


def test_a_rest_can_be_ended(house, shop, rows):
    case_id = raised(house, rows)
    with pytest.raises(Conflict, match="does not rest"):
        caseload.wake(house, case_id, by="asha@x")
    caseload.snooze(house, case_id, by="asha@x", until=clock.now() + HOUR)
    caseload.wake(house, case_id, by="asha@x")
    assert one(rows, case_id)["snoozed_until"] is None


@pytest.mark.parametrize(("news", "rests"), [
    ({}, True),
    ({"reason": "the phone is wrong"}, False),
    ({"held": 500}, False),
    ({"difference": -1}, False),
    ({"deadline": True}, False),
])
def test_a_rest_lasts_while_the_facts_are_the_same(house, shop, rows, news, rests):
    case_id = raised(house, rows, held=100)
    caseload.snooze(house, case_id, by="asha@x", until=clock.now() + HOUR)
    changed = {"held": 100, **news}
    if changed.pop("deadline", None):
        changed["deadline"] = clock.now() + 5 * HOUR
    raised(house, rows, **changed)
    assert (one(rows, case_id)["snoozed_until"] is not None) is rests


def test_a_partner_that_fails_in_other_words_is_no_news(house, shop, rows):
    kind, subject = CaseType.ACCOUNT_FAILING, "account:1"
    case_id = raised(house, rows, kind=kind, subject=subject, reason="timeout")
    caseload.snooze(house, case_id, by="asha@x", until=clock.now() + HOUR)
    raised(house, rows, kind=kind, subject=subject, reason="503")
    assert one(rows, case_id)["snoozed_until"] is not None
    assert one(rows, case_id)["reason"] == "503"


def test_what_comes_back_after_closing_does_not_rest_and_is_as_old_as_its_coming_back(house, shop, rows):
    case_id = raised(house, rows)
    opened = one(rows, case_id)["opened_at"]
    caseload.snooze(house, case_id, by="asha@x", until=clock.now() + HOUR)
    with house.database.write() as connection:
        cases.close_case(connection, "delivery:1", CaseType.OMS_REFUSED, at=clock.now(), why="it has it")
    raised(house, rows)
    row = one(rows, case_id)
    assert (row["closed_at"], row["snoozed_until"]) == (None, None)
    assert row["opened_at"] > opened
    raised(house, rows)
    assert one(rows, case_id)["opened_at"] == row["opened_at"]


def test_more_money_of_a_charge_ends_its_rest(house, shop, rows):
    """What ``decide`` writes goes another way than what is raised."""
    account = shop.account("plain", {"webhook_secret": SECRET})
    order = shop.order("K1")
    shop.payment(order, account, "ord_1")
    receive.webhook(house, account, webhook("e1", {"order": "ord_1", "payment": "pay_1", "amount": 100}))
    (case,) = rows("cases")
    assert (case["type"], case["money_held"]) == ("underpaid", 100)
    caseload.snooze(house, case["id"], by="asha@x", until=clock.now() + HOUR)
    receive.webhook(house, account, webhook("e2", {"order": "ord_1", "payment": "pay_1", "amount": 100}))
    assert one(rows, case["id"])["snoozed_until"] is not None
    receive.webhook(house, account, webhook("e3", {"order": "ord_1", "payment": "pay_1", "amount": 200}))
    row = one(rows, case["id"])
    assert (row["money_held"], row["snoozed_until"]) == (200, None)
    assert laws.check(house) == []


def test_whoever_decides_by_an_old_page_is_told_what_happened(house, shop, rows):
    asha = user(house, "asha@x")
    case_id = raised(house, rows)
    seen = case_rows.stamp(one(rows, case_id))
    caseload.assign(house, case_id, by=asha, to=asha, seen=seen)
    for late in (
        lambda: caseload.assign(house, case_id, by="bala@x", to=asha, seen=seen),
        lambda: caseload.snooze(house, case_id, by="bala@x", until=clock.now() + HOUR, seen=seen),
        lambda: resolve.close(house, case_id, by="bala@x", reason="done", seen=seen),
    ):
        with pytest.raises(Conflict, match=r"it is asha@x's.*last, asha@x at .*taken by"):
            late()
    assert one(rows, case_id)["closed_at"] is None


def test_of_two_who_take_it_at_once_one_gets_it_and_the_other_a_sentence(house, shop, rows):
    people = [user(house, "asha@x"), user(house, "bala@x")]
    for number in range(8):
        case_id = raised(house, rows, subject=f"delivery:{number}")
        seen, barrier = case_rows.stamp(one(rows, case_id)), Barrier(2)

        def take(email, case_id=case_id, seen=seen, barrier=barrier):
            barrier.wait()
            try:
                caseload.assign(house, case_id, by=email, to=email, seen=seen)
            except Conflict as refused:
                return str(refused)
            return email

        with ThreadPoolExecutor(2) as pool:
            said = list(pool.map(take, people))
        winner = one(rows, case_id)["owner"]
        assert said.count(winner) == 1
        assert next(text for text in said if text != winner).startswith("it changed since your page was made")
        assert len(rows("audit", subject=f"case:{case_id}")) == 1


def test_nobody_acts_on_what_is_closed_or_not_there(house, shop, rows):
    case_id = raised(house, rows)
    resolve.close(house, case_id, by="asha@x", reason="done")
    for act in (
        lambda which: caseload.assign(house, which, by="a", to=None),
        lambda which: caseload.snooze(house, which, by="a", until=clock.now() + HOUR),
        lambda which: caseload.wake(house, which, by="a"),
    ):
        with pytest.raises(Conflict, match="closed already by asha@x: done"):
            act(case_id)
        with pytest.raises(NotFound):
            act(new_id())


def test_of_many_those_that_hold_money_apart_are_left_out_and_each_has_its_word(house, shop, rows):
    account = shop.account("plain", {"webhook_secret": SECRET})
    order = shop.order("K1")
    shop.payment(order, account, "ord_1")
    receive.webhook(house, account, webhook("e1", {"order": "ord_1", "payment": "pay_1", "amount": 100}))
    (held,) = rows("cases")
    plain, gone = raised(house, rows, subject="delivery:1", held=7), raised(house, rows, subject="delivery:2")
    chosen = [(row["id"], case_rows.stamp(row)) for row in (held, one(rows, plain), one(rows, gone))]
    resolve.close(house, gone, by="bala@x", reason="by phone")
    found = caseload.many(
        house, chosen, lambda which, seen: resolve.close(house, which, by="asha@x", reason="seen", seen=seen)
    )
    assert [(row.done, row.said) for row in found] == [
        (False, "left out: it holds ₹1.00, so it is decided on its own"), (True, "OMS refused closed: seen"),
        (False, "not done: closed already by bala@x: by phone"),
    ]
    assert one(rows, held["id"])["closed_at"] is None
    assert laws.check(house) == []
    for wrong in ([], chosen * 40):
        with pytest.raises(Invalid, match="expected 1 to 100"):
            caseload.many(house, wrong, lambda *_: "")
