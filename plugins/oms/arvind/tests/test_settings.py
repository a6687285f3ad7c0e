"""Settings: the weakest peer by default, presets as data, an account's own words over them."""

from __future__ import annotations

import json

import pytest
from kartify_arvind import presets
from kartify_arvind.contract import Contract
from kartify_arvind.settings import ArvindSettings
from pydantic import ValidationError

from kartify.plugin import Kind


def refused(given):
    with pytest.raises(ValidationError) as problem:
        ArvindSettings.model_validate(given)
    return str(problem.value)


def test_nothing_is_promised_until_settings_say_so(arvind):
    made = arvind()
    assert (made.can.lookup, made.can.idempotent, made.can.cancel, made.can.poll) == (False,) * 4
    assert (made.routes, made.delivery_kind(), made.lists_parked) == ((), Kind.PUSH, False)
    assert (made.rate, made.deadline) == (3.0, 15.0)


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_that_is_shipped_is_right(arvind, name):
    assert arvind(preset=name).contract
    assert len(presets.about(name).split()) > 5


def test_an_account_differs_from_its_preset_where_it_says_so(arvind):
    made = arvind(preset="contract", way="push", supports_lookup="false", create_path="/v2/orders")
    assert (made.can.lookup, made.can.idempotent, made.contract.way) == (False, True, "push")
    assert made.contract.create_path == "/v2/orders"


def test_what_is_stored_is_only_what_was_given(given):
    stored = ArvindSettings.model_validate({**given, "preset": "lookup"}).model_dump(mode="json", exclude_none=True)
    assert "supports_lookup" not in stored
    assert "create_path" not in stored


def test_a_preset_may_be_given_as_json(arvind):
    made = arvind(preset=json.dumps({"about": "ours", "settings": {"supports_lookup": True, "money": "paise"}}))
    assert (made.can.lookup, made.contract.money) == (True, "paise")


@pytest.mark.parametrize(("changes", "word"), [
    ({"preset": "nobody"}, "contract, lookup, weakest"), ({"preset": "{"}, "not JSON"), ({"preset": "[]"}, "preset"),
    ({"preset": '{"hmac_secret": "x"}'}, "hmac_secret is no setting"),
    ({"create_path": "/orders/{id}"}, "{id} is no placeholder"), ({"get_path": "/orders"}, "must have {number}"),
    ({"ack_path": "a{number}b"}, "segment"), ({"create_path": "https://elsewhere/x"}, "without a host"),
    ({"statuses": {"gone": "lost"}}, "lost is none of"), ({"api_base": ""}, "api_base: needed"),
    ({"api_base": "http://oms.test"}, "https"), ({"api_base": "https://u:p@oms.test"}, "address"),
    ({"auth": "bearer"}, "bearer_token: needed"), ({"inbound_auth": "hmac_body", "way": "pull"}, "feed"),
    ({"oauth_path": "http://elsewhere/token"}, "https"), ({"timeout_s": "900"}, "timeout_s"),
    ({"preset": '{"timeout_s": 900}'}, "timeout_s"), ({"unheard_of": "1"}, "unheard_of"),
])
def test_what_cannot_be_is_refused_in_words(given, changes, word):
    text = refused({**given, **changes})
    assert word in text
    assert "very-secret" not in text


def test_settings_come_as_text_from_forms(arvind):
    made = arvind(ok_statuses="200 201", statuses="DISPATCHED=shipped", field_map="number=orderNo",
                  constants='{"rank": 3}', supports_lookup="true").contract
    assert (made.ok_statuses, made.statuses) == ((200, 201), {"DISPATCHED": "shipped"})
    assert (made.field_map, made.constants, made.supports_lookup) == ({"number": "orderNo"}, {"rank": 3}, True)


def test_an_account_that_only_fetches_needs_no_address():
    made = ArvindSettings.model_validate({"merchant": "demo", "way": "pull", "inbound_secret": "very-secret-news"})
    assert made.identity() == "pull:demo"


def test_the_mode_goes_by_the_address(given):
    assert ArvindSettings.model_validate(given).mode() == "live"
    assert ArvindSettings.model_validate({**given, "api_base": "http://127.0.0.1:9"}).mode() == "test"
    assert ArvindSettings.model_validate({**given, "environment": "test"}).mode() == "test"


def test_every_setting_of_the_contract_can_be_set_and_is_described():
    fields = ArvindSettings.model_fields
    assert set(Contract.model_fields) <= set(fields)
    assert [name for name, field in fields.items() if len(field.description or "") < 5] == []


def test_staff_are_led_to_the_order_where_the_account_says_how(arvind):
    assert arvind().order_url("AR1") is None
    assert arvind(order_url="https://oms.example/o/{order_id}").order_url("AR/1") == "https://oms.example/o/AR%2F1"
