"""Calls to CCAvenue's API: one address, a command each, encrypted both ways; every failure as ``Temporary`` or
``Permanent``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from kartify.plugin import (
    Client,
    Denied,
    HttpAnswer,
    PartnerError,
    Permanent,
    Temporary,
    Throttled,
    Unreadable,
    read_json,
)
from kartify_ccavenue import crypto
from kartify_ccavenue.settings import CCAvenueSettings
from kartify_ccavenue.wire import Answer, Kind, clean, read, unwrapped

PATH: Final = "/apis/servlet/DoWebTrans"
NO_RECORD: Final = frozenset({"51313", "51308", "51419"})
# 51407: access code or IP address. 51327: merchant.
_DENIED: Final = frozenset({"51407", "51327"})
# 51305, 51307: the gateway's own risk check is not done yet.
_LATER: Final = frozenset({"51420", "-1", "51305", "51307"})
_FIELDS: Final = {
    "51017": "order_no", "51018": "order_no", "51002": "reference_no", "51003": "reference_no", "51015": "amount",
    "51306": "amount",
}
_NONE: Final = re.compile(r"\bno records? (was |were )?found", re.IGNORECASE)
_KEYS: Final = re.compile(r"access_?code|not allowed to perform|merchant authentication", re.IGNORECASE)
_HINT: Final = (
    "check api_access_code, api_working_key and environment, and that CCAvenue has registered this server's public "
    "IP address for that access code"
)
_NO_ERROR: Final = frozenset({"", "0"})
_VERSIONS: Final = {"orderStatusTracker": "1.2", "orderLookup": "1.2"}
_MOST_FIELDS: Final = 20


class NoRecord(Permanent):
    """The gateway says clearly that it has none."""


class Api:
    """One merchant's way to CCAvenue through a client."""

    def __init__(self, client: Client, settings: CCAvenueSettings, deadline: float) -> None:
        self._client = client
        self._settings = settings
        self._deadline = deadline

    def call(self, kind: type[Kind], command: str, body: Mapping[str, Any], *, asks: bool = True) -> Kind:
        """The answer, decrypted. ``asks``: the call only asks, so every error in the answer is raised. Raises
        ``NoRecord``, and ``PartnerError`` for all that is not CCAvenue's own word on the matter."""
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=True)
        form = {
            "enc_request": crypto.encrypt(text, self._settings.api_key), "access_code": self._settings.api_code,
            "command": command, "request_type": "JSON", "response_type": "JSON",
            "version": _VERSIONS.get(command, "1.1"),
        }
        answer = self._client.request("POST", self._settings.api_base + PATH, form=form, timeout=self._deadline)
        if answer.status != 200:
            raise self._refusal(answer)
        found = self._read(kind, self._opened(_envelope(answer.body)))
        if isinstance(found, Answer) and (found.error_code not in _NO_ERROR or _NONE.search(found.error_desc)):
            problem = self.problem(found.error_code, found.error_desc)
            # Any other refusal means something to the one call only: that is left to it.
            if asks or isinstance(problem, NoRecord | Denied | Temporary):
                raise problem
        return found

    def problem(self, code: str, text: str) -> PartnerError:
        """What an error of the API means."""
        said = self.masked(f"CCAvenue says {code or 'no'}: {text or 'without a word'}")
        if code in NO_RECORD or (not code and _NONE.search(text)):
            return NoRecord(said)
        if code in _DENIED or (not code and _KEYS.search(text)):
            return Denied(f"{said}; {_HINT}")
        if code in _LATER:
            return Temporary(f"{said}; if it stays so, {_HINT}", sent=False)
        return Permanent(said, field=_FIELDS.get(code))

    def masked(self, text: str) -> str:
        return self._settings.masked(text)[:300]

    def _opened(self, told: Mapping[str, str]) -> str:
        """The plain text of the answer."""
        inside = re.sub(r"\s", "", told["enc_response"]) if told["status"] == "0" else told["enc_response"]
        if told["status"] == "1":
            # The error is not encrypted.
            raise self.problem(clean(told.get("enc_error_code"), 20), clean(inside, 2000))
        try:
            return crypto.decrypt(inside, self._settings.api_key)
        except crypto.Undecipherable:
            raise Temporary(
                "CCAvenue's answer cannot be decrypted: it was cut off, or api_working_key does not belong to the "
                "access code"
            ) from None

    def _read(self, kind: type[Kind], text: str) -> Kind:
        try:
            data = unwrapped(read_json(text.encode()))
            if not isinstance(data, Mapping):
                raise Unreadable("not an object")
            return read(kind, data)
        except Unreadable as problem:
            raise Temporary(f"CCAvenue's answer cannot be read: {problem}") from None

    def _refusal(self, answer: HttpAnswer) -> PartnerError:
        """What a status besides 200 means: CCAvenue's own words come with 200, so none of these is one."""
        status, wait = answer.status, answer.retry_after()
        if status == 429:
            return Throttled("CCAvenue asks for fewer calls (429)", retry_after=wait)
        if status in (401, 403):
            return Denied(f"CCAvenue answered {status}; {_HINT}")
        return Temporary(f"CCAvenue answered {status}, and not in its own words (a proxy, a block?)", retry_after=wait)


def _envelope(body: bytes) -> dict[str, str]:
    """The HTTP answer is a query string, whatever was asked for. Raises ``Temporary``."""
    try:
        pairs = parse_qsl(body.decode("utf-8").strip(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except (UnicodeDecodeError, ValueError):
        pairs = []
    told = {name.strip(): value for name, value in pairs}
    if len(told) != len(pairs) or told.get("status", "").strip() not in ("0", "1") or "enc_response" not in told:
        raise Temporary("CCAvenue's answer is not one of its API (an error page, or cut off)")
    return {**told, "status": told["status"].strip()}
