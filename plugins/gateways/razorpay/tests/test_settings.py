"""What an account may be set to; no message shows a secret."""

import pytest
from kartify_razorpay.settings import RazorpaySettings
from pydantic import ValidationError

GOOD = {"key_id": "rzp_test_KARTIFY0000001", "key_secret": "key-secret-of-tests", "webhook_secret": "whsec-current"}


@pytest.mark.parametrize(("key_id", "mode"), [("rzp_test_A1", "test"), ("rzp_live_A1", "live")])
def test_the_prefix_of_the_key_is_the_mode(key_id, mode):
    assert RazorpaySettings(**{**GOOD, "key_id": key_id}).mode() == mode


@pytest.mark.parametrize(
    ("field", "value"),
    [("key_id", "rzp_prod_A1"), ("key_id", "live_A1"), ("key_id", ""), ("key_id", "rzp_live_"), ("key_secret", " "),
     ("merchant_id", "KART1"), ("api_base", "http://api.razorpay.com"), ("api_base", "api.razorpay.com"),
     ("api_base", "ftp://x"), ("webhook_secret", "key-secret-of-tests"), ("manual_expiry_minutes", 60),
     ("webhook_secret_previous", "key-secret-of-tests"), ("automatic_expiry_minutes", 11), ("capture", "maybe"),
     ("unheard_of", "x")],
)  # fmt: skip
def test_a_wrong_setting_is_refused_by_name_and_without_secrets(field, value):
    with pytest.raises(ValidationError) as caught:
        RazorpaySettings(**{**GOOD, field: value})
    assert field.removesuffix("_previous") in str(caught.value)
    assert "key-secret-of-tests" not in str(caught.value) + repr(caught.value)
    assert "whsec-current" not in str(caught.value) + repr(caught.value)


def test_the_merchant_id_names_the_merchant_through_rotations():
    before = RazorpaySettings(**GOOD, merchant_id="acc_KART01")
    after = RazorpaySettings(**{**GOOD, "key_id": "rzp_test_NEW1"}, merchant_id="acc_KART01")
    assert before.identity() == after.identity() == "acc_KART01"
    assert RazorpaySettings(**GOOD).identity() == GOOD["key_id"]


@pytest.mark.parametrize("base", ["https://api.razorpay.com/", "http://127.0.0.1:8080", "http://localhost:1/x/"])
def test_the_address_has_no_slash_at_its_end(base):
    assert RazorpaySettings(**GOOD, api_base=base).api_base == base.rstrip("/")


def test_every_field_is_described():
    assert all(field.description for field in RazorpaySettings.model_fields.values())
