"""Many payments by the reconciliation list: it answers for the paid ones, where it shows the whole story."""

from datetime import UTC, datetime, timedelta

import pytest
from kartify_cashfree import bulk
from kartify_cashfree.api import Api

from kartify.plugin import ChargeState, Money, PaymentRef, Temporary, Throttled

S = ChargeState
RECON = "POST /pg/recon"


@pytest.fixture
def many(live):
    def open_some(count, *, paid=lambda number: True, age=timedelta(hours=1)):
        refs = [live.opened(f"M{number:05}", age=age) for number in range(count)]
        for number, one in enumerate(refs):
            if paid(number):
                live.simulator.pay(one.gateway_order_id)
        live.simulator.calls.clear()
        return refs

    return open_some


def told(live, refs, **settings):
    gateway = live.gateway_with(**settings) if settings else live.gateway
    return dict(gateway.ask_many(live.client, refs))


def paged(live, refs, client=None):
    """Ten rows a page."""
    api = Api(client or live.client, live.gateway.settings, 5.0)
    return bulk.ask_many(api, live.gateway.settings, refs, page=10)


def test_what_was_paid_is_told_as_asking_for_each_would(live, many):
    refs = many(12, paid=lambda number: number % 3 == 0)
    answers = told(live, refs)
    assert sorted(answers) == [f"M{number:05}" for number in range(0, 12, 3)]
    assert live.simulator.calls == {RECON: 1}
    for one in refs[::3]:
        (bulk,), (single,) = answers[one.reference].reports, live.gateway.ask(live.client, one).reports
        bulk.check()
        assert bulk == single


def test_an_account_that_has_not_tried_the_list_does_not_use_it(live, many):
    assert told(live, many(3), recon=False) == {}
    assert live.simulator.calls == {}


def test_nothing_is_asked_for_nothing(live):
    assert told(live, []) == {}
    assert live.simulator.calls == {}


@pytest.mark.parametrize(("count", "calls"), [(19, 2), (20, 2), (21, 3)])
def test_pages_are_read_to_the_end_and_their_border_hides_nothing(live, many, count, calls):
    assert len(dict(paged(live, many(count)))) == count
    assert live.simulator.calls == {RECON: calls}


def test_payments_that_come_while_paging_push_nothing_out_of_sight(live, many):
    refs = many(30)
    extra = live.opened("LATE01")
    client = Between(live.client, lambda: live.simulator.pay(extra.gateway_order_id))
    assert set(dict(paged(live, refs, client))) == {one.reference for one in refs}


class Between:
    """Does something after each call."""

    def __init__(self, client, then):
        self.client, self.then = client, then

    def request(self, *args, **given):
        answer = self.client.request(*args, **given)
        self.then()
        return answer


def test_the_range_is_read_a_day_at_a_time(live, many):
    told(live, many(10, age=timedelta(days=3)))
    assert live.simulator.calls == {RECON: 4}


def test_an_order_with_a_refund_is_asked_alone(live, many):
    refs = many(4)
    live.simulator.refund_outside(live.simulator.book.charges_of("M00001")[0].id)
    assert sorted(told(live, refs)) == ["M00000", "M00002", "M00003"]


def row(**changes):
    given = {"event_type": "PAYMENT", "event_status": "SUCCESS", "event_id": "1", "event_amount": 1299,
             "event_currency": "INR", "event_time": "2026-11-23T13:42:20+05:30", "order_id": "R7Q2M9",
             "order_amount": 1299, "cf_payment_id": "5114910000001", "payment_amount": 1299, "payment_group": "upi"}
    return {**given, **changes}


@pytest.fixture
def listed(make_gateway, canned, ref):
    """What is told of one order where the list holds these rows. An old form: the fields side by side."""

    def read(*rows):
        client = canned(*[(200, {"cursor": None, "limit": 1000, "data": list(rows)})] * 3)
        payments = [ref(created_at=datetime.now(UTC) - timedelta(hours=1))] + [
            PaymentRef(reference=f"X{number}", gateway_order_id=f"X00{number}", amount=Money(1, "INR"),
                       created_at=datetime.now(UTC)) for number in range(8)
        ]
        return dict(make_gateway(recon=True).ask_many(client, payments)).get("R7Q2M9")

    return read


