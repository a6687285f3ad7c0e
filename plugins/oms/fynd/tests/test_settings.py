"""The account's settings, and what the plugin declares."""

import pytest
from kartify_fynd import register_oms, register_simulators
from kartify_fynd.oms import Fynd
from kartify_fynd.settings import FyndSettings
from kartify_fynd.simulator import FyndSimulator
from pydantic import ValidationError

from kartify.plugin import Kind


def test_the_hooks_announce_the_plugin_and_its_simulator():
    assert register_oms() == [Fynd]
    assert register_simulators() == [FyndSimulator]


def test_what_the_plugin_declares(fynd):
    plugin = fynd()
    assert (plugin.slug, plugin.kind, plugin.receipt, plugin.rate) == ("fynd", "oms", "id", 5.0)
    assert plugin.delivery_kind() is Kind.CONFIRM
    assert (plugin.can.lookup, plugin.can.look_first, plugin.can.push_unpaid, plugin.can.cancel) == (True,) * 4
    assert (plugin.can.idempotent, plugin.can.hold) == (False, False)
    assert [(tool.name, tool.verb) for tool in plugin.tools] == [("confirm-payment", "confirm_payment")]
    assert [(route.method, route.path) for route in plugin.routes] == [("POST", "webhooks")]


def test_defaults_are_the_safest(given):
    settings = FyndSettings.model_validate(given)
    assert (settings.way, settings.amount_unit, settings.current_status, settings.confirm_cod) == (
        "a", "rupees", "complete", False)
    assert (settings.identity(), settings.mode()) == ("42:65a1b2c3d4e5f60718293a4b", "live")
    assert FyndSettings.model_fields["api_base"].default == "https://api.fynd.com"


@pytest.mark.parametrize(("base", "mode"), [
    ("https://api.fynd.com/", "live"), ("https://api.uat.fyndx1.de", "test"), ("https://api.equator.com", "live"),
    ("http://127.0.0.1:8085", "test"),
])
def test_the_mode_follows_the_address_unless_it_is_given(given, base, mode):
    settings = FyndSettings.model_validate({**given, "api_base": base})
    assert settings.mode() == mode
    assert not settings.api_base.endswith("/")
    assert FyndSettings.model_validate({**given, "api_base": base, "environment": "live"}).mode() == "live"


@pytest.mark.parametrize("change", [
    {"api_base": "http://api.fynd.com"}, {"api_base": "ftp://x"}, {"api_base": "https://u:p@x"}, {"api_base": "x"},
    {"company_id": "0"}, {"application_id": "65A1"}, {"application_id": "65a1b2c3d4e5f60718293a4b\n0"},
    {"client_secret": ""}, {"way": "c"}, {"way": "b"}, {"payment_modes": "{"}, {"unknown": "1"},
])
def test_wrong_settings_are_refused(given, change):
    with pytest.raises(ValidationError) as caught:
        FyndSettings.model_validate({**given, **change})
    assert "very-secret" not in str(caught.value.errors(include_input=False))


@pytest.mark.parametrize("modes", ['{"upi": "UPI2"}', "upi=UPI2", " UPI = UPI2 ,", {"upi": "UPI2"}])
def test_modes_can_be_written_as_text_and_the_rest_stays(given, modes):
    settings = FyndSettings.model_validate({**given, "payment_modes": modes})
    assert (settings.fynd_mode("upi"), settings.fynd_mode("card")) == ("UPI2", "CARD")


def test_settings_survive_being_stored(given):
    settings = FyndSettings.model_validate({**given, "payment_modes": "upi=U"})
    assert FyndSettings.model_validate(
        {**settings.model_dump(mode="json"), "client_secret": "s", "webhook_secret": "s"}
    ).payment_modes == {"upi": "U"}


def test_every_setting_is_explained():
    assert [name for name, field in FyndSettings.model_fields.items() if not field.description] == []


def test_the_panel_address_is_the_accounts_choice(fynd):
    assert fynd().order_url("FY1") is None
    assert fynd(order_url="https://p.example/{order_id}").order_url("FY/1") == "https://p.example/FY%2F1"
