"""What is sent, and what SAP's answers to it mean."""

import json

import pytest
from kartify_sap import service

from kartify.plugin import Denied, Kind, OmsLine, OmsPayment, Permanent, Temporary, Throttled

MADE = (201, {"d": {"SalesOrder": "0000001001", "PurchaseOrderByCustomer": "K1001"}})


@pytest.fixture
def sent(sap, plugin):
    """The body that an account sends for an order."""
    def make(order, **settings):
        client = sap.canned(MADE)
        oms = plugin(**settings)
        oms.check(Kind.PUSH, order)
        oms.deliver(client, Kind.PUSH, order)
        return json.loads(client.asked[0][2]["body"])

    return make


@pytest.fixture
def refused(plugin, order):
    def make(told, **settings):
        with pytest.raises(Permanent) as problem:
            plugin(**settings).check(Kind.PUSH, told)
        return problem.value

    return make


def test_the_whole_order_as_it_goes_out(sent, order):
    assert sent(order()) == {
        "SalesOrderType": "OR", "SalesOrganization": "1710", "DistributionChannel": "10", "OrganizationDivision": "00",
        "SoldToParty": "17100001", "TransactionCurrency": "INR", "CustomerPurchaseOrderDate": "/Date(1795392000000)/",
        "PurchaseOrderByShipToParty": "pay_1", "PurchaseOrderByCustomer": "K1001",
        "to_Partner": [
            {"PartnerFunction": function, "Customer": "17100001", "to_Address": [{
                "AddresseeFullName": "Asha Rao", "StreetName": "12 MG Road", "StreetPrefixName1": "2nd floor",
                "CityName": "Bengaluru", "PostalCode": "560001", "Region": "KA", "Country": "IN",
                "EmailAddress": "asha@example.com", "MobileNumber": "+919000000000",
            }]}
            for function in ("SH", "BP")
        ],
        "to_Item": [{
            "Material": "SHIRT-M", "SalesOrderItemText": "Shirt", "UnderlyingPurchaseOrderItem": "1",
            "RequestedQuantity": "2", "RequestedQuantityUnit": "PC",
            "to_PricingElement": [{
                "ConditionType": "PMP0", "ConditionRateValue": "499.50", "ConditionCurrency": "INR",
                "ConditionQuantity": "1", "ConditionQuantityUnit": "PC",
            }],
        }],
    }


def test_every_name_that_can_be_sent_is_a_creatable_one_of_the_service(sent, order):
    fees = [{"kind": "shipping", "amount": 4900}]
    body = sent(order(fees=fees), payment_text_id="TX01", payment_service_provider="RZP", discount_condition="ZDIS")

    def walk(where, told):
        known = service.entity_sets()[where]
        for name, value in told.items():
            if name in known.navigations:
                for row in value:
                    walk(known.navigations[name].target, row)
            else:
                assert known.properties[name].creatable, name

    assert {"to_Text", "to_PaymentPlanItemDetails", "to_PricingElement"} <= set(body)
    walk("A_SalesOrder", body)


def test_the_mapping_of_the_store_lies_over_the_defaults(sent, order):
    made = sent(
        order(metadata={"coupon": "DIWALI"}),
        order_fields={"ShippingCondition": "01", "CompleteDeliveryIsDefined": "true", "AssignmentReference":
                      "{metadata.coupon}", "CustomerGroup": "{metadata.nothing}"},
        prepaid_fields={"CustomerPaymentTerms": "0001"}, cod_fields={"CustomerPaymentTerms": "COD1"},
        item_fields={"MaterialByCustomer": "{sku}", "ProductionPlant": "1710", "PurchaseOrderByCustomer":
                     "{order.number}/{line_id}"},
        partners={"SH": "shipping@17100002", "PY": "@17100003"}, quantity_unit="EA",
    )
    assert (made["ShippingCondition"], made["CompleteDeliveryIsDefined"]) == ("01", True)
    assert (made["AssignmentReference"], made["CustomerPaymentTerms"]) == ("DIWALI", "0001")
    assert "CustomerGroup" not in made
    assert "PurchaseOrderByShipToParty" not in made
    assert made["to_Item"][0]["PurchaseOrderByCustomer"] == "K1001/1"
    assert made["to_Item"][0]["ProductionPlant"] == "1710"
    assert [one["Customer"] for one in made["to_Partner"]] == ["17100002", "17100003"]
    assert "to_Address" not in made["to_Partner"][1]


