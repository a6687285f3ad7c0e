"""Settings: a pair belongs to one environment, and secrets are not shown."""

import pytest
from kartify_payu.settings import PayUSettings
from pydantic import ValidationError

GOOD = {"key": "KEY123", "salt": "MADE0UP0SALT0NUMBER1"}


def test_without_an_environment_it_is_live():
    made = PayUSettings(**GOOD)
    assert (made.mode(), made.api_base, made.pay_base) == ("live", "https://info.payu.in", "https://secure.payu.in")


def test_the_environment_decides_both_addresses():
    made = PayUSettings(**GOOD, environment="test")
    assert (made.mode(), made.api_base, made.pay_base) == ("test", "https://test.payu.in", "https://test.payu.in")


@pytest.mark.parametrize(
    ("base", "mode"),
    [("https://test.payu.in", "test"), ("https://info.payu.in/", "live"), ("http://127.0.0.1:9", "test"),
     ("https://proxy.example", "live")],
)  # fmt: skip
def test_the_host_tells_the_mode(base, mode):
    made = PayUSettings(**GOOD, api_base=base)
    assert made.mode() == mode
    assert not made.api_base.endswith("/")


@pytest.mark.parametrize(
    "changes",
    [{"environment": "live", "api_base": "https://test.payu.in"},
     {"environment": "test", "api_base": "https://info.payu.in"},
     {"environment": "test", "pay_base": "https://secure.payu.in"},
     {"environment": "live", "pay_base": "https://test.payu.in"},
     {"environment": "live", "api_base": "https://apitest.payu.in"}],
)  # fmt: skip
def test_test_and_live_are_never_mixed(changes):
    with pytest.raises(ValidationError, match=r"PayU's (test|live) host"):
        PayUSettings(**GOOD, **changes)


@pytest.mark.parametrize(
    "changes",
    [{"key": ""}, {"key": "a|b"}, {"key": "x" * 41}, {"salt": ""}, {"salt": "short"}, {"salt": "with a blank in"},
     {"salt": "ünicode0salt"}, {"salt_previous": "short"}, {"salt_previous": GOOD["salt"]}, {"webhook_token": "short"},
     {"webhook_token": "with&signs=in=an=address"}, {"id_prefix": "TOOLONG"}, {"id_prefix": "a-b"},
     {"verify_batch_size": 0}, {"verify_batch_size": 101}, {"fallback_email": "nobody"},
     {"fallback_email": "a+b@example.com"}, {"fallback_phone": "12"}, {"api_base": "http://payu.example"},
     {"api_base": "ftp://info.payu.in"}, {"api_base": "https://info.payu.in?x=1"}, {"pay_base": "nowhere"},
     {"dashboard_link": "http://x"}, {"dashboard_link": "https://x/{other}"}, {"environment": "staging"},
     {"unknown": "1"}],
)  # fmt: skip
def test_what_cannot_be_right_is_refused(changes):
    with pytest.raises(ValidationError):
        PayUSettings(**{**GOOD, **changes})


def test_secrets_are_not_shown():
    made = PayUSettings(**GOOD, salt_previous="RETIRED0SALT0NUMBER0", webhook_token="made-up-webhook-token")
    for text in (repr(made), str(made), made.identity()):
        assert not any(secret in text for secret in (GOOD["salt"], "RETIRED0", "made-up"))
    with pytest.raises(ValidationError) as told:
        PayUSettings(**{**GOOD, "salt": "s3cret with blanks"})
    assert "s3cret" not in str(told.value)


def test_the_key_names_the_merchant():
    assert PayUSettings(**GOOD).identity() == "KEY123"


def test_a_charge_leads_to_the_dashboard_where_its_address_is_set(make_gateway):
    assert make_gateway().dashboard_url("1") is None
    link = make_gateway(dashboard_link="https://dash.example/txn/{mihpayid}").dashboard_url("4039/1")
    assert link == "https://dash.example/txn/4039%2F1"
