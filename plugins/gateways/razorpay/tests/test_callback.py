"""Returns that carry no proof: how they are found and what they hint at."""

from urllib.parse import urlencode

import pytest

from kartify.plugin import Inbound, Unreadable

FAILED = {
    "error[code]": "BAD_REQUEST_ERROR",
    "error[description]": "Payment failed",
    "error[reason]": "payment_failed",
    "error[metadata]": '{"payment_id":"pay_KART0000000000","order_id":"order_KART0000000001"}',
}


def post(fields, query=()):
    return Inbound(method="POST", path="/callbacks/a", headers={}, query=query, body=urlencode(fields).encode())


def get(*query):
    return Inbound(method="GET", path="/callbacks/a", headers={}, query=query)


def test_a_success_is_found_by_its_order(gateway):
    assert gateway.callback_key(post({"razorpay_order_id": "order_A"})).gateway_order_id == "order_A"


def test_a_failure_is_found_by_the_order_in_its_metadata(gateway):
    assert gateway.callback_key(post(FAILED)).gateway_order_id == "order_KART0000000001"


def test_metadata_may_come_as_fields_of_their_own(gateway):
    fields = {"error[code]": "X", "error[metadata][order_id]": "order_B", "error[metadata]": "[1"}
    assert gateway.callback_key(post(fields)).gateway_order_id == "order_B"


def test_our_own_query_parameter_finds_the_payment(gateway):
    assert gateway.callback_key(get(("kartify_reference", "R7Q2M9"))).reference == "R7Q2M9"


@pytest.mark.parametrize(
    "message",
    [get(), post({}), post({"razorpay_order_id": "../x"}), post({"error[code]": "X", "error[metadata]": "[]"}),
     Inbound(method="POST", path="/", headers={}, body=b"\xff\xfe=1"),
     post({"error[metadata]": "[" * 10_000})],
)  # fmt: skip
def test_a_return_that_names_nothing_is_unreadable(gateway, message):
    with pytest.raises(Unreadable):
        gateway.callback_key(message)


def test_a_failure_is_a_hint_only(gateway, ref):
    callback = gateway.read_callback(post(FAILED), ref())
    assert (callback.proved, callback.outcome, callback.reports) == (False, "failure", ())
    assert callback.gateway_payment_id == "pay_KART0000000000"


def test_a_cancelled_attempt_is_a_hint_only(gateway, ref):
    callback = gateway.read_callback(post({**FAILED, "error[reason]": "payment_cancelled"}), ref())
    assert (callback.proved, callback.outcome) == (False, "cancelled")


def test_coming_back_by_the_cancel_address_is_a_hint_only(gateway, ref):
    callback = gateway.read_callback(get(("kartify_reference", "R7Q2M9")), ref())
    assert (callback.proved, callback.outcome) == (False, "cancelled")


def test_a_forged_success_in_the_query_proves_nothing(gateway, ref):
    callback = gateway.read_callback(get(("razorpay_payment_id", "pay_X"), ("status", "success")), ref())
    assert (callback.proved, callback.outcome) == (False, "unknown")
