"""News by asking, and by what Unicommerce tells; whole only where every unit is meant."""

from datetime import UTC, datetime, timedelta

import pytest
from uniware_said import ABSENT, AT, inbound, no, route, told, unit, yes

from kartify.plugin import Known, NewsKind, PartnerError, Throttled, Unreadable

KNOWN = Known(number="K1001", oms_order_id="K1001", status="processing", since=AT)


def polled(canned, oms, *answers, since=None, known=(KNOWN,)):
    return [(one.kind, one.whole) for one in oms.poll(canned(*answers), list(known), since)]


@pytest.mark.parametrize(("there", "news"), [
    ({}, [(NewsKind.OTHER, True)]),
    ({"status": "COMPLETE"}, [(NewsKind.OTHER, True)]),
    ({"status": "CANCELLED"}, [(NewsKind.CANCELLED, True)]),
    ({"saleOrderItems": [unit(1, "CANCELLED"), unit(2, "CANCELLED")]}, [(NewsKind.CANCELLED, True)]),
    ({"saleOrderItems": [unit(1, "CANCELLED"), unit(2)]}, [(NewsKind.CANCELLED, False)]),
    ({"saleOrderItems": [unit(1, "DISPATCHED"), unit(2)]}, [(NewsKind.SHIPPED, False)]),
    ({"saleOrderItems": [unit(1, "DISPATCHED"), unit(2, package="SHIPPED")]}, [(NewsKind.SHIPPED, True)]),
    ({"saleOrderItems": [unit(1, "CANCELLED"), unit(2, "DISPATCHED")]},
     [(NewsKind.CANCELLED, False), (NewsKind.SHIPPED, True)]),
    ({"saleOrderItems": [unit(1, "DELIVERED"), unit(2, "DISPATCHED")]},
     [(NewsKind.SHIPPED, True), (NewsKind.DELIVERED, False)]),
    ({"saleOrderItems": [unit(1, "DELIVERED"), unit(2, "DISPATCHED", "DELIVERED")]},
     [(NewsKind.SHIPPED, True), (NewsKind.DELIVERED, True)]),
    ({"saleOrderItems": [unit(1, "DISPATCHED", "RETURNED"), unit(2, "DISPATCHED", "RETURN_EXPECTED")]},
     [(NewsKind.SHIPPED, True), (NewsKind.RETURNED, True)]),
    ({"saleOrderItems": [unit(1, "DISPATCHED", "CANCELLED"), unit(2)]}, [(NewsKind.SHIPPED, False)]),
    ({"saleOrderItems": []}, [(NewsKind.OTHER, True)]),
])
def test_an_orders_units_and_packages_tell_how_far_it_is(canned, uniware, there, news):
    assert polled(canned, uniware(), told(**there)) == news


def test_a_package_speaks_for_its_units(canned, uniware):
    assert polled(canned, uniware(), told(shippingPackages=[{"code": "PK1", "status": "DELIVERED"}])) == [
        (NewsKind.SHIPPED, True), (NewsKind.DELIVERED, True),
    ]


def test_the_same_state_has_the_same_key_and_another_one_another(canned, uniware):
    def keys(there):
        return {one.key for one in uniware().poll(canned(told(**there)), [KNOWN], None)}

    one = {"saleOrderItems": [unit(1, "DISPATCHED"), unit(2)]}
    two = {"saleOrderItems": [unit(1), unit(2, "DISPATCHED")]}
    assert keys(one) == keys(one)
    assert keys(one) != keys(two)


def test_news_by_asking_carries_the_time_of_the_change(canned, uniware):
    [news] = uniware().poll(canned(told(updated=1795422600000)), [KNOWN], None)
    assert news.at == datetime.fromtimestamp(1795422600, UTC)


def test_an_order_that_is_not_there_any_more_is_told(canned, uniware):
    [news] = uniware().poll(canned(ABSENT), [KNOWN], None)
    assert (news.kind, news.word) == (NewsKind.OTHER, "NOT_THERE")


def test_a_run_keeps_a_distance_between_questions_and_waits_when_asked_to(canned, uniware, naps):
    slow = (403, b"")
    assert len(polled(canned, uniware(), told(), slow, told(), known=[KNOWN, KNOWN])) == 2
    assert naps == [0.3, 10.0]
    with pytest.raises(Throttled):
        polled(canned, uniware(), slow, slow, slow)


