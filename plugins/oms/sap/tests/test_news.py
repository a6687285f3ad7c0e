"""News by asking."""

from datetime import timedelta
from urllib.parse import unquote

import pytest

from kartify.plugin import Kind, Known, NewsKind


def known(clock, number="K1001", order_id="1001", **changes):
    return Known(**{"number": number, "oms_order_id": order_id, "status": "processing", "since": clock.at, **changes})


@pytest.fixture
def polled(sap, plugin, clock):
    """What a first run tells of one order; each further answer is what follows an order at SAP."""
    def make(row, *flows):
        client = sap.canned(sap.listed(row), *(sap.listed(*flow) for flow in flows))
        told = list(plugin().poll(client, [known(clock)], None))
        assert not client.answers
        return [(one.kind, one.whole) for one in told]

    return make


def flow(item, *categories):
    rows = [{"SubsequentDocumentCategory": one} for one in categories]
    return {"SalesOrderItem": item, "to_SubsequentProcFlowDocItem": {"results": rows}}


@pytest.mark.parametrize(("changes", "flows", "news"), [
    ({}, [], [(NewsKind.ACCEPTED, True)]),
    ({"OverallTotalDeliveryStatus": "C"}, [[flow("10", "J")]], [(NewsKind.ACCEPTED, True)]),
    ({"OverallTotalDeliveryStatus": "C"}, [[flow("10", "J", "R")]], [(NewsKind.SHIPPED, True)]),
    ({"OverallTotalDeliveryStatus": "B"}, [[flow("10", "J", "R")]], [(NewsKind.SHIPPED, False)]),
    ({"OverallSDDocumentRejectionSts": "C"}, [], [(NewsKind.CANCELLED, True)]),
    ({"OverallSDDocumentRejectionSts": "B"}, [], [(NewsKind.CANCELLED, False), (NewsKind.ACCEPTED, True)]),
])
def test_goods_have_left_only_with_a_goods_movement(sap, polled, changes, flows, news):
    assert polled(sap.row(**changes), *flows) == news


def test_every_line_must_have_left_but_rejected_ones_and_parts(sap, polled):
    items = [{"SalesOrderItem": "10"}, {"SalesOrderItem": "20"}, {"SalesOrderItem": "30", "HigherLevelItem": "20"},
             {"SalesOrderItem": "40", "SalesDocumentRjcnReason": "Z1"}]
    row = sap.row(items=items, OverallTotalDeliveryStatus="C")
    assert polled(row, [flow("10", "R"), flow("20", "J")]) == [(NewsKind.SHIPPED, False)]
    assert polled(row, [flow("10", "R"), flow("20", "R")]) == [(NewsKind.SHIPPED, True)]


def test_a_later_run_asks_for_changes_and_for_the_numbers_whose_turn_it_is(sap, plugin, clock):
    orders = [known(clock, f"K{number}", None) for number in range(400)]
    oms, asked = plugin(sweep_hours=1), []
    for _ in range(4):
        client = sap.canned(*[sap.listed()] * 40)
        list(oms.poll(client, orders, clock.at))
        queries = [unquote(url) for _, url, _ in client.asked]
        assert "LastChangeDateTime ge datetimeoffset'2026-11-23T" in queries[0]
        asked += [f"K{number}" for number in range(400) if any(f"eq 'K{number}'" in one for one in queries[1:])]
        clock.forward(minutes=15)
    assert sorted(asked) == sorted(one.number for one in orders)


def test_an_order_of_another_id_or_that_we_do_not_know_is_no_news(sap, plugin, clock):
    rows = [sap.row("2002"), sap.row("1003", PurchaseOrderByCustomer="B2B-1")]
    assert list(plugin().poll(sap.canned(sap.listed(*rows)), [known(clock)], None)) == []


def test_an_order_that_changed_and_whose_turn_it_is_is_told_once(account, simulator, client, order, clock):
    oms = account(sweep_hours=1)
    oms.poll_every = 3600
    oms.deliver(client, Kind.PUSH, order())
    one = known(clock, order_id=None)
    assert len(list(oms.poll(client, [one], clock.at - timedelta(days=400)))) == 1


def test_partly_delivered_is_told_as_a_part(account, simulator, client, order, clock):
    oms = account()
    oms.deliver(client, Kind.PUSH, order())
    simulator.book.of("K1001")[0].data["delivery"] = "B"
    assert [one.kind for one in oms.poll(client, [known(clock, order_id=None)], None)] == [NewsKind.ACCEPTED]
