"""Order details: whether sending is safe, done, or dead."""

from datetime import UTC, datetime

import pytest
from kartify_fynd.faults import Fault

from kartify.plugin import Kind, OmsOrder, Permanent, Presence, Temporary

FYND_ID = "FY637CFCC00177713D47"


def details(*shipments, amount=1499.0, **order):
    """An answer with one shipment per history, each a list of words, oldest first."""
    told = {"fynd_order_id": FYND_ID, "affiliate_order_id": "K1001", "prices": {"amount_paid": amount}, **order}
    return (200, {"success": True, "order": told, "shipments": [
        {"shipment_id": str(place), "bag_status_history": [
            {"status": word, "updated_at": f"2026-01-02T10:00:{second:02d}Z"} for second, word in enumerate(words)]}
        for place, words in enumerate(shipments)
    ]})


@pytest.mark.parametrize("state", ["pending", "awaiting_payment_confirmation", "payment_failed"])
def test_an_unconfirmed_order_may_be_sent(simulator, account, client, order, state):
    simulator.add_order("K1001", FYND_ID, 149900)
    simulator.set_status(FYND_ID, state)
    found = account().find(client, Kind.CONFIRM, order())
    assert (found.presence, found.receipt, found.amount) == (Presence.ABSENT, None, 149900)
    assert state in found.detail


@pytest.mark.parametrize("state", [
    "placed", "store_reassigned", "bag_confirmed", "bag_invoiced", "dp_assigned", "bag_packed", "bag_picked",
    "out_for_delivery", "delivery_done", "handed_over_to_customer",
])
def test_a_placed_order_is_done(simulator, account, client, order, state):
    simulator.add_order("K1001", FYND_ID, 149900)
    simulator.set_status(FYND_ID, state)
    found = account().find(client, Kind.CONFIRM, order())
    assert (found.presence, found.receipt.id, found.amount) == (Presence.DONE, FYND_ID, 149900)


@pytest.mark.parametrize("state", ["cancelled_customer", "cancelled_fynd", "bag_not_confirmed", "manual_refund"])
def test_a_dead_order_is_dead(simulator, account, client, order, state):
    simulator.add_order("K1001", FYND_ID, 149900)
    simulator.cancel(FYND_ID, state)
    found = account().find(client, Kind.CONFIRM, order())
    assert (found.presence, found.receipt) == (Presence.DEAD, None)
    assert state in found.detail


@pytest.mark.parametrize(("histories", "presence"), [
    ([["pending", "placed", "return_initiated"]], Presence.DONE),
    ([["pending", "placed", "refund_done"]], Presence.DONE),
    ([["pending", "refund_done"]], Presence.DEAD),
    ([["pending", "placed", "payment_failed"]], Presence.UNTOLD),
    ([["pending", "a_new_word"]], Presence.UNTOLD),
    ([["pending", "placed"], ["pending", "cancelled_fynd"]], Presence.DONE),
    ([["pending", "placed"], ["pending"]], Presence.UNTOLD),
    ([["pending"], ["payment_failed"]], Presence.ABSENT),
    ([["pending"], ["cancelled_fynd"]], Presence.DEAD),
    ([["pending"], ["a_new_word"]], Presence.UNTOLD),
    ([[]], Presence.UNTOLD),
    ([], Presence.UNTOLD),
])
def test_histories_and_several_shipments(fynd, canned, order, histories, presence):
    assert fynd().find(canned(details(*histories)), Kind.CONFIRM, order()).presence is presence


@pytest.mark.parametrize("answer", [
    (404, {"success": False}), (400, {}), (200, {"success": False}), (200, {}), (200, []),
    (200, {"success": True, "order": {"fynd_order_id": FYND_ID}}),
    (200, {"success": True, "order": {"fynd_order_id": FYND_ID}, "shipments": ["x"]}),
    details(["placed"], fynd_order_id="FY0000000000000OTHER"),
])
def test_what_fynd_does_not_tell_is_untold_never_absent(fynd, canned, order, answer):
    assert fynd().find(canned(answer), Kind.CONFIRM, order()).presence is Presence.UNTOLD


