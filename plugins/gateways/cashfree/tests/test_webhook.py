"""What a signed webhook proves, and where it is only a reason to ask."""

import json

import pytest

from kartify.plugin import ChargeState, Unreadable


@pytest.fixture
def read(gateway, hook):
    return lambda body, on=gateway: on.read_webhook(hook(body))


def paid(**changes):
    order = {"order_id": "R7Q2M9", "order_amount": 1299, "order_currency": "INR", "order_tags": None}
    payment = {"cf_payment_id": "5114910000001", "payment_status": "SUCCESS", "payment_amount": 1299,
               "payment_currency": "INR", "payment_message": "ok", "payment_time": "2026-11-23T13:41:20+05:30",
               "payment_group": "upi"}
    data = {"order": {**order, **changes.pop("order", {})}, "payment": {**payment, **changes.pop("payment", {})},
            "payment_offers": None, **changes.pop("data", {})}
    return {"data": data, "event_time": "2026-11-23T13:42:41+05:30", "type": "PAYMENT_SUCCESS_WEBHOOK", **changes}


def test_a_success_of_exactly_the_order_is_proved(read):
    webhook = read(paid())
    assert [report.state for report in webhook.reports] == [ChargeState.CAPTURED]
    assert webhook.reports[0].captured == 129900
    assert webhook.ask == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"payment": {"payment_amount": 1298.99}},
        {"payment": {"payment_amount": 1399}},
        {"payment": {"payment_amount": 0}},
        {"payment": {"payment_amount": None}},
        {"order": {"order_amount": None}},
        {"payment": {"payment_currency": "USD"}},
        {"payment": {"cf_payment_id": None}},
        {"payment": {"payment_currency": None}, "order": {"order_currency": None}},
        {"payment": {"is_captured": False}},
        {"payment": {"authorization": {"action": "CAPTURE", "status": "PENDING"}}},
        {"payment": {"payment_message": "PRE_AUTH|Transaction Success"}},
        {"payment": {"payment_surcharge": {"payment_surcharge_service_charge": 5}, "payment_amount": 1310}},
        {"data": {"payment_offers": [{"offer_id": "o1"}]}},
        {"data": {"payment": None}},
        {"payment": {"payment_status": "FAILED"}},
        {"payment": {"payment_status": "PENDING"}},
    ],
)
def test_what_is_not_proved_is_only_a_reason_to_ask(read, changes):
    webhook = read(paid(**changes))
    assert (webhook.reports, webhook.ask, webhook.ignored) == ((), ("R7Q2M9",), None)


@pytest.mark.parametrize("word", ["", "success", "SETTLED", "SUCCESS "])
def test_an_unknown_word_is_never_paid(read, word):
    (report,) = read(paid(payment={"payment_status": word})).reports
    assert (report.state, report.captured) == (ChargeState.UNKNOWN, 0)


def test_a_currency_that_only_the_order_names_is_taken(read):
    (report,) = read(paid(payment={"payment_currency": None})).reports
    assert (report.currency, report.captured) == ("INR", 129900)


def test_an_account_that_holds_money_believes_only_a_capture_that_is_named(make_gateway, hook):
    holding = make_gateway(pre_authorisation=True)
    assert holding.read_webhook(hook(paid())).ask == ("R7Q2M9",)
    assert holding.read_webhook(hook(paid(payment={"is_captured": True}))).reports[0].captured == 129900


def test_an_order_of_somebody_else_brings_no_reference_that_could_be_ours(read):
    (report,) = read(paid(order={"order_id": "shop_order-17"})).reports
    assert (report.gateway_order_id, report.reference) == ("shop_order-17", None)


def test_the_tag_of_our_server_is_the_reference(read):
    tags = {"kartify_reference": "R7Q2M9"}
    (report,) = read(paid(order={"order_id": "R7Q2M9-2", "order_tags": tags})).reports
    assert (report.gateway_order_id, report.reference) == ("R7Q2M9-2", "R7Q2M9")


