"""The form of the plugin itself: what it declares, and that its secrets stay secret."""

from __future__ import annotations

import re

from kartify.domain.delivery import Kind
from kartify.plugin import Oms
from kartify.testing.oms_kit.base import MAY_LACK, KitBase, Stage

_USES = {"feed": ("read_feed", "write_feed"), "ack": ("read_acks", "write_acks"), "own": ("answer",),
         "news": ("read_news",)}
_ABLE = {"lookup": "find", "poll": "poll"}
_SECRET = re.compile(r"secret|password|token\Z|api_key\Z")


class FormChecks(KitBase):
    def test_what_cannot_be_done_is_declared_with_a_reason(self) -> None:
        assert set(self.cannot) <= MAY_LACK, "no declaration can switch off a check that guards an order"
        assert [name for name, reason in self.cannot.items() if len(reason.split()) < 3] == []

    def test_slug_and_name(self) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", self.oms.slug)
        assert self.oms.name.strip()
        assert self.simulator.slug == self.oms.slug

    def test_settings_are_described_and_secrets_are_secret(self) -> None:
        fields = self.oms.Settings.model_fields
        assert [name for name, field in fields.items() if not (field.description or field.title)] == []
        assert "api_base" in fields
        types = {name: str(field.annotation) for name, field in fields.items() if _SECRET.search(name)}
        assert [name for name, kind in types.items() if "str" in kind and "SecretStr" not in kind] == []

    def test_capabilities_have_their_methods(self, stage: Stage) -> None:
        lacking = [name for able, name in _ABLE.items() if getattr(stage.oms.can, able) and not _has(stage.oms, name)]
        lacking += [name for route in stage.oms.routes for name in _USES[route.use] if not _has(stage.oms, name)]
        if stage.oms.delivery_kind() in (Kind.PUSH, Kind.CONFIRM) and not _has(stage.oms, "deliver"):
            lacking.append("deliver")
        if stage.oms.routes and not _has(stage.oms, "authenticate"):
            lacking.append("authenticate")
        assert lacking == []

    def test_account_is_named_without_its_secrets(self, stage: Stage) -> None:
        shown = f"{stage.oms.settings!r} {stage.oms!r} {stage.oms.settings.identity()}"
        assert [name for name, text in self.secrets().items() if text in shown] == []
        assert stage.oms.settings.identity().strip()
        assert stage.oms.settings.mode() == "test", "a stand-in's account is a test account"


def _has(oms: Oms, name: str) -> bool:
    return getattr(type(oms), name) is not getattr(Oms, name)