def test_cash_on_delivery_has_fields_of_its_own(sent, order):
    at_door = OmsPayment(kind="cod", amount=104800, name="Cash on delivery", method="cod")
    cod = order(method="cod", total=104800, fees=[{"kind": "cod_fee", "amount": 4900}], payments=[at_door])
    made = sent(cod, cod_fields={"SalesOrderType": "ZCOD", "DeliveryBlockReason": "Z5"},
                fee_conditions="cod_fee=ZCOD", payment_text_id="TX01")
    assert (made["SalesOrderType"], made["DeliveryBlockReason"]) == ("ZCOD", "Z5")
    assert made["to_PricingElement"] == [
        {"ConditionType": "ZCOD", "ConditionRateValue": "49.00", "ConditionCurrency": "INR"}
    ]
    assert made["to_Text"][0]["LongText"] == "to collect: Cash on delivery 1048.00 INR cod"


@pytest.mark.parametrize(("changes", "settings", "conditions"), [
    ({"discount": 1000}, {"discount_condition": "ZDIS"},
     [("PMP0", "499.50", "1"), ("ZDIS", "-10.00", None)]),
    ({"discount": 1000}, {}, [("PMP0", "494.50", "1")]),
    ({"discount": 1001}, {}, [("PMP0", "988.99", "2")]),
    ({}, {"prices": "net"}, [("PMP0", "951.43", "2")]),
    ({"discount": 9990, "tax": {"amount": 4281}}, {"prices": "net", "discount_condition": "ZDIS"},
     [("PMP0", "951.43", "2"), ("ZDIS", "-95.14", None)]),
])
def test_prices_add_up_to_the_minor_unit(sent, order, changes, settings, conditions):
    line = OmsLine(**{"line_id": "1", "sku": "S", "name": "Shirt", "quantity": 2, "unit_price": 49950,
                      "tax": {"amount": 4757}, **changes})
    made = sent(order(lines=[line]), **settings)["to_Item"][0]["to_PricingElement"]
    names = ("ConditionType", "ConditionRateValue", "ConditionQuantity")
    assert [tuple(one.get(name) for name in names) for one in made] == conditions


def test_currencies_without_decimals_are_sent_without_any(sent, order):
    line = OmsLine(line_id="1", sku="S", name="Shirt", quantity=1, unit_price=5000)
    made = sent(order(lines=[line], currency="JPY", total=5000))
    assert made["to_Item"][0]["to_PricingElement"][0]["ConditionRateValue"] == "5000"


@pytest.mark.parametrize(("changes", "field", "words"), [
    ({"shipping_address": None, "billing_address": None}, "shipping_address", "address"),
    ({"shipping_address": {"line1": "x", "city": "Pune"}}, "shipping_address.postcode", "postcode"),
    ({"billing_address": {"line1": "x", "city": "Pune", "postcode": "411001", "state": "Maharashtra"}},
     "billing_address.state", "regions"),
    ({"shipping_address": {"line1": "x", "city": "Pune", "postcode": "411001-411002"}}, "shipping_address.postcode",
     "at most 10"),
    ({"number": "K" * 36}, "number", "35"),
    ({"fees": [{"kind": "shipping", "amount": 1}, {"kind": "gift_wrap", "amount": 5}]}, "fees.1.kind",
     "fee_conditions"),
    ({"lines": [OmsLine(line_id="a", sku="S" * 41, name="x", quantity=1, unit_price=1)]}, "lines.0.sku", "at most 40"),
])
def test_an_order_that_sap_would_refuse_names_our_field_and_says_what_to_do(refused, order, changes, field, words):
    problem = refused(order(**changes))
    assert problem.field == field
    assert words in str(problem)