@pytest.mark.parametrize("answer", [(500, {}), (200, b"<"), no((1, "X", "x", "")), (401, {})])
def test_a_run_that_cannot_read_stops(canned, uniware, answer):
    with pytest.raises(PartnerError):
        polled(canned, uniware(), answer, *[(401, {})] * 3)


def many(count):
    return [Known(number=f"M{number}", oms_order_id=None, status="processing", since=AT) for number in range(count)]


def test_of_many_orders_those_that_changed_are_asked_about_and_each_once_a_day(canned, uniware, clock):
    known = many(200)
    asked = set()
    for _ in range(96):
        listed = [yes(elements=[{"code": "M7", "displayOrderCode": "M7"}]), yes(elements=[])]
        client = canned(*listed, *[ABSENT] * 40)
        list(uniware().poll(client, known, clock.at - timedelta(minutes=25)))
        assert client.asked[0][2]["json"]["updatedSinceInMinutes"] == 26
        round_ = {one[2]["json"]["code"] for one in client.asked[2:]}
        assert "M7" in round_
        assert len(round_) < 40
        asked |= round_
        clock.forward(minutes=15)
    assert asked == {one.number for one in known}


def test_after_a_long_silence_all_are_asked_about(canned, uniware, clock):
    client = canned(*[ABSENT] * 60)
    list(uniware().poll(client, many(60), clock.at - timedelta(days=8)))
    assert len(client.asked) == 60


def test_a_long_list_of_changes_is_read_to_its_end(canned, uniware, clock):
    page = [{"code": f"X{number}", "displayOrderCode": f"X{number}"} for number in range(100)]
    client = canned(yes(elements=page), yes(elements=page[:3]), yes(elements=[]), *[ABSENT] * 10)
    list(uniware().poll(client, many(51), clock.at))
    assert [one[2]["json"]["searchOptions"]["displayStart"] for one in client.asked[:3]] == [0, 100, 0]


def said(oms, path, body, at="order/K1001"):
    return [(one.kind, one.number, one.whole, one.word)
            for one in oms.read_news(route(oms, path), inbound("POST", at, body))]


def changed(*items):
    return {"orderItems": [{"orderItemId": f"K1001-{number}of2", "status": status, "IsReverse": reverse}
                           for number, status, reverse in items]}


@pytest.mark.parametrize(("body", "news"), [
    (changed((1, "DISPATCHED", False), (2, "DISPATCHED", False)), [(NewsKind.SHIPPED, True)]),
    (changed((1, "DISPATCHED", False)), [(NewsKind.SHIPPED, False)]),
    (changed((1, "DELIVERED", False), (2, "DELIVERED", False)), [(NewsKind.DELIVERED, True)]),
    (changed((1, "DELIVERED", False), (2, "DISPATCHED", False)),
     [(NewsKind.DELIVERED, False), (NewsKind.SHIPPED, False)]),
    (changed((1, "CANCELLED", False), (2, "CANCELLED", False)), [(NewsKind.CANCELLED, True)]),
    (changed((1, "READY_TO_SHIP", False)), [(NewsKind.ACCEPTED, True)]),
    (changed((1, "COMPLETE", True), (2, "COMPLETE", True)), [(NewsKind.RETURNED, True)]),
    (changed((1, "DISPATCHED", True)), [(NewsKind.OTHER, False)]),
])
def test_status_notices_of_a_store_that_is_pulled_from(uniware, body, news):
    oms = uniware(way="pull")
    assert [(kind, whole) for kind, number, whole, _ in said(oms, "order/{id}", body)] == news
    assert {number for _, number, _, _ in said(oms, "order/{id}", body)} == {"K1001"}


def test_dates_are_in_the_zone_of_the_setting_and_never_age_a_cancellation(uniware):
    oms = uniware(way="pull")
    body = {"orderItems": [{"orderItemId": "K1001-1of1", "status": "DELIVERED", "updated": "Nov 23, 2026 7:12:31 PM"}]}
    [news] = oms.read_news(route(oms, "order/{id}"), inbound("POST", "order/K1001", body))
    assert news.at == datetime(2026, 11, 23, 13, 42, 31, tzinfo=UTC)
    body["orderItems"][0]["status"] = "CANCELLED"
    [news] = oms.read_news(route(oms, "order/{id}"), inbound("POST", "order/K1001", body))
    assert news.at is None