@pytest.mark.parametrize("order_id", [None, "", "a", "x" * 46, "../../refunds", "R7Q2M9\u0000"])
def test_a_payment_without_a_usable_order_settles_nothing(read, order_id):
    try:
        webhook = read(paid(order={"order_id": order_id}))
    except Unreadable:
        return
    assert (webhook.reports, webhook.ask) == ((), ())
    assert webhook.ignored


@pytest.mark.parametrize(
    "amount", ["1e3", "1299.005", "-5", "NaN", "1 299", True, [1299], {"value": 1299}, "٣", 10**30, "1299,00"],
)  # fmt: skip
def test_an_amount_that_is_none_is_unreadable_and_not_shown(read, amount):
    with pytest.raises(Unreadable) as caught:
        read(paid(payment={"payment_amount": amount}))
    assert "1299" not in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"7", b"{", b'{"type":7}', b'{"type":""}', b'{"type":"PAYMENT_SUCCESS_WEBHOOK"}',
             b'{"type":"PAYMENT_SUCCESS_WEBHOOK","data":[]}', b"\xff", b"[" * 20_000,
             b'{"type":"PAYMENT_SUCCESS_WEBHOOK","data":{"order":{"order_amount":NaN}}}'],
)  # fmt: skip
def test_bytes_that_cannot_be_read_are_unreadable(read, body):
    with pytest.raises(Unreadable):
        read(body)


def test_the_same_key_with_other_bytes_is_another_message(read):
    one, other = read(paid()), read(paid(payment={"payment_group": "card"}))
    assert one.key == read(paid()).key
    assert one.key != other.key


def test_the_key_of_an_account_without_the_header_is_of_the_bytes(gateway, hook):
    message = hook(paid(), **{"x-idempotency-key": ""})
    assert gateway.read_webhook(message).key == gateway.read_webhook(message).key != ""


@pytest.mark.parametrize(
    ("status", "kind", "lost"),
    [("CHARGEBACK_MERCHANT_LOST", "CHARGEBACK", 129900), ("DISPUTE_MERCHANT_ACCEPTED", "DISPUTE", 129900),
     ("PRE_ARBITRATION_INSUFFICIENT_EVIDENCE", "PRE_ARBITRATION", 129900), ("CHARGEBACK_MERCHANT_WON", "CHARGEBACK", 0),
     ("RETRIEVAL_MERCHANT_LOST", "RETRIEVAL", 0)],
)  # fmt: skip
def test_only_a_closed_dispute_that_moves_money_is_lost(read, status, kind, lost):
    def told(event):
        return {
            "data": {"dispute": {"dispute_type": kind, "dispute_amount": 5000, "dispute_status": status,
                                 "respond_by": "2026-11-26T23:59:59+05:30"},
                     "order_details": {"order_id": "R7Q2M9", "cf_payment_id": 5114910000001, "payment_amount": "1299.0",
                                       "payment_currency": "INR"}},
            "type": event, "event_time": "2026-11-23T13:42:41",
        }

    closed = read(told("DISPUTE_CLOSED")).reports[0]
    assert (closed.dispute.lost, closed.dispute.closed, closed.dispute.deadline) == (lost, True, None)
    open_one = read(told("DISPUTE_UPDATED")).reports[0]
    assert (open_one.dispute.lost, open_one.dispute.closed) == (0, False)
    assert open_one.at.isoformat() == "2026-11-23T08:12:41+00:00"  # a time without a zone is India's


def test_a_dispute_that_does_not_name_the_charge_is_a_reason_to_ask(read):
    body = {"data": {"dispute": {"dispute_amount": 1, "dispute_status": "X"}, "order_details": {"order_id": "R7Q2M9"}},
            "type": "DISPUTE_CREATED"}
    assert read(json.dumps(body)).ask == ("R7Q2M9",)
