"""What is sent for an order, and what each answer to it means."""

import json
from decimal import Decimal

import pytest
from uniware_said import ABSENT, ADDRESS, GIVEN, PASSWORD, at_door, line, no, order, told, yes

from kartify.plugin import Denied, Kind, OmsPayment, Permanent, Temporary, Throttled

CREATED = yes(saleOrderDetailDTO={"code": "K1001", "status": "CREATED"})


def sent(canned, oms, what, **kwargs):
    client = canned(yes(saleOrderDetailDTO={"code": oms.settings.code(what.number)}), **kwargs)
    oms.deliver(client, Kind.PUSH, what)
    return client.asked[0][2]["json"]["saleOrder"]


def test_a_prepaid_order_goes_out_unit_by_unit(canned, uniware):
    what = order(lines=[line(quantity=2, unit_price=49950)], fees=[{"kind": "shipping", "amount": 5000}], total=104900)
    body = sent(canned, uniware(), what)
    assert body["code"] == body["displayOrderCode"] == "K1001"
    assert body["displayOrderDateTime"] == "2026-11-23T08:30:00"
    assert (body["cashOnDelivery"], body["paymentInstrument"]) == (False, "NET_BANKING")
    assert body["totalPrepaidAmount"] == 1049
    assert (body["thirdPartyShipping"], body["verificationRequired"]) == (False, False)
    assert (body["taxExempted"], body["cformProvided"]) == (False, False)
    assert [(one["code"], one["sellingPrice"], one["shippingCharges"], one["totalPrice"], one["prepaidAmount"])
            for one in body["saleOrderItems"]] == [
        ("K1001-1of2", 499.5, 25, 524.5, 524.5), ("K1001-2of2", 499.5, 25, 524.5, 524.5),
    ]
    assert "totalCashOnDeliveryCharges" not in body


def test_cod_tells_the_fee_and_not_the_value(canned, uniware):
    what = order(method="cod", payments=at_door(154800), fees=[{"kind": "cod_fee", "amount": 4900}], total=154800,
                 due=154800)
    body = sent(canned, uniware(), what)
    assert (body["cashOnDelivery"], body["paymentInstrument"]) == (True, "CASH")
    assert body["totalCashOnDeliveryCharges"] == 49
    assert "totalPrepaidAmount" not in body
    assert body["saleOrderItems"][0]["cashOnDeliveryCharges"] == 49
    assert body["saleOrderItems"][0]["prepaidAmount"] == 0


def test_part_paid_before_the_door(canned, uniware):
    payments = [*at_door(100000), OmsPayment(kind="tender", amount=49900, name="Store credit")]
    body = sent(canned, uniware(), order(method="cod", payments=payments, due=100000))
    assert (body["cashOnDelivery"], body["totalPrepaidAmount"]) == (True, 499)
    assert body["saleOrderItems"][0]["prepaidAmount"] == 499


def test_cod_that_a_person_confirmed_as_paid_is_not_collected_again(canned, uniware):
    paid = [OmsPayment(kind="tender", amount=149900, name="Confirmed by hand")]
    body = sent(canned, uniware(), order(method="cod", payments=paid))
    assert (body["cashOnDelivery"], body["totalPrepaidAmount"]) == (False, 1499)


def test_sums_travel_with_exactly_their_digits(canned, uniware):
    client = canned(CREATED)
    uniware().deliver(client, Kind.PUSH, order(lines=[line(unit_price=149910)], total=149910))
    assert b'"sellingPrice":1499.10' in client.asked[0][2]["body"]
    assert json.loads(client.asked[0][2]["body"], parse_float=Decimal)["saleOrder"]["totalPrepaidAmount"] == Decimal(
        "1499.10"
    )


def test_addresses_are_listed_once_and_referred_to(canned, uniware):
    same = sent(canned, uniware(), order())
    assert [one["id"] for one in same["addresses"]] == ["ship"]
    assert same["billingAddress"] == same["shippingAddress"] == {"referenceId": "ship"}
    other = sent(canned, uniware(), order(billing_address={**ADDRESS, "name": "Rao Ltd"}))
    assert [one["id"] for one in other["addresses"]] == ["ship", "bill"]
    assert other["billingAddress"] == {"referenceId": "bill"}
    assert other["addresses"][0]["phone"] == "9000000000"