def test_cancellations_and_dispatches_of_the_marketplace_family(uniware):
    oms = uniware(way="pull")
    units = [{"orderItemId": "K1001-1of2", "quantity": 1}, {"orderItemId": "K1001-2of2", "quantity": 1}]
    assert said(oms, "orders/cancel", {"orderId": "K1001", "orderItems": units}) == [
        (NewsKind.CANCELLED, "K1001", True, "CANCELLED"),
    ]
    assert said(oms, "orders/cancel", {"orderId": "K1001", "orderItems": units[:1]}) == [
        (NewsKind.CANCELLED, "K1001", False, "CANCELLED"),
    ]
    body = {"orderItems": [*units, {"orderItemId": "K1002-1of1", "quantity": 1}],
            "selfShipping": {"deliveryPartner": "Bluedart", "trackingId": "AWB1"}}
    assert said(oms, "orders/dispatch", body) == [
        (NewsKind.SHIPPED, "K1001", True, "DISPATCHED"), (NewsKind.SHIPPED, "K1002", True, "DISPATCHED"),
    ]
    [first, _] = oms.read_news(route(oms, "orders/dispatch"), inbound("POST", "orders/dispatch", body))
    assert first.detail == "Bluedart AWB1"


def test_notifications_to_any_partner(uniware):
    oms = uniware()
    shipped = {"AWB": "77", "courierName": "Bluedart", "dispatchedOn": "Jul 19, 2026 10:56:22 AM",
               "orderItems": [{"orderItemCode": "K1001-1of1"}], "saleOrder": [{"code": "K1001"}]}
    assert said(oms, "dispatchedShipment", shipped) == [(NewsKind.SHIPPED, "K1001", True, "DISPATCHED")]
    part = {"saleOrderCode": "K1001", "displayOrderCode": "K1001",
            "items": [{"itemCode": "K1001-1of2", "cancellationReason": "out of stock"}]}
    assert said(oms, "cancelSOItem", part) == [(NewsKind.CANCELLED, "K1001", False, "CANCELLED")]
    packed = {"saleOrderDTO": {"code": "K1001", "displayOrderCode": "K1001", "shippingPackageStatus": "CREATED"}}
    assert said(oms, "createShipment", packed) == [(NewsKind.OTHER, "K1001", True, "CREATED")]


def test_where_uniware_fetches_a_shipment_is_what_proves_that_it_has_the_order(uniware):
    oms = uniware(way="pull", code_prefix="BR-")
    packed = {"saleOrderDTO": {"code": "UC7", "displayOrderCode": "K1001", "shippingPackageStatus": "CREATED"}}
    assert said(oms, "createShipment", packed) == [(NewsKind.ACCEPTED, "K1001", True, "CREATED")]


def test_units_that_uniware_named_itself_are_never_taken_for_the_whole(uniware):
    body = {"orderItems": [{"orderItemCode": "15131106574643"}], "saleOrder": [{"code": "K1001"}]}
    assert said(uniware(), "dispatchedShipment", body) == [(NewsKind.SHIPPED, "K1001", False, "DISPATCHED")]


def test_orders_of_other_channels_are_none_of_ours(uniware):
    oms = uniware(code_prefix="BR-")
    body = {"saleOrderCode": "5975515365683", "items": [{"itemCode": "x"}]}
    assert said(oms, "cancelSOItem", body) == []
    ours = {"saleOrderCode": "BR-K1001", "items": [{"itemCode": "BR-K1001-1of1"}]}
    assert said(oms, "cancelSOItem", ours) == [(NewsKind.CANCELLED, "K1001", True, "CANCELLED")]


@pytest.mark.parametrize("path", ["order/{id}", "orders/cancel", "orders/dispatch", "createShipment",
                                  "dispatchedShipment", "cancelSOItem"])
@pytest.mark.parametrize("body", [b"", b"{", [], {}, {"orderItems": "x"}, {"orderItems": [1]}, {"saleOrderDTO": []},
                                  {"orderId": "K1", "orderItems": [], "items": None}, {"saleOrder": [{"code": 1.5}]}])
def test_what_says_nothing_is_unreadable(uniware, path, body):
    oms = uniware(way="pull")
    with pytest.raises(Unreadable):
        oms.read_news(route(oms, path), inbound("POST", path, body))


def test_each_family_is_answered_in_its_own_words(uniware):
    oms = uniware(way="pull")
    assert oms.reply_to(route(oms, "orders/cancel")).body == b'{"status":"SUCCESS","orderItems":[]}'
    assert oms.reply_to(route(oms, "cancelSOItem")).body == b'{"status":"Success","message":"noted"}'
