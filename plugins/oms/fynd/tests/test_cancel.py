"""Cancellation: 200 outside does not mean cancelled inside."""

import json

import pytest
from kartify_fynd.faults import Fault

from kartify.plugin import Kind, Permanent, Presence, Temporary

FYND_ID = "FY637CFCC00177713D47"


@pytest.mark.parametrize("shipments", [1, 3])
def test_a_placed_order_is_cancelled_shipment_by_shipment(simulator, account, client, order, shipments):
    simulator.add_order("K1001", FYND_ID, 149900, shipments=shipments)
    simulator.set_status(FYND_ID, "placed")
    plugin = account()
    assert plugin.find(client, Kind.CANCEL, order()).presence is Presence.ABSENT
    assert plugin.deliver(client, Kind.CANCEL, order()).id == FYND_ID
    assert {it.state for it in simulator.world.orders[FYND_ID].shipments} == {"cancelled_customer"}
    assert plugin.find(client, Kind.CANCEL, order()).presence is Presence.DONE


def test_an_unpaid_order_goes_into_the_state_that_fynds_map_allows(simulator, account, client, order):
    simulator.add_order("K1001", FYND_ID, 149900)
    plugin = account()
    plugin.deliver(client, Kind.CANCEL, order())
    assert simulator.world.orders[FYND_ID].shipments[0].state == "payment_failed"
    assert plugin.find(client, Kind.CANCEL, order()).presence is Presence.DONE


def test_200_with_an_inner_400_is_a_refusal(simulator, account, client, order):
    simulator.add_order("K1001", FYND_ID, 149900)
    with pytest.raises(Permanent, match="Invalid State Transition from pending to cancelled_fynd"):
        account(unpaid_cancel_status="cancelled_fynd").deliver(client, Kind.CANCEL, order())
    assert simulator.world.orders[FYND_ID].shipments[0].state == "pending"


@pytest.mark.parametrize("state", ["bag_picked", "out_for_delivery", "delivery_done", "return_initiated"])
def test_an_order_on_its_way_is_too_late(simulator, account, client, order, state):
    simulator.add_order("K1001", FYND_ID, 149900)
    simulator.set_status(FYND_ID, state)
    plugin = account()
    assert plugin.find(client, Kind.CANCEL, order()).presence is Presence.DEAD
    with pytest.raises(Permanent, match="too far along"):
        plugin.deliver(client, Kind.CANCEL, order())
    assert simulator.calls["status"] == 0


def test_a_cancelled_order_is_not_cancelled_again(simulator, account, client, order):
    simulator.add_order("K1001", FYND_ID, 149900)
    simulator.cancel(FYND_ID)
    assert account().deliver(client, Kind.CANCEL, order()).id == FYND_ID
    assert simulator.calls["status"] == 0


def test_a_lost_answer_is_found_cancelled(simulator, account, client, order):
    simulator.add_order("K1001", FYND_ID, 149900)
    simulator.set_status(FYND_ID, "placed")
    simulator.faults.ask("status", Fault.DROP)
    plugin = account()
    with pytest.raises(Temporary):
        plugin.deliver(client, Kind.CANCEL, order())
    assert plugin.find(client, Kind.CANCEL, order()).presence is Presence.DONE


PLACED = (200, {"order": {"fynd_order_id": FYND_ID}, "shipments": [
    {"shipment_id": "S1", "bag_status_history": [{"status": "placed"}]},
    {"shipment_id": "S2", "bag_status_history": [{"status": "placed"}]},
]})


@pytest.mark.parametrize(("results", "kind"), [
    ([("S1", 200), ("S2", 200)], None), ([("S1", 200), ("S2", 400)], Permanent), ([("S1", 200)], Temporary),
    ([], Temporary), ([("S1", 200), ("S2", 500)], Temporary), ([("S1", 200), ("S2", None)], Temporary),
])
def test_every_shipments_own_result_is_read(fynd, canned, order, results, kind):
    shipments = [{"identifier": name, "status": status, "message": "no"} for name, status in results]
    client = canned(PLACED, (200, {"statuses": [{"shipments": shipments}]}))
    plugin = fynd(cancel_reason_id=5)
    if kind is None:
        plugin.deliver(client, Kind.CANCEL, order())
    else:
        with pytest.raises(kind):
            plugin.deliver(client, Kind.CANCEL, order())
    body = json.loads(client.asked[1][2]["body"])
    wishes = [shipment for status in body["statuses"] for shipment in status["shipments"]]
    assert [wish["identifier"] for wish in wishes] == ["S1", "S2"]
    assert wishes[0]["reasons"]["entities"][0]["data"]["reason_id"] == 5


def test_an_order_without_an_id_is_named_in_way_a(fynd, order):
    with pytest.raises(Permanent) as caught:
        fynd().check(Kind.CANCEL, order(oms_order_id=None))
    assert caught.value.field == "oms_order_id"


def test_an_order_without_an_id_is_looked_for_by_number_in_way_b(simulator, account, client, order):
    simulator.add_order("K1001", FYND_ID, 149900)
    plugin = account(way="b")
    plugin.check(Kind.CANCEL, order(oms_order_id=None))
    assert plugin.deliver(client, Kind.CANCEL, order(oms_order_id=None)).id == FYND_ID


def test_an_order_that_fynd_does_not_list_needs_a_person(account, client, order):
    plugin = account(way="b")
    assert plugin.find(client, Kind.CANCEL, order(oms_order_id=None)).presence is Presence.DEAD
    with pytest.raises(Permanent) as caught:
        plugin.deliver(client, Kind.CANCEL, order(oms_order_id=None))
    assert caught.value.field == "oms_order_id"


@pytest.mark.parametrize("answer", [(404, {}), (200, {"order": {"fynd_order_id": FYND_ID}, "shipments": []})])
def test_an_order_that_cannot_be_seen_was_not_touched(fynd, canned, order, answer):
    with pytest.raises(Temporary) as caught:
        fynd().deliver(canned(answer), Kind.CANCEL, order())
    assert caught.value.sent is False
