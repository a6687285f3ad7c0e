"""Settings: what must be there, what is refused, what they are called."""

import pytest
from kartify_sap.settings import SapSettings
from pydantic import ValidationError


def refused(**values):
    with pytest.raises(ValidationError) as problem:
        SapSettings(**values)
    return str(problem.value)


@pytest.mark.parametrize(("changes", "words"), [
    ({"api_base": "http://sap.example"}, "https"),
    ({"api_base": "https://user:x@sap.example"}, "an address such as"),
    ({"password": None}, "password must be set"),
    ({"auth": "oauth"}, "token_url, client_id, client_secret must be set"),
    ({"sold_to_party": ""}, "sold_to_party must be set"),
    ({"sap_client": "1"}, "sap_client"),
    ({"way": "blocked"}, "unpaid_delivery_block or unpaid_billing_block must be set"),
    ({"address_style": "patch_after"}, "pending_delivery_block must be set"),
    ({"way": "blocked", "unpaid_delivery_block": "Z1", "address_style": "patch_after", "pending_delivery_block": "Z2"},
     "do not go together"),
    ({"order_fields": "ShipingCondition=01"}, "ShipingCondition is no field that can be set"),
    ({"order_fields": "TotalNetAmount=1"}, "TotalNetAmount is no field that can be set"),
    ({"order_fields": "CustomerGroup={sku}"}, "there is no {sku}"),
    ({"item_fields": "Material={nothing}"}, "there is no {nothing}"),
    ({"partners": "SH=nobody"}, "expected shipping or billing"),
    ({"partners": "SHIP=shipping"}, "expected shipping or billing"),
    ({"partners": "SH="}, "expected shipping or billing"),
])
def test_what_cannot_work_is_refused_with_the_reason(given, changes, words):
    assert words in refused(**{**given, **changes})


def test_a_feed_needs_no_log_on():
    made = SapSettings(api_base="https://erp.example", way="feed")
    assert made.identity() == "erp.example::10:"


@pytest.mark.parametrize("value", [
    "ShippingCondition=01, AssignmentReference={metadata.ref}",
    '{"ShippingCondition": "01", "AssignmentReference": "{metadata.ref}"}',
    {"ShippingCondition": "01", "AssignmentReference": "{metadata.ref}"},
])
def test_a_mapping_is_read_from_a_form_or_as_json(given, value):
    made = SapSettings(**{**given, "order_fields": value})
    assert made.order_fields == {"ShippingCondition": "01", "AssignmentReference": "{metadata.ref}"}


@pytest.mark.parametrize(("base", "mode"), [
    ("https://my300000-api.example", "live"), ("https://sandbox.api.sap.com/s4hanacloud", "test"),
    ("http://127.0.0.1:8000", "test"),
])
def test_the_mode_follows_the_address(given, base, mode):
    assert SapSettings(**{**given, "api_base": base}).mode() == mode
    assert SapSettings(**{**given, "api_base": base, "environment": "live"}).mode() == "live"


def test_the_identity_names_system_client_area_and_customer(given):
    made = SapSettings(**given, sap_client="100")
    assert made.identity() == "my300000-api.example/100:1710:10:17100001"


def test_the_public_sandbox_wants_its_key_only(given, sap, plugin):
    client = sap.canned(sap.listed())
    oms = plugin(username="", password=None, api_key="key-of-tests", csrf="off")
    oms.test(client)
    headers = client.asked[0][2]["headers"]
    assert headers["apikey"] == "key-of-tests"
    assert "authorization" not in headers


def test_staff_see_the_order_where_the_account_says(plugin):
    assert plugin().order_url("1001") is None
    assert plugin(order_url="https://sap.example/#SalesOrder-manage?id={order_id}").order_url("10/1").endswith("10%2F1")
