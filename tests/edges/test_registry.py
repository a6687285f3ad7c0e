"""What the boot says of plugins that cannot be used."""

from __future__ import annotations

import pytest
from fakes import Bank, PlainGateway, PlainPlugin

from kartify import registry
from kartify.plugin import Gateway, PartnerSettings, hookimpl


class Bare(Gateway):
    slug = "bare"
    name = "Bare"
    Settings = PlainGateway.Settings


class Announcing:
    def __init__(self, *kinds: type) -> None:
        self.kinds = kinds

    @hookimpl
    def register_gateways(self) -> list[type]:
        return list(self.kinds)


def problems(*plugins: object) -> list[str]:
    with pytest.raises(registry.BrokenPlugins) as caught:
        registry.load(points=(), extra=plugins)
    return caught.value.problems


def test_a_gateway_without_the_methods_of_the_contract_stops_the_boot() -> None:
    told = " ".join(problems(Announcing(Bare)))
    for name in ("ask", "callback_key", "open", "read_callback", "read_webhook", "verify"):
        assert f"does not implement '{name}'" in told


def test_settings_that_name_no_merchant_stop_the_boot() -> None:
    class Nameless(PlainGateway):
        class Settings(PartnerSettings):
            pass

    told = " ".join(problems(Announcing(Nameless)))
    for name in ("identity", "mode"):
        assert f"does not implement '{name}'" in told


def test_two_packages_with_one_slug_stop_the_boot_and_both_are_named() -> None:
    (told,) = problems(PlainPlugin(Bank()), PlainPlugin(Bank()))
    assert told.startswith("the slug 'plain' is claimed by both")


def test_what_is_no_gateway_is_named() -> None:
    assert "neither a Gateway nor an Oms" in problems(Announcing(int))[0]


def test_a_misspelt_hook_is_told() -> None:
    class Misspelt:
        @hookimpl
        def register_gateway(self) -> list[type]:
            return []

    assert "register_gateway" in problems(Misspelt())[0]


def test_several_problems_are_told_in_one_go() -> None:
    assert len(problems(Announcing(Bare, int))) > 2
