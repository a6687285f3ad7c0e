"""A session whose opening was never answered, found by the look-up before the customer comes back."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from aftermath import check_exactly_once, come_to_rest
from ground import Ground, in_process, order_body, session_of
from kartify_sandbox.server.faults import Fault

from kartify import clock
from kartify.flows.lookups import asking


def test_a_session_found_by_the_lookup_can_be_paid(stage: Ground) -> None:
    stage.gateway.faults.plan(Fault.DROPPED)
    with in_process(stage) as client:
        lost = client.post("/api/v1/orders", json=order_body("F1"), headers=stage.headers()).get_json()
        assert lost["payment"]["state"] == "unknown"
        assert lost["payment"]["next"] is None
        with time_machine.travel(clock.now() + timedelta(seconds=40), tick=True):
            asking.check_order(stage.house, stage.rows("orders")[0]["id"], by="the clock")
            found = client.post("/api/v1/orders", json=order_body("F1"), headers=stage.headers()).get_json()
    assert found["payment"]["state"] == "open"
    session = session_of(found)
    assert list(stage.gateway.vault.sessions) == [session]
    stage.gateway.pay(session)
    come_to_rest(stage)
    check_exactly_once(stage, ["F1"])
