"""The browser's return: what is proved colours the page, and nothing settles."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from kartify.plugin import Inbound, Money, Refused, Unreadable


@pytest.fixture
def read(gateway, form, ref):
    return lambda payment=None, **changes: gateway.read_callback(form(**changes), payment or ref())


@pytest.mark.parametrize(
    ("status", "state", "outcome"),
    [("success", "captured", "success"), ("success", "auth", "success"), ("failure", "failed", "failure"),
     ("failure", "userCancelled", "cancelled"), ("failure", "bounced", "failure"), ("pending", "pending", "unknown"),
     ("Success", "captured", "unknown"), ("", "captured", "unknown"), ("shipped", "captured", "unknown")],
)  # fmt: skip
def test_the_outcome_follows_the_signed_status(read, status, state, outcome):
    told = read(status=status, unmappedstatus=state)
    assert (told.proved, told.outcome, told.reports, told.gateway_payment_id) == (True, outcome, (), None)


def test_an_unsigned_word_makes_no_cancellation_of_a_success(read):
    assert read(status="success", unmappedstatus="userCancelled").outcome == "success"


@pytest.mark.parametrize("name", ["mihpayid", "unmappedstatus", "net_amount_debit", "mode", "addedon", "error"])
def test_what_is_not_signed_changes_nothing_that_is_reported(read, form, gateway, ref, kit, name):
    changed = form(signed=kit.reverse(kit.PAID), **{name: "999"})
    told = gateway.read_callback(changed, ref())
    assert (told.reports, told.gateway_payment_id) == ((), None)


@pytest.mark.parametrize("name", ["status", "amount", "udf1", "email", "firstname", "productinfo"])
def test_what_is_signed_cannot_be_changed(gateway, form, ref, kit, name):
    with pytest.raises(Refused):
        gateway.read_callback(form(signed=kit.reverse(kit.PAID), **{name: "999"}), ref())


def test_a_failure_is_no_success_of_another_day(gateway, form, ref, kit):
    failed = kit.reverse({**kit.PAID, "status": "failure"})
    with pytest.raises(Refused):
        gateway.read_callback(form(status="success", signed=failed), ref())


def test_the_return_is_bound_to_the_payment(read, ref):
    with pytest.raises(Refused):
        read(ref(gateway_order_id="KTF100045A2", reference="KTF100045A2"))


def test_a_payment_without_an_id_yet_is_known_by_our_reference(read, ref, make_gateway, form):
    assert read(ref(gateway_order_id=None)).proved
    prefixed = make_gateway(id_prefix="KTF")
    assert prefixed.read_callback(form(), ref(gateway_order_id=None, reference="100045A1")).proved


@pytest.mark.parametrize("amount", ["1499.01", "14.99", "149900", "", "1499.001", "x"])
def test_another_sum_proves_nothing(read, amount):
    told = read(amount=amount)
    assert (told.proved, told.outcome) == (False, "unknown")


def test_another_currency_proves_nothing(read, ref):
    assert not read(ref(amount=Money(149900, "USD"))).proved


@pytest.mark.parametrize("amount", ["1499", "1499.0", "1499.00"])
def test_a_sum_may_lack_its_decimals(read, amount):
    assert read(amount=amount).proved


def test_another_merchant_is_refused(gateway, form, ref):
    with pytest.raises(Refused):
        gateway.read_callback(form(key="KEY999"), ref())


def test_without_a_hash_nothing_is_proved(gateway, form, ref):
    told = gateway.read_callback(form(signed=""), ref())
    assert (told.proved, told.outcome) == (False, "unknown")


def test_the_retired_salt_still_counts_while_it_is_set(gateway, make_gateway, form, ref, kit):
    old = form(salt=kit.OLD)
    assert gateway.read_callback(old, ref()).proved
    with pytest.raises(Refused):
        make_gateway(salt_previous=None).read_callback(old, ref())


def test_a_field_given_twice_counts_for_none(gateway, form, ref):
    message = form()
    with pytest.raises(Refused):
        gateway.read_callback(replace(message, body=message.body + b"&status=success"), ref())


def test_the_key_is_the_txnid(gateway, make_gateway, form, kit):
    key = gateway.callback_key(form())
    assert (key.gateway_order_id, key.reference) == (kit.ORDER, kit.ORDER)
    key = make_gateway(id_prefix="KTF").callback_key(form())
    assert (key.gateway_order_id, key.reference) == (kit.ORDER, "100045A1")
    key = make_gateway(id_prefix="SHOP").callback_key(form())
    assert (key.gateway_order_id, key.reference) == (kit.ORDER, None)


def test_a_storefronts_own_txnid_is_no_reference_of_ours(gateway, form):
    key = gateway.callback_key(form(txnid="shop-order_17.a"))
    assert (key.gateway_order_id, key.reference) == ("shop-order_17.a", None)


@pytest.mark.parametrize("txnid", ["", "a|b", "a b", "x" * 51, "'--"])
def test_a_return_that_names_no_payment_is_not_read(gateway, form, txnid):
    with pytest.raises(Unreadable):
        gateway.callback_key(form(txnid=txnid))


def test_a_return_by_address_is_read_too(gateway, form, ref, kit):
    posted = form()
    message = Inbound(method="GET", path="/x", headers={}, query=tuple(posted.form().items()))
    assert gateway.callback_key(message).gateway_order_id == kit.ORDER
    assert gateway.read_callback(message, ref()).proved


def test_a_fee_is_signed_under_either_name(gateway, ref, kit):
    for name in ("additionalCharges", "additional_charges"):
        fields = {**kit.PAID, name: "30.00"}
        body = urlencode({**fields, "hash": kit.reverse(fields, fee="30.00")}).encode()
        assert gateway.read_callback(Inbound(method="POST", path="/", headers={}, body=body), ref()).proved
        changed = body.replace(b"=30.00", b"=31.00")
        with pytest.raises(Refused):
            gateway.read_callback(Inbound(method="POST", path="/", headers={}, body=changed), ref())
