"""System » Jobs: what is due and in hand, from the rows; the queue as a hint; and waking the workers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from browser import Cockpit, Person
from fakes import webhook
from sqlalchemy import insert, update
from test_actions import dead_delivery
from test_attention import only, other_shop

from kartify import clock
from kartify.flows.delivering import deliver_by_hand
from kartify.flows.lookups import runs
from kartify.flows.receiving import receive
from kartify.models import Cron, Heartbeat, InboxMessage, Order, Payment, table
from kartify.web.wakes import CoalescedWaker

LIST = "/admin/jobs/"


class Bell:
    """A waker that remembers. ``queued``: what Redis would say."""

    def __init__(self, queued: int | None = 0) -> None:
        self.queued, self.rung = queued, []

    def wake(self, name: str, *args: str) -> bool:
        self.rung.append(name)
        return self.queued is not None

    def waiting(self) -> int | None:
        return self.queued


def table_of(person: Person) -> dict[str, list[str]]:
    """The figures by work: due, oldest, in hand."""
    page = person.get(LIST).text
    found = {}
    for row in re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", page, re.S):
        cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        found[cells[0]] = cells[1:]
    return found


def quiet(cockpit: Cockpit) -> None:
    """Nothing is due of what a fresh store has."""
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(Cron)).values(next_at=clock.now() + timedelta(hours=1)))
        connection.execute(update(table(Order)).values(clock_at=None))
        connection.execute(update(table(Payment)).values(next_ask_at=None))


def test_what_is_due_is_counted_by_kind_with_the_age_of_the_oldest(either: Cockpit) -> None:
    order, delivery = dead_delivery(either)
    either.missing("K2")
    quiet(either)
    assert {cells[0] for cells in table_of(either.person("viewer")).values()} == {"0"}
    long_ago = clock.now() - timedelta(hours=3, seconds=5)
    deliver_by_hand.push_again(either.house, delivery, by="asha", reason="mended")
    receive.webhook(either.house, either.gateway, webhook("e1", {"order": "nobody"}, secret="whsec-very-secret"))
    runs.start(either.house, either.gateway, by="asha")
    with either.house.database.write() as connection:
        connection.execute(update(table(Payment)).values(next_ask_at=long_ago))
        connection.execute(update(table(Order)).where(table(Order).c.id == order).values(clock_at=long_ago))
        connection.execute(update(table(InboxMessage)).values(due_at=long_ago))
        connection.execute(update(table(Cron)).values(next_at=long_ago))
    found = table_of(either.person("viewer"))
    assert {name: (cells[0], cells[1], cells[4]) for name, cells in found.items()} == {
        "Messages to read again": ("1", "3 h", "✕ late"), "Payments to ask about": ("2", "3 h", "✕ late"),
        "Crons to start": (str(len(either.rows(Cron, enabled=True))), "3 h", "✕ late"),
        "Runs": ("1", found["Runs"][1], "◷ due"), "Orders the clock looks at": ("1", "3 h", "✕ late"),
        "Captures, voids and refunds": ("0", "–", "✓ nothing due"),
        "Deliveries to an OMS": ("1", found["Deliveries to an OMS"][1], "◷ due"),
    }


def test_what_somebody_has_is_in_hand_and_not_due(either: Cockpit) -> None:
    either.missing("K1")
    quiet(either)
    at = clock.now()
    with either.house.database.write() as connection:
        taken = {"next_ask_at": at - timedelta(minutes=1), "lease_until": at + timedelta(minutes=1)}
        connection.execute(update(table(Payment)).values(taken))
    cells = table_of(either.person("viewer"))["Payments to ask about"]
    assert (cells[0], cells[2], cells[4]) == ("0", "1", "◷ in hand")
    with either.house.database.write() as connection:
        connection.execute(update(table(Payment)).values(lease_until=at - timedelta(seconds=1)))
    cells = table_of(either.person("viewer"))["Payments to ask about"]
    assert (cells[0], cells[2]) == ("1", "0")


def test_who_works_and_who_fell_silent(cockpit: Cockpit) -> None:
    at = clock.now()
    beats = [("clock", "clock", 0), ("worker@a:1", "worker", 5), ("worker@b:2", "worker", 40)]
    with cockpit.house.database.write() as connection:
        for name, role, minutes in beats:
            beat = {"name": name, "role": role, "at": at - timedelta(minutes=minutes), "started_at": at}
            connection.execute(insert(table(Heartbeat)).values(beat))
        gone = {"name": "worker@old:3", "role": "worker", "at": at - timedelta(days=2), "started_at": at}
        connection.execute(insert(table(Heartbeat)).values(gone))
    page = cockpit.person("viewer").text(LIST)
    assert "✓ alive 0 s ago clock" in page
    assert "✕ silent 40 min ago worker@b:2" in page
    assert "worker@old:3" not in page


@pytest.mark.parametrize(("queued", "said"), [
    (3, "3 wake-ups wait in the queue."), (0, "0 wake-ups wait in the queue."), (None, "The queue does not answer."),
])
def test_the_queue_is_a_hint(cockpit: Cockpit, queued: int | None, said: str) -> None:
    assert said in with_waker(cockpit, CoalescedWaker(Bell(queued))).person("viewer").text(LIST)


def with_waker(cockpit: Cockpit, waker: Any) -> Cockpit:
    """The same admin with another bell."""
    house = replace(cockpit.house, waker=waker)
    for view in cockpit.app.extensions["admin"][0]._views:
        view.house = house
    return cockpit


@pytest.mark.parametrize(("queued", "said"), [(0, "Woken: a worker looks now"), (None, "No queue was reached.")])
def test_wake_now_wakes_the_tick_and_changes_nothing(cockpit: Cockpit, queued: int | None, said: str) -> None:
    bell = Bell(queued)
    page = with_waker(cockpit, bell).person("support").press(f"{LIST}wake")
    assert said in page
    assert bell.rung == ["tick"]
    assert len(cockpit.audited("wake workers")) == 1
    assert "Wake now" not in cockpit.person("viewer").text(LIST)


def test_a_person_of_one_store_sees_figures_of_its_own_only(cockpit: Cockpit) -> None:
    dead_delivery(cockpit)
    cockpit.missing("K2")
    other_shop(cockpit)
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(Payment)).values(next_ask_at=clock.now()))
        connection.execute(update(table(Order)).values(clock_at=clock.now()))
    everything = table_of(cockpit.person("viewer"))
    assert everything["Payments to ask about"][0] == "2"
    found = table_of(only(cockpit, cockpit.person("viewer"), "other"))
    assert {cells[0] for cells in found.values()} == {"0"}