def test_net_prices_need_the_tax_of_every_line(refused, order):
    line = OmsLine(line_id="7", sku="S", name="x", quantity=1, unit_price=100)
    assert refused(order(lines=[line]), prices="net").field == "lines.0.tax"


def test_states_are_mapped_to_regions(sent, order):
    address = {"line1": "x", "city": "Pune", "postcode": "411001", "state": "Maharashtra"}
    made = sent(order(shipping_address=address, billing_address=None), regions="Maharashtra=MH, Tamil Nadu=TN")
    assert [one["to_Address"][0]["Region"] for one in made["to_Partner"]] == ["MH", "MH"]


def test_the_one_time_customer_has_its_address_on_the_sold_to_party_too(sent, order):
    made = sent(order(), address_style="one_time_customer")
    assert [one["PartnerFunction"] for one in made["to_Partner"]] == ["SP", "SH", "BP"]


def test_without_addresses_the_partners_are_still_named(sent, order):
    made = sent(order(shipping_address=None, billing_address=None), address_style="none")
    assert made["to_Partner"] == [{"PartnerFunction": "SH", "Customer": "17100001"},
                                  {"PartnerFunction": "BP", "Customer": "17100001"}]


def test_the_receipt_is_saps_number_and_its_message_is_kept(sap, plugin, order):
    said = {"sap-message": json.dumps({
        "code": "V1/555", "message": "The order is incomplete", "severity": "error",
        "details": [{"code": "V1/556", "message": "Credit limit exceeded", "severity": "warning"}],
    })}
    receipt = plugin().deliver(sap.canned((*MADE, said)), Kind.PUSH, order())
    assert receipt.id == "0000001001"
    assert receipt.detail == "The order is incomplete (V1/555); Credit limit exceeded (V1/556)"


@pytest.mark.parametrize(("header", "detail"), [
    ("%7B%22code%22%3A%22A%22%2C%22message%22%3A%22said%22%2C%22severity%22%3A%22info%22%7D", "said (A)"),
    ('{"code":"A","message":"saved","severity":"success"}', ""),
    ("plain words", "plain words"), ("[]", "[]"),
])
def test_sap_messages_come_in_several_forms(sap, plugin, order, header, detail):
    assert plugin().deliver(sap.canned((*MADE, {"sap-message": header})), Kind.PUSH, order()).detail == detail


@pytest.mark.parametrize("answer", [
    (201, {"d": {}}), (201, {"d": {"SalesOrder": ""}}), (201, {}), (201, b"<html>"), (200, b""), (500, {}), (503, {}),
    (302, b"", {"location": "https://login.example"}),
    (201, {"d": {"SalesOrder": "1", "PurchaseOrderByCustomer": "K"}}),
])
def test_an_unclear_answer_is_uncertain(sap, plugin, order, answer):
    with pytest.raises(Temporary) as lost:
        plugin().deliver(sap.canned(answer), Kind.PUSH, order())
    assert lost.value.sent is True


@pytest.mark.parametrize(("detail", "field"), [
    ({"message": "Material SHIRT-M is not defined", "target": "/A_SalesOrder/to_Item/2/Material"}, "lines.2.sku"),
    ({"message": "Postal code 1 must have the length 6", "propertyref": "to_Partner/to_Address/PostalCode"},
     "shipping_address.postcode"),
    ({"message": "The region XX is not defined for country IN"}, "shipping_address.state"),
    ({"message": "Plant is missing", "target": "ProductionPlant"}, "ProductionPlant"),
    ({"message": "Something else is wrong"}, None),
])
def test_a_refusal_names_the_field_and_gives_saps_words(sap, plugin, order, detail, field):
    noise = {"code": "/IWBEP/CX_MGW_BUSI_EXCEPTION", "message": "An exception was raised"}
    client = sap.canned((400, sap.refusal({"code": "V1/382", **detail}, noise)), sap.listed())
    with pytest.raises(Permanent) as refused:
        plugin().deliver(client, Kind.PUSH, order())
    assert refused.value.field == field
    assert f"{detail['message']} (V1/382)" in str(refused.value)
    assert "An exception was raised" not in str(refused.value)


