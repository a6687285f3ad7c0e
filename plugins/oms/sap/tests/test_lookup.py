"""Looked up by our number: absent, done, dead, or untold."""

from urllib.parse import unquote

import pytest

from kartify.plugin import Denied, Kind, Presence, Temporary


@pytest.fixture
def found(sap, plugin, order):
    def make(*rows, kind=Kind.PUSH, changes=None, **settings):
        return plugin(**settings).find(sap.canned(sap.listed(*rows)), kind, order(**(changes or {})))

    return make


def test_the_question_is_by_number_and_customer_with_blanks_and_quotes_encoded(sap, plugin, order):
    client = sap.canned(sap.listed())
    plugin(sap_client="100").find(client, Kind.PUSH, order("O'Neil"))
    method, url, given = client.asked[0]
    path, _, query = url.partition("?")
    assert (method, path.rpartition("/")[2]) == ("GET", "A_SalesOrder")
    assert "+" not in query
    assert "PurchaseOrderByCustomer eq 'O''Neil' and SoldToParty eq '17100001'" in unquote(query)
    assert query.endswith("&sap-client=100")
    assert "x-csrf-token" not in given["headers"]


def test_what_is_there_is_done_with_its_id_number_and_total(sap, found):
    told = found(sap.row())
    assert (told.presence, told.receipt.id, told.number, told.amount) == (Presence.DONE, "1001", "K1001", 99900)


def test_nothing_there_is_absent(found):
    assert found().presence is Presence.ABSENT


def test_an_order_of_another_number_is_never_ours(sap, found):
    assert found(sap.row(PurchaseOrderByCustomer="k1001")).presence is Presence.ABSENT


def test_two_living_orders_need_a_person_and_are_named(sap, found):
    told = found(sap.row("1001"), sap.row("1002"))
    assert told.presence is Presence.DEAD
    assert "1001, 1002" in told.detail


def test_a_rejected_duplicate_does_not_hide_the_living_one(sap, found):
    told = found(sap.row("1001", OverallSDDocumentRejectionSts="C"), sap.row("1002"))
    assert (told.presence, told.receipt.id) == (Presence.DONE, "1002")


@pytest.mark.parametrize("gone", [
    {"OverallSDDocumentRejectionSts": "C"},
    {"items": [{"SalesOrderItem": "10", "TaxAmount": "1.00", "SalesDocumentRjcnReason": "Z1"}]},
])
def test_an_order_that_sap_rejected_is_dead_for_a_push_and_done_for_a_cancel(sap, found, gone):
    assert found(sap.row(**gone)).presence is Presence.DEAD
    assert found(sap.row(**gone), kind=Kind.CANCEL).presence is Presence.DONE


@pytest.mark.parametrize(("status", "presence"), [
    ("A", Presence.ABSENT), ("", Presence.ABSENT), ("B", Presence.DEAD), ("C", Presence.DEAD),
])
def test_a_cancel_is_possible_until_it_is_in_delivery(sap, found, status, presence):
    assert found(sap.row(OverallTotalDeliveryStatus=status), kind=Kind.CANCEL).presence is presence


@pytest.mark.parametrize("kind", [Kind.CANCEL, Kind.HOLD])
def test_what_is_not_there_can_be_neither_cancelled_nor_held(found, kind):
    assert found(kind=kind).presence is Presence.DEAD


def test_another_currency_is_for_a_person(sap, found):
    told = found(sap.row(TransactionCurrency="USD"))
    assert (told.presence, told.amount) == (Presence.DEAD, None)


def test_missing_lines_are_for_a_person_and_parts_of_sets_do_not_count(sap, found):
    parts = [{"SalesOrderItem": "10", "TaxAmount": "47.57"},
             {"SalesOrderItem": "11", "HigherLevelItem": "000010", "TaxAmount": "0.00"}]
    assert found(sap.row(items=parts)).presence is Presence.DONE
    extra = [*parts, {"SalesOrderItem": "20", "TaxAmount": "0.00"}]
    told = found(sap.row(items=extra))
    assert told.presence is Presence.DEAD
    assert "2 lines, ours has 1" in told.detail


