"""The form of the plugin itself: what it declares, and that its secrets stay secret."""

from __future__ import annotations

import re
from datetime import timedelta

from kartify.plugin import Gateway
from kartify.registry import unfilled
from kartify.testing.kit import samples
from kartify.testing.kit.base import MAY_LACK, KitBase

_ABLE = {"capture": ("capture",), "void": ("void",), "refund": ("refund", "refund_status"), "find": ("find",),
         "close": ("close",)}
_SECRET = re.compile(r"secret|password|salt|working_key|merchant_key|api_key\Z|token\Z")


class FormChecks(KitBase):
    def test_form_what_cannot_be_done_is_declared_with_a_reason(self) -> None:
        assert set(self.cannot) <= MAY_LACK, "no declaration can switch off a check that guards money"
        assert [name for name, reason in self.cannot.items() if len(reason.split()) < 3] == []

    def test_form_slug_name_and_module(self) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", self.gateway.slug)
        assert self.gateway.name.strip()
        assert unfilled(self.gateway) == [], "methods of the contract that are not there"
        assert self.simulator is None or self.simulator.slug == self.gateway.slug

    def test_form_settings_are_described_and_secrets_are_secret(self) -> None:
        fields = self.gateway.Settings.model_fields
        assert [name for name, field in fields.items() if not (field.description or field.title)] == []
        assert "api_base" in fields
        types = {name: str(field.annotation) for name, field in fields.items() if _SECRET.search(name)}
        assert [name for name, kind in types.items() if "str" in kind and "SecretStr" not in kind] == []

    def test_form_account_is_named_without_its_secrets(self, own: Gateway) -> None:
        shown = f"{own.settings!r} {own!r} {own.settings.identity()} {own.settings}"
        assert [name for name, secret in self.secrets().items() if secret in shown] == []
        assert own.settings.identity().strip()
        assert own.settings.mode() == "test", "samples are of a test account"

    def test_form_plan_and_capabilities(self, own: Gateway) -> None:
        ages = [until for until, _ in own.plan.steps]
        assert ages == sorted(ages)
        assert all(every >= timedelta(seconds=1) for _, every in own.plan.steps)
        assert own.plan.window >= own.plan.late_window, "it must be asked until nothing can come any more"
        assert own.rate > 0
        assert 0 < own.deadline <= 60
        lacking = [name for able, names in _ABLE.items() if getattr(own.can, able) for name in names
                   if not _has(own, name)]
        assert lacking == []
        assert bool(own.can.bulk_from) == _has(own, "ask_many")

    def test_form_samples_are_there(self) -> None:
        needed = {"webhooks": 3, "callbacks": 1, "asks": 4, "opens": 1, "refunds": 1}
        lacking = [
            kind for kind, count in needed.items()
            if kind not in self.cannot and len(samples.load(self.samples, kind)) < count
        ]
        assert lacking == []


def _has(own: Gateway, name: str) -> bool:
    return getattr(type(own), name) is not getattr(Gateway, name)
