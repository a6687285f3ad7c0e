"""Looking before repeating; cancel, hold and unhold."""

import pytest
from uniware_said import ABSENT, no, order, told, unit, yes

from kartify.plugin import Kind, Permanent, Presence, Temporary

STATE = no((40020, "INVALID_SALE_ORDER_STATE", "Sale order is COMPLETE", ""))


def find(canned, oms, kind, *answers):
    return oms.find(canned(*answers), kind, order())


def test_the_look_up_asks_by_our_code(canned, uniware):
    client = canned(told())
    found = uniware().find(client, Kind.PUSH, order())
    assert (found.presence, found.receipt.id, found.number, found.amount) == (Presence.DONE, "K1001", "K1001", 149900)
    assert client.asked[0][1].endswith("/services/rest/v1/oms/saleorder/get")
    assert client.asked[0][2]["json"] == {"code": "K1001"}


@pytest.mark.parametrize(("kind", "presence"), [
    (Kind.PUSH, Presence.ABSENT), (Kind.CANCEL, Presence.DEAD), (Kind.HOLD, Presence.DEAD),
])
def test_absent_is_only_what_uniware_says_in_its_word_for_it(canned, uniware, kind, presence):
    assert find(canned, uniware(), kind, ABSENT).presence is presence


@pytest.mark.parametrize("answer", [
    no(), no((1, "TENANT_BUSY", "later", "")), told(code="K1002"), told(saleOrderItems=None), told(status=""),
    yes(saleOrderDTO=None), yes(),
])
def test_anything_else_is_no_word_on_the_order(canned, uniware, answer):
    with pytest.raises(Temporary):
        find(canned, uniware(), Kind.PUSH, answer)


def test_the_word_for_absent_is_a_setting(canned, uniware):
    gone = no((7, "NOT_FOUND", "x", ""))
    assert find(canned, uniware(absent_words="NOT_FOUND"), Kind.PUSH, gone).presence is Presence.ABSENT
    assert find(canned, uniware(absent_words="7"), Kind.PUSH, gone).presence is Presence.ABSENT
    whole = 200, {"successful": False, "errors": [{"code": 40005.0, "description": "x"}]}
    assert find(canned, uniware(), Kind.PUSH, whole).presence is Presence.ABSENT


@pytest.mark.parametrize(("items", "amount"), [
    ([{"code": "a", "sellingPrice": 1450.00, "shippingCharges": 49.00, "totalPrice": None}], 149900),
    ([{"code": "a", "totalPrice": 1498.99}], 149899), ([{"code": "a", "totalPrice": 1499}], 149900),
])
def test_the_sum_is_that_of_the_units(canned, uniware, items, amount):
    assert find(canned, uniware(), Kind.PUSH, told(saleOrderItems=items)).amount == amount


@pytest.mark.parametrize("item", [{"totalPrice": 1499.001}, {"totalPrice": "x"}, {}, {"sellingPrice": "x"}])
def test_a_sum_that_cannot_be_read_needs_a_person(canned, uniware, item):
    found = find(canned, uniware(), Kind.PUSH, told(saleOrderItems=[{"code": "a", **item}]))
    assert (found.presence, "by hand" in found.detail) == (Presence.DEAD, True)


def test_cancelled_units_do_not_lessen_the_sum(canned, uniware):
    items = [unit(1), unit(2, "CANCELLED")]
    what = order(lines=[order().lines[0].__class__(line_id="1", sku="S", name="S", quantity=2, unit_price=74950)])
    found = uniware().find(canned(told(saleOrderItems=items)), Kind.PUSH, what)
    assert (found.presence, found.amount) == (Presence.DONE, 149900)


@pytest.mark.parametrize(("there", "presence"), [
    (told(status="CANCELLED"), Presence.DONE), (told(saleOrderItems=[unit(1, "CANCELLED")]), Presence.DONE),
    (told(), Presence.ABSENT), (told(saleOrderItems=[unit(1), unit(2, "CANCELLED")]), Presence.ABSENT),
    (told(saleOrderItems=[unit(1, "DISPATCHED"), unit(2)]), Presence.DEAD),
    (told(shippingPackages=[{"code": "PK1", "status": "SHIPPED"}]), Presence.DEAD),
])
def test_whether_a_cancel_is_done_possible_or_too_late(canned, uniware, there, presence):
    assert find(canned, uniware(), Kind.CANCEL, there).presence is presence


