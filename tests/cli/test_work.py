"""Orders, lookups, deliveries and ticks by command, against the simulators."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from kartify_sandbox import SandboxSimulator
from kartify_sandbox_oms import SandboxOmsSimulator

from kartify.demo import goods
from kartify.flows.people import keys
from kartify.flows.storefront import checkout, order_read
from kartify.flows.storefront.order_body import OrderBody
from kartify.testing.serve import simulating


@dataclass
class World:
    cli: Any
    sandbox: Any
    oms: Any
    key: str

    def confirm(self, number, **more):
        """The order is missing; its session at the sandbox."""
        with self.cli.house() as house:
            caller = keys.authenticate(house, f"Bearer {self.key}", "storefront")
            made = checkout.confirm(house, caller, OrderBody.model_validate(goods.order(number, **more)))
            return order_read.read_order(house, made.order_id)["payment"].get("gateway_order_id")

    def status(self, number):
        return self.shown(number)["status"]

    def shown(self, number):
        return json.loads(self.cli("order", "show", "demo", number, "--json").stdout)


@pytest.fixture
def world(cli):
    with simulating(SandboxSimulator) as (_, sandbox), simulating(SandboxOmsSimulator) as (_, oms):
        for slug, simulator in (("sandbox", sandbox), ("sandbox-oms", oms)):
            values = [f"{name}={value}" for name, value in simulator.settings().items()]
            cli("account", "add", "demo", slug, *values)
        key = json.loads(cli("apikey", "create", "demo", "--scope", "storefront", "--json").stdout)["key"]
        yield World(cli, sandbox, oms, key)


def test_a_dry_run_asks_and_changes_nothing(world):
    world.sandbox.pay(world.confirm("K1"))
    told = json.loads(world.cli("lookup", "sandbox", "--dry-run", "--json").stdout)
    assert (told["state"], told["dry"], told["asked"]) == ("done", True, 1)
    assert world.status("K1") == "missing"


def test_a_lookup_recovers_what_was_paid_and_says_how_much(world):
    world.sandbox.pay(world.confirm("K1"))
    world.confirm("K2")
    due = world.shown("K1")["due"]
    told = json.loads(world.cli("lookup", "sandbox", "--json").stdout)
    assert (told["total"], told["asked"], told["recovered"]) == (2, 2, 1)
    assert (told["money"], told["orders"]) == ({"INR": due}, ["K1"])
    assert (world.status("K1"), world.status("K2")) == ("processing", "missing")


def test_a_lookup_of_named_orders_leaves_the_others(world):
    for number in ("K1", "K2"):
        world.sandbox.pay(world.confirm(number))
    assert "asked 1 of 1, 1 recovered" in world.cli("lookup", "sandbox", "--order", "K2").stdout
    assert (world.status("K1"), world.status("K2")) == ("missing", "processing")


def test_a_gateway_that_does_not_know_is_no_error_of_the_run(world):
    world.confirm("K1")
    world.sandbox.faults.plan("error", "error", "error", "error")
    assert json.loads(world.cli("lookup", "sandbox", "--json").stdout)["unknown"] == 1


def test_deliver_drains_the_outbox_once(world):
    world.sandbox.pay(world.confirm("K1"))
    world.cli("lookup", "sandbox")
    assert json.loads(world.cli("deliver", "--json").stdout) == {"deliveries": {"done": 1}, "problems": []}
    assert world.cli("deliver").stdout == "nothing was due\n"
    assert world.oms.by_number == {"K1": 1}


def test_a_tick_does_everything_that_is_due(world):
    world.sandbox.pay(world.confirm("K1"))
    world.cli("lookup", "sandbox")
    assert json.loads(world.cli("tick", "--json").stdout)["deliver"] == 1
    assert world.oms.by_number == {"K1": 1}
    assert world.cli("tick").stdout == "nothing was due\n"
    assert world.cli("laws").stdout == "All 10 laws hold, every chain is whole.\n"


def test_an_order_is_shown_whole(world):
    world.sandbox.pay(world.confirm("K1"))
    world.cli("lookup", "sandbox")
    world.cli("deliver")
    text = world.cli("order", "show", "demo", "K1").stdout
    for told in ("K1  processing  ₹", "Confirm Order reached", "said captured", "missing → processing", "accepted"):
        assert told in text
    shown = world.shown("K1")
    assert shown["timeline"][0]["title"] == "Confirm Order reached"
    assert shown["settlements"][0]["amount"] == shown["due"]
    assert shown["deliveries"][0]["state"] == "done"


def test_a_move_to_processing_asks_the_gateway_first(world):
    world.sandbox.pay(world.confirm("K1"))
    told = json.loads(world.cli("order", "move", "demo", "K1", "processing", "--reason", "he called", "--json").stdout)
    assert told["status"] == "processing"
    assert "the gateway confirmed it" in told["text"]
    assert world.shown("K1")["basis"] == "settlement"


def test_a_move_without_asking_keeps_reason_and_evidence(world):
    world.confirm("K1")
    calls = sum(world.sandbox.calls.values())
    world.cli("order", "move", "demo", "K1", "processing", "--reason", "paid by cheque", "--evidence", "UTR 42",
              "--no-ask")
    assert sum(world.sandbox.calls.values()) == calls
    text = world.cli("order", "show", "demo", "K1").stdout
    assert "paid by cheque" in text
    assert "evidence: UTR 42" in text


def test_a_move_that_is_not_allowed_is_one_sentence(world):
    world.confirm("K1")
    told = world.cli("order", "move", "demo", "K1", "delivered", "--reason", "why not", code=1).stderr
    assert told.startswith("Error: an order that is missing cannot become delivered")
    assert told.count("\n") == 1
    assert "there is no order K9" in world.cli("order", "show", "demo", "K9", code=1).stderr


def test_a_cancel_by_hand_must_have_seen_the_open_attempt(world):
    world.confirm("K1")
    told = world.cli("order", "move", "demo", "K1", "cancelled", "--reason", "fraud", code=1).stderr
    assert "the customer may still pay" in told
    assert "--yes" in told
    world.cli("order", "move", "demo", "K1", "cancelled", "--reason", "fraud", "--yes")
    assert world.status("K1") == "cancelled"
