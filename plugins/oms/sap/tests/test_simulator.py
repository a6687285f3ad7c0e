"""The stand-in is as strict as the service."""

import pytest
import requests
from kartify_sap.settings import SERVICE
from kartify_sap.simulator.stand_in import PASSWORD, USER

BODY = {
    "SalesOrderType": "OR", "SalesOrganization": "1710", "DistributionChannel": "10", "OrganizationDivision": "00",
    "SoldToParty": "17100001", "PurchaseOrderByCustomer": "S1",
    "to_Item": {"results": [{"Material": "A", "RequestedQuantity": "1"}]},
}


@pytest.fixture
def call(simulator):
    """Logged on, with a CSRF token."""
    with requests.Session() as session:
        session.auth = (USER, PASSWORD)
        root = f"{simulator.options.base_url}{SERVICE}/"
        token = session.get(root, headers={"x-csrf-token": "Fetch"}).headers["x-csrf-token"]
        session.headers["x-csrf-token"] = token

        def make(method, path, body=None, **headers):
            return session.request(method, root + path, json=body, headers=headers)

        make.session, make.root = session, root
        yield make


def test_both_forms_of_a_child_list_are_taken(call, simulator):
    assert call("POST", "A_SalesOrder", BODY).status_code == 201
    assert call("POST", "A_SalesOrder", {**BODY, "to_Item": BODY["to_Item"]["results"]}).status_code == 201
    assert len(simulator.book.of("S1")) == 2


@pytest.mark.parametrize(("changes", "target"), [
    ({"Nonsense": "1"}, "Nonsense"), ({"TotalNetAmount": "1.00"}, "TotalNetAmount"),
    ({"SalesOrderType": "TOOLONG"}, "SalesOrderType"), ({"SoldToParty": "99"}, "SoldToParty"),
    ({"SalesOrganization": ""}, "SalesOrganization"), ({"CustomerPurchaseOrderDate": "2026-11-23"},
                                                       "CustomerPurchaseOrderDate"),
    ({"CompleteDeliveryIsDefined": "true"}, "CompleteDeliveryIsDefined"), ({"to_Item": []}, "to_Item"),
    ({"to_Item": [{"Material": "A", "RequestedQuantity": 1}]}, "RequestedQuantity"),
    ({"to_Item": [{"Material": "NO-1", "RequestedQuantity": "1"}]}, "/A_SalesOrder/to_Item/0/Material"),
])
def test_what_does_not_fit_the_metadata_is_a_400_in_the_envelope(call, simulator, changes, target):
    answer = call("POST", "A_SalesOrder", {**BODY, **changes})
    assert answer.status_code == 400
    assert answer.json()["error"]["innererror"]["errordetails"][0]["target"] == target
    assert simulator.book.orders == []


@pytest.mark.parametrize("how", ["no token", "other token", "no cookie", "expired"])
def test_a_change_needs_the_token_of_its_own_session(call, simulator, how):
    match how:
        case "no token":
            del call.session.headers["x-csrf-token"]
        case "other token":
            call.session.headers["x-csrf-token"] = "x"
        case "no cookie":
            call.session.cookies.clear()
        case _:
            simulator.expire()
    answer = call("POST", "A_SalesOrder", BODY)
    assert (answer.status_code, answer.headers["x-csrf-token"]) == (403, "Required")
    assert simulator.book.orders == []


def test_the_token_does_not_come_without_the_slash(call):
    answer = call.session.get(call.root.rstrip("/"), headers={"x-csrf-token": "Fetch"}, allow_redirects=False)
    assert "x-csrf-token" not in answer.headers


def test_a_change_needs_the_etag_of_now(call, simulator):
    made = call("POST", "A_SalesOrder", BODY).json()["d"]
    path, tag = f"A_SalesOrder('{made['SalesOrder']}')", made["__metadata"]["etag"]
    block = {"DeliveryBlockReason": "01"}
    assert call("PATCH", path, block).status_code == 428
    assert call("PATCH", path, block, **{"If-Match": "W/\"old\""}).status_code == 412
    assert call("PATCH", path, block, **{"If-Match": tag}).status_code == 204
    assert call("PATCH", path, block, **{"If-Match": tag}).status_code == 412
    assert call("GET", path).json()["d"]["DeliveryBlockReason"] == "01"
    assert simulator.book.of("S1")[0].state == "on_hold"


@pytest.mark.parametrize("path", [
    "Nonsense", "A_SalesOrder('404')", "A_SalesOrder('1')/to_Nothing", "A_SalesOrderItem(SalesOrder='404')",
])
def test_what_is_not_there_is_a_404(call, path):
    assert call("GET", path).status_code == 404


@pytest.mark.parametrize("filter_", [
    "Nonsense eq 'x'", "SalesOrder is '1'", "SalesOrder eq", "(SalesOrder eq '1'", "'",
])
def test_a_filter_that_cannot_be_read_is_a_400(call, filter_):
    assert call("GET", f"A_SalesOrder?$filter={filter_}").status_code == 400


@pytest.mark.parametrize(("filter_", "count"), [
    ("startswith(PurchaseOrderByCustomer,'S')", 1), ("substringof('1',PurchaseOrderByCustomer)", 1),
    ("PurchaseOrderByCustomer ne 'S1' or (SoldToParty eq '17100001' and SalesOrder ge '0')", 1),
    ("CompleteDeliveryIsDefined eq true", 0), ("CreationDate gt datetime'2099-01-01T00:00:00'", 0),
])
def test_filters_are_understood(call, filter_, count):
    call("POST", "A_SalesOrder", BODY)
    assert call("GET", f"A_SalesOrder/$count?$filter={filter_}").text == str(count)


def test_dates_decimals_and_deferred_lists_have_saps_form(call):
    told = call("POST", "A_SalesOrder", {**BODY, "CustomerPurchaseOrderDate": "/Date(1795392000000)/"}).json()["d"]
    assert told["CustomerPurchaseOrderDate"] == "/Date(1795392000000)/"
    assert told["LastChangeDateTime"].startswith("/Date(")
    assert told["LastChangeDateTime"].endswith("+0000)/")
    assert isinstance(told["TotalNetAmount"], str)
    assert told["to_Partner"]["__deferred"]["uri"].endswith("/to_Partner")
    assert [one["SalesOrderItem"] for one in told["to_Item"]["results"]] == ["10"]


def test_net_prices_have_their_tax_added(account, simulator, client, order):
    from kartify.plugin import Kind

    simulator.world.prices = "net"
    oms = account(prices="net")
    oms.deliver(client, Kind.PUSH, order())
    assert simulator.book.of("K1001")[0].amount == 99900
    assert oms.find(client, Kind.PUSH, order()).amount == 99900


def test_delivered_items_cannot_be_rejected_any_more(call, simulator):
    made = call("POST", "A_SalesOrder", BODY).json()["d"]
    simulator.move("S1", "shipped")
    tag = call("GET", f"A_SalesOrder('{made['SalesOrder']}')").json()["d"]["__metadata"]["etag"]
    path = f"A_SalesOrderItem(SalesOrder='{made['SalesOrder']}',SalesOrderItem='10')"
    assert call("PATCH", path, {"SalesDocumentRjcnReason": "Z1"}, **{"If-Match": tag}).status_code == 400
