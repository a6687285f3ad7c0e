"""Calls of PayU's postservice: one address, a command, a hash; what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kartify.plugin import Client, Denied, PartnerError, Permanent, Temporary, Throttled
from kartify_payu.hashing import command_hash
from kartify_payu.settings import PayUSettings
from kartify_payu.wire import text, word

PATH: Final = "/merchant/postservice.php"
_DENIED: Final = re.compile(r"invalid (hash|key|merchant)|hash (is )?(invalid|empty|mismatch)|unauthori[sz]ed", re.I)
_THROTTLED: Final = re.compile(r"limit (reached|exceeded)|too many", re.I)


@dataclass(frozen=True, slots=True)
class Api:
    """One account's calls. ``client`` is borrowed; ``timeout`` in seconds is that of one call."""

    client: Client
    settings: PayUSettings
    timeout: float

    def call(self, command: str, var1: str, **more: str) -> Mapping[str, Any]:
        """The answer as PayU gives it, whether its ``status`` is 1 or 0. Raises ``PartnerError``."""
        own = self.settings
        form = {
            "key": own.key, "command": command, "var1": var1, **more,
            "hash": command_hash(own.key, command, var1, own.secret("salt") or ""),
        }
        answer = self.client.request(
            "POST", f"{own.api_base}{PATH}", params={"form": "2"}, form=form, timeout=self.timeout
        )
        told = answer.raise_for_status().json()
        if not isinstance(told, Mapping) or word(told.get("status")) not in ("0", "1"):
            raise Temporary("PayU answered with something that is not an answer of its API")
        problem = self._problem(told)
        if problem is not None:
            raise problem
        return told

    def _problem(self, told: Mapping[str, Any]) -> PartnerError | None:
        """What is wrong with our call, rather than with what it asked about."""
        said = text(told.get("msg"))
        if word(told.get("status")) == "1" or "transaction_details" in told:
            return None
        if _DENIED.search(said):
            return Denied(f"{self.said(told)}: key and salt do not belong together, or to this environment")
        return Throttled(self.said(told)) if _THROTTLED.search(said) else None

    def said(self, told: Mapping[str, Any]) -> str:
        """PayU's own words, for a person."""
        return self.settings.masked(f"PayU says {text(told.get('msg')) or 'nothing'}")[:300]

    def refused(self, told: Mapping[str, Any]) -> Permanent:
        return Permanent(self.said(told))