@pytest.mark.parametrize(("settings", "net", "amount"), [
    ({}, "951.42", 99899),
    ({"amount_tolerance": 1}, "951.42", 99900),
    ({"amount_tolerance": 1}, "951.41", 99898),
    ({"compare_amount": "net"}, "999.00", 99900),
    ({"compare_amount": "net"}, "998.00", 99800),
    ({"compare_amount": "net", "prices": "net"}, "951.43", 99900),
    ({"compare_amount": "off"}, "1.00", None),
])
def test_amounts_are_compared_as_the_account_wants_it(sap, found, settings, net, amount):
    assert found(sap.row(TotalNetAmount=net), **settings).amount == amount


def test_releases_without_tax_amount_are_not_asked_for_it(sap, plugin, order):
    client = sap.canned(sap.listed())
    plugin(compare_amount="net").find(client, Kind.PUSH, order())
    assert "TaxAmount" not in client.asked[0][1]


@pytest.mark.parametrize("amount", [None, 951.43, "x", "951.4301"])
def test_an_amount_that_cannot_be_read_is_no_word_on_the_order(sap, found, amount):
    assert found(sap.row(TotalNetAmount=amount)).presence is Presence.UNTOLD


@pytest.mark.parametrize("answer", [
    (200, {}), (200, {"d": []}), (200, {"d": {"results": {}}}), (200, {"d": {"results": ["x"]}}), (200, b"<html>"),
    (500, {}), (200, {"d": {"results": [], "__count": "1"}}),
    (200, {"d": {"results": [{"PurchaseOrderByCustomer": "K1001", "to_Item": {"results": []}}]}}),
    (200, {"d": {"results": [{"SalesOrder": "1", "PurchaseOrderByCustomer": "K1001"}]}}),
])
def test_what_is_no_list_of_orders_is_an_error_and_never_absent(sap, plugin, order, answer):
    with pytest.raises(Temporary):
        plugin().find(sap.canned(answer), Kind.PUSH, order())


def test_next_pages_are_read_from_our_own_address_whatever_host_they_name(sap, plugin, order):
    link = "https://internal:44300/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder?$skiptoken=1"
    first = sap.listed(sap.row("1001", OverallSDDocumentRejectionSts="C"), __next=link, __count="2")
    client = sap.canned(first, sap.listed(sap.row("1002")))
    assert plugin().find(client, Kind.PUSH, order()).receipt.id == "1002"
    assert client.asked[1][1].startswith("https://my300000-api.example/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_Sales")


def test_a_next_page_of_another_service_is_not_followed(sap, plugin, order):
    client = sap.canned(sap.listed(__next="https://my300000-api.example/evil"))
    with pytest.raises(Temporary, match="not followed"):
        plugin().find(client, Kind.PUSH, order())


def test_refused_rights_of_a_look_up_pause_the_account(sap, plugin, order):
    with pytest.raises(Denied):
        plugin().find(sap.canned((403, {})), Kind.PUSH, order())


def test_long_lists_are_read_in_parts_until_saps_count_is_there(sap, plugin, order):
    rows = [sap.row(str(number), OverallSDDocumentRejectionSts="C") for number in range(149)] + [sap.row("9999")]
    client = sap.canned(sap.listed(*rows[:100], __count="150"), sap.listed(*rows[100:], __count="150"))
    assert plugin().find(client, Kind.PUSH, order()).receipt.id == "9999"
    assert ["$skip=100" in unquote(url) for _, url, _ in client.asked] == [False, True]


def test_a_look_up_at_the_stand_in_reads_several_pages(account, simulator, client, order):
    simulator.page = 1
    oms = account()
    for _ in range(3):
        oms.deliver(client, Kind.PUSH, order())
    told = oms.find(client, Kind.PUSH, order())
    assert told.presence is Presence.DEAD
    assert told.detail.count(",") == 2 + 1


def test_the_connection_test_says_what_is_wrong(account, simulator, client):
    assert "sales orders can be read" in account().test(client)
    with pytest.raises(Denied, match="service_path"):
        account(service_path="/sap/opu/odata/sap/NOTHING").test(client)
    assert "Nothing is called" in account(way="feed").test(client)
