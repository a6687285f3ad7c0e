"""What an account must have, and what it may have."""

import pytest
from kartify_unicommerce.settings import UnicommerceSettings
from kartify_unicommerce.wire import moment
from pydantic import ValidationError
from uniware_said import GIVEN


def made(**more):
    return UnicommerceSettings.model_validate({**GIVEN, **more})


@pytest.mark.parametrize("wrong", [
    {"username": ""}, {"password": None}, {"way": "pull", "inbound_password": None},
    {"way": "pull", "inbound_username": ""}, {"inbound_password": "short"}, {"channel": ""},
    {"api_base": "http://mybrand.unicommerce.example"}, {"api_base": "https://u:p@x.example"},
    {"api_base": "https://x.example/?a=b"}, {"api_base": "nonsense"}, {"zone": "Mars/Base"}, {"zone": "../etc"},
    {"currency": "inr"}, {"code_prefix": "a b"}, {"most_units": 0}, {"token_hours": 0}, {"way": "both"},
    {"unknown": "x"},
])
def test_what_cannot_work_is_refused(wrong):
    with pytest.raises(ValidationError) as refused:
        made(**wrong)
    assert GIVEN["password"] not in str(refused.value)


def test_an_account_is_named_by_tenant_and_channel():
    assert made().identity() == "mybrand.unicommerce.example:KARTIFY"


@pytest.mark.parametrize(("more", "mode"), [
    ({}, "live"), ({"environment": "test"}, "test"), ({"api_base": "http://127.0.0.1:9"}, "test"),
    ({"api_base": "http://localhost:9", "environment": "live"}, "live"),
])
def test_live_unless_it_is_said_or_here(more, mode):
    assert made(**more).mode() == mode


def test_a_pulling_account_needs_no_user_at_uniware():
    assert not made(way="pull", username="", password=None).asks
    assert made(way="pull").asks


def test_a_slash_at_the_end_of_the_address_is_no_matter():
    assert made(api_base="https://x.example/").api_base == "https://x.example"


def test_numbers_and_codes_lead_to_each_other():
    mine = made(code_prefix="BR-")
    assert mine.number(mine.code("K1001")) == "K1001"
    assert mine.number("K1001") is None
    assert mine.number("BR-") is None


def test_maps_can_be_words_or_json():
    for given in ("upi=WALLET, card = DEBIT_CARD", '{"upi": "WALLET", "card": "DEBIT_CARD"}'):
        mine = made(payment_instruments=given)
        assert (mine.instrument("UPI"), mine.instrument("card"), mine.instrument("netbanking")) == (
            "WALLET", "DEBIT_CARD", "NET_BANKING",
        )


@pytest.mark.parametrize(("value", "said"), [
    (1795422600000, "2026-11-23T08:30:00+00:00"), ("Jul 19, 2024 10:56:22 AM", "2024-07-19T05:26:22+00:00"),
    ("Jul 19, 2024 10:56:22\u202fPM", "2024-07-19T17:26:22+00:00"),
    ("2024-07-19T10:56:22Z", "2024-07-19T10:56:22+00:00"), ("2024-07-19 10:56:22", "2024-07-19T05:26:22+00:00"),
    (1795422600, None), (True, None), (None, None), ("soon", None), (1.5, None), (10**30, None),
])
def test_moments_in_every_way_that_uniware_writes_them(value, said):
    at = moment(value, "Asia/Kolkata")
    assert (at.isoformat() if at else None) == said
