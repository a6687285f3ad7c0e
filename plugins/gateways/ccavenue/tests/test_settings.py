"""Settings: what belongs together, and that test and live never mix."""

import pytest
from kartify_ccavenue.settings import CCAvenueSettings
from pydantic import ValidationError

VALUES = {"merchant_id": "100001", "access_code": "AVMADE00UP00WEB1", "working_key": "MADE0UP0WEB0KEY0"}


def made(**changes):
    return CCAvenueSettings(**{**VALUES, **changes})


def test_hosts_and_mode_follow_from_each_other():
    live, test = made(), made(environment="test")
    assert (live.mode(), live.api_base, live.pay_base) == (
        "live", "https://api.ccavenue.com", "https://secure.ccavenue.com"
    )
    assert (test.mode(), test.api_base, test.pay_base) == (
        "test", "https://apitest.ccavenue.com", "https://test.ccavenue.com"
    )
    assert made(api_base="https://apitest.ccavenue.com/").pay_base == "https://test.ccavenue.com"
    assert made(api_base="http://127.0.0.1:9").mode() == "test"
    assert made(api_base="https://proxy.example").mode() == "live"


@pytest.mark.parametrize(
    "change",
    [{"environment": "live", "api_base": "https://apitest.ccavenue.com"},
     {"environment": "test", "api_base": "https://api.ccavenue.com"},
     {"environment": "test", "api_base": "https://login.ccavenue.com"},
     {"environment": "live", "pay_base": "https://test.ccavenue.com"},
     {"environment": "test", "pay_base": "https://secure.ccavenue.com"},
     {"api_base": "http://api.example"}, {"pay_base": "http://pay.example"}, {"api_base": "api.ccavenue.com"},
     {"merchant_id": "M1"}, {"merchant_id": ""}, {"access_code": ""}, {"access_code": "a b c d e"}, {"working_key": ""},
     {"working_key": "short"}, {"working_key_previous": "MADE0UP0WEB0KEY0"}, {"api_access_code": "AVMADE00UP00API1"},
     {"api_working_key": "MADE0UP0API0KEY0"}, {"currencies": ""}, {"currencies": "INR,XYZ"}, {"list_page_size": 101},
     {"dashboard_link": "http://x.example/{reference_no}"}, {"dashboard_link": "https://x.example/{order}"},
     {"unknown": "1"}, {"environment": "staging"}],
)  # fmt: skip
def test_what_does_not_belong_together_is_refused_without_showing_it(change):
    with pytest.raises(ValidationError) as told:
        made(**change)
    assert VALUES["working_key"] not in str(told.value)


def test_one_pair_serves_both_where_no_other_is_given():
    own = made()
    assert (own.api_code, own.api_key) == (own.access_code, own.key)
    own = made(api_access_code="AVMADE00UP00API1", api_working_key="MADE0UP0API0KEY0")
    assert (own.api_code, own.api_key) == ("AVMADE00UP00API1", "MADE0UP0API0KEY0")


def test_the_merchant_names_the_account_and_no_secret_is_shown():
    own = made(working_key_previous="RETIRED0WEB0KEY0")
    assert own.identity() == "100001"
    assert not [key for key in ("MADE0UP0WEB0KEY0", "RETIRED0WEB0KEY0") if key in repr(own)]


def test_the_dashboard_link_is_filled_in_or_absent(make_gateway):
    assert make_gateway().dashboard_url("114") is None
    linked = make_gateway(dashboard_link="https://dashboard.ccavenue.com/x?ref={reference_no}")
    assert linked.dashboard_url("1/4") == "https://dashboard.ccavenue.com/x?ref=1%2F4"