def test_settings_shape_the_body(canned, uniware):
    oms = uniware(
        code_prefix="BR-", verification="cod", third_party_shipping="true", send_totals="false",
        payment_instruments="upi=WALLET", payment_id_field="Payment", shipping_method="EXP",
    )
    body = sent(canned, oms, order())
    assert (body["code"], body["displayOrderCode"]) == ("BR-K1001", "K1001")
    assert (body["thirdPartyShipping"], body["verificationRequired"]) == (True, False)
    assert body["paymentInstrument"] == "WALLET"
    assert body["customFieldValues"] == [{"name": "Payment", "value": "pay_Nx1"}]
    assert body["saleOrderItems"][0]["shippingMethodCode"] == "EXP"
    assert "totalPrepaidAmount" not in body
    cod = sent(canned, oms, order(method="cod", payments=at_door(149900)))
    assert cod["verificationRequired"] is True


def test_the_facility_goes_along_with_new_orders_only(canned, uniware):
    client = canned(CREATED, told())
    oms = uniware(facility="WH-1")
    oms.deliver(client, Kind.PUSH, order())
    oms.find(client, Kind.PUSH, order())
    assert [asked[2]["headers"].get("facility") for asked in client.asked] == ["WH-1", None]


def test_the_receipt_is_uniwares_code(canned, uniware):
    assert uniware().deliver(canned(CREATED), Kind.PUSH, order()).id == "K1001"


@pytest.mark.parametrize(("change", "field"), [
    ({"number": "K" * 46}, "number"),
    ({"currency": "USD"}, "currency"),
    ({"lines": []}, "lines"),
    ({"lines": [line(quantity=501, unit_price=1)], "total": 501}, "lines"),
    ({"shipping_address": None}, "shipping_address"),
    ({"shipping_address": {**ADDRESS, "line1": ""}}, "shipping_address.line1"),
    ({"shipping_address": {**ADDRESS, "city": None}}, "shipping_address.city"),
    ({"shipping_address": {**ADDRESS, "postcode": "5600"}}, "shipping_address.postcode"),
    ({"shipping_address": {**ADDRESS, "state": "K" * 46}}, "shipping_address.state"),
    ({"billing_address": {**ADDRESS, "state": ""}}, "billing_address.state"),
    ({"shipping_address": {**ADDRESS, "phone": ""}, "customer": {"name": "Asha"}}, "shipping_address.phone"),
    ({"shipping_address": {**ADDRESS, "name": ""}, "customer": {"phone": "1"}}, "shipping_address.name"),
    ({"customer": {"name": "x" * 101}}, "customer.name"),
    ({"total": 149901}, "total"),
])
def test_what_uniware_would_refuse_is_refused_before_with_its_field(uniware, change, field):
    with pytest.raises(Permanent) as refused:
        uniware().check(Kind.PUSH, order(**change))
    assert refused.value.field == field


def test_abroad_any_postcode_will_do(uniware):
    uniware().check(Kind.PUSH, order(shipping_address={**ADDRESS, "country": "AE", "postcode": ""}))


@pytest.mark.parametrize(("told_field", "field"), [
    ("saleOrder.saleOrderItems[1].itemSku", "lines.1.sku"), ("itemSku", "lines.sku"),
    ("saleOrder.addresses[0].pincode", "shipping_address.postcode"), ("saleOrder.channel", "account.channel"),
    ("something.new", "something.new"), ("", None), ("saleOrder.saleOrderItems[9].itemSku", "lines.sku"),
])
def test_a_no_of_uniware_names_our_field_and_its_reason(canned, uniware, told_field, field):
    client = canned(no((40007, "INVALID_ITEM_TYPE", "Invalid item sku CAP", told_field)), ABSENT)
    lines = [line(), line(line_id="2", sku="CAP", unit_price=100)]
    with pytest.raises(Permanent, match="Invalid item sku CAP") as refused:
        uniware().deliver(client, Kind.PUSH, order(lines=lines, total=150000))
    assert refused.value.field == field


