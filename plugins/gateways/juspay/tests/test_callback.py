"""The browser's return: proves order and status word, never money."""

import pytest

from kartify.plugin import Inbound, Refused, Unreadable


@pytest.mark.parametrize(("word", "number", "outcome"), [
    ("CHARGED", "21", "success"), ("AUTHORIZED", "25", "success"), ("AUTHORIZATION_FAILED", "27", "failure"),
    ("AUTHENTICATION_FAILED", "26", "failure"), ("JUSPAY_DECLINED", "22", "failure"), ("PENDING_VBV", "23", "unknown"),
    ("CHARGED", "27", "unknown"), ("PAID", "21", "unknown"), ("NEW", "10", "unknown"), ("CHARGED", "٢١", "success"),
])  # fmt: skip
def test_the_status_word_tells_where_the_customer_stands(gateway, back, ref, word, number, outcome):
    read = gateway.read_callback(back(status=word, status_id=number), ref())
    assert (read.proved, read.outcome, read.reports, read.gateway_payment_id) == (True, outcome, (), None)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_query_and_form_are_read(gateway, back, ref, method):
    message = back(method=method)
    key = gateway.callback_key(message)
    assert (key.gateway_order_id, key.reference) == ("R7Q2M9", "R7Q2M9")
    assert gateway.read_callback(message, ref()).proved


def test_a_genuine_return_of_another_order_is_refused(gateway, back, ref):
    with pytest.raises(Refused, match="another order"):
        gateway.read_callback(back(), ref(gateway_order_id="R000001", reference="R000001"))


def test_a_payment_whose_opening_was_never_answered_goes_by_our_reference(gateway, back, ref):
    assert gateway.read_callback(back(), ref(gateway_order_id=None)).proved


def test_an_unsigned_return_proves_nothing(gateway, ref):
    message = Inbound(method="GET", path="/c", headers={}, query=[("order_id", "R7Q2M9"), ("status", "CHARGED")])
    read = gateway.read_callback(message, ref())
    assert (read.proved, read.outcome, read.reports) == (False, "unknown", ())


def test_without_a_response_key_nothing_is_proved(make_gateway, back, ref):
    read = make_gateway(response_key=None).read_callback(back(), ref())
    assert (read.proved, read.outcome) == (False, "unknown")


@pytest.mark.parametrize("query", [
    [], [("order_id", "")], [("order_id", "../x")], [("order_id", "A1"), ("order_id", "B2")], [("status", "CHARGED")],
    [("order_id", "A" * 65)], [("order_id", "A1\n")],
], ids=str)  # fmt: skip
def test_a_return_that_names_no_order_is_unreadable(gateway, query):
    with pytest.raises(Unreadable):
        gateway.callback_key(Inbound(method="GET", path="/c", headers={}, query=query))


def test_an_order_named_alike_in_query_and_form_is_one(gateway):
    message = Inbound(method="POST", path="/c", headers={}, query=[("order_id", "A1")], body=b"order_id=A1")
    assert gateway.callback_key(message).reference == "A1"


@pytest.mark.parametrize("body", [b"order_id=\xff\xfe", b"a=1&" * 101], ids=["not UTF-8", "too many fields"])
def test_a_form_that_is_none_is_unreadable(gateway, ref, body):
    message = Inbound(method="POST", path="/c", headers={}, body=body)
    with pytest.raises(Unreadable):
        gateway.callback_key(message)
    with pytest.raises(Unreadable):
        gateway.read_callback(message, ref())
