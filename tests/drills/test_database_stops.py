"""The database goes away while webhooks arrive."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from aftermath import check_exactly_once, come_to_rest, stored_events
from ground import PATIENCE, Ground, session_of, wait_for

from kartify.testing.postgres import Postgres

pytestmark = pytest.mark.slow
EACH, AWAY = 20, 1.5


@dataclass
class Couriers:
    """The gateway's: each brings one webhook again and again until it is taken."""

    stage: Ground
    answers: list[tuple[float, float, int | None]] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def bring(self, charge_id: str) -> None:
        while not self.over.is_set():
            begun = time.monotonic()
            status = self.stage.bring(charge_id)
            self.answers.append((begun, time.monotonic(), status))
            if status is not None and 200 <= status < 300:
                self.taken.append(self.stage.event_id(charge_id))
                return
            time.sleep(0.1)

    def between(self, begin: float, end: float) -> set[int | None]:
        """What was answered to calls that lie in this span as a whole."""
        return {status for begun, ended, status in self.answers if begin < begun and ended < end}


def place_and_pay(stage: Ground, number: str) -> str:
    status, answer = stage.place(number)
    assert status == 201, answer
    session = session_of(answer)
    assert session
    return stage.gateway.pay(session).id


def outage(stage: Ground, server: Postgres, couriers: Couriers, *, crash: bool) -> None:
    """Stops the database once some webhooks were taken, looks, and starts it again."""
    before = len(couriers.taken)
    wait_for(lambda: len(couriers.taken) >= before + 3)
    server.stop(crash=crash)
    begin = time.monotonic()
    taken = set(couriers.taken)
    time.sleep(AWAY)
    assert stage.place("DURING")[0] == 503
    end = time.monotonic()
    server.start()
    stage.house.database.engine.dispose()  # of this process; the web server has to find out by itself
    assert taken <= stored_events(stage), "a webhook was answered 2xx and is not stored"
    assert couriers.between(begin, end) == {503}


@pytest.mark.parametrize("crash", [False, True], ids=["stopped", "crashed"])
def test_sc_17_the_database_stops_while_webhooks_arrive(
    own_stage: Ground, own_postgres: Postgres, crash: bool
) -> None:
    """Every webhook meanwhile is answered 503 and comes again; none is answered 2xx without being stored."""
    own_stage.web.start()
    wait_for(own_stage.web_answers)
    numbers = [f"S{number:02}" for number in range(EACH)]
    charges = [place_and_pay(own_stage, number) for number in numbers]
    couriers = Couriers(own_stage)

    def in_turn(place: int) -> None:
        for charge in charges[place::4]:
            couriers.bring(charge)
            time.sleep(0.3)

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(in_turn, place) for place in range(4)]
        try:
            outage(own_stage, own_postgres, couriers, crash=crash)
            for one in work:
                one.result(timeout=PATIENCE)
        finally:
            couriers.over.set()

    assert sorted(couriers.taken) == sorted(own_stage.event_id(charge) for charge in charges)
    assert set(couriers.taken) <= stored_events(own_stage)
    own_stage.gateway.pay(session_of(own_stage.place("DURING")[1]) or "")
    own_stage.web.stop()
    come_to_rest(own_stage)
    check_exactly_once(own_stage, [*numbers, "DURING"])
