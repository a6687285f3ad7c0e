"""Asking about one payment: every attempt, and never paid unless order and attempt say so."""

import dataclasses
import json
from datetime import UTC, datetime

import pytest
from kartify_phonepe.wire import Order, read

from kartify.plugin import ChargeState, Denied, HttpAnswer, Money, PaymentRef, Permanent, Temporary, Unreadable

from .conftest import HERE, attempt

S = ChargeState
ASKS = sorted((HERE / "samples" / "asks").glob("*.json"))


@pytest.fixture
def ask(live):
    return lambda payment: live.gateway.ask(live.client, payment)


def states(answer):
    for report in answer.reports:
        report.check()
    return [report.state for report in answer.reports]


class Scripted:
    """Answers by a sample's exchanges, in order, and insists on method and path."""

    def __init__(self, exchanges):
        self.left = list(exchanges)

    def request(self, method, url, **given):
        one = self.left.pop(0)
        assert (method, url) == (one["request"]["method"], "https://api-preprod.phonepe.com" + one["request"]["path"])
        told = one["response"]
        return HttpAnswer(status=told["status"], headers=told["headers"], body=json.dumps(told["body"]).encode())


@pytest.mark.parametrize("path", ASKS, ids=lambda path: path.stem)
def test_a_sample_is_told_as_it_says(gateway, path):
    sample = json.loads(path.read_text())
    ours, expect, client = sample["payment"], sample["expect"], Scripted(sample["exchanges"])
    answer = gateway.ask(client, PaymentRef(
        reference=ours["reference"], gateway_order_id=ours["gateway_order_id"],
        amount=Money(ours["amount"], ours["currency"]), created_at=datetime.fromisoformat(ours["created_at"]),
    ))
    assert client.left == []
    assert (answer.found, answer.over, len(answer.reports)) == (expect["found"], expect["over"], len(expect["reports"]))
    for report, wanted in zip(answer.reports, expect["reports"], strict=True):
        report.check()
        told = dataclasses.asdict(report) | {"at": report.at and report.at.isoformat()}
        assert {name: told[name] for name in wanted} == wanted


def test_a_paid_order_costs_one_call(live, ask):
    ours = live.opened()
    paid = live.simulator.pay(ours.gateway_order_id)
    live.simulator.calls.clear()
    answer = ask(ours)
    [report] = answer.reports
    assert states(answer) == [S.CAPTURED]
    assert (report.captured, report.currency, report.gateway_payment_id) == (149900, "INR", paid.id)
    assert answer.over
    assert live.simulator.calls == {"GET /apis/pg-sandbox/checkout/v2/order/<order_id>/status": 1}


def test_every_attempt_is_asked_for_and_a_failure_hides_no_capture(live, ask):
    ours = live.opened()
    for state in ("failed", "failed", "captured"):
        live.simulator.pay(ours.gateway_order_id, state=state)
    assert states(ask(ours)) == [S.FAILED, S.FAILED, S.CAPTURED]


def test_an_answer_of_older_form_is_told_alike(live, ask):
    live.simulator.newer = False
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    assert states(ask(ours)) == [S.CAPTURED]


def test_money_that_differs_is_reported_as_it_came(live, ask):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, amount=149900 // 100)
    assert [report.captured for report in ask(ours).reports] == [1499]


def test_paid_twice_is_told_twice(live, ask):
    ours = live.opened()
    for _ in range(2):
        live.simulator.pay(ours.gateway_order_id)
    assert [report.captured for report in ask(ours).reports] == [149900, 149900]


@pytest.mark.parametrize("held", ["pending", "authorized"])
def test_what_is_under_way_is_pending_and_not_over(live, ask, held):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, state=held)
    answer = ask(ours)
    assert (states(answer), answer.over) == ([S.PENDING], False)


