"""Scenarios D: the gateway lookup."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from fakes import report

from kartify import clock
from kartify.flows.lookups import lookup, runs
from kartify.flows.ticking import tick
from kartify.plugin import Denied, PaymentAnswer, Temporary, Throttled

LATER = timedelta(minutes=2)


def after(span: timedelta):
    return time_machine.travel(clock.now() + span, tick=True)


def test_200_paid_orders_without_callback_or_webhook_are_found_in_one_run(scene):
    for number in range(200):
        order = scene.shop.order(f"L{number}")
        scene.shop.payment(order, scene.account, f"ord_L{number}")
        scene.bank.paid(f"ord_L{number}", payment=f"pay_L{number}")
    run = runs.start(scene.house, scene.account, by="asha")
    tally = lookup.work_run(scene.house, run, worker="w")
    assert (tally.total, tally.asked, tally.recovered) == (201, 201, 200)
    assert tally.money == {"INR": 200 * 249900}
    settled = scene.rows("settlements")
    assert len(settled) == 200
    assert {row["channel"] for row in settled} == {"lookup"}
    assert [row["state"] for row in scene.rows("runs")] == ["done"]


def test_a_dry_run_tells_what_it_would_do_and_changes_nothing(scene):
    scene.bank.paid("ord_1")
    run = runs.start(scene.house, scene.account, by="asha", dry=True)
    tally = lookup.work_run(scene.house, run, worker="w")
    assert tally.recovered == 1
    assert scene.status == "missing"
    assert scene.rows("charges") == []
    assert scene.rows("payments")[0]["asks"] == 0


@pytest.mark.parametrize("retry_after", [None, 120.0])
def test_sc_47_a_throttled_account_waits_and_no_try_counts(scene, retry_after):
    scene.bank.answers["ord_1"] = Throttled("slow down", retry_after=retry_after)
    with after(LATER):
        tick.inline(scene.house)
        (account,) = scene.rows("accounts")
        pause = (account["paused_until"] - clock.now()).total_seconds()
        assert (retry_after or 30) - 10 < pause <= (retry_after or 30)
        assert scene.rows("payments")[0]["asks"] == 0
        asked = scene.bank.asked["ord_1"]
        tick.inline(scene.house)
        assert scene.bank.asked["ord_1"] == asked
    scene.bank.paid("ord_1")
    with after(LATER + timedelta(minutes=5)):
        tick.inline(scene.house)
    assert scene.status == "processing"


def test_sc_48_what_cannot_be_told_is_unknown_and_asked_again(scene):
    scene.bank.answers["ord_1"] = Temporary("502")
    with after(LATER):
        tick.inline(scene.house)
    (payment,) = scene.rows("payments")
    assert payment["answer"] == "unknown"
    assert payment["next_ask_at"] is not None
    assert scene.status == "missing"


def test_sc_48_the_breaker_opens_after_failures_and_one_call_probes(scene):
    for number in range(20):
        order = scene.shop.order(f"B{number}")
        scene.shop.payment(order, scene.account, f"ord_B{number}")
        scene.bank.answers[f"ord_B{number}"] = Temporary("down")
    scene.bank.answers["ord_1"] = Temporary("down")
    with after(LATER):
        tick.inline(scene.house)
        (account,) = scene.rows("accounts")
        assert account["state"] == "probing"
        assert account["paused_until"] > clock.now()
    before = sum(scene.bank.asked.values())
    with after(LATER + timedelta(minutes=15)):
        tick.inline(scene.house)
    assert sum(scene.bank.asked.values()) >= before + 1


def test_sc_49_no_such_payment_is_unknown_while_it_is_young_and_not_paid_later(scene):
    scene.bank.answers["ord_1"] = PaymentAnswer(found=False)
    with after(LATER):
        tick.inline(scene.house)
    assert scene.rows("payments")[0]["answer"] == "unknown"
    with after(timedelta(minutes=40)):
        tick.inline(scene.house)
        assert scene.rows("payments")[0]["answer"] != "unknown"
    assert scene.status == "missing"


def test_sc_50_pending_for_days_is_put_before_a_person_and_not_cancelled(scene):
    scene.bank.answers["ord_1"] = PaymentAnswer(reports=(report(order="ord_1", state="pending"),), word="pending")
    with after(timedelta(days=6)):
        tick.inline(scene.house)
    assert [kind for kind, _ in scene.cases] == ["still_pending"]
    assert scene.status == "missing"
    scene.webhook()
    assert scene.cases == []


def test_sc_51_a_failed_payment_that_is_authorised_late_is_recognised(scene):
    scene.webhook("e1", state="failed")
    with after(timedelta(minutes=50)):
        tick.inline(scene.house)
        assert scene.status == "failed"
        scene.bank.paid("ord_1")
    with after(timedelta(hours=3)):
        tick.inline(scene.house)
    assert scene.status == "processing"


def test_sc_52_an_authorisation_is_no_payment_and_is_captured_by_policy(scene):
    scene.webhook("e1", state="authorized")
    assert scene.status == "missing"
    assert scene.settled == []
    (capture,) = scene.rows("operations")
    assert (capture["kind"], capture["amount"], capture["state"]) == ("capture", 249900, "due")


def test_sc_53_all_attempts_of_one_gateway_order_are_read(scene):
    attempts = [report(order="ord_1", payment=f"pay_{n}", state=state)
                for n, state in enumerate(["failed", "failed", "captured"])]
    scene.bank.answers["ord_1"] = PaymentAnswer(reports=tuple(attempts))
    with after(LATER):
        tick.inline(scene.house)
    assert scene.settled == [("pay_2", 249900)]
    assert len(scene.rows("charges")) == 3


def test_sc_53_every_payment_of_an_order_is_asked_not_only_the_newest(scene):
    scene.shop.payment(scene.order, scene.account, "ord_2")
    scene.bank.paid("ord_1")
    with after(LATER):
        tick.inline(scene.house)
    assert scene.status == "processing"
    assert scene.bank.asked["ord_2"] >= 1


def test_sc_54_revoked_keys_pause_the_account_with_one_alarm(scene):
    for number in range(30):
        order = scene.shop.order(f"D{number}")
        scene.shop.payment(order, scene.account, f"ord_D{number}")
        scene.bank.answers[f"ord_D{number}"] = Denied("401")
    with after(LATER):
        tick.inline(scene.house)
        tick.inline(scene.house)
    assert scene.cases == [("account_failing", 0)]
    assert [row["state"] for row in scene.rows("accounts")] == ["denied"]
    assert {row["status"] for row in scene.rows("orders")} == {"missing"}


def test_sc_55_never_asked_payments_come_first_then_the_longest_unasked(scene):
    now = clock.now()
    ages = {"old": 50, "older": 90}
    for name, minutes in ages.items():
        order = scene.shop.order(name)
        asked = now - timedelta(minutes=minutes)
        scene.shop.payment(order, scene.account, f"ord_{name}", asked_at=asked, next_ask_at=now)
    with after(LATER), scene.house.database.read() as connection:
        found = lookup.due_ids(connection, scene.account, at=clock.now(), limit=10)
    names = {row["id"]: row["gateway_order_id"] for row in scene.rows("payments")}
    assert [names[one] for one in found] == ["ord_1", "ord_older", "ord_old"]


def test_sc_56_exhausted_lookups_need_a_person(scene):
    scene.bank.answers["ord_1"] = Temporary("down for good")
    scene.shop.house.accounts.forget()
    scene.bank.answers["ord_1"] = PaymentAnswer(found=True, reports=(report(order="ord_1", state="unknown"),))
    with after(timedelta(days=6)):
        tick.inline(scene.house)
    assert [kind for kind, _ in scene.cases] == ["lookups_exhausted"]


def test_a_run_whose_worker_died_is_closed_as_lost_and_the_next_one_starts(scene):
    run = runs.start(scene.house, scene.account, by="clock")
    assert runs.take(scene.house, run, worker="dies")
    with after(timedelta(minutes=10)):
        tick.inline(scene.house)
        states = sorted(row["state"] for row in scene.rows("runs"))
    assert states[0] == "done"
    assert "lost" in states


def test_sc_42_after_six_dead_hours_one_run_does_the_backlog(scene):
    scene.bank.paid("ord_1")
    with after(timedelta(hours=6)):
        tick.inline(scene.house)
    assert len(scene.rows("runs")) == 1
    assert scene.status == "processing"


def test_a_hanging_plugin_costs_its_own_time_and_no_more(scene):
    import threading

    release = threading.Event()
    scene.bank.answers["ord_1"] = lambda: (release.wait(30), PaymentAnswer())[1]
    order = scene.shop.order("K2")
    scene.shop.payment(order, scene.account, "ord_2")
    scene.bank.paid("ord_2", payment="pay_2")
    with after(LATER):
        tick.inline(scene.house)
    release.set()
    assert {row["number"]: row["status"] for row in scene.rows("orders")} == {"K1": "missing", "K2": "processing"}