@pytest.mark.parametrize("answer", [(500, {}), (200, b"<html>"), Temporary("lost")])
def test_a_look_up_that_failed_is_temporary(fynd, canned, order, answer):
    with pytest.raises(Temporary):
        fynd().find(canned(answer), Kind.CONFIRM, order())


@pytest.mark.parametrize(("told", "amount"), [
    (1499.0, 149900), (1499, 149900), ("1499.00", 149900), (1499.5, 149950), (None, None), (1499.005, None),
    ("x", None), (True, None),
])
def test_the_amount_is_told_in_minor_units_where_it_can_be_read(fynd, canned, order, told, amount):
    assert fynd().find(canned(details(["placed"], amount=told)), Kind.CONFIRM, order()).amount == amount


def test_the_comparison_of_amounts_can_be_switched_off(fynd, canned, order):
    found = fynd(compare_amount=False).find(canned(details(["placed"])), Kind.CONFIRM, order())
    assert found.amount is None


@pytest.mark.parametrize(("way", "number"), [("a", None), ("b", "K1001")])
def test_the_number_is_compared_only_where_we_gave_it(fynd, canned, order, way, number):
    plugin = fynd(way=way, location_id=1, ordering_source="x")
    assert plugin.find(canned(details(["placed"])), Kind.CONFIRM, order()).number == number


def test_two_words_of_the_same_moment_are_no_answer(fynd, canned, order):
    at = "2026-01-02T10:00:00"
    status, body = details(["x"])
    body["shipments"][0]["bag_status_history"] = [
        {"status": "pending", "updated_at": at}, {"status": "placed", "updated_at": at}]
    assert fynd().find(canned((status, body)), Kind.CONFIRM, order()).presence is Presence.UNTOLD


def test_a_shipments_own_status_goes_before_its_history(fynd, canned, order):
    status, body = details(["pending", "placed"])
    body["shipments"][0]["status"] = {"status": "cancelled_customer"}
    assert fynd().find(canned((status, body)), Kind.CONFIRM, order()).presence is Presence.DEAD


def test_an_order_without_fynds_id_cannot_be_looked_up_in_way_a(fynd, canned, order):
    found = fynd().find(canned(), Kind.CONFIRM, order(oms_order_id=None))
    assert found.presence is Presence.DEAD


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.BROKEN])
def test_a_lost_answer_is_found_done_and_nothing_is_repeated(simulator, account, client, order, fault):
    simulator.add_order("K1001", FYND_ID, 149900)
    simulator.faults.ask("confirm", fault)
    plugin = account()
    with pytest.raises(Temporary) as caught:
        plugin.deliver(client, Kind.CONFIRM, order())
    assert caught.value.sent is True
    assert plugin.find(client, Kind.CONFIRM, order()).receipt.id == FYND_ID
    assert simulator.confirmed == {FYND_ID: 1}


def deliver_as_the_core_does(plugin, client, order: OmsOrder, tries=200):
    """Look first; send only where the look-up says that this is safe; look again after anything unclear."""
    for _ in range(tries):
        try:
            found = plugin.find(client, Kind.CONFIRM, order)
            if found.presence is Presence.DONE:
                return found.receipt
            if found.presence is Presence.ABSENT:
                return plugin.deliver(client, Kind.CONFIRM, order)
        except Permanent:
            raise
        except Temporary:
            continue
    raise AssertionError("never delivered")


@pytest.mark.parametrize("seed", range(8))
def test_through_seeded_faults_every_order_is_confirmed_exactly_once(simulator, account, client, order, seed):
    simulator.faults = type(simulator.faults)(seed)
    plugin = account()
    for place in range(5):
        name = f"FY{place:018d}"
        simulator.add_order(f"K{place}", name, 149900)
        wanted = order(number=f"K{place}", oms_order_id=name, created_at=datetime.now(UTC))
        assert deliver_as_the_core_does(plugin, client, wanted).id == name
    assert set(simulator.confirmed.values()) == {1}
    assert len(simulator.confirmed) == 5
