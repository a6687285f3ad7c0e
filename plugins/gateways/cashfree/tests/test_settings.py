"""What an account may be set to; no message shows a secret, and test and live never mix."""

import pytest
from kartify_cashfree import CashfreeGateway
from kartify_cashfree.settings import CashfreeSettings
from pydantic import ValidationError

GOOD = {"environment": "sandbox", "client_id": "TESTKARTIFY01", "client_secret": "made-up-client-secret"}
LIVE = {"environment": "production", "client_id": "KARTIFY01", "client_secret": "made-up-live-secret"}


def test_the_environment_is_the_mode_and_picks_the_address():
    sandbox, production = CashfreeSettings(**GOOD), CashfreeSettings(**LIVE)
    assert (sandbox.mode(), sandbox.api_base) == ("test", "https://sandbox.cashfree.com/pg")
    assert (production.mode(), production.api_base) == ("live", "https://api.cashfree.com/pg")
    assert CashfreeSettings(**LIVE, api_base="  ").api_base == "https://api.cashfree.com/pg"


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        (GOOD, {"environment": "prod"}),
        (GOOD, {"client_id": ""}),
        (GOOD, {"client_id": "has space"}),
        (GOOD, {"client_secret": " "}),
        (GOOD, {"api_base": "http://sandbox.cashfree.com/pg"}),
        (GOOD, {"api_base": "sandbox.cashfree.com"}),
        (GOOD, {"api_base": "https://x/?a=1"}),
        (GOOD, {"api_base": "https://api.cashfree.com/pg"}),
        (LIVE, {"api_base": "https://SANDBOX.cashfree.com/pg"}),
        (LIVE, {"client_id": "TEST0001"}),
        (LIVE, {"client_secret": "cfsk_ma_test_made-up"}),
        (GOOD, {"client_secret": "cfsk_ma_prod_made-up"}),
        (GOOD, {"api_version": "latest"}),
        (GOOD, {"session_minutes": 14}),
        (GOOD, {"session_minutes": 1441}),
        (GOOD, {"payment_methods": "cc, dc"}),
        (GOOD, {"fallback_phone": "call me"}),
        (GOOD, {"attempts": "never"}),
        (GOOD, {"refund_speed": "FAST"}),
        (GOOD, {"release_after_hours": 169}),
        (GOOD, {"recon": True, "pre_authorisation": True}),
        (GOOD, {"unheard_of": "x"}),
    ],
)
def test_a_wrong_setting_is_refused_by_name_and_without_secrets(base, changes):
    with pytest.raises(ValidationError) as caught:
        CashfreeSettings(**{**base, **changes})
    shown = str(caught.value) + repr(caught.value)
    named = "client_" if {"client_id", "client_secret"} & set(changes) else next(iter(changes))
    assert named in shown
    assert "made-up" not in shown


def test_without_an_environment_nothing_is_assumed():
    with pytest.raises(ValidationError):
        CashfreeSettings(client_id="KARTIFY01", client_secret="made-up")


def test_the_merchant_id_names_the_merchant_through_new_keys():
    before = CashfreeSettings(**GOOD, merchant_id="shop-1")
    after = CashfreeSettings(**{**GOOD, "client_id": "TESTNEW1"}, merchant_id="shop-1")
    assert before.identity() == after.identity() == "shop-1"
    assert CashfreeSettings(**GOOD, merchant_id="").identity() == "TESTKARTIFY01"


def test_every_field_is_described():
    assert all(field.description for field in CashfreeSettings.model_fields.values())


def test_staff_find_a_payment_where_the_setting_says():
    charge = "5114910000001:R7Q2M9"
    assert CashfreeGateway(CashfreeSettings(**GOOD)).dashboard_url(charge) == "https://merchant.cashfree.com/"
    other = CashfreeSettings(**GOOD, dashboard="https://d.example/tx/{cf_payment_id}")
    assert CashfreeGateway(other).dashboard_url(charge) == "https://d.example/tx/5114910000001"
    assert CashfreeGateway(CashfreeSettings(**GOOD, dashboard="")).dashboard_url(charge) is None


def test_the_plan_outlasts_the_longest_session_and_its_late_confirmation():
    plan = CashfreeGateway.plan
    longest = CashfreeSettings.model_fields["session_minutes"].metadata
    most = next(one.le for one in longest if hasattr(one, "le"))
    assert plan.lifetime.total_seconds() == most * 60
    assert plan.lifetime < plan.late_window < plan.window
    assert list(plan.steps) == sorted(plan.steps)
