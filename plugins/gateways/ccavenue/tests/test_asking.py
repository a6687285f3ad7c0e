"""Asking about one payment: every submission of the order, read with distrust."""

from datetime import UTC, datetime, timedelta

import pytest

from kartify.plugin import ChargeState, Permanent, Temporary, Throttled

S = ChargeState
LIST = {"page_count": 1, "total_records": 1, "error_code": ""}


def states(answer):
    for report in answer.reports:
        report.check()
    return [report.state for report in answer.reports]


@pytest.fixture
def ask(make_gateway, canned, ref, kit):
    """Asks with one made-up row; ``row`` is changed as given, None takes a field away."""

    def make(row=None, settings=None, more=()):
        changed = {name: value for name, value in {**kit.ROW, **(row or {})}.items() if value is not None}
        return make_gateway(**(settings or {})).ask(canned(changed, *more), ref())

    return make


def test_a_paid_order_costs_one_call_where_the_answer_says_that_it_is_the_only_one(live):
    ours = live.opened()
    paid = live.simulator.pay(ours.gateway_order_id)
    answer = live.ask(ours)
    (report,) = answer.reports
    report.check()
    assert (answer.found, answer.over, answer.word) == (True, False, "Shipped")
    assert (report.state, report.captured, report.currency) == (S.CAPTURED, 149900, "INR")
    assert (report.gateway_payment_id, report.gateway_order_id) == (paid.id, ours.gateway_order_id)
    assert live.simulator.commands == {"orderStatusTracker": 1}


def test_moments_are_indian_and_told_in_utc(ask):
    wanted = datetime(2026, 6, 1, 6, 21, 47, tzinfo=UTC)
    for text in ("2026-06-01 11:51:47.123", "2026-06-0111:51:47.1", "2026-06-01 11:51:47", " 2026-06-01T11:51:47"):
        assert ask({"order_status_date_time": text}).reports[0].at == wanted
    for text in ("", "soon", "2026-13-01 11:51:47", 5, "2026-06-01"):
        assert ask({"order_status_date_time": text}).reports[0].at is None


def test_before_the_form_was_posted_there_is_no_record(live):
    answer = live.ask(live.opened(arrives=False))
    assert (answer.found, answer.reports, answer.over, answer.word) == (False, (), False, "no record")
    assert live.simulator.commands == {"orderStatusTracker": 1}


def test_a_customer_on_the_page_is_pending_and_one_who_left_has_failed(live):
    ours = live.opened()
    assert [report.word for report in live.ask(ours).reports] == ["Initiated"]
    live.book.offset = timedelta(minutes=16)
    answer = live.ask(ours)
    assert ([report.word for report in answer.reports], states(answer)) == (["Timeout"], [S.FAILED])


def test_a_customer_who_only_looked_counts_as_failed_where_the_setting_says_so(ask):
    looked = {"order_status": "Initiated", "order_capt_amt": 0}
    assert states(ask(looked)) == [S.PENDING]
    assert states(ask(looked, {"initiated_over_after_hours": 24})) == [S.FAILED]
    young = {**looked, "order_date_time": (datetime.now(UTC) + timedelta(hours=5)).strftime("%Y-%m-%d %H:%M:%S.0")}
    assert states(ask(young, {"initiated_over_after_hours": 24})) == [S.PENDING]
    awaited = {**looked, "order_status": "Awaited"}
    assert states(ask(awaited, {"initiated_over_after_hours": 24})) == [S.PENDING]


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("later", ["failed", "pending", "voided"])
def test_a_later_submission_never_hides_a_paid_one(live, later, tells_total):
    live.simulator.tells_total = tells_total
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    live.simulator.pay(ours.gateway_order_id, state=later)
    assert states(live.ask(ours)) == [S.CAPTURED, {"failed": S.FAILED, "pending": S.PENDING, "voided": S.VOIDED}[later]]


def test_the_form_posted_twice_and_paid_twice_is_two_charges(live):
    ours = live.opened()
    one = live.simulator.pay(ours.gateway_order_id)
    two = live.simulator.pay(ours.gateway_order_id)
    assert {report.gateway_payment_id for report in live.ask(ours).reports} == {one.id, two.id}


def test_many_submissions_over_several_pages_are_all_read(live, make_gateway):
    ours = live.opened()
    for _ in range(23):
        live.simulator.pay(ours.gateway_order_id, state="failed")
    own = type(live.gateway)(live.gateway.settings.model_copy(update={"list_page_size": 10}))
    assert len(own.ask(live.client, ours).reports) == 23
    assert live.simulator.commands["orderLookup"] == 3


