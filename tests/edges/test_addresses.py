"""What an account takes as a partner's address, and what that says of the account."""

import pytest
from pydantic import ValidationError

from kartify import registry
from kartify.plugin import SimulatorOptions, base_address, host_of, keeps_secrets, mode_of, on_this_machine

SIMULATED = registry.load()
# The sandboxes' secrets are made up, and they may stand on another machine of the same network.
REAL = sorted(set(SIMULATED.simulators) - {"sandbox", "sandbox-oms"})
HOSTS = {"pay.example": "live", "test.example": "test"}


def settings(slug, **others):
    simulator = SIMULATED.simulators[slug](SimulatorOptions(base_url="http://127.0.0.1:1"))
    return SIMULATED.partners[slug].partner.Settings(**{**simulator.settings(), **others})


@pytest.mark.parametrize("slug", REAL)
@pytest.mark.parametrize("address", [
    "http://partner.example", "https://name:word@partner.example", "https://partner.example/?key=word", "ftp://127.0.0.1",
])
def test_no_plugin_sends_secrets_in_the_clear_or_takes_them_in_an_address(slug, address):
    settings(slug)
    with pytest.raises(ValidationError) as caught:
        settings(slug, api_base=address)
    assert ("api_base",) in [one["loc"][:1] for one in caught.value.errors()]
    assert "word" not in str(caught.value)


@pytest.mark.parametrize(("address", "safe"), [
    ("https://pay.example", True), ("HTTPS://pay.example/x", True), ("http://127.0.0.1:1", True),
    ("http://localhost", True), ("http://[::1]:8", True), ("http://pay.example", False), ("ftp://localhost", False),
    ("http://127.0.0.1.evil.example", False), ("", False), ("x", False), ("https://", False), ("https://[", False),
])
def test_what_is_sent_cannot_be_read_on_the_way(address, safe):
    assert keeps_secrets(address) is safe


def test_a_base_address_loses_its_last_slash():
    assert base_address("https://pay.example/v1/", like="x") == "https://pay.example/v1"


@pytest.mark.parametrize("value", ["", "pay.example", "https://@pay.example", "https://pay.example#x", "https://["])
def test_another_base_address_is_refused(value):
    with pytest.raises(ValueError, match=r"expected an address such as https://like|Invalid IPv6"):
        base_address(value, like="https://like.example")


@pytest.mark.parametrize(("address", "mode"), [
    ("https://pay.example", "live"), ("https://TEST.example", "test"), ("http://127.0.0.1:8", "test"),
    ("https://proxy.example", "live"), ("", "live"), ("x", "live"), ("https://[", "live"),
])
def test_only_known_hosts_and_this_machine_are_tests(address, mode):
    assert mode_of(address, HOSTS) == mode


def test_hosts_are_read_whatever_the_address():
    assert [host_of(one) for one in ("https://A.example:8/x", "https://[", "")] == ["a.example", "", ""]
    assert not on_this_machine("https://a.example/?127.0.0.1")
