"""Calls to Razorpay: Basic auth, one deadline, and every failure as ``Temporary`` or ``Permanent``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

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
from kartify_razorpay.settings import RazorpaySettings
from kartify_razorpay.wire import Entity, clean, read

_KEYS = re.compile(
    r"authentication failed|\bapi[ _]key\b|\bkey[_ ](id|secret)\b|invalid key|\b(test|live)( mode)? (api )?keys?\b",
    re.IGNORECASE,
)
_UNKNOWN_ID = re.compile(r"id provided does not exist|no db records found", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9_]{1,64}\Z")
_TRANSIENT = frozenset({"SERVER_ERROR", "GATEWAY_ERROR"})

Kind = TypeVar("Kind", bound=Entity)


class UnknownId(Permanent):
    """Razorpay says that the id does not exist for these keys."""


class Api:
    """One account's way to Razorpay through a client."""

    def __init__(self, client: Client, settings: RazorpaySettings, deadline: float) -> None:
        self._client = client
        self._settings = settings
        self._deadline = deadline

    def get(self, kind: type[Kind], path: str, params: Sequence[tuple[str, str]] = ()) -> Kind:
        return self._read(kind, self._send("GET", path, params=params))

    def post(
        self, kind: type[Kind], path: str, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> Kind:
        return self._read(kind, self._send("POST", path, json=dict(body), headers=headers))

    def _send(self, method: str, path: str, **given: Any) -> HttpAnswer:
        url = self._settings.api_base + path
        answer = self._client.request(method, url, auth=self._settings.auth(), timeout=self._deadline, **given)
        if not 200 <= answer.status < 300:
            raise self._problem(answer)
        return answer

    def _read(self, kind: type[Kind], answer: HttpAnswer) -> Kind:
        try:
            return read(kind, answer.json())
        except Unreadable as problem:
            raise Temporary(f"Razorpay's answer cannot be read: {problem}") from None

    def _problem(self, answer: HttpAnswer) -> PartnerError:
        status, wait = answer.status, answer.retry_after()
        code, text, field = _envelope(answer)
        said = self._settings.masked(f"Razorpay answered {status}" + (f": {text}" if text else ""))[:300]
        if status == 429:
            return Throttled(said, retry_after=wait)
        if status in (401, 403):
            return Denied(said)
        # 409: a refund under the same key is still under way.
        if status >= 500 or status in (408, 409, 425) or code in _TRANSIENT:
            return Temporary(said, retry_after=wait)
        if code is None and status != 404:
            return Temporary(f"{said}, and not in its own words (a proxy or a block?)", retry_after=wait)
        if _KEYS.search(text):
            return Denied(said)
        # A wrong address is answered 404 as well: that says nothing about the id.
        unknown = _UNKNOWN_ID.search(text) or (status == 404 and code is not None and "url" not in text.lower())
        return UnknownId(said, field=field) if unknown else Permanent(said, field=field)


def _envelope(answer: HttpAnswer) -> tuple[str | None, str, str | None]:
    """(code, description, field) of Razorpay's error; code None when the body is not its own."""
    try:
        data = read_json(answer.body)
    except Unreadable:
        return None, "", None
    error = data.get("error") if isinstance(data, Mapping) else None
    if not isinstance(error, Mapping):
        return None, "", None
    return (
        clean(error.get("code")) or "",
        clean(error.get("description"), 2000) or "",
        clean(error.get("field")) or None,
    )


def segment(value: str, field: str) -> str:
    """An id as part of a path. Raises ``Permanent`` for what is no id, so that nothing steps out of its path."""
    if not _ID.match(value):
        raise Permanent("this is not an id of Razorpay's", field=field)
    return value
