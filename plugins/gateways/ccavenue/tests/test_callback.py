"""The browser's return: never a report, whatever is in it."""

from dataclasses import replace

import pytest

from kartify.plugin import CallbackKey, Inbound, Refused, Unreadable


def test_a_genuine_success_is_only_shown(gateway, form, ref, kit):
    told = gateway.read_callback(form(), ref())
    assert (told.proved, told.reports, told.outcome, told.gateway_payment_id) == (False, (), "success", kit.CHARGE)


@pytest.mark.parametrize(
    ("word", "outcome"),
    [("Success", "success"), ("Failure", "failure"), ("Aborted", "cancelled"), ("Invalid", "failure"),
     ("Timeout", "failure"), ("Awaited", "unknown"), ("Initiated", "unknown"), ("Successful", "unknown"),
     ("success", "unknown"), ("", "unknown"), ("null", "unknown")],
)  # fmt: skip
def test_words(gateway, form, ref, kit, word, outcome):
    assert gateway.read_callback(form(kit.PAID | {"order_status": word}), ref()).outcome == outcome


@pytest.mark.parametrize(
    "change",
    [{"mer_amount": "1.00"}, {"mer_amount": "149900"}, {"mer_amount": "", "amount": "1498.99"}, {"currency": "USD"},
     {"mer_amount": "1,499.00"}, {"mer_amount": "", "amount": ""}, {"currency": ""}, {"mer_amount": "", "amount": "x"},
     {"never_seen": "1"}],
)  # fmt: skip
def test_what_does_not_fit_our_payment_is_no_success(gateway, form, ref, kit, change):
    assert gateway.read_callback(form(kit.PAID | change), ref()).outcome == "unknown"


def test_the_sum_that_was_asked_for_counts_and_not_what_an_offer_left(gateway, form, ref, kit):
    offered = kit.PAID | {"amount": "1399.00", "discount_value": "100.0"}
    assert gateway.read_callback(form(offered), ref()).outcome == "success"
    del offered["mer_amount"]
    assert gateway.read_callback(form(offered), ref()).outcome == "success"


def test_every_cut_of_the_customers_own_two_answers_is_refused(gateway, form, ref, kit):
    """Head of a failed answer of this order, tail of a successful one of another: at each block."""
    failed = kit.formula(kit.joined(kit.PAID | {"order_status": "Failure"}))
    paid = kit.formula(kit.joined(kit.PAID | {"order_id": "KTF999999A9"}))
    assert gateway.read_callback(form(hexed=failed), ref()).outcome == "failure"
    for cut in range(0, len(failed), 32):
        for begin in range(0, len(paid), 32):
            with pytest.raises(Refused):
                gateway.read_callback(form(hexed=failed[:cut] + paid[begin:]), ref())


def test_a_joined_text_that_happens_to_read_well_still_reports_nothing(gateway, form, ref, kit):
    """As if the spoiled block had come out in letters: a name that CCAvenue never gave."""
    head = "order_id=KTF100045A1&tracking_id=114012345678&q7Hx2=p0&order_status=Success&currency=INR&mer_amount=1499.00"
    told = gateway.read_callback(form(head), ref())
    assert (told.proved, told.outcome, told.reports) == (False, "unknown", ())


def test_another_order_is_refused_inside_and_outside(gateway, form, ref, kit):
    other = replace(ref(), reference="KTF900000A1", gateway_order_id="KTF900000A1")
    for message, payment in ((form(), other), (form(orderNo="KTF900000A1"), ref())):
        with pytest.raises(Refused, match="another order"):
            gateway.read_callback(message, payment)
    assert gateway.read_callback(form(orderNo=kit.ORDER), ref()).outcome == "success"


def test_every_wrong_text_is_refused_in_the_same_words(gateway, ref, form, kit):
    genuine = kit.formula(kit.joined(kit.PAID))
    wrong = ["", "00", "zz", genuine[:-32], genuine[:-2], genuine[:64] + "0" * 32 + genuine[96:], "00" * 64]
    wrong += [kit.formula(text) for text in ("no equals sign", "a=1&a=2", b"a=\xff")] + [kit.formula("x=1", "OTHERKEY")]
    said = set()
    for hexed in wrong:
        with pytest.raises(Refused) as problem:
            gateway.read_callback(form(hexed=hexed), ref())
        said.add(str(problem.value))
    assert len(said) == 1


def test_the_text_given_twice_is_refused(gateway, ref, form, kit):
    twice = form().body + b"&" + form().body
    with pytest.raises(Refused):
        gateway.read_callback(Inbound(method="POST", path="/", headers={}, body=twice), ref())


def test_the_payment_is_found_by_the_number_in_clear_else_by_the_one_inside(gateway, form, kit):
    assert gateway.callback_key(form()) == CallbackKey(gateway_order_id=kit.ORDER, reference=kit.ORDER)
    assert gateway.callback_key(form(orderNo="R77")).gateway_order_id == "R77"
    assert gateway.callback_key(form(hexed="00", orderNo="SHOP-1_a")) == CallbackKey(gateway_order_id="SHOP-1_a")


@pytest.mark.parametrize("clear", [{}, {"orderNo": ""}, {"orderNo": "a/b"}, {"orderNo": "x" * 31}])
def test_a_return_that_names_no_order_cannot_be_read(gateway, form, clear):
    with pytest.raises(Unreadable):
        gateway.callback_key(form(hexed="00" * 16, **clear))


def test_the_retired_key_is_still_read_and_others_are_not(gateway, make_gateway, form, ref, kit):
    assert gateway.read_callback(form(key=kit.OLD), ref()).outcome == "success"
    for message in (form(key=kit.OLD), form(key="SOMEONE0ELSES0KEY")):
        with pytest.raises(Refused):
            make_gateway(working_key_previous=None).read_callback(message, ref())


def test_a_customers_name_with_an_ampersand_spoils_nothing(gateway, form, ref, kit):
    text = kit.joined(kit.PAID | {"billing_name": "Tom & Co", "billing_notes": "a=b"})
    assert gateway.read_callback(form(text), ref()).outcome == "success"
