"""The browser's return: checked, compared, never a report."""

from urllib.parse import urlencode

import pytest

from kartify.plugin import Inbound, Money, Refused, Unreadable


def get(**query: str) -> Inbound:
    return Inbound(method="GET", path="/callbacks/a", headers={}, query=tuple(query.items()))


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [("TXN_SUCCESS", "01", "success"), ("TXN_FAILURE", "227", "failure"), ("TXN_FAILURE", "141", "cancelled"),
     ("PENDING", "402", "unknown"), ("TXN_ODD", "01", "unknown"), ("txn_success", "01", "unknown")],
)  # fmt: skip
def test_a_genuine_return_is_proved_and_tells_no_money(gateway, form, ref, kit, status, code, outcome):
    callback = gateway.read_callback(form(kit.PAID | {"STATUS": status, "RESPCODE": code}), ref())
    assert (callback.proved, callback.outcome, callback.reports) == (True, outcome, ())
    assert callback.gateway_payment_id == f"{kit.TXN}:KTF100045A1"


def test_the_payment_is_found_by_its_order(gateway, form):
    key = gateway.callback_key(form())
    assert (key.gateway_order_id, key.reference) == ("KTF100045A1", "KTF100045A1")


def test_a_payment_whose_opening_was_lost_is_found_and_read_by_its_reference(gateway, form, ref):
    assert gateway.read_callback(form(), ref(gateway_order_id=None)).proved


def test_an_order_of_the_shops_own_making_is_found_by_its_id_alone(gateway, form, kit):
    key = gateway.callback_key(form(kit.PAID | {"ORDERID": "SHOP-2026.06@1"}))
    assert (key.gateway_order_id, key.reference) == ("SHOP-2026.06@1", None)


@pytest.mark.parametrize("name", ["ORDERID", "TXNAMOUNT", "STATUS", "RESPCODE", "TXNID", "CHECKSUMHASH", "MID"])
def test_a_changed_field_is_refused(gateway, form, ref, name):
    with pytest.raises(Refused):
        gateway.read_callback(form(**{name: "1"}), ref())


@pytest.mark.parametrize("given", [{}, {"CHECKSUMHASH": ""}, {"CHECKSUMHASH": "AAAA"}])
def test_a_return_without_a_good_checksum_is_refused(gateway, ref, kit, given):
    body = urlencode({**kit.PAID, **given}).encode()
    with pytest.raises(Refused):
        gateway.read_callback(Inbound(method="POST", path="/", headers={}, body=body), ref())


def test_a_genuine_return_of_another_order_is_refused(gateway, form, ref, kit):
    with pytest.raises(Refused, match="another order"):
        gateway.read_callback(form(kit.PAID | {"ORDERID": "KTF900000A1"}), ref())


def test_a_genuine_return_of_another_merchant_with_the_same_key_is_refused(gateway, form, ref, kit):
    with pytest.raises(Refused, match="another merchant"):
        gateway.read_callback(form(kit.PAID | {"MID": "OTHER00000000000001"}), ref())


def test_a_bar_inside_a_value_is_refused(gateway, form, ref, kit):
    with pytest.raises(Refused, match="where it ends"):
        gateway.read_callback(form(kit.PAID | {"RESPMSG": "Txn|Success"}), ref())


def test_values_under_other_names_prove_nothing(gateway, form, ref, kit):
    """A failed return's values, renamed so that their order stays: the checksum fits, and the needed fields do not."""
    kept = {"F00": "", "F01": "", "F02": "INR", "F03": "PPBLC", "MID": kit.MID, "ORDERID": "KTF100045A1",
            "STATUS": "UPI", "STATUS_": "227", "T1": "Declined by your bank.", "T2": "TXN_FAILURE", "T3": "1499.00",
            "T4": "2026-06-01 11:51:47.0", "T5": kit.TXN}  # fmt: skip
    assert kit.joined(kept) == kit.joined(kit.FAILED)
    callback = gateway.read_callback(form(kept), ref())
    assert (callback.proved, callback.outcome, callback.reports) == (False, "unknown", ())


@pytest.mark.parametrize("change", [{"TXNAMOUNT": "1.00"}, {"TXNAMOUNT": "1499"[:3]}, {"TXNAMOUNT": "1e3"},
                                    {"TXNAMOUNT": "149900"}, {"CURRENCY": "USD"}, {"TXNAMOUNT": ""}, {"RESPCODE": ""}])
def test_another_sum_or_a_missing_field_proves_nothing(gateway, form, ref, kit, change):
    callback = gateway.read_callback(form(kit.PAID | change), ref())
    assert (callback.proved, callback.outcome, callback.reports) == (False, "unknown", ())


def test_a_payment_of_another_currency_is_not_compared_as_a_number(gateway, form, ref):
    assert not gateway.read_callback(form(), ref(amount=Money(149900, "USD"))).proved


def test_a_return_without_a_transaction_is_proved_but_names_none(gateway, form, ref, kit):
    left = {name: value for name, value in kit.FAILED.items() if name != "TXNID"} | {"RESPCODE": "141"}
    callback = gateway.read_callback(form(left), ref())
    assert (callback.proved, callback.outcome, callback.gateway_payment_id) == (True, "cancelled", None)


@pytest.mark.parametrize("message", [get(kartify_reference="KTF100045A1", utm="x"),
                                     Inbound(method="POST", path="/", headers={}, body=b"",
                                             query=(("kartify_reference", "KTF100045A1"),))])
def test_who_goes_back_is_known_by_our_mark_and_nothing_is_concluded(gateway, ref, message):
    assert gateway.callback_key(message).reference == "KTF100045A1"
    callback = gateway.read_callback(message, ref())
    assert (callback.proved, callback.outcome) == (False, "unknown")


def test_a_claim_in_the_address_is_checked_like_a_form(gateway, ref, kit):
    with pytest.raises(Refused):
        gateway.read_callback(get(STATUS="TXN_SUCCESS", ORDERID="KTF100045A1"), ref())
    assert gateway.read_callback(get(**kit.signed(kit.PAID), kartify_reference="KTF100045A1"), ref()).proved


@pytest.mark.parametrize("message", [get(), get(kartify_reference="a/b"), get(kartify_reference="x" * 21),
                                     Inbound(method="POST", path="/", headers={}, body=b"ORDERID=%2F"),
                                     Inbound(method="POST", path="/", headers={}, body=b"ORDERID=A&ORDERID=B"),
                                     Inbound(method="POST", path="/", headers={}, body=b"\xff")])
def test_a_return_that_names_no_order_is_unreadable(gateway, message):
    with pytest.raises(Unreadable):
        gateway.callback_key(message)


def test_the_retired_key_counts_in_returns_too(gateway, form, ref, kit):
    assert gateway.read_callback(form(key=kit.PREVIOUS), ref()).proved
    with pytest.raises(Refused):
        gateway.read_callback(form(key=kit.OTHER), ref())
