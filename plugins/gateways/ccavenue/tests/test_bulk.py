"""The order look-up for many: few calls, every page once, and nothing proved by a list that was not whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kartify.plugin import ChargeState, Temporary, Throttled

S = ChargeState


@pytest.fixture
def many(live):
    def ask(payments, page_size=100, **changes):
        settings = live.gateway.settings.model_copy(update={"list_page_size": page_size, **changes})
        return dict(type(live.gateway)(settings).ask_many(live.client, payments))

    return ask


def states(answer):
    return [report.state for report in answer.reports]


def test_hundreds_cost_a_handful_of_calls(live, many):
    payments = [live.opened(f"R{number}") for number in range(250)]
    paid = {f"R{number}": live.simulator.pay(f"R{number}").id for number in range(0, 250, 5)}
    live.simulator.commands.clear()
    told = many(payments)
    assert set(told) == {payment.reference for payment in payments}
    found = {name: one.reports[0].gateway_payment_id for name, one in told.items() if states(one) == [S.CAPTURED]}
    assert found == paid
    assert live.simulator.commands == {"orderLookup": 3}


@pytest.mark.parametrize("count", [19, 20, 21, 40])
def test_page_boundaries(live, many, count):
    payments = [live.opened(f"R{number}") for number in range(count)]
    for payment in payments:
        live.simulator.pay(payment.reference)
    told = many(payments, page_size=20)
    assert [states(one) for one in told.values()] == [[S.CAPTURED]] * count
    assert live.simulator.commands["orderLookup"] == -(-count // 20)


def test_every_submission_of_an_order_is_told(live, many):
    payments = [live.opened(f"R{number}") for number in range(6)]
    live.simulator.pay("R1", state="failed")
    live.simulator.pay("R1")
    live.simulator.pay("R1", state="failed")
    live.simulator.pay("R2", state="authorized")
    told = many(payments)
    assert states(told["R1"]) == [S.CAPTURED, S.FAILED, S.FAILED]
    assert states(told["R2"]) == [S.AUTHORIZED]
    assert states(told["R0"]) == [S.PENDING]


def test_what_the_whole_list_lacks_was_never_posted(live, many):
    payments = [live.opened(f"R{number}", arrives=number > 2) for number in range(8)]
    told = many(payments)
    assert [name for name, one in told.items() if not one.found] == ["R0", "R1", "R2"]


def test_an_empty_list_is_whole(live, many):
    told = many([live.opened(f"R{number}", arrives=False) for number in range(6)])
    assert len(told) == 6
    assert not any(one.found for one in told.values())


def test_pages_that_drift_while_they_are_read_lose_nobody(live):
    payments = [live.opened(f"R{number:03}") for number in range(60)]
    for payment in payments[::3]:
        live.simulator.pay(payment.reference)
    foreign = iter(range(1000))

    class Drifting:
        """Between two pages, other shops' customers arrive on top of the list."""

        def request(self, *args, **given):
            for _ in range(3):
                live.opened(f"X{next(foreign)}")
            return live.client.request(*args, **given)

    settings = live.gateway.settings.model_copy(update={"list_page_size": 10})
    told = dict(type(live.gateway)(settings).ask_many(Drifting(), payments))
    assert set(told) == {payment.reference for payment in payments}
    assert {name for name, one in told.items() if states(one) == [S.CAPTURED]} == {
        payment.reference for payment in payments[::3]
    }


@pytest.fixture
def pages(gateway, canned, ref, kit):
    """Asks about ten payments with made-up pages of rows; the answers by reference, and the client."""

    def ask(*listings, age=timedelta(hours=1), **changes):
        payments = [
            ref(reference=f"R{number}", gateway_order_id=f"R{number}", created_at=datetime.now(UTC) - age, **changes)
            for number in range(10)
        ]
        client = canned(*listings)
        return dict(gateway.ask_many(client, payments)), client

    return ask


@pytest.fixture
def page(kit):
    def make(*rows, pages=1, total=None):
        made = [kit.ROW | {"reference_no": str(1000 + number), "order_no": f"R{number}"} | changes
                for number, changes in rows]  # fmt: skip
        return {"order_Status_List": made, "page_count": pages, "total_records": len(made) if total is None else total}

    return make


