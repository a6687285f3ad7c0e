"""What an account may be set to; test and live never mix, and no message shows a secret."""

import pytest
from kartify_phonepe.settings import PhonePeSettings
from pydantic import ValidationError

from .conftest import SECRETS, VALUES

GOOD = {name: value for name, value in VALUES.items() if name != "environment"}
SANDBOX, LIVE = "https://api-preprod.phonepe.com/apis/pg-sandbox", "https://api.phonepe.com/apis/pg"


@pytest.mark.parametrize(
    ("given", "mode", "base", "tokens"),
    [
        ({}, "live", LIVE, "https://api.phonepe.com/apis/identity-manager/v1/oauth/token"),
        ({"environment": "live"}, "live", LIVE, "https://api.phonepe.com/apis/identity-manager/v1/oauth/token"),
        ({"environment": "test"}, "test", SANDBOX, f"{SANDBOX}/v1/oauth/token"),
        ({"api_base": SANDBOX + "/"}, "test", SANDBOX, f"{SANDBOX}/v1/oauth/token"),
        ({"api_base": LIVE}, "live", LIVE, "https://api.phonepe.com/apis/identity-manager/v1/oauth/token"),
        ({"api_base": "http://127.0.0.1:9/x"}, "test", "http://127.0.0.1:9/x", "http://127.0.0.1:9/x/v1/oauth/token"),
        ({"api_base": "https://proxy.example/p"}, "live", "https://proxy.example/p",
         "https://proxy.example/p/v1/oauth/token"),
        ({"token_url": "https://proxy.example/t"}, "live", LIVE, "https://proxy.example/t"),
    ],
)
def test_the_environment_decides_the_addresses_and_the_host_the_environment(given, mode, base, tokens):
    settings = PhonePeSettings(**GOOD, **given)
    assert (settings.mode(), settings.api_base, settings.token_url) == (mode, base, tokens)


def test_stored_settings_read_again_are_the_same():
    first = PhonePeSettings(**GOOD, environment="test")
    plain = {name: value.get_secret_value() if hasattr(value, "get_secret_value") else value for name, value in first}
    assert PhonePeSettings(**plain) == first


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("api_base", {"environment": "test", "api_base": LIVE}),
        ("api_base", {"environment": "live", "api_base": SANDBOX}),
        ("token_url", {"environment": "live", "token_url": f"{SANDBOX}/v1/oauth/token"}),
        ("token_url", {"environment": "test", "token_url": "https://api.phonepe.com/apis/identity-manager/v1/oauth/token"}),
        ("environment", {"environment": "uat"}), ("environment", {"environment": ["test"]}),
        ("api_base", {"api_base": "http://api.phonepe.com/apis/pg"}), ("api_base", {"api_base": "ftp://x"}),
        ("api_base", {"api_base": "https://u:p@proxy.example"}), ("token_url", {"token_url": "http://proxy.example/t"}),
        ("client_id", {"client_id": ""}), ("client_id", {"client_id": "has space"}),
        ("client_secret", {"client_secret": " "}), ("client_version", {"client_version": "one"}),
        ("merchant_id", {"merchant_id": "M/1"}), ("merchant_id", {"merchant_id": "", "partner": True}),
        ("webhook_username", {"webhook_username": ""}), ("webhook_username", {"webhook_username": "a:b:c:d"}),
        ("webhook_password", {"webhook_password": "made-up-client-secret"}),
        ("webhook_header", {"webhook_header": "no header"}), ("webhook_auth", {"webhook_auth": "none"}),
        ("expire_after", {"expire_after": 299}), ("expire_after", {"expire_after": 3601}),
        ("dashboard_link", {"dashboard_link": "http://x/{id}"}), ("dashboard_link", {"dashboard_link": "https://x/{no}"}),
        ("checkout", {"checkout": "popup"}), ("unheard_of", {"unheard_of": "x"}),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused_by_name_and_without_secrets(field, given):
    with pytest.raises(ValidationError) as caught:
        PhonePeSettings(**{**GOOD, **given})
    shown = str(caught.value) + repr(caught.value)
    assert field in shown
    assert [secret for secret in SECRETS if secret in shown] == []


def test_the_merchant_id_names_the_merchant_through_new_client_ids():
    before, after = PhonePeSettings(**GOOD), PhonePeSettings(**{**GOOD, "client_id": "KARTIFYUAT_2612"})
    assert before.identity() == after.identity() == "KARTIFYUAT"
    assert PhonePeSettings(**{**GOOD, "merchant_id": ""}).identity() == "KARTIFYUAT_2606"


def test_staff_get_to_the_dashboard(make_gateway):
    assert make_gateway().dashboard_url("OM1") == "https://business.phonepe.com/"
    assert make_gateway(dashboard_link="https://x.example/t/{id}").dashboard_url("O/1") == "https://x.example/t/O%2F1"
    assert make_gateway(dashboard_link="").dashboard_url("OM1") is None
