"""Many payments in few calls, while the list moves under the reader's hands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kartify.plugin import ChargeState


@pytest.fixture
def many(gateway, client, wanted, ref):
    """Opens so many payments and gives our records of them."""

    def make(count, start=0):
        names = [f"PAY{number:04d}" for number in range(start, start + count)]
        return [ref(gateway.open(client, wanted(name)), reference=name) for name in names]

    return make


def test_many_payments_take_one_call_a_page(gateway, client, many, server):
    payments = many(130)
    for payment in payments[::2]:
        server.pay(payment.gateway_order_id)
    server.calls.clear()
    answers = dict(gateway.ask_many(client, payments))
    assert set(answers) == {payment.reference for payment in payments}
    paid = {name for name, answer in answers.items() if answer.reports}
    assert paid == {payment.reference for payment in payments[::2]}
    assert server.calls == {"GET /v1/sessions": 2}


def test_bulk_says_the_same_as_asking_one_by_one(gateway, client, many, server):
    payments = many(20)
    for payment, kind in zip(payments, ("captured", "failed", "pending", "authorized"), strict=False):
        server.pay(payment.gateway_order_id, kind=kind)
    gateway.close(client, payments[5])
    answers = dict(gateway.ask_many(client, payments))
    assert answers == {payment.reference: gateway.ask(client, payment) for payment in payments}


def test_sessions_opened_between_two_pages_lose_and_double_nothing(gateway, client, many):
    payments = many(120)
    told = []
    for number, (reference, _) in enumerate(gateway.ask_many(client, payments)):
        told.append(reference)
        if number == 3:
            many(30, start=5000)
    assert sorted(told) == [payment.reference for payment in payments]


def test_payment_made_between_two_pages_is_told_as_it_stands_then(gateway, client, many, server):
    payments = many(105)
    answers = {}
    for number, (reference, answer) in enumerate(gateway.ask_many(client, payments)):
        answers[reference] = answer
        if number == 99:
            server.pay(payments[0].gateway_order_id)
            server.pay(payments[-1].gateway_order_id)
    assert [report.state for report in answers[payments[0].reference].reports] == [ChargeState.CAPTURED]
    assert answers[payments[-1].reference].reports == ()


def test_rows_missing_from_a_page_are_not_answered_for(gateway, client, many, server):
    payments = many(20)
    server.faults.plan("partial")
    answers = dict(gateway.ask_many(client, payments))
    assert len(answers) == 10
    assert all(answer.found for answer in answers.values())


def test_payments_we_have_no_session_of_are_left_to_asking_one_by_one(gateway, client, many, ref, server):
    server.calls.clear()
    assert list(gateway.ask_many(client, [ref(None)])) == []
    assert list(gateway.ask_many(client, [])) == []
    assert not server.calls


def test_reading_stops_when_asking_would_be_cheaper(gateway, client, many, server):
    known = many(2)
    many(130, start=100)
    server.calls.clear()
    assert dict(gateway.ask_many(client, known)) == {}
    assert server.calls == {"GET /v1/sessions": 1}


def test_only_the_span_of_the_payments_is_read(gateway, client, many, ref, server):
    server.now = lambda: datetime.now(UTC) - timedelta(hours=3)
    old = many(3)
    server.now = lambda: datetime.now(UTC)
    new = many(3, start=10)
    assert dict(gateway.ask_many(client, [*new, ref(old[0].gateway_order_id, reference="PAY0000")])).keys() == {
        payment.reference for payment in new
    }
    aged = [ref(payment.gateway_order_id, reference=payment.reference, age=3 * 3600) for payment in old]
    assert dict(gateway.ask_many(client, aged)).keys() == {payment.reference for payment in old}
