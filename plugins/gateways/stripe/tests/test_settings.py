"""Settings: test and live never mix, and what cannot be right is refused."""

import pytest
from kartify_stripe.settings import StripeSettings
from pydantic import ValidationError

from .conftest import VALUES


def made(**changes):
    return StripeSettings(**{**VALUES, **changes})


@pytest.mark.parametrize(("key", "mode"), [
    ("sk_test_abcd", "test"), ("rk_test_abcd", "test"), ("sk_live_abcd", "live"), ("rk_live_abcd", "live"),
])  # fmt: skip
def test_the_key_is_the_mode(key, mode):
    settings = made(secret_key=key)
    assert (settings.mode(), settings.livemode) == (mode, mode == "live")


@pytest.mark.parametrize("key", ["", "pk_test_abcd", "sk_abcd", "sk_prod_abcd", "whsec_abcd", "sk_test_a b", "sk_test_"]
                         )  # fmt: skip
def test_a_key_that_is_no_secret_key_is_refused_and_not_shown(key):
    with pytest.raises(ValidationError) as caught:
        made(secret_key=key)
    assert "secret_key" in str(caught.value)
    assert not key or key not in str(caught.value).replace("sk_test_…", "")


@pytest.mark.parametrize(("field", "value"), [
    ("account_id", ""), ("account_id", "1Kart"), ("account_id", "acct_a/b"), ("webhook_secret", "secret"),
    ("webhook_secret", "whsec_"), ("webhook_secret_second", "x"), ("webhook_secret_previous", "sk_test_abcd"),
    ("api_version", "latest"), ("api_version", "2026-10-28.Endive"), ("currencies", "rupees"), ("currencies", ""),
    ("currencies", "INR,UGX"), ("currencies", "ISK"), ("payment_methods", "card;upi"), ("capture_method", "later"),
    ("api_base", "http://api.stripe.com"), ("api_base", "ftp://x"), ("api_base", "https://u:p@api.stripe.com"),
    ("api_base", "https://api.stripe.com/?x=1"), ("api_base", ""), ("dashboard", "http://x.example"),
    ("release_after_hours", 0), ("release_after_hours", 721), ("page_size", 9), ("page_size", 101), ("unknown", 1),
])  # fmt: skip
def test_what_cannot_be_right_is_refused_and_named(field, value):
    with pytest.raises(ValidationError) as caught:
        made(**{field: value})
    assert field in str(caught.value)


def test_one_secret_for_two_endpoints_is_refused():
    with pytest.raises(ValidationError, match="each endpoint has its own"):
        made(webhook_secret_second=VALUES["webhook_secret"])


def test_an_address_of_this_machine_may_be_plain():
    assert made(api_base="http://127.0.0.1:8931/").api_base == "http://127.0.0.1:8931"


@pytest.mark.parametrize(("given", "kept"), [("INR", "INR"), ("inr, usd", "INR,USD"), ("JPY,KWD", "JPY,KWD")])
def test_currencies_are_codes(given, kept):
    settings = made(currencies=given)
    assert settings.currencies == kept
    assert settings.takes(kept[:3])
    assert not settings.takes("XXX")


def test_blanks_around_a_pasted_secret_do_not_matter():
    assert made(webhook_secret=" whsec_current000001 ").secret("webhook_secret") == "whsec_current000001"


def test_the_merchant_is_named_by_its_account():
    assert made().identity() == made(secret_key="sk_test_another").identity() == "acct_1KartMadeUp01"
