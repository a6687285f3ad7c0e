"""Asking about many: few calls, nothing lost while orders keep arriving, and no money from the list alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from kartify_paytm.bulk import MOST_CONFIRMED, WIDTH, windows

from kartify.plugin import ChargeState, Temporary, Throttled

LIST, STATUS = "POST /merchant-passbook/search/list/order/v2", "POST /v3/order/status"
S = ChargeState


@pytest.fixture
def ask_many(live):
    def ask(payments):
        live.simulator.book.offset = timedelta()
        live.simulator.calls.clear()
        return dict(live.gateway.ask_many(live.client, payments))

    return ask


def test_many_are_answered_in_a_few_calls(live, ask_many):
    ours = [live.opened(f"R{n}") for n in range(230)]
    for number, payment in enumerate(ours):
        live.simulator.pay(payment.gateway_order_id, state="pending" if number % 2 else "failed")
    answers = ask_many(ours)
    assert set(answers) == {payment.reference for payment in ours}
    assert live.simulator.calls == {LIST: 5}
    for number, payment in enumerate(ours):
        (report,) = answers[payment.reference].reports
        assert report.state is (S.PENDING if number % 2 else S.FAILED)
        assert (report.reference, report.gateway_order_id) == (payment.reference, payment.gateway_order_id)
        assert report.captured == 0


def test_the_list_names_a_charge_as_the_status_does(live, ask_many):
    ours = [live.opened("A"), live.opened("B")]
    charge = live.simulator.pay("A", state="failed")
    (report,) = ask_many(ours)["A"].reports
    report.check()
    assert report.gateway_payment_id == charge.id == live.ask(ours[0]).reports[0].gateway_payment_id
    assert abs(report.at - charge.created_at) < timedelta(seconds=1)


def test_money_is_confirmed_by_the_status_and_never_read_from_the_list(live, ask_many):
    ours = [live.opened(f"R{n}") for n in range(3)]
    live.simulator.pay("R1", amount=149000)
    (report,) = ask_many(ours)["R1"].reports
    assert (report.state, report.captured) == (S.CAPTURED, 149000)
    assert live.simulator.calls == {LIST: 1, STATUS: 1}


def test_a_list_that_calls_a_pending_payment_paid_settles_nothing(live, ask_many):
    ours = [live.opened(f"R{n}") for n in range(3)]
    live.simulator.pay("R1", state="pending", list_word="SUCCESS")
    assert [one.state for one in ask_many(ours)["R1"].reports] == [S.PENDING]


def test_many_successes_are_left_to_single_asking(live, ask_many):
    ours = [live.opened(f"R{n}") for n in range(MOST_CONFIRMED + 15)]
    for payment in ours:
        live.simulator.pay(payment.gateway_order_id)
    assert len(ask_many(ours)) == MOST_CONFIRMED
    assert live.simulator.calls[STATUS] == MOST_CONFIRMED


def test_every_attempt_of_an_order_is_reported_and_a_success_counts_before_failures(live, ask_many):
    ours = [live.opened(f"R{n}") for n in range(2)]
    for state in ("failed", "pending"):
        live.simulator.pay("R0", state=state)
    live.simulator.pay("R1")
    live.simulator.pay("R1", state="failed")
    answers = ask_many(ours)
    assert {one.state for one in answers["R0"].reports} == {S.FAILED, S.PENDING}
    assert [one.state for one in answers["R1"].reports] == [S.CAPTURED]


def test_an_unknown_word_in_the_list_is_asked_about(live, ask_many, canned, gateway, ref, kit):
    rows = {"orders": [{"merchantOrderId": "A", "txnId": "7", "orderSearchStatus": "SETTLED"}]}
    client = canned((200, kit.told("SUCCESS", **rows)), (200, kit.told("PENDING", "402", orderId="A", txnId="7")))
    answers = dict(gateway.ask_many(client, [ref(reference="A", gateway_order_id="A"), ref(reference="B")]))
    assert [one.state for one in answers["A"].reports] == [S.PENDING]


def test_an_old_order_that_the_list_lacks_was_never_tried(live, ask_many):
    ours = [live.opened(f"R{n}", age=2 * 3600) for n in range(40)]
    answers = ask_many(ours)
    assert len(answers) == 40
    assert not any(answer.found for answer in answers.values())
    assert live.simulator.calls == {LIST: 1}


@pytest.mark.parametrize(("age", "minutes"), [(600, 60), (3500, 60), (2 * 3600, 0)])
def test_a_young_order_that_the_list_lacks_is_asked_alone(live, ask_many, age, minutes):
    ours = [live.opened(f"R{n}", age=age) for n in range(3)]
    settings = live.simulator.settings() | {"absent_after_minutes": minutes}
    live.gateway = type(live.gateway)(live.gateway.Settings(**settings))
    assert ask_many(ours) == {}


def test_an_order_that_had_charges_is_never_called_absent(live, ask_many, ref):
    ours = [live.opened(f"R{n}", age=7200) for n in range(2)]
    had = ref(reference="R9", gateway_order_id="R9", created_at=ours[0].created_at, gateway_payment_ids=("1:R9",))
    assert set(ask_many([*ours, had])) == {"R0", "R1"}


def test_of_an_order_that_had_charges_a_failure_in_the_list_is_not_enough(live, ask_many, ref):
    """The list may lag behind a capture that we already know: only the order status may deny it."""
    ours = [live.opened("R0"), live.opened("R1")]
    paid = live.simulator.pay("R0", list_word="FAILURE")
    had = ref(reference="R0", gateway_order_id="R0", gateway_payment_ids=(paid.id,), created_at=ours[0].created_at)
    (report,) = ask_many([had, ours[1]])["R0"].reports
    assert report.state is S.CAPTURED


def test_a_window_that_was_not_read_to_its_end_proves_no_absence(live, ask_many):
    for number in range(150):
        live.opened(f"X{number}", age=7200)
        live.simulator.pay(f"X{number}", state="failed")
    ours = [live.opened(f"R{n}", age=7200) for n in range(2)]
    assert ask_many(ours) == {}
    assert live.simulator.calls == {LIST: 2}


def test_orders_that_arrive_while_paging_push_none_out_of_sight(live):
    ours = [live.opened(f"R{n}") for n in range(160)]
    for payment in ours:
        live.simulator.pay(payment.gateway_order_id, state="pending")
    listed = live.simulator.book.newest_first

    def with_arrivals():
        for _ in range(7):
            name = live.book.new_id("L")
            live.book.open(replace(live.book.sessions["R0"], id=name, reference=name))
            live.simulator.pay(name, state="failed")
        return listed()

    live.simulator.book.newest_first = with_arrivals
    answers = dict(live.gateway.ask_many(live.client, ours))
    assert set(answers) == {payment.reference for payment in ours}
    assert all(len(answer.reports) == 1 for answer in answers.values())
    assert len(live.book.charges) > 160 + 7 * 3


def test_a_late_transaction_of_an_old_order_is_in_its_window(live, ask_many):
    ours = [live.opened(f"R{n}", age=3 * 86400) for n in range(3)]
    live.book.offset = timedelta(days=-3, minutes=15)
    live.simulator.pay("R1", state="pending")
    answers = ask_many(ours)
    assert [one.state for one in answers["R1"].reports] == [S.PENDING]
    assert not answers["R0"].found


def test_one_alone_is_not_listed(live, ask_many):
    assert ask_many([live.opened("A", age=7200), live.opened("B")]) == {}
    assert live.simulator.calls == {}


def test_the_window_is_fixed_before_the_first_page_and_in_indian_time(gateway, canned, ref, kit):
    row = {"merchantOrderId": "X", "txnId": "1", "orderSearchStatus": "FAILURE"}
    full, short = kit.told("SUCCESS", orders=[row] * 50), kit.told("SUCCESS", orders=[])
    client = canned((200, full), (200, full), (200, short))
    begin = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
    payments = [
        ref(reference=f"R{n}", gateway_order_id=f"R{n}", created_at=begin + timedelta(minutes=n)) for n in range(9)
    ]
    assert len(dict(gateway.ask_many(client, payments))) == 9  # years old, absent
    bodies = [sent["body"] for sent in client.sent]
    assert {(body["fromDate"], body["toDate"]) for body in bodies} == {
        ("2026-06-02T01:28:00+05:30", "2026-06-02T02:08:00+05:30"),
    }  # fmt: skip
    assert [body["pageNumber"] for body in bodies] == ["1", "2", "3"]
    assert {body["pageSize"] for body in bodies} == {"50"}
    assert all(sent["head"]["tokenType"] == "CHECKSUM" for sent in client.sent)


def test_windows_are_small_and_hold_every_payment_once(ref):
    begin = datetime(2026, 10, 1, tzinfo=UTC)
    payments = [ref(reference=f"R{n}", created_at=begin + timedelta(minutes=7 * n)) for n in range(60)]
    cut = list(windows(payments[::-1]))
    assert [one for window in cut for one in window] == payments
    assert all(window[-1].created_at - window[0].created_at <= WIDTH for window in cut)


@pytest.mark.parametrize(
    "answer",
    [(401, b""), (403, b"<html>"), (404, b"<html>"), (200, b"<html>"), (500, b""), (200, b'{"body":{"resultInfo":')],
)
def test_a_list_that_is_closed_to_the_merchant_pauses_no_account(gateway, canned, ref, answer):
    payments = [ref(reference=f"R{n}", gateway_order_id=f"R{n}") for n in range(3)]
    with pytest.raises(Temporary) as caught:
        dict(gateway.ask_many(canned(answer), payments))
    assert type(caught.value) is Temporary


def test_a_list_that_says_failure_is_no_list(gateway, canned, ref, kit):
    payments = [ref(reference=f"R{n}", gateway_order_id=f"R{n}") for n in range(3)]
    with pytest.raises(Temporary, match="enabled for this mid"):
        dict(gateway.ask_many(canned((200, kit.told("FAILURE", "1001", "No access", orders=[]))), payments))


def test_what_came_before_a_429_is_kept(live):
    ours = [live.opened(f"R{n}") for n in range(2)] + [live.opened(f"Q{n}", age=7200) for n in range(2)]
    for payment in ours:
        live.simulator.pay(payment.gateway_order_id, state="failed")
    live.book.offset = timedelta(seconds=-7200)
    for name in ("Q0", "Q1"):
        live.simulator.pay(name, state="failed")
    answers = live.gateway.ask_many(live.client, ours)
    seen = [next(answers)[0], next(answers)[0]]
    live.simulator.faults.next("429-wait")
    with pytest.raises(Throttled) as caught:
        seen.extend(reference for reference, _ in answers)
    assert (sorted(seen), caught.value.retry_after) == (["Q0", "Q1"], 1)


def test_a_429_while_confirming_slows_down_and_another_error_leaves_one_out(gateway, canned, ref, kit):
    payments = [ref(reference=name, gateway_order_id=name) for name in ("A", "B")]
    rows = [{"merchantOrderId": name, "txnId": "7", "orderSearchStatus": "SUCCESS"} for name in "AB"]
    listed = kit.told("SUCCESS", orders=rows)
    with pytest.raises(Throttled):
        dict(gateway.ask_many(canned((200, listed), (429, b"")), payments))
    pending = kit.told("PENDING", "402", orderId="B", txnId="7")
    assert set(dict(gateway.ask_many(canned((200, listed), (502, b""), (200, pending)), payments))) == {"B"}


def test_the_cost_rule_is_declared(gateway):
    assert gateway.can.bulk_from == 20