def test_a_400_with_uniwares_body_is_a_no_as_well(canned, uniware):
    status, body = no((1, "MISSING", "code may not be empty", "code"))
    assert status == 200
    with pytest.raises(Permanent, match="may not be empty"):
        uniware().deliver(canned((400, body), ABSENT), Kind.PUSH, order())


def test_no_is_success_where_the_order_is_there_with_our_units_and_sum(canned, uniware):
    exists = no((40004, "DUPLICATE", "exists", "saleOrder.code"))
    receipt = uniware().deliver(canned(exists, told()), Kind.PUSH, order())
    assert (receipt.id, receipt.detail) == ("K1001", "Uniware has it already")


@pytest.mark.parametrize(("there", "sentence"), [
    ({"saleOrderItems": [{"code": "a", "totalPrice": 1498.99}]}, "149899 where ours is 149900"),
    ({"saleOrderItems": [{"code": "a", "totalPrice": 749.5}, {"code": "b", "totalPrice": 749.5}]}, "has 2 units"),
    ({"saleOrderItems": [{"code": "a", "totalPrice": "?"}]}, "cannot be read"),
    ({"channel": "SHOPIFY"}, "of the channel SHOPIFY"), ({"status": "CANCELLED"}, "cancelled there"),
])
def test_another_order_under_our_code_is_never_taken_for_ours(canned, uniware, there, sentence):
    exists = no((40004, "DUPLICATE", "exists", "saleOrder.code"))
    with pytest.raises(Permanent, match=sentence) as refused:
        uniware().deliver(canned(exists, told(**there)), Kind.PUSH, order())
    assert refused.value.field == "number"


def test_yes_without_our_code_counts_only_once_the_order_is_seen(canned, uniware):
    vague = yes(saleOrderDetailDTO={"code": "SO99"})
    assert uniware().deliver(canned(vague, told()), Kind.PUSH, order()).id == "K1001"
    with pytest.raises(Temporary) as lost:
        uniware().deliver(canned(vague, ABSENT), Kind.PUSH, order())
    assert lost.value.sent is True


@pytest.mark.parametrize("look", [(403, b"x"), (429, {}), (500, {}), no((1, "X", "odd", ""))])
def test_a_no_that_cannot_be_looked_into_is_uncertain(canned, uniware, look):
    with pytest.raises(Temporary) as lost:
        uniware().deliver(canned(no((1, "X", "odd", "")), look), Kind.PUSH, order())
    assert lost.value.sent is True
    assert not isinstance(lost.value, Throttled)


@pytest.mark.parametrize("answer", [
    (500, {}), (502, b"<html>"), (200, b"<html>"), (200, {}), (200, []), (200, {"successful": "yes"}), (408, {}),
    (201, b'{"successful":tr'),
])
def test_an_answer_that_says_nothing_is_uncertain(canned, uniware, answer):
    with pytest.raises(Temporary) as lost:
        uniware().deliver(canned(answer), Kind.PUSH, order())
    assert lost.value.sent is True


def test_an_unknown_kind_is_refused(canned, uniware):
    with pytest.raises(Permanent, match="does not know"):
        uniware().deliver(canned(), Kind.CONFIRM, order())


def test_secrets_are_in_no_message_even_if_uniware_repeats_them(canned, uniware):
    said = f"user {GIVEN['username']} with {PASSWORD} and token-1 may not" + "x" * 300
    client = canned(no((1, "X", said, f"f {PASSWORD}")), ABSENT)
    with pytest.raises(Permanent) as refused:
        uniware().deliver(client, Kind.PUSH, order())
    shown = f"{refused.value} {refused.value.field}"
    assert PASSWORD not in shown
    assert "token-1" not in shown


def test_denied_and_throttled_come_through(canned, uniware):
    with pytest.raises(Throttled):
        uniware().deliver(canned((429, {})), Kind.PUSH, order())
    with pytest.raises(Denied):
        uniware().deliver(canned(*[(401, {})] * 3), Kind.PUSH, order())