def test_rows_of_the_older_form_are_read(listed):
    (report,) = listed(row(), row(event_type="SETTLEMENT", cf_payment_id=None)).reports
    assert (report.state, report.captured, report.currency) == (S.CAPTURED, 129900, "INR")


def test_a_repeated_row_is_one_payment(listed):
    assert len(listed(row(), row()).reports) == 1


def test_failed_attempts_stand_beside_the_success(listed):
    answer = listed(row(cf_payment_id=1, event_status="FAILED"), row())
    assert sorted(report.state for report in answer.reports) == [S.CAPTURED, S.FAILED]


@pytest.mark.parametrize(
    "rows",
    [
        [row(event_status="FAILED")],
        [row(event_status="A_WORD_OF_TOMORROW")],
        [row(), row(cf_payment_id="2", event_status="A_WORD_OF_TOMORROW")],
        [row(), row(cf_payment_id="2")],
        [row(), row(event_type="REFUND")],
        [row(), row(event_type="CHARGEBACK")],
        [row(cf_payment_id=None)],
        [row(payment_amount=1298.99)],
        [row(order_amount=None)],
        [row(payment_amount=None, event_amount=None)],
        [row(event_currency=None)],
        [row(event_currency="rupees")],
        [row(event_amount=-5)],
        [row(event_status="FAILED"), row()],
        [row(order_id="OTHER1")],
    ],
)
def test_a_story_that_is_not_whole_is_asked_alone(listed, rows):
    assert listed(*rows) is None


def test_a_row_that_cannot_be_read_spoils_no_other_order(listed):
    odd = [row(order_id="OTHER1", event_amount=-200), row(order_id=None, event_amount=-200), 7, None, row()]
    assert listed(*odd).reports[0].captured == 129900


def test_what_was_paid_on_top_is_a_fee(listed):
    assert listed(row(payment_amount=1322.6)).reports[0].fee == 2360


def test_reading_on_stops_where_asking_for_each_is_cheaper(make_gateway, canned, ref):
    page = (200, {"cursor": "more", "limit": 1000, "data": [row()]})
    pages = [(200, {"cursor": f"more{number}", "data": [row()]}) for number in range(50)]
    client = canned(page, *pages)
    assert list(make_gateway(recon=True).ask_many(client, [ref()])) == []
    assert len(client.asked) == 2


def test_a_cursor_that_stands_still_ends_the_page(make_gateway, canned, ref):
    page = (200, {"cursor": "same", "data": [row()]})
    client = canned(page, page, page)
    payments = [ref(), *[ref(reference=f"X{number}", gateway_order_id=f"X00{number}") for number in range(9)]]
    assert len(list(make_gateway(recon=True).ask_many(client, payments))) == 1
    assert len(client.asked) == 2


@pytest.mark.parametrize(("fault", "kind"), [("429", Throttled), ("truncated", Temporary), ("html-502", Temporary)])
def test_a_page_that_does_not_come_tells_nothing(live, many, fault, kind):
    refs = many(25)
    live.simulator.faults.next("none", fault)
    answers = []
    with pytest.raises(kind):
        answers.extend(paged(live, refs))
    assert answers == []


def test_many_cost_few_calls_and_little_time(live):
    """2,000 orders, opened behind the API's back to save the test's time."""
    book = live.simulator.book
    first = live.opened("M00000")
    pattern = book.sessions["M00000"]
    refs = [first]
    for number in range(1, 2000):
        name = f"M{number:05}"
        book.open(type(pattern)(**{**vars(pattern), "id": name, "reference": name}))
        refs.append(PaymentRef(reference=name, gateway_order_id=name, amount=first.amount, created_at=first.created_at))
    for one in refs:
        live.simulator.pay(one.gateway_order_id)
    live.simulator.calls.clear()
    assert len(told(live, refs)) == 2000
    assert live.simulator.calls == {RECON: 2}
