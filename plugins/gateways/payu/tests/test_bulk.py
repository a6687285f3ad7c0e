"""Many payments in one call: each answered by itself, and nothing told that was not read."""

import pytest

from kartify.plugin import ChargeState, Denied, Permanent, Temporary, Throttled

S = ChargeState


@pytest.fixture
def many(live):
    def ask(payments, **changes):
        settings = live.gateway.settings.model_copy(update=changes)
        return dict(type(live.gateway)(settings).ask_many(live.client, payments))

    return ask


@pytest.fixture
def pages(make_gateway, canned, ref):
    """Asks about ``count`` payments R0, R1 … with made-up answers."""

    def ask(*answers, count=4, known=(), **changes):
        client = canned(*answers)
        payments = [
            ref(reference=f"R{number}", gateway_order_id=f"R{number}", gateway_payment_ids=known)
            for number in range(count)
        ]
        return dict(make_gateway(**changes).ask_many(client, payments)), client

    return ask


@pytest.fixture
def entries(kit):
    """An answer with these changed entries, by number."""

    def make(*found):
        told = {f"R{number}": {**kit.ENTRY, "mihpayid": str(100 + number), "txnid": f"R{number}", **changes}
                for number, changes in found}  # fmt: skip
        return kit.verified(**told)

    return make


FAILED = {"status": "failure", "unmappedstatus": "failed"}
BARE = {"mihpayid": "Not Found", "status": "Not Found", "txnid": ""}


def states(answer):
    return [report.state for report in answer.reports]


def test_twenty_cost_one_call_and_each_success_one_more(live, many):
    payments = [live.opened(f"R{number}", arrives=number % 2 == 0) for number in range(200)]
    paid = {f"R{number}": live.simulator.pay(f"R{number}").id for number in range(0, 200, 10)}
    live.commands.clear()
    told = many(payments)
    assert set(told) == {payment.reference for payment in payments}
    assert {name: one.reports[0].gateway_payment_id for name, one in told.items() if one.found} == paid
    assert live.commands == {"verify_payment": 10, "check_action_status": 20}


@pytest.mark.parametrize("count", [1, 19, 20, 21, 40, 41])
def test_batch_boundaries(live, many, count):
    payments = [live.opened(f"R{number}") for number in range(count)]
    for payment in payments:
        live.simulator.pay(payment.reference, state="failed")
    live.commands.clear()
    assert [states(one) for one in many(payments).values()] == [[S.FAILED]] * count
    assert live.commands == {"verify_payment": -(-count // 20)}


def test_each_state_is_told(live, many):
    payments = [live.opened(f"R{number}") for number in range(6)]
    live.simulator.pay("R1", state="failed")
    live.simulator.pay("R2", state="authorized")
    live.simulator.pay("R3", state="pending")
    live.simulator.pay("R4", state="failed")
    live.simulator.pay("R4")
    live.simulator.refund_outside(live.simulator.pay("R5").id)
    told = many(payments)
    assert not told.pop("R0").found
    assert {name: states(one) for name, one in told.items()} == {
        "R1": [S.FAILED], "R2": [S.AUTHORIZED], "R3": [S.PENDING], "R4": [S.CAPTURED], "R5": [S.REFUNDED],
    }  # fmt: skip


def test_where_fewer_ids_are_allowed_half_as_many_are_asked(live, many):
    live.desk.most_ids = 6
    payments = [live.opened(f"R{number}") for number in range(20)]
    for payment in payments:
        live.simulator.pay(payment.reference, state="failed")
    live.commands.clear()
    assert len(many(payments)) == 20
    # 20 and 10 are refused, then four times five.
    assert live.commands == {"verify_payment": 6}


def test_a_refusal_of_the_number_in_any_words_halves_it(pages, entries):
    told, client = pages(
        {"status": 0, "msg": "Too many transaction ids"}, entries((0, FAILED), (1, FAILED)),
        entries((2, FAILED), (3, FAILED)),
    )  # fmt: skip
    assert set(told) == {"R0", "R1", "R2", "R3"}
    assert [call[1] for call in client.commands] == ["R0|R1|R2|R3", "R0|R1", "R2|R3"]


def test_what_is_refused_even_alone_ends_it(pages):
    missing = {"status": 0, "msg": "Parameter missing"}
    with pytest.raises(Permanent):
        pages(missing, missing, missing)


def test_a_call_that_failed_is_tried_once_more(pages, entries):
    told, _ = pages(Temporary("lost"), entries((0, FAILED)))
    assert set(told) == {"R0"}
    with pytest.raises(Temporary):
        pages(Temporary("lost"), Temporary("lost"))


def test_one_failure_here_and_one_there_do_not_add_up(pages, entries):
    told, _ = pages(
        Temporary("lost"), entries((0, FAILED), (1, FAILED)), Temporary("lost"), entries((2, FAILED)),
        verify_batch_size=2,
    )  # fmt: skip
    assert set(told) == {"R0", "R1", "R2"}


@pytest.mark.parametrize(("status", "error"), [(429, Throttled), (401, Denied)])
def test_a_slowed_or_denied_account_stops_at_once(pages, entries, status, error):
    with pytest.raises(error):
        pages((status, b"", {}))
    with pytest.raises(error):
        pages(entries((0, {})), (status, b"", {}))


def test_what_the_answer_leaves_out_is_left_to_single_asking(pages, entries):
    assert set(pages(entries((0, FAILED), (3, FAILED)))[0]) == {"R0", "R3"}


@pytest.mark.parametrize("odd", [{"txnid": "R9"}, {"amt": "odd"}, {"amt": "-1"}])
def test_an_odd_entry_spoils_no_other(pages, entries, odd):
    assert set(pages(entries((0, {**FAILED, **odd}), (1, FAILED)))[0]) == {"R1"}


def test_a_success_whose_actions_cannot_be_read_is_left(pages, entries, kit):
    told, _ = pages(entries((0, {}), (1, {}), (2, FAILED)), Temporary("lost"), kit.acts(charge="101"))
    assert set(told) == {"R1", "R2"}


def test_charges_that_the_answer_does_not_tell_are_left(pages, entries, kit):
    told, _ = pages(entries((0, FAILED), (1, {}), (2, BARE)), kit.acts(charge="101"), known=("101",))
    assert set(told) == {"R1"}


def test_the_same_txnid_twice_is_asked_once(make_gateway, canned, ref, entries):
    client = canned(entries((0, FAILED)))
    payments = [ref(reference=name, gateway_order_id="R0") for name in ("A", "B")]
    assert set(dict(make_gateway().ask_many(client, payments))) == {"A", "B"}
    assert client.commands == [("verify_payment", "R0")]


def test_an_id_with_a_pipe_is_left(make_gateway, canned, ref):
    assert dict(make_gateway().ask_many(canned(), [ref(gateway_order_id="R0|R1")])) == {}


def test_too_many_successes_are_left_to_single_asking(live, many, monkeypatch):
    monkeypatch.setattr("kartify_payu.bulk.MOST_CONFIRMED", 3)
    payments = [live.opened(f"R{number}") for number in range(10)]
    for payment in payments[:6]:
        live.simulator.pay(payment.reference)
    told = many(payments)
    assert set(told) == {"R0", "R1", "R2", "R6", "R7", "R8", "R9"}