@pytest.mark.parametrize(("kind", "held", "presence"), [
    (Kind.HOLD, True, Presence.DONE), (Kind.HOLD, False, Presence.ABSENT), (Kind.HOLD, None, Presence.ABSENT),
    (Kind.UNHOLD, False, Presence.DONE), (Kind.UNHOLD, True, Presence.ABSENT),
])
def test_whether_an_order_is_held(canned, uniware, kind, held, presence):
    assert find(canned, uniware(), kind, told(saleOrderItems=[unit(1, onHold=held)])).presence is presence
    assert find(canned, uniware(), kind, told(status="CANCELLED")).presence is Presence.DEAD


def test_cancel_never_calls_the_channel_back(canned, uniware):
    client = canned(yes())
    assert uniware().deliver(client, Kind.CANCEL, order()).id == "K1001"
    assert client.asked[0][2]["json"] == {
        "saleOrderCode": "K1001", "cancelPartially": False, "cancelOnChannel": False,
        "cancellationReason": "Cancelled by the store",
    }


@pytest.mark.parametrize(("kind", "path"), [(Kind.HOLD, "hold"), (Kind.UNHOLD, "unhold")])
def test_hold_and_unhold_name_the_order(canned, uniware, kind, path):
    client = canned(yes())
    uniware().deliver(client, kind, order())
    assert client.asked[0][1].endswith(f"/saleOrder/{path}")
    assert client.asked[0][2]["json"] == {"saleOrderCode": "K1001"}


def test_a_refused_cancel_is_done_where_it_was_cancelled_already(canned, uniware):
    receipt = uniware().deliver(canned(STATE, told(status="CANCELLED")), Kind.CANCEL, order())
    assert receipt.detail == "cancel: it was so already"


def test_a_refused_cancel_says_why(canned, uniware):
    late = told(saleOrderItems=[unit(1, "DISPATCHED")])
    with pytest.raises(Permanent, match=r"Sale order is COMPLETE.*dispatched"):
        uniware().deliver(canned(STATE, late), Kind.CANCEL, order())
    with pytest.raises(Permanent, match="Sale order is COMPLETE"):
        uniware().deliver(canned(STATE, ABSENT), Kind.CANCEL, order())
    with pytest.raises(Temporary) as lost:
        uniware().deliver(canned(STATE, (500, {})), Kind.CANCEL, order())
    assert lost.value.sent is True


def found_there(*elements):
    return yes(elements=list(elements), totalRecords=None)


def test_where_uniware_fetches_its_own_code_is_looked_for_by_our_number(canned, uniware):
    mine = {"code": "UC7", "displayOrderCode": "K1001"}
    client = canned(found_there(), found_there(mine, {"code": "UC8", "displayOrderCode": "K10011"}), yes())
    assert uniware(way="pull").deliver(client, Kind.CANCEL, order()).id == "UC7"
    assert client.asked[2][2]["json"]["saleOrderCode"] == "UC7"
    assert [asked[2]["json"].get("cashOnDelivery") for asked in client.asked[:2]] == [None, False]


def test_an_order_that_uniware_has_not_fetched_yet_is_asked_about_again(canned, uniware):
    oms = uniware(way="pull")
    with pytest.raises(Temporary, match="not taken over") as later:
        oms.deliver(canned(found_there(), found_there()), Kind.CANCEL, order())
    assert later.value.sent is False
    assert find(canned, oms, Kind.CANCEL, found_there(), found_there()).presence is Presence.UNTOLD


@pytest.mark.parametrize("answers", [
    [found_there(*({"code": code, "displayOrderCode": "K1001"} for code in "AB")), found_there()],
    [no((1, "X", "busy", ""))], [yes(elements=None)],
])
def test_a_search_that_is_not_clear_touches_no_order(canned, uniware, answers):
    with pytest.raises(Temporary) as later:
        uniware(way="pull").deliver(canned(*answers), Kind.CANCEL, order())
    assert later.value.sent is False


def test_an_order_can_be_opened_in_uniware(uniware):
    assert uniware().order_url("K 1") is None
    assert uniware(order_url="https://x.example/o/{code}").order_url("K 1") == "https://x.example/o/K%201"
