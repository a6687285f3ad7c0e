"""The stand-in follows the published metadata: a generic OData V2 client reads and writes it."""

from datetime import UTC, datetime

import pyodata
import pytest
import requests
from kartify_sap import service
from kartify_sap.settings import SERVICE
from kartify_sap.simulator.stand_in import PASSWORD, USER

from kartify.plugin import Kind


@pytest.fixture
def generic(simulator):
    """pyodata, that knows nothing of kartify: it reads the metadata and builds everything from it."""
    root = f"{simulator.options.base_url}{SERVICE}/"
    with requests.Session() as session:
        session.auth = (USER, PASSWORD)
        answer = session.get(root, headers={"x-csrf-token": "Fetch"})
        session.headers["x-csrf-token"] = answer.headers["x-csrf-token"]
        yield pyodata.Client(root, session)


@pytest.fixture
def pushed(account, client, order):
    oms = account()
    return [oms.deliver(client, Kind.PUSH, order(number)).id for number in ("K1001", "K'2", "K1003")]


def test_every_published_property_is_in_the_metadata(generic):
    for name, known in service.entity_sets().items():
        told = generic.schema.entity_type(known.type_name)
        assert {one.name for one in told.proprties()} == set(known.properties), name
        assert {one.name for one in told.key_proprties} == set(known.keys)
        assert {one.name for one in told.nav_proprties} == set(known.navigations)


def test_types_and_lengths_are_the_published_ones(generic):
    told = generic.schema.entity_type("A_SalesOrderType")
    types = {name: told.proprty(name).typ.name for name in ("SalesOrder", "TotalNetAmount", "LastChangeDateTime",
                                                              "CustomerPurchaseOrderDate", "CompleteDeliveryIsDefined")}
    assert types == {
        "SalesOrder": "Edm.String", "TotalNetAmount": "Edm.Decimal", "LastChangeDateTime": "Edm.DateTimeOffset",
        "CustomerPurchaseOrderDate": "Edm.DateTime", "CompleteDeliveryIsDefined": "Edm.Boolean",
    }
    assert told.proprty("PurchaseOrderByCustomer").max_length == 35
    assert (told.proprty("TotalNetAmount").precision, told.proprty("TotalNetAmount").scale) == (16, 3)
    assert told.proprty("ExternalDocumentID").creatable is False


def test_an_order_is_read_by_its_key(generic, pushed):
    told = generic.entity_sets.A_SalesOrder.get_entity(pushed[0]).execute()
    assert told.PurchaseOrderByCustomer == "K1001"
    assert told.TotalNetAmount == "951.43"
    assert told.CustomerPurchaseOrderDate == datetime(2026, 11, 23, tzinfo=UTC)
    assert told.LastChangeDateTime.tzinfo is not None


def test_a_filter_finds_our_number_with_its_quote(generic, pushed):
    orders = generic.entity_sets.A_SalesOrder.get_entities()
    [told] = orders.filter("PurchaseOrderByCustomer eq 'K''2' and SoldToParty eq '17100001'").execute()
    assert told.SalesOrder == pushed[1]
    assert list(orders.filter("PurchaseOrderByCustomer eq 'K2'").execute()) == []


def test_changes_are_filtered_by_their_time(generic, pushed):
    orders = generic.entity_sets.A_SalesOrder.get_entities
    assert len(orders().filter("LastChangeDateTime ge datetimeoffset'2020-01-01T00:00:00Z'").execute()) == 3
    assert len(orders().filter("LastChangeDateTime ge datetimeoffset'2099-01-01T00:00:00Z'").execute()) == 0


def test_items_partners_and_conditions_are_expanded(generic, pushed):
    [told] = (
        generic.entity_sets.A_SalesOrder.get_entities().filter("PurchaseOrderByCustomer eq 'K1001'")
        .expand("to_Item/to_PricingElement,to_Partner/to_Address").execute()
    )
    [item] = told.to_Item
    assert (item.Material, item.RequestedQuantity, item.NetAmount, item.TaxAmount) == (
        "SHIRT-M", "2", "951.43", "47.57",
    )
    assert [(one.ConditionType, one.ConditionRateValue) for one in item.to_PricingElement] == [("PMP0", "499.50")]
    assert [(one.PartnerFunction, one.to_Address[0].CityName) for one in told.to_Partner] == [
        ("SH", "Bengaluru"), ("BP", "Bengaluru"),
    ]


def test_navigation_counts_tops_and_orders(generic, pushed):
    orders = generic.entity_sets.A_SalesOrder
    [item] = orders.get_entity(pushed[0]).nav("to_Item").get_entities().execute()
    assert item.SalesOrderItem == "10"
    assert orders.get_entities().count().execute() == 3
    told = orders.get_entities().order_by("SalesOrder desc").top(2).count(inline=True).execute()
    assert ([one.SalesOrder for one in told], told.total_count) == ([pushed[2], pushed[1]], 3)
    item_set = generic.entity_sets.A_SalesOrderItem
    assert item_set.get_entity(SalesOrder=pushed[0], SalesOrderItem="10").execute().Material == "SHIRT-M"


def test_pages_are_followed(generic, pushed, simulator):
    simulator.page = 2
    first = generic.entity_sets.A_SalesOrder.get_entities().execute()
    rest = generic.entity_sets.A_SalesOrder.get_entities().next_url(first.next_url).execute()
    assert [one.SalesOrder for one in (*first, *rest)] == pushed


def test_a_generic_client_makes_an_order_by_deep_insert(generic, simulator):
    making = generic.entity_sets.A_SalesOrder.create_entity()
    making.set(
        SalesOrderType="OR", SalesOrganization="1710", DistributionChannel="10", OrganizationDivision="00",
        SoldToParty="17100001", PurchaseOrderByCustomer="G1", TransactionCurrency="INR",
        CustomerPurchaseOrderDate=datetime(2026, 11, 23, tzinfo=UTC),
        to_Item=[{"Material": "SHIRT-M", "RequestedQuantity": "1", "RequestedQuantityUnit": "PC",
                  "to_PricingElement": [{"ConditionType": "PMP0", "ConditionRateValue": "10.00"}]}],
    )
    told = making.execute()
    [there] = simulator.book.of("G1")
    assert (told.SalesOrder, there.amount) == (there.id, 1000)


def test_an_error_comes_in_the_envelope_that_a_generic_client_reads(generic):
    making = generic.entity_sets.A_SalesOrder.create_entity()
    making.set(SalesOrderType="OR")
    with pytest.raises(pyodata.exceptions.HttpError) as refused:
        making.execute()
    told = refused.value.response.json()["error"]
    assert (told["code"], told["message"]["lang"]) == ("V1/101", "en")
    assert told["innererror"]["errordetails"][0]["target"] == "SalesOrganization"
