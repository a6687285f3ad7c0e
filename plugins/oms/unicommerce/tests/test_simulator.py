"""The stand-in behaves as Uniware does, so that what holds before it means something."""

import json
from urllib.parse import urlencode

import pytest
from kartify_unicommerce.orders import push_body
from kartify_unicommerce.settings import UnicommerceSettings
from kartify_unicommerce.wire import dump
from uniware_said import AT, at_door, line, order

from kartify.plugin import Kind, Known, NewsKind, Permanent, Presence, Temporary

OMS = "/services/rest/v1/oms"


class Caller:
    """A client of Uniware's that is not the plugin."""

    def __init__(self, simulator):
        self.simulator, self.web = simulator, simulator.app().test_client()
        mine = simulator.settings()
        query = {"grant_type": "password", "client_id": "my-trusted-client", "username": mine["username"],
                 "password": mine["password"]}
        self.granted = self.web.get(f"/oauth/token?{urlencode(query)}").get_json()

    def post(self, path, body, token=None):
        headers = {"Authorization": f"bearer {token or self.granted['access_token']}"}
        return self.web.post(f"{OMS}/{path}", data=dump(body), headers=headers)

    def said(self, path, body):
        answer = self.post(path, body)
        assert answer.status_code == 200
        return json.loads(answer.data)


@pytest.fixture
def caller(simulator):
    return Caller(simulator)


@pytest.fixture
def body(simulator):
    settings = UnicommerceSettings.model_validate(simulator.settings())
    return lambda what=None: push_body(settings, what or order())


def test_the_log_in_answers_as_documented(caller):
    assert caller.granted["token_type"] == "bearer"
    assert caller.granted["expires_in"] == 41621
    again = {"grant_type": "refresh_token", "client_id": "my-trusted-client",
             "refresh_token": caller.granted["refresh_token"]}
    assert "access_token" in caller.web.get(f"/oauth/token?{urlencode(again)}").get_json()
    caller.simulator.expire()
    ended = caller.web.get(f"/oauth/token?{urlencode(again)}")
    assert (ended.status_code, ended.get_json()["error"]) == (400, "invalid_grant")
    assert caller.post("saleorder/get", {"code": "K1"}).status_code == 401


def test_an_order_is_told_in_milliseconds_and_by_unit(caller, body):
    made = caller.said("saleOrder/create", body(order(lines=[line(quantity=2)], total=299800)))
    assert made["saleOrderDetailDTO"]["code"] == "K1001"
    there = caller.said("saleorder/get", {"code": "K1001"})["saleOrderDTO"]
    assert there["updated"] > 10**12
    assert [(one["code"], one["totalPrice"], one["statusCode"]) for one in there["saleOrderItems"]] == [
        ("K1001-1of2", 1499.0, "FULFILLABLE"), ("K1001-2of2", 1499.0, "FULFILLABLE"),
    ]


def test_a_refresh_token_opens_no_order(caller):
    assert caller.post("saleorder/get", {"code": "K1"}, token=caller.granted["refresh_token"]).status_code == 401


@pytest.mark.parametrize(("change", "field"), [
    ({"code": ""}, "saleOrder.code"), ({"code": "K" * 46}, "saleOrder.code"),
    ({"cashOnDelivery": None}, "saleOrder.cashOnDelivery"), ({"channel": "X"}, "saleOrder.channel"),
    ({"paymentInstrument": "UPI"}, "saleOrder.paymentInstrument"),
    ({"totalPrepaidAmount": None}, "saleOrder.totalPrepaidAmount"),
    ({"cashOnDelivery": True}, "saleOrder.totalCashOnDeliveryCharges"),
    ({"shippingAddress": {"referenceId": "x"}}, "saleOrder.shippingAddress.referenceId"),
    ({"saleOrderItems": []}, "saleOrder.saleOrderItems"),
])
def test_what_is_wrong_is_answered_with_200_and_the_field(caller, body, change, field):
    whole = body()
    whole["saleOrder"] |= change
    told = caller.said("saleOrder/create", whole)
    assert told["successful"] is False
    assert field in {one["fieldName"] for one in told["errors"]}
    assert caller.simulator.book.orders == []