def test_an_expired_order_is_over_unless_an_attempt_is_under_way(live, ask):
    tried, untried = live.opened("TRIED", age=3000), live.opened("UNTRIED", age=3000)
    live.simulator.pay("TRIED", state="pending")
    assert (ask(untried).reports, ask(untried).over) == ((), True)
    assert (states(ask(tried)), ask(tried).over) == ([S.PENDING], False)


def test_a_bank_that_answers_late_is_believed(live, ask):
    ours = live.opened(age=86_400)
    failed = live.simulator.pay(ours.gateway_order_id, state="failed")
    assert states(ask(ours)) == [S.FAILED]
    live.simulator.late(failed.id)
    assert states(ask(ours)) == [S.CAPTURED]


def test_one_attempt_only_ends_the_order_with_its_failure(live, wish, ask, ref):
    gateway = type(live.gateway)(live.gateway.Settings(**live.simulator.settings(), one_attempt=True))
    gateway.open(live.client, wish())
    live.simulator.pay("R7Q2M9", state="failed")
    assert ask(ref()).over


@pytest.mark.parametrize("word", ["SETTLED_MAYBE", "completed", "PAID", "CAPTURED", "AUTHORIZED", "REFUNDED"])
@pytest.mark.parametrize("where", ["order", "attempt", "both"])
def test_an_unknown_word_is_never_paid_and_never_over(gateway, canned, ref, order, word, where):
    inner = "COMPLETED" if where == "order" else word
    outer = "COMPLETED" if where == "attempt" else word
    answer = gateway.ask(canned((200, order(outer, attempt(inner)))), ref())
    assert set(states(answer)) == {S.UNKNOWN}
    assert not answer.over
    assert all(report.captured == 0 for report in answer.reports)
    assert any(word in report.word for report in answer.reports)


@pytest.mark.parametrize("word", ["", None, 7, True])
def test_a_word_that_is_none_is_never_paid(gateway, canned, ref, order, word):
    answer = gateway.ask(canned((200, order("COMPLETED", attempt(word)))), ref())
    assert S.CAPTURED not in states(answer)


@pytest.mark.parametrize(
    ("order_state", "attempt_state"), [("PENDING", "COMPLETED"), ("FAILED", "COMPLETED"), ("EXPIRED", "COMPLETED")]
)
def test_an_attempt_that_contradicts_its_order_is_unknown(gateway, canned, ref, order, order_state, attempt_state):
    answer = gateway.ask(canned((200, order(order_state, attempt(attempt_state)))), ref())
    assert (states(answer), answer.over) == ([S.UNKNOWN], False)


def test_nothing_captured_is_not_money(gateway, canned, ref, order):
    assert states(gateway.ask(canned((200, order("COMPLETED", attempt(amount=0)))), ref())) == [S.UNKNOWN]


def test_less_than_the_order_asked_for_is_all_that_counts(gateway, canned, ref, order):
    told = order("COMPLETED", attempt(payableAmount=140000))
    [report] = gateway.ask(canned((200, told)), ref()).reports
    assert (report.captured, report.discount) == (140000, 0)


@pytest.mark.parametrize("amount", [149900.0, 1499.00, "1499.00", -1, None, True, "1e5", "", [149900], 10**17])
def test_an_amount_that_is_no_whole_paise_is_no_answer(gateway, canned, ref, order, amount):
    with pytest.raises(Temporary):
        gateway.ask(canned((200, order("COMPLETED", attempt(amount=amount)))), ref())


@pytest.mark.parametrize("currency", ["USD", "inr", 7])
def test_another_currency_is_told_as_such_or_not_at_all(gateway, canned, ref, order, currency):
    client = canned((200, order(currency=currency)))
    if currency != "USD":
        with pytest.raises(Temporary):
            gateway.ask(client, ref())
        return
    assert [report.currency for report in gateway.ask(client, ref()).reports] == ["USD"]


def test_moments_are_utc_to_the_millisecond(gateway, canned, ref, order):
    [report] = gateway.ask(canned((200, order())), ref()).reports
    assert report.at == datetime(2026, 6, 1, 6, 21, 47, 123_000, tzinfo=UTC)