def test_a_list_with_a_gap_tells_only_what_is_paid(pages, page):
    told, _ = pages(page((0, {}), (1, {"order_status": "Unsuccessful"}), total=3))
    assert set(told) == {"R0"}


def test_a_list_without_a_count_tells_only_what_is_paid(pages, page):
    listing = page((0, {}), (1, {"order_status": "Unsuccessful"}))
    del listing["total_records"]
    assert set(pages(listing)[0]) == {"R0"}


def test_pages_that_end_early_tell_only_what_is_paid(pages, page):
    told, client = pages(page((0, {}), pages=3, total=1), page(pages=3, total=1))
    assert (set(told), len(client.asked)) == ({"R0"}, 2)


def test_one_odd_row_spoils_no_other_order(pages, page):
    odd = [(0, {"order_capt_amt": "odd"}), (1, {}), (2, {"reference_no": "x"}), (3, {"order_status": "Odd"})]
    told, _ = pages(page(*odd))
    assert set(told) == {"R1"}


def test_an_order_of_which_one_row_is_odd_is_left_to_single_asking(pages, page):
    told, _ = pages(page((0, {"order_capt_amt": "odd", "reference_no": "9"}), (0, {}), (1, {})))
    assert set(told) == {"R1"}


def test_an_unknown_word_is_left_to_single_asking(pages, page):
    told, _ = pages(page((0, {"order_status": "Odd"}), (1, {})))
    assert "R0" not in told
    assert len(told) == 9


def test_an_odd_row_that_names_no_order_proves_no_absence(pages, page):
    listing = page((0, {}), (1, {"order_status": "Unsuccessful"}))
    listing["order_Status_List"].append("garbage")
    assert set(pages(listing)[0]) == {"R0"}


def test_refunds_and_known_charges_are_left_to_single_asking(pages, page):
    told, _ = pages(page((0, {"order_status": "Refunded"}), (1, {}), (2, {"order_status": "System refund"})))
    assert not {"R0", "R2"} & set(told)
    assert "R1" in told
    known, _ = pages(page((1, {}), (2, {"order_status": "Awaited"})), gateway_payment_ids=("1001",))
    assert known == {}


def test_rows_of_other_shops_are_not_ours(pages, page):
    told, _ = pages(page((77, {})))
    assert len(told) == 10
    assert not any(one.found for one in told.values())


def test_a_list_that_costs_more_than_asking_is_left(pages, page):
    told, client = pages(page((0, {}), pages=11, total=1100))
    assert (told, len(client.asked)) == ({}, 1)


def test_the_younger_half_is_listed_where_the_whole_span_costs_too_much(gateway, canned, ref, page):
    now = datetime.now(UTC)
    payments = [ref(reference=f"R{number}", gateway_order_id=f"R{number}",
                    created_at=now - timedelta(days=4 if number >= 10 else 0)) for number in range(20)]  # fmt: skip
    client = canned(page(pages=500, total=50000), page((0, {})))
    told = dict(gateway.ask_many(client, payments))
    assert set(told) == {f"R{number}" for number in range(10)}
    begins = [body["from_date"] for _, body in client.commands]
    assert begins[0] != begins[1]
    assert {body["to_date"] for _, body in client.commands} == {begins[1]}


def test_older_payments_than_one_span_are_asked_one_by_one(pages):
    told, client = pages(age=timedelta(days=9))
    assert (told, client.asked) == ({}, [])


@pytest.mark.parametrize(
    ("answer", "error"),
    [((429, b"", {}), Throttled), ((500, b"", {}), Temporary), (b"<html>", Temporary),
     ({"error_code": "51407", "error_desc": "You are not allowed to perform this operation."}, Temporary)],
)  # fmt: skip
def test_a_list_that_fails_says_so_and_pauses_no_account(pages, answer, error):
    with pytest.raises(error):
        pages(answer)


def test_what_was_told_before_a_page_failed_is_not_told_as_whole(pages, page):
    with pytest.raises(Temporary):
        pages(page((0, {}), pages=2, total=2), (500, b"", {}))


def test_payments_that_cannot_be_looked_up_are_left_out(live, many):
    payments = [live.opened(f"R{number}") for number in range(6)]
    odd = replace(payments[0], gateway_order_id="a/b")
    assert set(many([odd, *payments[1:]])) == {payment.reference for payment in payments[1:]}