def test_items_are_checked_one_by_one(caller, body):
    whole = body(order(lines=[line(quantity=2, sku="NO-SUCH")], total=299800))
    whole["saleOrder"]["saleOrderItems"][1] |= {"code": "K1001-1of2", "totalPrice": "x"}
    fields = {one["fieldName"] for one in caller.said("saleOrder/create", whole)["errors"]}
    assert fields == {"saleOrder.saleOrderItems[0].itemSku", "saleOrder.saleOrderItems[1].itemSku",
                      "saleOrder.saleOrderItems[1].totalPrice", "saleOrder.saleOrderItems"}


def test_a_code_is_taken_once_unless_it_is_told_to_be_careless(caller, body):
    assert caller.said("saleOrder/create", body())["successful"]
    assert not caller.said("saleOrder/create", body())["successful"]
    caller.simulator.duplicates = "accept"
    assert caller.said("saleOrder/create", body())["successful"]
    assert len(caller.simulator.book.of("K1001")) == 2


def test_the_search_counts_cod_as_true_where_it_is_left_away(caller, body):
    caller.said("saleOrder/create", body(order(number="P1")))
    caller.said("saleOrder/create", body(order(number="C1", method="cod", payments=at_door(149900))))
    assert [one["code"] for one in caller.said("saleOrder/search", {})["elements"]] == ["C1"]
    found = caller.said("saleOrder/search", {"cashOnDelivery": False, "displayOrderCode": "P1"})
    assert ([one["code"] for one in found["elements"]], found["totalRecords"]) == (["P1"], None)
    assert caller.said("saleOrder/search", {"cashOnDelivery": False, "updatedSinceInMinutes": 5})["elements"]


def test_a_cancellation_that_calls_the_channel_back_fails(caller, body):
    caller.said("saleOrder/create", body())
    assert not caller.said("saleOrder/cancel", {"saleOrderCode": "K1001"})["successful"]
    assert caller.said("saleOrder/cancel", {"saleOrderCode": "K1001", "cancelOnChannel": False})["successful"]
    assert not caller.said("saleOrder/hold", {"saleOrderCode": "K1001"})["successful"]


def test_garbage_is_refused(caller):
    headers = {"Authorization": f"bearer {caller.granted['access_token']}"}
    answer = caller.web.post(f"{OMS}/saleorder/get", data=b"{", headers=headers)
    assert (answer.status_code, answer.get_json()["successful"]) == (400, False)


def test_careless_duplicates_are_prevented_by_looking(account, client, simulator):
    """The plugin does not rely on Uniware refusing a code twice: the core looks before it repeats."""
    simulator.duplicates = "accept"
    oms = account()
    oms.deliver(client, Kind.PUSH, order(number="WARM"))
    simulator.faults.next("dropped-after")
    with pytest.raises(Temporary) as lost:
        oms.deliver(client, Kind.PUSH, order())
    assert lost.value.sent is True
    assert oms.find(client, Kind.PUSH, order()).presence is Presence.DONE
    assert len(simulator.book.of("K1001")) == 1


def test_an_unknown_sku_comes_back_with_our_line(account, client):
    lines = [line(), line(line_id="2", sku="NO-SUCH-CAP", unit_price=100)]
    with pytest.raises(Permanent, match="Invalid item sku NO-SUCH-CAP") as refused:
        account().deliver(client, Kind.PUSH, order(lines=lines, total=150000))
    assert refused.value.field == "lines.1.sku"


def test_a_run_of_news_over_the_stand_in(account, client, simulator):
    oms = account()
    for number in range(3):
        oms.deliver(client, Kind.PUSH, order(number=f"N{number}"))
    simulator.move("N1", "shipped")
    known = [Known(number=f"N{number}", oms_order_id=None, status="processing", since=AT) for number in range(3)]
    told = {one.number: one.kind for one in oms.poll(client, known, None)}
    assert told == {"N0": NewsKind.OTHER, "N1": NewsKind.SHIPPED, "N2": NewsKind.OTHER}
