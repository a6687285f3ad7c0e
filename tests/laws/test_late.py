"""Law 9: each objective is seen broken when its time is over, and kept by an alarm."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kartify import clock
from kartify.flows.proof import laws_time
from kartify.models import new_id


def _row_of_a_cron(vandal, **values):
    row = {"id": new_id(), "name": "test", "account_id": None, "schedule": "every 60", "timezone": "UTC",
           "enabled": True, "next_at": None, "version": 1, **values}
    vandal.insert("crons", row)


def _row_of_a_run(vandal, **values):
    row = {
        "id": new_id(), "cron_id": new_id(), "account_id": None, "state": "running", "by": "clock", "dry": False,
        "stop_requested": False, "created_at": clock.now(), "started_at": None, "beat_at": None, "deadline_at": None,
        "finished_at": None, "fence": 0, "total": 0, "asked": 0, "recovered": 0, "unknown": 0, "money": None,
        "orders": None, "result": None, **values,
    }
    vandal.insert("runs", row)


def _row_of_an_operation(town, vandal, **values):
    charge = vandal.one("charges", gateway_payment_id="pay_twice")
    row = {
        "id": new_id(), "key": "k", "charge_id": charge["id"], "order_id": charge["order_id"],
        "account_id": charge["account_id"], "kind": "refund", "amount": 100, "currency": "INR", "state": "due",
        "by": "asha", "reason": "asked", "gateway_refund_id": None, "last_error": None, "attempts": 1,
        "lease_until": None, "fence": 0, "created_at": clock.now(), "done_at": None, **values,
    }
    vandal.insert("operations", row)


def _message(town, vandal, at):
    vandal.change("inbox", {"state": "waiting"}, due_at=at)


def _message_in_hand(town, vandal, at):
    vandal.change("inbox", {"state": "waiting"}, lease_until=at)


def _delivery(town, vandal, at):
    vandal.change("outbox", {"order_id": town.ids["cod"]}, state="due", due_at=at)


def _dead(town, vandal, at):
    vandal.change("outbox", {"order_id": town.ids["cod"]}, state="dead")


def _operation(town, vandal, at):
    _row_of_an_operation(town, vandal, due_at=at)


def _never_asked(town, vandal, at):
    vandal.change("payments", {"order_id": town.ids["waits"]}, next_ask_at=at)


def _not_asked_again(town, vandal, at):
    vandal.change("payments", {"order_id": town.ids["waits"]}, next_ask_at=at, asks=3)


def _order(town, vandal, at):
    vandal.change("orders", {"number": "waits"}, clock_at=at)


def _cron(town, vandal, at):
    _row_of_a_cron(vandal, next_at=at)


def _silent_run(town, vandal, at):
    _row_of_a_run(vandal, beat_at=at)


def _waiting_run(town, vandal, at):
    _row_of_a_run(vandal, state="waiting", created_at=at)


LATE = {
    "A waiting message is worked off": _message,
    "A message in a worker's hands is finished": _message_in_hand,
    "A delivery is made or tried again": _delivery,
    "A dead delivery is shown to a person": _dead,
    "A capture, void or refund is made or tried again": _operation,
    "A missing order is asked about": _never_asked,
    "A payment is asked about again": _not_asked_again,
    "The clock looks at an order": _order,
    "A cron starts": _cron,
    "A run that began beats or is closed": _silent_run,
    "A run that waits is taken": _waiting_run,
}
SECOND = timedelta(seconds=1)


def test_every_objective_is_tested_here():
    assert sorted(LATE) == sorted(one.name for one in laws_time.OBJECTIVES)


@pytest.mark.parametrize("objective", laws_time.OBJECTIVES, ids=lambda one: one.name)
def test_what_is_a_second_too_late_breaks_law_9(town, vandal, objective):
    LATE[objective.name](town, vandal, clock.now() - objective.late - SECOND)
    assert [(one.law, one.sentence) for one in vandal.check()] == [(9, objective.sentence)]


@pytest.mark.parametrize("objective", [one for one in laws_time.OBJECTIVES if one.late], ids=lambda one: one.name)
def test_what_is_almost_too_late_breaks_nothing(town, vandal, objective):
    LATE[objective.name](town, vandal, clock.now() - objective.late + 20 * SECOND)
    assert vandal.check() == []


def test_a_red_light_on_the_account_is_an_alarm(town, vandal):
    _delivery(town, vandal, clock.now() - timedelta(hours=1))
    assert vandal.check()
    vandal.change("accounts", {"id": town.oms}, state="paused")
    assert vandal.check() == []


def test_an_open_exception_of_the_delivery_is_an_alarm(town, vandal):
    _dead(town, vandal, clock.now())
    delivery = vandal.one("outbox", order_id=town.ids["cod"])["id"]
    vandal.copy("cases", {"order_id": town.ids["low"]}, subject=f"delivery:{delivery}", type="oms_refused",
                charge_id=None, money_held=0)
    assert vandal.check() == []
