"""Asking about one payment: the order status, read with distrust."""

from datetime import UTC, datetime

import pytest

from kartify.plugin import ChargeState, Denied, Permanent, Temporary

S = ChargeState
PATH = "POST /v3/order/status"


def states(answer):
    for report in answer.reports:
        report.check()
    return [report.state for report in answer.reports]


@pytest.fixture
def ask(gateway, canned, ref, kit):
    """Asks with one made-up answer; ``body`` is changed as given."""

    def make(status="TXN_SUCCESS", code="01", **changes):
        body = {
            "mid": kit.MID, "orderId": "KTF100045A1", "txnId": kit.TXN, "txnAmount": "1499.00", "txnType": "SALE",
            "refundAmt": "0", "txnDate": "2026-06-01 11:51:47.0", "paymentMode": "UPI", "bankTxnId": "6152", **changes,
        }  # fmt: skip
        told = kit.told(status, code, **{name: value for name, value in body.items() if value is not None})
        return gateway.ask(canned((200, told)), ref())

    return make


def test_a_paid_order_costs_one_call(live):
    ours = live.opened()
    paid = live.simulator.pay(ours.gateway_order_id)
    live.simulator.calls.clear()
    answer = live.ask(ours)
    (report,) = answer.reports
    report.check()
    assert (answer.found, answer.over, answer.word) == (True, False, "TXN_SUCCESS 01")
    assert (report.state, report.captured, report.currency) == (S.CAPTURED, 149900, "INR")
    assert (report.refunded, report.fee, report.discount) == (0, 0, 0)
    assert (report.gateway_payment_id, report.gateway_order_id) == (paid.id, "KTF100045A1")
    assert live.simulator.calls == {PATH: 1}


def test_the_moment_is_the_transactions_own_in_utc(ask):
    (report,) = ask().reports
    assert report.at == datetime(2026, 6, 1, 6, 21, 47, tzinfo=UTC)
    assert ask(txnDate="soon").reports[0].at is None


def test_an_order_whose_page_was_not_used_is_not_found(live):
    answer = live.ask(live.opened())
    assert (answer.found, answer.reports, answer.over, answer.word) == (False, (), False, "NO_RECORD_FOUND 331")


def test_a_payment_whose_opening_was_lost_is_asked_by_its_reference(live, ref):
    live.opened()
    live.simulator.pay("KTF100045A1")
    assert states(live.ask(ref(gateway_order_id=None))) == [S.CAPTURED]


def test_a_failed_attempt_and_then_a_paid_one(live):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, state="failed")
    (failed,) = live.ask(ours).reports
    live.simulator.pay(ours.gateway_order_id)
    (paid,) = live.ask(ours).reports
    assert (failed.state, paid.state) == (S.FAILED, S.CAPTURED)
    assert failed.gateway_payment_id != paid.gateway_payment_id
    assert failed.detail == "Your payment has been declined by your bank."


@pytest.mark.parametrize("state", ["failed", "pending"])
def test_a_later_attempt_never_hides_a_paid_one(live, state):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    live.simulator.pay(ours.gateway_order_id, state=state)
    assert states(live.ask(ours)) == [S.CAPTURED]


def test_pending_and_then_paid_after_all(live):
    ours = live.opened(age=2 * 86400)
    charge = live.simulator.pay(ours.gateway_order_id, state="pending")
    assert states(live.ask(ours)) == [S.PENDING]
    live.simulator.late(charge.id)
    assert states(live.ask(ours)) == [S.CAPTURED]


@pytest.mark.parametrize(("state", "told"), [("authorized", S.AUTHORIZED), ("voided", S.VOIDED)])
def test_an_account_that_authorises_first(live, state, told):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, state=state)
    (report,) = live.ask(ours).reports
    report.check()
    assert (report.state, report.captured) == (told, 0)
    assert report.authorized == (149900 if state == "authorized" else 0)


def test_refunds_are_told_in_part_and_whole(live):
    ours = live.opened()
    paid = live.simulator.pay(ours.gateway_order_id)
    live.simulator.refund_outside(paid.id, amount=50000)
    (part,) = live.ask(ours).reports
    assert (part.state, part.captured, part.refunded) == (S.PARTIALLY_REFUNDED, 149900, 50000)
    live.simulator.refund_outside(paid.id)
    (whole,) = live.ask(ours).reports
    assert (whole.state, whole.captured, whole.refunded) == (S.REFUNDED, 149900, 149900)


@pytest.mark.parametrize(("amount", "minor"), [("1499.00", 149900), ("1499", 149900), (1499, 149900), ("1.5", 150),
                                               ("0.01", 1), (1499.5, 149950), ("100000.00", 10000000)])
def test_amounts_are_exact_paise(ask, amount, minor):
    assert ask(txnAmount=amount).reports[0].captured == minor


@pytest.mark.parametrize("amount", ["1499.005", "-1499.00", "1,499.00", "149900paise", "NaN", "1e3", [], True, {}])
def test_an_amount_that_is_none_is_no_answer(ask, amount):
    with pytest.raises(Temporary, match="txnAmount"):
        ask(txnAmount=amount)