def test_seconds_where_milliseconds_belong_are_read_as_seconds(gateway, canned, ref, order):
    """Some samples of the documents have them."""
    [report] = gateway.ask(canned((200, order("COMPLETED", attempt(timestamp=1780294907)))), ref()).reports
    assert report.at == datetime(2026, 6, 1, 6, 21, 47, tzinfo=UTC)


@pytest.mark.parametrize("moment", [None, 0, -5, "soon", True, 10**20, [], 1780294907.5])
def test_a_moment_that_is_none_stands_for_nothing(gateway, canned, ref, order, moment):
    body = json.dumps(order("COMPLETED", attempt(timestamp=moment))).encode()
    assert [report.at for report in gateway.ask(canned((200, body)), ref()).reports] == [None]


def test_an_order_that_phonepe_does_not_know_is_not_found_by_either_status(live, ask, ref):
    for live.simulator.unknown_status in (400, 404):
        answer = ask(ref(reference="NEVERMADE", gateway_order_id="NEVERMADE"))
        assert (answer.found, answer.reports, answer.over) == (False, (), False)


def test_an_order_that_had_payments_cannot_be_unknown(ask, ref):
    with pytest.raises(Permanent) as caught:
        ask(ref(reference="NEVERMADE", gateway_order_id="NEVERMADE", gateway_payment_ids=("OM1",)))
    assert caught.value.field == "gateway_order_id"


@pytest.mark.parametrize("code", ["BAD_REQUEST", "NOT_FOUND", "404", "INVALID_TRANSACTION_ID", "RESOURCE_NOT_FOUND"])
@pytest.mark.parametrize("status", [400, 404])
def test_another_refusal_is_not_an_unknown_order(gateway, canned, ref, code, status):
    with pytest.raises(Permanent):
        gateway.ask(canned((status, {"code": code, "message": "no"})), ref())


def test_a_session_that_the_storefront_opened_is_asked_for_by_its_own_id(live, ask, ref, wish):
    live.gateway.open(live.client, wish(reference="SHOPSOWN1"))
    live.simulator.pay("SHOPSOWN1")
    [report] = ask(ref(gateway_order_id="SHOPSOWN1")).reports
    assert (report.gateway_order_id, report.reference) == ("SHOPSOWN1", "R7Q2M9")


def test_an_answer_about_another_order_is_no_answer(gateway, canned, ref, order):
    with pytest.raises(Temporary):
        gateway.ask(canned((200, order(merchantOrderId="OTHER"))), ref())


def test_an_answer_of_another_merchant_denies_the_account(gateway, make_gateway, canned, ref, order):
    with pytest.raises(Denied) as caught:
        gateway.ask(canned((200, order(merchantId="SOMEONEELSE"))), ref())
    assert caught.value.field == "merchant_id"
    assert make_gateway(merchant_id="").ask(canned((200, order(merchantId="SOMEONEELSE"))), ref()).reports


@pytest.mark.parametrize("order_id", ["../pay", "R7/../x", "R7?x=1", "R7 Q2", "x" * 64, "R7\n"])
def test_an_id_that_would_leave_its_path_is_never_sent(gateway, canned, ref, order_id):
    client = canned()
    with pytest.raises(Permanent):
        gateway.ask(client, ref(gateway_order_id=order_id))
    assert client.asked == []


def test_control_characters_reach_no_report(gateway, canned, ref, order):
    told = order("FAILED", attempt("FAILED", errorCode="A\x00B", paymentMode="UPI\x07\ud800"))
    [report] = gateway.ask(canned((200, told)), ref()).reports
    assert (report.detail, report.method) == ("AB", "upi")


def test_the_wire_names_fields_and_never_values():
    with pytest.raises(Unreadable, match="amount") as caught:
        read(Order, {"state": "COMPLETED", "amount": "made-up-client-secret"})
    assert "made-up-client-secret" not in str(caught.value)
