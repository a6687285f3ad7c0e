"""Settings: test and live never mix, and a wrong one says what was expected."""

import pytest
from kartify_paytm.settings import PaytmSettings
from pydantic import ValidationError

STAGING, LIVE = "https://securestage.paytmpayments.com", "https://secure.paytmpayments.com"


@pytest.fixture
def make(kit):
    return lambda **values: PaytmSettings(**{"mid": kit.MID, "merchant_key": kit.KEY, **values})


@pytest.mark.parametrize(
    ("given", "mode", "base", "website"),
    [({}, "live", LIVE, "DEFAULT"), ({"environment": "live"}, "live", LIVE, "DEFAULT"),
     ({"environment": "test"}, "test", STAGING, "WEBSTAGING"), ({"api_base": STAGING}, "test", STAGING, "WEBSTAGING"),
     ({"api_base": LIVE + "/"}, "live", LIVE, "DEFAULT"),
     ({"api_base": "http://127.0.0.1:5000"}, "test", "http://127.0.0.1:5000", "WEBSTAGING"),
     ({"api_base": "https://securegw-stage.paytm.in"}, "test", "https://securegw-stage.paytm.in", "WEBSTAGING"),
     ({"api_base": "https://proxy.example", "environment": "test"}, "test", "https://proxy.example", "WEBSTAGING"),
     ({"api_base": "https://proxy.example"}, "live", "https://proxy.example", "DEFAULT"),
     ({"website_name": "MYSHOP", "api_base": " "}, "live", LIVE, "MYSHOP")],
)  # fmt: skip
def test_mode_host_and_website_follow_from_one_another(make, given, mode, base, website):
    settings = make(**given)
    assert (settings.mode(), settings.api_base, settings.website_name) == (mode, base, website)


@pytest.mark.parametrize(
    ("given", "word"),
    [({"environment": "live", "api_base": STAGING}, "environment"),
     ({"environment": "test", "api_base": LIVE}, "environment"),
     ({"environment": "test", "api_base": "https://securegw.paytm.in"}, "environment"),
     ({"environment": "live", "website_name": "WEBSTAGING"}, "website_name"), ({"environment": "prod"}, "environment"),
     ({"api_base": "http://secure.paytmpayments.com"}, "https"), ({"api_base": "paytm"}, "api_base"),
     ({"api_base": LIVE + "?x=1"}, "api_base"), ({"api_base": "https://[x"}, ""), ({"mid": ""}, "mid"),
     ({"mid": "a b"}, "mid"),
     ({"merchant_key": ""}, "merchant_key"), ({"merchant_key": "short"}, "16, 24 or 32"),
     ({"merchant_key_previous": "made-up-key-1234"}, "retired"), ({"merchant_key_previous": "short"}, "16, 24 or 32"),
     ({"dashboard_link": "http://x"}, "https"), ({"dashboard_link": "https://x/{other}"}, "txn_id"),
     ({"list_page_size": 51}, "list_page_size"), ({"client_id": "a b"}, "client_id"), ({"unknown": "1"}, "unknown"),
     ({"checkout": "popup"}, "checkout")],
)  # fmt: skip
def test_a_wrong_setting_says_what_was_expected_and_shows_no_value(make, kit, given, word):
    with pytest.raises(ValidationError) as caught:
        make(**given)
    assert word in str(caught.value)
    assert kit.KEY not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["k%y@_#k%y@_#k%y@", " fifteen letters", "fifteen letters ", "x" * 24, "x" * 32, "é" * 8]
)
def test_a_merchant_key_is_taken_as_it_is(make, key):
    assert make(merchant_key=key).key == key


def test_an_empty_retired_key_is_none(make, form, kit):
    assert make(merchant_key_previous="").secret("merchant_key_previous") is None


def test_the_merchant_is_its_mid(make, kit):
    assert make().identity() == make(environment="test").identity() == kit.MID


def test_other_hosts_are_taken_for_live(make):
    assert make(api_base="https://proxy.example", environment="").mode() == "live"


def test_every_field_is_described():
    assert all(field.description for field in PaytmSettings.model_fields.values())
