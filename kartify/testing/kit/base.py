"""What every part of the gateway kit has: the plugin's class, its samples, and an ear for secrets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr, ValidationError

from kartify.domain.errors import KartifyError
from kartify.plugin import Gateway
from kartify.simulation import StandIn
from kartify.testing.kit import samples
from kartify.testing.kit.samples import Sample

# What a gateway may lack, with the author's reason. None of them switches off a check that guards money: where a proof
# is lacking, the kit demands instead that nothing is reported on it.
MAY_LACK = frozenset({
    "signed_body",  # no proof of a webhook covers its body: then it may only be a reason to ask
    "raw_body",  # the proof covers values, not the raw bytes: then a change that passes must change no fact
    "webhooks", "callbacks", "refunds", "captures",  # there are none
    "signed_callback",  # no return of the browser is signed
    "retired_secret",  # there is one secret only
    "several_attempts", "second_payment", "other_amount",  # the gateway itself never has them
    "outside_refunds",  # its answers do not tell of refunds that somebody else made
    "unknown_id",  # it answers the same for an id that it does not know
})  # fmt: skip


class KitBase:
    """``gateway`` and ``samples`` (a folder) must be set; ``simulator`` where there is one, else the journeys are
    skipped. ``webhook_secrets``: the settings whose secrets prove webhooks. ``cannot``: names of ``MAY_LACK``, each
    with a reason."""

    gateway: ClassVar[type[Gateway]]
    samples: ClassVar[Path]
    simulator: ClassVar[type[StandIn] | None] = None
    webhook_secrets: ClassVar[tuple[str, ...]] = ("webhook_secret",)
    cannot: ClassVar[Mapping[str, str]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test with an argument "webhook" runs once for each file in samples/webhooks, and so on."""
        for kind in samples.KINDS:
            name = kind.removesuffix("s")
            if name in metafunc.fixturenames:
                found = samples.load(self.samples, kind)
                metafunc.parametrize(name, found, ids=[one.name for one in found])

    @pytest.fixture
    def make(self) -> Callable[..., Gateway]:
        def made(sample: Sample | None = None, **changes: Any) -> Gateway:
            own = sample.told.get("settings", {}) if sample else {}
            return self.gateway(self.gateway.Settings(**{**samples.settings(self.samples), **own, **changes}))

        return made

    @pytest.fixture
    def own(self, make: Callable[..., Gateway]) -> Gateway:
        return make()

    def lacks(self, name: str) -> bool:
        return name in self.cannot

    def skip_if_lacking(self, name: str) -> None:
        if self.lacks(name):
            pytest.skip(f"{name}: {self.cannot[name]}")

    @pytest.fixture(autouse=True)
    def said(self, caplog: Any, capsys: Any) -> Iterator[list[str]]:
        """What errors and logs said while a check ran: no secret of the account is in it."""
        found: list[str] = []
        with caplog.at_level(logging.DEBUG):
            yield found
        logged = [record.getMessage() for phase in ("setup", "call") for record in caplog.get_records(phase)]
        text = "\n".join([*found, *logged, *capsys.readouterr()])
        assert [name for name, secret in self.secrets().items() if secret in text] == []

    def secrets(self) -> dict[str, str]:
        """The secret settings of the samples' account, in plain, by name."""
        values = self.gateway.Settings(**samples.settings(self.samples))
        return {
            name: text for name in type(values).model_fields
            if isinstance(getattr(values, name), SecretStr) and len(text := values.secret(name) or "") > 3
        }


def without(make: Callable[..., Gateway], name: str) -> Gateway | None:
    """The gateway without that setting; None where the account cannot be without it."""
    try:
        return make(**{name: None})
    except (ValidationError, KartifyError):
        return None