def test_a_known_charge_is_asked_by_its_own_number_where_the_list_lacks_it(live, ref):
    ours = live.opened()
    paid = live.simulator.pay(ours.gateway_order_id)
    paid.data["ordered_at"] = datetime.now(UTC) - timedelta(days=40)
    live.simulator.pay(ours.gateway_order_id, state="failed")
    assert states(live.ask(ours)) == [S.FAILED]
    known = ref(gateway_payment_ids=(paid.id,))
    assert states(live.ask(known)) == [S.CAPTURED, S.FAILED]


def test_rows_of_other_orders_in_the_list_are_not_ours(gateway, canned, ref, kit):
    other = {**kit.ROW, "reference_no": "9", "order_no": "KTF100045A10"}
    listing = {**LIST, "order_Status_List": [other, {**kit.ROW, "order_status": "Awaited"}]}
    failed = {**kit.ROW, "total_records": 2, "order_status": "Unsuccessful"}
    assert states(gateway.ask(canned(failed, listing), ref())) == [S.PENDING]


def test_refunds_of_a_known_charge_are_looked_for_though_its_word_tells_of_none(gateway, canned, ref, kit):
    refunds = {"reference_no": kit.CHARGE, "order_curr": "INR", "refund_list": [
        {"refund_amt": "99.00", "refund_status": "TS-REFC"}, {"refund_amt": "1.00", "refund_status": "TS-REFA"},
    ]}  # fmt: skip
    (report,) = gateway.ask(canned(kit.ROW, refunds), ref(gateway_payment_ids=(kit.CHARGE,))).reports
    assert (report.state, report.refunded) == (S.PARTIALLY_REFUNDED, 9900)


def test_an_account_without_the_list_tells_what_the_status_tells(make_gateway, canned, ref, kit):
    own = make_gateway(list_attempts=False)
    client = canned({**kit.ROW, "total_records": None, "order_status": "Awaited"})
    assert states(own.ask(client, ref())) == [S.PENDING]


@pytest.mark.parametrize(
    "wrong",
    [(500, b"", {}), b"<html>", {"error_code": "51407", "error_desc": "x"}, {**LIST, "order_Status_List": []}, {},
     Temporary("lost"), (404, b"", {})],
)  # fmt: skip
def test_a_list_that_fails_hides_no_payment_and_proves_no_failure(gateway, canned, ref, kit, wrong):
    paid = {**kit.ROW, "total_records": None}
    assert states(gateway.ask(canned(paid, wrong), ref())) == [S.CAPTURED]
    with pytest.raises(Temporary):
        gateway.ask(canned({**paid, "order_status": "Unsuccessful"}, wrong), ref())


def test_a_list_that_asks_for_fewer_calls_is_heard_even_when_something_is_paid(gateway, canned, ref, kit):
    with pytest.raises(Throttled):
        gateway.ask(canned({**kit.ROW, "total_records": None}, (429, b"", {"retry-after": "9"})), ref())


def test_the_list_is_asked_for_the_order_and_its_indian_days(gateway, canned, ref, kit):
    at = datetime.now(UTC).replace(hour=20, minute=0)
    client = canned({**kit.ROW, "total_records": 2}, {**LIST, "order_Status_List": [kit.ROW]})
    gateway.ask(client, ref(created_at=at - timedelta(days=1)))
    command, body = client.commands[1]
    assert command == "orderLookup"
    # 20:00 in London is tomorrow in India; the day before it is asked too.
    assert body["from_date"] == (at - timedelta(days=1)).strftime("%d-%m-%Y")
    assert (body["order_no"], body["page_number"], body["no_of_records"]) == (kit.ORDER, "1", "100")


@pytest.mark.parametrize(
    ("amount", "minor"),
    [(1499.0, 149900), ("1499.00", 149900), (1499, 149900), ("1.5", 150), ("0.01", 1), ("1499.5000", 149950)],
)
def test_sums_are_exact(ask, amount, minor):
    assert ask({"order_capt_amt": amount}).reports[0].captured == minor


def test_a_sum_that_no_float_holds_is_exact(gateway, canned, ref, kit):
    raw = kit.told('{"reference_no":1,"order_no":"KTF100045A1","order_currncy":"INR","order_status":"Shipped",'
                   '"order_capt_amt":89999999999999.99,"total_records":1}')  # fmt: skip
    assert gateway.ask(canned(raw), ref()).reports[0].captured == 8999999999999999