def test_a_refusal_of_what_is_there_already_is_looked_up_and_compared(account, simulator, client, order):
    simulator.checks_reference = True
    oms = account()
    first = oms.deliver(client, Kind.PUSH, order())
    with pytest.raises(Temporary, match="compared") as again:
        oms.deliver(client, Kind.PUSH, order())
    assert again.value.sent is True
    assert oms.find(client, Kind.PUSH, order()).receipt.id == first.id
    assert len(simulator.book.orders) == 1


def test_a_refusal_stays_one_where_the_look_up_fails(sap, plugin, order):
    client = sap.canned((400, sap.refusal({"message": "no", "code": "V1/1"})), Temporary("lost"))
    with pytest.raises(Permanent):
        plugin().deliver(client, Kind.PUSH, order())


def test_what_somebody_has_open_at_sap_is_tried_again(sap, plugin, order):
    busy = sap.refusal({"message": "Customer 17100001 is being processed by user X", "code": "MC/601"})
    with pytest.raises(Temporary, match="at work on it") as locked:
        plugin().deliver(sap.canned((400, busy)), Kind.PUSH, order())
    assert locked.value.sent is False


def test_the_password_is_struck_out_of_saps_words(sap, plugin, order):
    echo = sap.refusal({"message": "user comm-password-of-tests is unknown", "code": "X"})
    with pytest.raises(Permanent) as refused:
        plugin().deliver(sap.canned((400, echo), sap.listed()), Kind.PUSH, order())
    assert "comm-password-of-tests" not in str(refused.value)


def test_throttling_and_refused_keys_are_told_apart(sap, plugin, order):
    with pytest.raises(Throttled) as slowed:
        plugin().deliver(sap.canned((429, {}, {"retry-after": "7"})), Kind.PUSH, order())
    assert slowed.value.retry_after == 7
    with pytest.raises(Denied):
        plugin().deliver(sap.canned((401, b"")), Kind.PUSH, order())


def test_request_ids_repeat_with_the_content_and_change_with_it(sap, plugin, order):
    def headers(told):
        client = sap.canned(MADE)
        plugin(request_id=True).deliver(client, Kind.PUSH, told)
        return client.asked[0][2]["headers"]

    first, again = headers(order()), headers(order())
    assert first["RequestID"] == again["RequestID"]
    assert len(first["RequestID"]) == 32
    assert first["RepeatabilityCreation"] == "2026-11-23T08:30:00"
    assert headers(order(customer={"name": "Asha"}))["RequestID"] != first["RequestID"]


def test_without_idempotency_at_sap_no_request_id_is_sent(sap, plugin, order):
    client = sap.canned(MADE)
    plugin().deliver(client, Kind.PUSH, order())
    assert not {"RequestID", "RepeatabilityCreation"} & set(client.asked[0][2]["headers"])


def test_a_repetition_with_idempotency_makes_no_second_order(account, simulator, client, order):
    simulator.idempotent = True
    oms = account(request_id=True)
    assert oms.deliver(client, Kind.PUSH, order()).id == oms.deliver(client, Kind.PUSH, order()).id
    assert len(simulator.book.orders) == 1


def test_an_outdated_request_id_is_uncertain(sap, plugin, order):
    told = sap.refusal({"message": "RequestID is outdated", "code": "/IWBEP/CM_COS/005"})
    with pytest.raises(Temporary) as lost:
        plugin(request_id=True).deliver(sap.canned((400, told)), Kind.PUSH, order())
    assert lost.value.sent is True


def test_nothing_is_sent_a_second_time_within_two_minutes_of_a_lost_call(plugin):
    assert plugin().deadline == 120.0
    assert plugin(call_seconds=10, settle_seconds=20).deadline == 30.0
