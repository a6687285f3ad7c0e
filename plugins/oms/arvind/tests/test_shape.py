"""Renames, words and fixed values; what is needed is named as we call it."""

from __future__ import annotations

import pytest
from kartify_arvind.body import order_body
from kartify_arvind.contract import Contract
from kartify_arvind.shape import check_needed, dig, our_field, shaped

from kartify.plugin import Permanent


def test_without_renames_the_body_stays_as_it_is(order):
    body = order_body(Contract(), order())
    assert shaped(Contract(), body) == body


def test_fields_are_renamed_moved_and_dropped(order):
    contract = Contract(field_map={
        "number": "orderNo", "items": "lineItems", "items[].sku": "lineItems[].product.code",
        "shipping_address": "shipTo", "shipping_address.pincode": "shipTo.zip", "meta": "", "customer.email": "",
    })
    made = shaped(contract, order_body(contract, order()))
    assert made["orderNo"] == "K1001"
    assert made["lineItems"][0]["product"] == {"code": "SKU-1"}
    assert made["lineItems"][0]["quantity"] == 2
    assert (made["shipTo"]["zip"], made["shipTo"]["city"]) == ("560001", "Bengaluru")
    assert "email" not in made["customer"]
    assert not {"number", "items", "shipping_address", "meta"} & set(made)


def test_only_what_is_mapped_where_an_oms_is_strict(order):
    contract = Contract(unmapped="drop", field_map={"number": "id", "items[].sku": "rows[].sku"},
                        constants={"warehouse": "W1", "rows[].uom": "EA"})
    assert shaped(contract, order_body(contract, order())) == {
        "id": "K1001", "rows": [{"sku": "SKU-1", "uom": "EA"}], "warehouse": "W1",
    }


def test_words_are_theirs(order):
    contract = Contract(value_map={"payment.type": {"prepaid": "PREPAID"}, "items[].sku": {"SKU-1": "X9"}})
    made = shaped(contract, order_body(contract, order()))
    assert (made["payment"]["type"], made["items"][0]["sku"]) == ("PREPAID", "X9")


@pytest.mark.parametrize(("changes", "field"), [
    ({"lines": []}, "lines"),
    ({"shipping_address": None, "billing_address": None}, "billing_address"),
    ({"customer": {"name": "Asha"}, "shipping_address": {"city": "Pune"}, "billing_address": {"line1": "x"}},
     "customer.phone"),
])
def test_what_an_order_lacks_is_named_as_we_call_it(order, changes, field):
    with pytest.raises(Permanent) as refused:
        check_needed(Contract(), order_body(Contract(), order(**changes)))
    assert refused.value.field == field


@pytest.mark.parametrize(("name", "value", "field"), [
    ("postcode", "", "shipping_address.postcode"), ("postcode", "5600", "shipping_address.postcode"),
    ("state", "Nowhere", "shipping_address.state"), ("city", "", "shipping_address.city"),
])
def test_a_wrong_address_is_named(order, name, value, field):
    address = {**order().shipping_address, name: value}
    with pytest.raises(Permanent) as refused:
        check_needed(Contract(), order_body(Contract(), order(shipping_address=address)))
    assert refused.value.field == field


def test_a_preset_may_need_other_fields(order):
    contract = Contract(required_fields=("customer.gstin",))
    with pytest.raises(Permanent) as refused:
        check_needed(contract, order_body(contract, order()))
    assert refused.value.field == "customer.gstin"


def test_a_field_that_they_name_is_named_as_ours():
    contract = Contract(field_map={"shipping_address.pincode": "shipTo.zip", "items[].sku": "rows[].code"})
    assert our_field(contract, "shipTo.zip") == "shipping_address.postcode"
    assert our_field(contract, "rows[2].code") == "lines[2].sku"
    assert our_field(contract, "rows.2.code") == "lines[2].sku"
    assert our_field(contract, "somethingElse") == "somethingElse"
    assert our_field(Contract(), "shipping_address.pincode") == "shipping_address.postcode"


def test_digging_finds_nothing_where_nothing_is():
    document = {"a": [{"b": 1}], "c": "x"}
    assert dig(document, "a.0.b") == 1
    assert [dig(document, path) for path in ("", "a.1.b", "a.b", "c.d", "z")] == [None] * 5