@pytest.mark.parametrize(
    "change",
    [{"txnAmount": None}, {"txnAmount": ""}, {"txnAmount": "0.00"}, {"txnId": None}, {"txnId": "a b"},
     {"txnType": "WITHDRAW"}, {"txnType": "sale"}, {"txnType": "REFUND"}],
)  # fmt: skip
def test_a_success_that_lacks_something_is_not_money(ask, change):
    answer = ask(**change)
    assert states(answer) == [S.UNKNOWN]
    assert answer.reports[0].captured == 0


@pytest.mark.parametrize("code", ["227", "331", "400", "402", "501", "810", "330", "334"])
def test_a_success_with_a_code_of_something_else_is_a_contradiction(ask, code):
    assert states(ask(code=code)) == [S.UNKNOWN]


@pytest.mark.parametrize("word", ["TXN_SUCCESSFUL", "txn_success", "SUCCESS", "S", "", "TXN_ODD", "OPEN"])
def test_an_unknown_status_is_never_paid(ask, word):
    answer = ask(word)
    assert states(answer) == [S.UNKNOWN]
    assert "not clear" in answer.reports[0].detail


@pytest.mark.parametrize("code", ["141", "227", "235", "295", "267", "401", "810", "820", "999"])
def test_a_failure_with_a_transaction_is_a_failed_attempt(ask, code):
    (report,) = ask("TXN_FAILURE", code).reports
    assert (report.state, report.captured) == (S.FAILED, 0)


@pytest.mark.parametrize(("code", "told"), [("141", S.FAILED), ("810", S.FAILED), ("227", S.UNKNOWN), ("", S.UNKNOWN)])
def test_a_failure_without_a_transaction_is_only_believed_where_its_code_is_clear(ask, code, told):
    (report,) = ask("TXN_FAILURE", code, txnId=None).reports
    assert (report.state, report.gateway_payment_id) == (told, None)


@pytest.mark.parametrize(
    ("code", "told"), [("400", S.PENDING), ("402", S.PENDING), ("", S.PENDING), ("501", S.UNKNOWN)]
)
def test_pending_stays_pending(ask, code, told):
    assert states(ask("PENDING", code)) == [told]


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [("330", "Invalid checksum", Denied), ("335", "Mid is invalid", Denied), ("843", "Blocked", Denied),
     ("999", "Checksum mismatch", Denied), ("334", "Invalid Order ID", Permanent), ("501", "Server Down", Temporary)],
)  # fmt: skip
def test_our_own_mistakes_are_no_failed_payments(gateway, canned, ref, kit, code, text, kind):
    with pytest.raises(kind) as caught:
        gateway.ask(canned((200, kit.told("TXN_FAILURE", code, text))), ref())
    assert type(caught.value) is kind


def test_an_order_that_had_payments_cannot_be_unknown(live, ref):
    with pytest.raises(Permanent) as caught:
        live.ask(ref(gateway_order_id="NEVERMADE", gateway_payment_ids=("1:NEVERMADE",)))
    assert caught.value.field == "orderId"


@pytest.mark.parametrize("change", [{"orderId": "OTHER"}, {"mid": "OTHER00000000000001"}])
def test_an_answer_about_something_else_is_none(ask, change):
    with pytest.raises(Temporary, match="another"):
        ask(**change)


@pytest.mark.parametrize("order", ["a/b", "x" * 51, "a|b"])
def test_what_is_no_order_id_is_not_asked_about(gateway, canned, ref, order):
    with pytest.raises(Permanent):
        gateway.ask(canned(), ref(gateway_order_id=order))


def test_a_signed_answer_is_checked_where_the_account_wants_it(make_gateway, canned, ref, live, kit):
    strict = type(live.gateway)(live.gateway.Settings(**live.simulator.settings(), verify_answers=True))
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    assert states(strict.ask(live.client, ours)) == [S.CAPTURED]
    unsigned = kit.told("PENDING", "402")
    with pytest.raises(Temporary, match="not signed"):
        make_gateway(verify_answers=True).ask(canned((200, unsigned)), ref())


def test_the_plan_goes_by_the_token_and_by_the_days_of_reconciling(gateway):
    plan = gateway.plan
    assert plan.lifetime.total_seconds() == plan.knows_after.total_seconds() == 1800
    assert (plan.late_window.days, plan.window.days) == (3, 5)


def test_the_connection_can_be_tested(live, make_gateway, canned, kit):
    assert "test mode" in live.gateway.test(live.client)
    with pytest.raises(Denied, match="merchant_key"):
        make_gateway(api_base=live.url, mid=live.simulator.desk.mid).test(live.client)
    with pytest.raises(Denied):
        make_gateway(api_base=live.url, merchant_key=live.simulator.desk.key).test(live.client)
    with pytest.raises(Temporary):
        make_gateway().test(canned((200, kit.told("ODD"))))


def test_staff_find_a_charge_where_the_account_says_where(make_gateway, gateway, kit):
    assert gateway.dashboard_url(f"{kit.TXN}:K1") is None
    linked = make_gateway(dashboard_link="https://dash.example/t?id={txn_id}&order={order_id}")
    assert linked.dashboard_url("77:A&B") == "https://dash.example/t?id=77&order=A%26B"
