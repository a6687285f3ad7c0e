"""Calls to Paytm: each signed over the very text that is sent, and every failure as ``Temporary`` or ``Permanent``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from kartify.plugin import (
    Client,
    Denied,
    HttpAnswer,
    PartnerError,
    Permanent,
    Refused,
    Temporary,
    Throttled,
    Unreadable,
    read_json,
)
from kartify_paytm import checksum, raw
from kartify_paytm.settings import PaytmSettings
from kartify_paytm.wire import Answer, Kind, Result, clean, read

# 330, 2005: checksum. 335, 2006: mid. 843: merchant blocked.
_OURS: Final = frozenset({"330", "2005", "335", "2006", "843"})
_BUSY: Final = frozenset({"501", "00000900"})
_KEYS: Final = re.compile(
    r"checksum|signature|\bmid is invalid|invalid mid\b|merchant (is )?(blocked|inactive)|unauthori[sz]ed",
    re.IGNORECASE,
)
_HINT: Final = "check mid, merchant_key and environment: staging and live have keys of their own"


class Api:
    """One merchant's way to Paytm through a client."""

    def __init__(self, client: Client, settings: PaytmSettings, deadline: float) -> None:
        self._client = client
        self._settings = settings
        self._deadline = deadline

    def call(
        self, kind: type[Kind], path: str, body: Mapping[str, Any], *, params: Mapping[str, str] | None = None,
        head: Mapping[str, str] | None = None,
    ) -> Kind:
        """The answer's ``body``. Raises ``PartnerError`` for all that is not Paytm's own word on the matter."""
        text = dump({"mid": self._settings.mid, **body})
        client_id = {"clientId": self._settings.client_id} if self._settings.client_id else {}
        signed = {**(head or {}), **client_id, "signature": checksum.sign(text, self._settings.key)}
        answer = self._client.request(
            "POST", self._settings.api_base + path, params=params, timeout=self._deadline,
            headers={"Content-Type": "application/json"}, body=f'{{"head":{dump(signed)},"body":{text}}}'.encode(),
        )
        if not 200 <= answer.status < 300:
            raise self._refusal(answer)
        return self._read(kind, answer)

    def _read(self, kind: type[Kind], answer: HttpAnswer) -> Kind:
        try:
            parts = raw.members(answer.body)
            if "body" not in parts:
                raise Unreadable("there is no body in it")
            found = read(kind, read_json(parts["body"].encode()))
        except Unreadable as problem:
            raise Temporary(f"Paytm's answer cannot be read: {problem}") from None
        self._check_signed(parts)
        if isinstance(found, Answer) and found.mid not in ("", self._settings.mid):
            raise Temporary("Paytm answered for another merchant")
        return found

    def _check_signed(self, parts: Mapping[str, str]) -> None:
        if not self._settings.verify_answers:
            return
        try:
            head = read_json(parts.get("head", "{}").encode())
            given = head.get("signature") if isinstance(head, Mapping) else None
            checksum.check(parts["body"], given if isinstance(given, str) else "", self._settings.key)
        except (Refused, Unreadable) as problem:
            raise Temporary(f"Paytm's answer is not signed as it should be: {problem}") from None

    def _refusal(self, answer: HttpAnswer) -> PartnerError:
        """What a status outside 2xx means."""
        status, wait = answer.status, answer.retry_after()
        result = _result(answer)
        said = self.masked(f"Paytm answered {status}" + (f": {result.text or result.word}" if result else ""))
        if status == 429:
            return Throttled(f"{said} (too many calls)", retry_after=wait)
        if status in (401, 403):
            return Denied(f"{said}; {_HINT}")
        if status >= 500 or status in (408, 425):
            return Temporary(said, retry_after=wait)
        if result is None:
            return Temporary(f"{said}, and not in its own words (a proxy or a block?)", retry_after=wait)
        return self.mistake(result) or Permanent(said)

    def mistake(self, result: Result) -> PartnerError | None:
        """The error where the answer is about our call, not about a payment; else None."""
        said = self.said(result)
        if result.code in _OURS or _KEYS.search(result.text):
            return Denied(f"{said}; {_HINT}")
        if result.code in _BUSY or result.status == "U":
            return Temporary(f"{said}; if it stays so, website_name or environment may be wrong")
        if result.code == "334":
            return Permanent(said, field="orderId")
        return None

    def said(self, result: Result) -> str:
        return self.masked(f"Paytm says {result.word or 'nothing'}" + (f": {result.text}" if result.text else ""))

    def masked(self, text: str) -> str:
        return self._settings.masked(text)[:300]


def dump(value: Mapping[str, Any]) -> str:
    """Compact JSON in ASCII: no charset between us and Paytm can change the text that was signed."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def _result(answer: HttpAnswer) -> Result | None:
    """``resultInfo`` of an error's body; None when the body is not Paytm's own."""
    try:
        data = read_json(answer.body)
        body = data.get("body") if isinstance(data, Mapping) else None
        info = body.get("resultInfo") if isinstance(body, Mapping) else None
        return read(Result, info) if isinstance(info, Mapping) and clean(info.get("resultStatus")) else None
    except Unreadable:
        return None
