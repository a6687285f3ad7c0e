"""The return names what to ask about; nothing in it is believed."""

from urllib.parse import urlencode

import pytest

from kartify.plugin import Inbound, Refused, Unreadable


def back(*query, method="GET", form=None):
    return Inbound(method=method, path="/callbacks/a", headers={}, query=query, body=urlencode(form or {}).encode())


def test_the_order_and_our_reference_are_found(gateway):
    key = gateway.callback_key(back(("kartify_reference", "R7Q2M9"), ("order_id", "R7Q2M9")))
    assert (key.gateway_order_id, key.reference) == ("R7Q2M9", "R7Q2M9")


@pytest.mark.parametrize("given", ["{order_id}", "", "a", "x" * 46, "R7 Q2", "R7/../x"])
def test_an_order_id_that_is_none_leaves_our_reference(gateway, given):
    key = gateway.callback_key(back(("kartify_reference", "R7Q2M9"), ("order_id", given)))
    assert (key.gateway_order_id, key.reference) == (None, "R7Q2M9")


def test_an_order_id_given_twice_counts_for_none(gateway):
    key = gateway.callback_key(back(("order_id", "R7Q2M9"), ("order_id", "OTHER1"), ("kartify_reference", "R7Q2M9")))
    assert (key.gateway_order_id, key.reference) == (None, "R7Q2M9")


def test_a_return_without_any_name_is_unreadable(gateway):
    with pytest.raises(Unreadable):
        gateway.callback_key(back(("txStatus", "SUCCESS")))


def test_a_post_is_only_read_for_its_names(gateway, ref):
    message = back(method="POST", form={"order_id": "R7Q2M9", "txStatus": "SUCCESS", "signature": "x"})
    assert gateway.callback_key(message).gateway_order_id == "R7Q2M9"
    callback = gateway.read_callback(message, ref())
    assert (callback.proved, callback.outcome, callback.reports) == (False, "unknown", ())


def test_a_return_about_another_order_is_refused(gateway, ref):
    with pytest.raises(Refused):
        gateway.read_callback(back(("order_id", "OTHER1")), ref())


def test_an_order_that_we_know_no_id_of_goes_by_our_reference(gateway, ref):
    assert not gateway.read_callback(back(("order_id", "R7Q2M9")), ref(gateway_order_id=None)).proved
