"""Web server and worker are killed, Redis is emptied, answers are lost, webhooks never come: each order once."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import time_machine
from aftermath import check_exactly_once, come_to_rest, stored_events
from ground import PATIENCE, Ground, in_process, order_body, session_of, wait_for
from kartify_sandbox.server.faults import Fault
from kartify_sandbox_oms.faults import Behaviour
from redis import Redis

from kartify import clock
from kartify.flows.ticking import tick

pytestmark = pytest.mark.slow
SEED, ORDERS, SHOPPERS = 20260, 60, 4
KILLS = ("worker", "web", "worker", "redis", "web", "worker", "web")
NEVER, TWICE = 0.2, 0.15
DROPPED, STALLED, STALL = 6, 12, 0.4


@dataclass
class Street:
    """What the customers and the gateway know, whatever the shop's processes know."""

    numbers: list[str] = field(default_factory=list)
    unopened: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    refused: int = 0
    over: threading.Event = field(default_factory=threading.Event)


def shopper(stage: Ground, street: Street, numbers: list[str], chance: random.Random) -> None:
    """Confirms each order until the shop answers, pays it, and has the gateway tell."""
    for number in numbers:
        time.sleep(chance.uniform(0.2, 1.0))
        session = confirm(stage, street, number)
        street.numbers.append(number)
        if session is None:
            street.unopened.append(number)
            continue
        charge = stage.gateway.pay(session)
        lot = chance.random()
        if lot < NEVER:
            street.silent.append(number)
            continue
        for _ in range(2 if lot < NEVER + TWICE else 1):
            bring(stage, street, charge.id)


def confirm(stage: Ground, street: Street, number: str) -> str | None:
    """The session to pay, or None where the shop knows the order and cannot say yet what to pay."""
    patience = 3
    while not street.over.is_set() and patience:
        status, answer = stage.place(number)
        if status in (200, 201):
            if session := session_of(answer):
                return session
            patience -= 1
        else:
            street.refused += 1
        time.sleep(0.2)
    return None


def bring(stage: Ground, street: Street, charge_id: str) -> None:
    while not street.over.is_set():
        status = stage.bring(charge_id)
        if status is not None and 200 <= status < 300:
            street.accepted.append(stage.event_id(charge_id))
            return
        street.refused += 1
        time.sleep(0.15)


def plan_answers(stage: Ground, chance: random.Random) -> None:
    """The gateway opens sessions slowly and the OMS takes orders slowly, so that kills hit calls that are under way;
    both hang up on some callers after they did what was asked."""
    faults = [*[Fault.DROPPED] * DROPPED, *[Fault.SLOW] * 2 * STALLED, *[None] * STALLED]
    chance.shuffle(faults)
    stage.gateway.faults.plan(*faults)
    stage.oms.stall_seconds = STALL
    plan = [*[Behaviour.DROP_AFTER_ACCEPT] * DROPPED, *[Behaviour.STALL] * STALLED, *[Behaviour.ACCEPT] * STALLED]
    chance.shuffle(plan)
    for behaviour in plan:
        stage.oms.mode(behaviour, times=1)


def kill_by_turns(stage: Ground, chance: random.Random) -> None:
    """Each victim has come up, and worked for a random while, when it is killed; it is started again at once."""
    for victim in KILLS:
        if victim == "redis":
            with Redis.from_url(stage.settings.redis_url) as redis:
                redis.flushall()
            continue
        process, works = (
            (stage.web, stage.web_answers) if victim == "web" else (stage.worker, stage.worker_beats)
        )
        wait_for(works)
        time.sleep(chance.uniform(0.2, 1.2))
        process.kill()
        process.start()


def open_the_rest(stage: Ground, street: Street) -> None:
    """Customers whose session was lost with a process come back when its lease is over, and pay; no webhook comes."""
    with in_process(stage) as client, time_machine.travel(clock.now() + timedelta(seconds=45), tick=True):
        for number in street.unopened:
            answer = client.post("/api/v1/orders", json=order_body(number), headers=stage.headers())
            assert answer.status_code in (200, 201), answer.text
            session = session_of(answer.get_json())
            assert session, answer.text
            stage.gateway.pay(session)


def rush(stage: Ground, street: Street) -> None:
    """The shoppers at work while the processes die."""
    chance = random.Random(SEED)
    numbers = [f"D{number:03}" for number in range(ORDERS)]
    plan_answers(stage, chance)
    with ThreadPoolExecutor(SHOPPERS) as pool:
        try:
            work = [
                pool.submit(shopper, stage, street, numbers[place::SHOPPERS], random.Random(SEED + place))
                for place in range(SHOPPERS)
            ]
            kill_by_turns(stage, chance)
            for one in work:
                one.result(timeout=PATIENCE)
        finally:
            street.over.set()


def test_sc_38_nothing_is_lost_when_worker_and_web_are_killed_and_redis_is_flushed(stage: Ground) -> None:
    """60 orders; the web server is killed three times, the worker three times, Redis emptied once. A fifth of the
    webhooks never comes; six answers of the OMS are lost after it took the order, and six of the gateway."""
    for one in (stage.web, stage.worker, stage.clock):
        one.start()
    wait_for(stage.web_answers)
    street = Street()
    rush(stage, street)
    # The processes work something off by themselves too.
    wait_for(lambda: any(row["state"] == "done" for row in stage.rows("outbox")))
    for one in (stage.clock, stage.worker, stage.web):
        assert one.pid
        one.stop()

    assert street.refused, "nobody noticed a kill: the drill proves nothing"
    assert set(street.accepted) <= stored_events(stage), "a webhook was accepted and is not stored"
    open_the_rest(stage, street)
    come_to_rest(stage)
    check_exactly_once(stage, street.numbers)
    assert len(street.numbers) == ORDERS

    paid_by = channels(stage)
    assert {paid_by[number] for number in [*street.silent, *street.unopened]} == {"lookup"}
    lost = [row for row in stage.rows("delivery_attempts") if row["event"] in ("lost", "lease_over")]
    assert len(lost) >= DROPPED, "each answer that was dropped was missed by somebody"
    tick.inline(stage.house)
    check_exactly_once(stage, street.numbers)


def channels(stage: Ground) -> dict[str, str]:
    """By which channel each order was settled."""
    numbers = {row["id"]: row["number"] for row in stage.rows("orders")}
    return {numbers[row["order_id"]]: row["channel"] for row in stage.rows("settlements")}