@pytest.mark.parametrize("amount", ["1499.005", "-1499.00", "1,499.00", "1499rs", "NaN", "1e3", [], True, {}, -1])
def test_a_sum_that_is_none_is_no_answer(ask, amount):
    with pytest.raises(Temporary):
        ask({"order_capt_amt": amount})


@pytest.mark.parametrize("word", ["shippedd", "Success", "PAID", "Captured", "S", "Shipped?1", "Auto"])
def test_an_unknown_word_is_never_paid(ask, word):
    (report,) = ask({"order_status": word}).reports
    assert (report.state, report.captured, report.at) == (S.UNKNOWN, 0, None)
    assert word in report.detail


@pytest.mark.parametrize("word", ["SHIPPED", "shipped", " Shipped "])
def test_capitals_and_blanks_do_not_matter(ask, word):
    assert states(ask({"order_status": word})) == [S.CAPTURED]


@pytest.mark.parametrize("change", [{"order_currncy": None}, {"order_capt_amt": None}, {"order_capt_amt": 0}])
def test_a_confirmation_that_lacks_something_is_not_money(ask, change):
    (report,) = ask(change).reports
    assert (report.state, report.captured) == (S.UNKNOWN, 0)


def test_a_success_is_paid_only_where_the_account_confirms_by_itself(ask):
    success = {"order_status": "Successful", "order_capt_amt": 0.0}
    (held,) = ask(success).reports
    assert (held.state, held.authorized, held.captured) == (S.AUTHORIZED, 149900, 0)
    assert held.release_at == datetime(2026, 6, 13, 6, 20, 10, tzinfo=UTC)
    (paid,) = ask(success, {"auto_confirm": True}).reports
    assert (paid.state, paid.authorized, paid.captured, paid.release_at) == (S.CAPTURED, 0, 149900, None)


@pytest.mark.parametrize("change", [{"order_no": "KTF900000A1"}, {"order_no": ""}, {"order_no": None}])
def test_an_answer_about_another_order_is_none(ask, change):
    with pytest.raises(Temporary, match="another order"):
        ask(change)


@pytest.mark.parametrize("change", [{"reference_no": "a1"}, {"reference_no": ""}, {"order_status": ""},
                                    {"order_status": "null"}, {"reference_no": "1" * 26}])  # fmt: skip
def test_an_answer_without_a_transaction_or_a_word_is_none(ask, change):
    with pytest.raises(Temporary, match="no transaction or no status"):
        ask(change)


def test_an_order_that_had_charges_and_is_gone_is_a_mistake_of_the_account(gateway, canned, ref):
    none = {"error_code": "51313", "error_desc": "Order List: Invalid Parameter", "status": 1}
    with pytest.raises(Permanent, match="does not know an order"):
        gateway.ask(canned(none, none), ref(gateway_payment_ids=("1",)))


@pytest.mark.parametrize("discount", [{"order_capt_amt": 1499.0}, {"order_capt_amt": 1300.0}])
def test_a_discount_counts_only_where_it_makes_up_the_whole(ask, discount):
    assert ask({"order_discount": 100.0, **discount}).reports[0].discount == 0
    assert ask({"order_discount": 100.0, "order_capt_amt": 1399.0}).reports[0].discount == 10000
    assert ask({"order_discount": 100.0, "order_amt": 1399.0, "order_capt_amt": 1399.0}).reports[0].discount == 10000


def test_a_high_risk_is_told(ask):
    assert ask({"order_fraud_status": "High"}).reports[0].detail == "CCAvenue rates the risk High"


def test_refunds_in_part_and_whole_at_the_dashboard(live, ref):
    ours = live.opened()
    paid = live.simulator.pay(ours.gateway_order_id)
    live.simulator.refund_outside(paid.id, amount=50000)
    (part,) = live.ask(ours).reports
    assert (part.state, part.captured, part.refunded) == (S.PARTIALLY_REFUNDED, 149900, 50000)
    live.simulator.refund_outside(paid.id)
    (whole,) = live.ask(ours).reports
    assert (whole.state, whole.refunded) == (S.REFUNDED, 149900)


def test_a_reversed_twin_is_told_after_what_was_paid(live):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    live.simulator.pay(ours.gateway_order_id, state="authorized", word="Auto-Reversed")
    assert states(live.ask(ours)) == [S.CAPTURED, S.VOIDED]


def test_refunds_of_another_transaction_are_none(ask):
    with pytest.raises(Temporary, match="another transaction"):
        ask({"order_status": "Refunded"}, more=[{"reference_no": "9", "refund_list": []}])
