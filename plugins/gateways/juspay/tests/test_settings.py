"""Settings: test and live never mix, and what cannot be right is refused."""

import pytest
from kartify_juspay.settings import JuspaySettings
from pydantic import ValidationError

from .conftest import VALUES


def made(**changes):
    return JuspaySettings(**{**VALUES, **changes})


@pytest.mark.parametrize(("environment", "mode", "base"), [
    ("sandbox", "test", "https://sandbox.juspay.in"), ("production", "live", "https://api.juspay.in"),
])  # fmt: skip
def test_the_environment_is_the_mode_and_picks_the_host(environment, mode, base):
    settings = made(environment=environment)
    assert (settings.mode(), settings.base, settings.identity()) == (mode, base, "kartify")


@pytest.mark.parametrize(("environment", "base"), [
    ("production", "https://sandbox.juspay.in"), ("sandbox", "https://api.juspay.in"),
    ("production", "https://smartgatewayuat.hdfcbank.com"), ("sandbox", "https://smartgateway.hdfcbank.com/"),
    ("production", "https://payments.sandbox.juspay.in"), ("sandbox", "https://PAYMENTS.juspay.in"),
])  # fmt: skip
def test_a_host_of_the_other_world_is_refused(environment, base):
    with pytest.raises(ValidationError, match="environment says"):
        made(environment=environment, api_base=base)


@pytest.mark.parametrize("base", ["https://smartgateway.hdfcbank.com", "https://bank.example/juspay/"])
def test_a_banks_own_host_is_taken(base):
    assert made(environment="production", api_base=base).base == base.rstrip("/")


@pytest.mark.parametrize(("changes", "said"), [
    ({"api_base": "http://api.juspay.in"}, "https"), ({"api_base": "ftp://x.example"}, "https"),
    ({"api_base": "api.juspay.in"}, "address"), ({"api_base": "https://user:pw@x.example"}, "address"),
    ({"merchant_id": ""}, "letters"), ({"client_id": "a b"}, "letters"), ({"api_key": ""}, "key"),
    ({"api_key": "key:"}, "colon"), ({"webhook_user": "kar:tify"}, "letters"),
    ({"webhook_user": "kar-tify"}, "letters"),
    ({"webhook_user": ""}, "user name"), ({"api_version": "latest"}, "date"), ({"currencies": "rupees"}, "codes"),
    ({"release_after_hours": 0}, "greater"), ({"release_after_hours": 169}, "less"),
    ({"environment": "live"}, "sandbox"),
    ({"response_key": VALUES["api_key"]}, "different"), ({"webhook_password": VALUES["api_key"]}, "different"),
    ({"dashboard": "javascript:alert(1)"}, "https"), ({"unheard_of": "x"}, "extra"),
], ids=str)  # fmt: skip
def test_what_cannot_be_right_is_refused_without_its_value(changes, said):
    with pytest.raises(ValidationError) as caught:
        made(**changes)
    assert said.lower() in str(caught.value).lower()
    assert VALUES["api_key"] not in str(caught.value)


def test_plain_http_is_for_this_machine_only():
    assert made(api_base="http://127.0.0.1:8000/").base == "http://127.0.0.1:8000"


def test_every_field_says_what_it_is():
    assert all(field.description for field in JuspaySettings.model_fields.values())


def test_a_charge_has_its_page_in_the_dashboard(make_gateway):
    charge = "kartify-R7Q2M9-1"
    assert make_gateway().dashboard_url(charge) == "https://portal.juspay.in/orders/R7Q2M9"
    assert make_gateway(dashboard="https://x.example/{order_id}/{txn_id}").dashboard_url("EUL42:R7Q2M9") == (
        "https://x.example/R7Q2M9/EUL42"
    )
    assert make_gateway(dashboard="").dashboard_url(charge) is None
    assert make_gateway().dashboard_url("pay_1") is None
