"""The browser's return is unsigned: it finds the payment and proves nothing."""

import pytest

from kartify.plugin import Inbound, Refused, Unreadable


def back(*pairs) -> Inbound:
    return Inbound(method="GET", path="/callbacks/a", headers={}, query=pairs)


OURS = (("kartify_reference", "R7Q2M9"), ("session_id", "cs_test_a1kart000001"))


def test_a_return_names_its_session_and_our_reference(gateway):
    key = gateway.callback_key(back(*OURS))
    assert (key.gateway_order_id, key.reference) == ("cs_test_a1kart000001", "R7Q2M9")


def test_a_return_from_the_shops_own_page_names_its_intent(gateway, ref):
    message = back(("payment_intent", "pi_1234"), ("redirect_status", "succeeded"))
    assert gateway.callback_key(message).gateway_order_id == "pi_1234"
    told = gateway.read_callback(message, ref(gateway_order_id="pi_1234"))
    assert (told.proved, told.outcome, told.reports) == (False, "unknown", ())


@pytest.mark.parametrize("place", ["{CHECKOUT_SESSION_ID}", "", "../x", "cs", "c" * 81])
def test_without_a_readable_session_our_reference_stands(gateway, ref, place):
    message = back(OURS[0], ("session_id", place))
    assert gateway.callback_key(message).gateway_order_id is None
    assert gateway.read_callback(message, ref()).outcome == "unknown"


@pytest.mark.parametrize("pairs", [(), (("x", "1"),), (("kartify_reference", "R7-Q2"),), (("session_id", "a b"),),
                                   (OURS[1], OURS[1]), (OURS[0], OURS[0])])  # fmt: skip
def test_a_return_that_names_nothing_is_unreadable(gateway, pairs):
    with pytest.raises(Unreadable):
        gateway.callback_key(back(*pairs))


def test_a_return_proves_nothing(gateway, ref):
    told = gateway.read_callback(back(*OURS), ref())
    assert (told.proved, told.outcome, told.reports, told.gateway_payment_id) == (False, "unknown", (), None)


@pytest.mark.parametrize("redirect", ["succeeded", "failed", "paid"])
def test_words_in_the_address_are_no_outcome(gateway, ref, redirect):
    assert gateway.read_callback(back(*OURS, ("redirect_status", redirect)), ref()).outcome == "unknown"


@pytest.mark.parametrize("changes", [{"gateway_order_id": "cs_test_other"}, {"reference": "OTHER1"}], ids=str)
def test_a_return_of_another_session_or_payment_is_refused(gateway, ref, changes):
    with pytest.raises(Refused):
        gateway.read_callback(back(*OURS), ref(**changes))


def test_while_our_row_has_no_session_a_return_is_read(gateway, ref):
    assert gateway.read_callback(back(*OURS), ref(gateway_order_id=None)).outcome == "unknown"


def test_who_went_back_is_not_kept_waiting(gateway, ref):
    assert gateway.read_callback(back(OURS[0], ("cancelled", "1")), ref()).outcome == "cancelled"


def test_who_paid_and_says_cancelled_is_asked_about(gateway, ref):
    assert gateway.read_callback(back(*OURS, ("cancelled", "1")), ref()).outcome == "unknown"
