"""Asking about many: few calls, nothing lost while orders keep arriving."""

from datetime import UTC, datetime, timedelta

import pytest
from kartify_razorpay.bulk import WIDTH, windows

from kartify.plugin import ChargeState, Throttled

LIST = "GET /v1/orders"


@pytest.fixture
def ask_many(live):
    live.simulator.calls.clear()
    return lambda payments: dict(live.gateway.ask_many(live.client, payments))


def test_many_are_answered_in_a_few_calls(live, ask_many):
    ours = [live.opened(f"R{n}") for n in range(230)]
    for payment in ours[::2]:
        live.simulator.pay(payment.gateway_order_id)
    live.simulator.calls.clear()
    answers = ask_many(ours)
    assert set(answers) == {payment.reference for payment in ours}
    assert live.simulator.calls == {LIST: 3}
    for number, payment in enumerate(ours):
        reports = answers[payment.reference].reports
        assert [report.captured for report in reports] == ([] if number % 2 else [129900])
        assert all(report.reference == payment.reference for report in reports)


def test_orders_that_arrive_while_paging_push_none_out_of_sight(live, ask_many):
    ours = [live.opened(f"R{n}") for n in range(230)]
    answers = {}
    for number, (reference, answer) in enumerate(live.gateway.ask_many(live.client, ours)):
        assert reference not in answers
        answers[reference] = answer
        if number % 40 == 0:
            for late in range(13):
                live.opened(f"L{number}x{late}")
    assert set(answers) == {payment.reference for payment in ours}


def test_a_late_authorisation_shows_in_its_orders_window(live, ask_many):
    ours = [live.opened(f"R{n}", age=3 * 86400) for n in range(4)]
    failed = live.simulator.pay(ours[2].gateway_order_id, status="failed")
    live.simulator.late_authorise(failed["id"])
    (report,) = ask_many(ours)["R2"].reports
    assert report.state is ChargeState.CAPTURED


def test_fees_and_offers_are_declared_from_the_list(live, ask_many):
    ours = [live.opened(f"R{n}") for n in range(3)]
    live.simulator.ledger.order(ours[1].gateway_order_id)["offer_id"] = "offer_KART00000001"
    live.simulator.pay(ours[0].gateway_order_id, amount=132900, fee_bearer="customer")
    live.simulator.pay(ours[1].gateway_order_id, amount=119900)
    answers = ask_many(ours)
    assert answers["R0"].reports[0].fee == 3000
    assert answers["R1"].reports[0].discount == 10000


def test_refunds_and_unknown_orders_are_left_to_single_asking(live, ask_many, ref):
    ours = [live.opened(f"R{n}") for n in range(3)]
    paid = live.simulator.pay(ours[0].gateway_order_id)
    live.simulator.refund_outside(paid["id"], status="pending")
    nowhere = [ref(reference="R7", gateway_order_id=None), ref(reference="R8", gateway_order_id="order_NEVER")]
    assert set(ask_many([*ours, *nowhere])) == {"R1", "R2"}


def test_an_order_whose_payments_are_cut_is_left_to_single_asking(gateway, canned, ref, sample):
    payment = sample("payment_captured")["payload"]["payment"]["entity"]
    order = sample("order_paid")["payload"]["order"]["entity"]
    listed = {"items": [{**order, "payments": {"count": 2, "items": [payment]}}]}
    assert not list(gateway.ask_many(canned((200, listed)), [ref(), ref(gateway_order_id="order_X")]))


def test_a_window_costs_no_more_calls_than_asking_one_by_one(live, ask_many):
    first = live.opened("FIRST", age=600)
    live.simulator.ledger.offset = -300
    for _ in range(500):
        live.simulator.ledger.create_order({"amount": 5000, "currency": "INR"})
    last = live.opened("LAST")
    live.simulator.calls.clear()
    assert set(ask_many([first, last])) == {"LAST"}
    assert live.simulator.calls[LIST] <= 2


def test_one_alone_is_not_listed(live, ask_many):
    ours = [live.opened("A", age=7200), live.opened("B")]
    live.simulator.calls.clear()
    assert ask_many(ours) == {}
    assert live.simulator.calls == {}


def test_the_window_is_fixed_before_the_first_page(gateway, canned, ref):
    full = {"items": [{"id": f"order_{n}", "amount": 1, "currency": "INR", "status": "created"} for n in range(100)]}
    client = canned((200, full), (200, full), (200, {"items": []}))
    begin = datetime(2026, 10, 1, tzinfo=UTC)
    payments = [
        ref(reference=f"R{n}", gateway_order_id=f"order_KART{n}", created_at=begin + timedelta(minutes=n))
        for n in range(9)
    ]
    assert not list(gateway.ask_many(client, payments))
    asked = [given["params"] for _, _, given in client.asked]
    assert len({(dict(params)["from"], dict(params)["to"]) for params in asked}) == 1
    assert [dict(params)["skip"] for params in asked] == ["0", "95", "190"]
    assert all(("expand[]", "payments") in params and ("count", "100") in params for params in asked)


def test_windows_are_small_and_hold_every_payment_once(ref):
    begin = datetime(2026, 10, 1, tzinfo=UTC)
    payments = [ref(reference=f"R{n}", created_at=begin + timedelta(minutes=7 * n)) for n in range(60)]
    cut = list(windows(payments[::-1]))
    assert [one for window in cut for one in window] == payments
    assert all(window[-1].created_at - window[0].created_at <= WIDTH for window in cut)


def test_what_came_before_a_429_is_kept(live, ask_many):
    ours = [live.opened(f"R{n}") for n in range(150)]
    answers = live.gateway.ask_many(live.client, ours)
    seen = [next(answers)[0]]
    live.simulator.faults.next("429")
    with pytest.raises(Throttled):
        seen.extend(reference for reference, _ in answers)
    assert len(seen) == 100


def test_the_cost_rule_is_declared(gateway):
    assert gateway.can.bulk_from == 51
