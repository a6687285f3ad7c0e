"""Many payments by few calls, and never less than asking for each would tell."""

from datetime import timedelta

import pytest

from kartify.plugin import ChargeState, Temporary, Throttled

LIST = "GET /v1/checkout/sessions"


@pytest.fixture
def many(live):
    """Payments every ``apart`` seconds, the first one now."""
    return lambda count, apart=30: [live.opened(f"R{number:05}", age=number * apart) for number in range(count)]


@pytest.fixture
def tell(live):
    def ask(payments):
        answers = list(live.gateway.ask_many(live.client, payments))
        assert len({reference for reference, _ in answers}) == len(answers)
        return dict(answers)

    return ask


def test_every_payment_is_told_as_asking_for_it_would(live, many, tell):
    payments = many(60)
    tries = ((), ("captured",), ("failed",), ("pending",), ("failed", "captured"), ("authorized",))
    for number, ours in enumerate(payments):
        for state in tries[number % 6]:
            live.simulator.pay(ours.gateway_order_id, state=state)
    told = tell(payments)
    assert live.simulator.calls[LIST] == 1
    assert told == {ours.reference: live.ask(ours) for ours in payments}


def test_three_hundred_are_told_by_three_calls(live, many, tell):
    assert len(tell(many(300))) == 300
    assert live.simulator.calls[LIST] == 3


def test_times_in_which_none_is_wanted_are_jumped_over(live, many, tell):
    payments = many(800)
    assert len(tell([*payments[100:110], *payments[700:710]])) == 20
    assert live.simulator.calls[LIST] == 2


def test_rows_that_arrive_while_paging_push_none_out_of_sight(live, many):
    payments = many(250)
    stream = live.gateway.ask_many(live.client, payments)
    found = {next(stream)[0]}
    for number in range(50):
        live.opened(f"X{number:05}")
    found |= {reference for reference, _ in stream}
    assert found == {ours.reference for ours in payments}


def test_it_costs_no_more_calls_than_asking_for_each(live, many, tell):
    for number in range(300):
        live.opened(f"X{number:05}")
    tell(many(2))
    assert live.simulator.calls[LIST] <= 2


def test_what_was_refunded_or_disputed_is_left_to_be_asked_about(live, many, tell):
    payments = many(3)
    charges = [live.simulator.pay(ours.gateway_order_id) for ours in payments]
    live.simulator.refund_outside(charges[0].id, amount=100)
    live.simulator.dispute(charges[1].id)
    assert set(tell(payments)) == {payments[2].reference}


def test_what_is_not_in_the_list_is_left_to_be_asked_about(live, many, tell, ref):
    payments = [*many(2), ref(reference="LOST", gateway_order_id="cs_test_never_made"), ref(gateway_order_id=None),
                ref(gateway_order_id="pi_of_the_shop")]
    assert set(tell(payments)) == {"R00000", "R00001"}


def test_nothing_wanted_is_no_call(live, tell):
    assert tell([]) == {}
    assert live.simulator.calls[LIST] == 0


def test_an_expired_session_is_told_as_over(live, tell):
    [(_, told)] = tell([live.opened(age=90000)]).items()
    assert told.over


def test_the_page_size_can_be_set(live, many, make_gateway):
    small = make_gateway(**live.simulator.settings(), page_size=10, webhook_secret_second=None,
                         webhook_secret_previous=None)  # fmt: skip
    assert len(list(small.ask_many(live.client, many(25)))) == 25
    assert live.simulator.calls[LIST] == 3


def test_a_row_that_cannot_be_read_spoils_no_other(gateway, canned, ref, made):
    page = made.rows(made.session(id="cs_test_two", amount_total="x"), 7, None, made.whole())
    told = dict(gateway.ask_many(canned(page), [ref(), ref(reference="TWO", gateway_order_id="cs_test_two")]))
    assert set(told) == {"R7Q2M9"}
    assert told["R7Q2M9"].reports[0].state is ChargeState.CAPTURED


@pytest.mark.parametrize("changes", [{"livemode": True}, {"metadata": {"kartify_reference": "OTHER1"}}], ids=str)
def test_a_row_that_is_not_surely_ours_tells_nothing(gateway, canned, ref, made, changes):
    assert list(gateway.ask_many(canned(made.rows(made.whole(**changes))), [ref()])) == []


@pytest.mark.parametrize(("fault", "kind"), [("429", Throttled), ("500", Temporary), ("html", Temporary)])
def test_a_failing_page_is_an_error_and_what_was_told_stands(live, many, fault, kind):
    payments, told = many(150), []
    live.simulator.faults.next("none", fault)
    with pytest.raises(kind):
        told.extend(live.gateway.ask_many(live.client, payments))
    assert len(told) == 100


def test_clocks_that_differ_by_a_minute_hide_nothing(live, many, tell):
    payments = many(60)
    live.simulator.book.offset = timedelta(seconds=60)
    late = live.opened("LATE")
    assert len(tell([*payments, late])) == 61
