"""Calls to Cashfree: keys in headers, one deadline, and every failure as ``Temporary`` or ``Permanent``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

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
from kartify_cashfree.settings import CashfreeSettings
from kartify_cashfree.wire import Entity, clean, read

_KEYS: Final = re.compile(r"authentication failed|client[-_ ]?(id|secret)|app[-_ ]?id\b|secret key|api key", re.I)
_FIELD: Final = re.compile(r"(.+?)_(invalid|missing|required)\Z")
_LONGEST_WAIT: Final = 86_400.0

Kind = TypeVar("Kind", bound=Entity)


class UnknownId(Permanent):
    """Cashfree says in its own words that the order, payment or refund does not exist for these keys."""


class Exists(Permanent):
    """409: there is one of that id already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Cashfree's error as it came. ``own``: whether it is in its own form."""

    own: bool = False
    code: str = ""
    kind: str = ""
    text: str = ""


@contextmanager
def reading() -> Iterator[None]:
    """What cannot be read of an *answer* is unknown, and asked again."""
    try:
        yield
    except Unreadable as problem:
        raise Temporary(f"Cashfree's answer cannot be read: {problem}") from None


class Api:
    """One account's way to Cashfree through a client."""

    def __init__(self, client: Client, settings: CashfreeSettings, deadline: float) -> None:
        self._client = client
        self._settings = settings
        self._deadline = deadline

    def get(self, kind: type[Kind], path: str) -> Kind:
        with reading():
            return read(kind, self.send("GET", path).json())

    def list(self, kind: type[Kind], path: str) -> tuple[Kind, ...]:
        """An answer that is a JSON array. null is no answer: "nobody tried" would be a fact."""
        with reading():
            rows = self.send("GET", path).json()
            if not isinstance(rows, list):
                raise Unreadable("expected a list")
            return tuple(read(kind, row) for row in rows)

    def post(self, kind: type[Kind], path: str, body: Mapping[str, Any]) -> Kind:
        with reading():
            return read(kind, self.send("POST", path, body).json())

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """A 2xx answer. Raises ``PartnerError`` for every other."""
        sending = {
            "x-client-id": self._settings.client_id,
            "x-client-secret": self._settings.client_secret.get_secret_value(),
            "x-api-version": self._settings.api_version,
            "accept": "application/json",
            **(headers or {}),
        }
        given: dict[str, Any] = {} if body is None else {"json": dict(body)}
        url = self._settings.api_base + path
        answer = self._client.request(method, url, headers=sending, timeout=self._deadline, **given)
        if not 200 <= answer.status < 300:
            raise self._problem(answer)
        return answer

    def _problem(self, answer: HttpAnswer) -> PartnerError:
        status, told = answer.status, _told(answer)
        said = self._settings.masked(f"Cashfree answered {status}" + (f": {told.text}" if told.text else ""))[:300]
        if status == 429 or told.kind == "rate_limit_error":
            return Throttled(said, retry_after=_wait(answer) or float(self._settings.throttle_seconds))
        if status in (401, 403) or told.kind == "authentication_error":
            return Denied(said)
        if status >= 500 or status in (408, 425) or told.kind == "api_error":
            return Temporary(said, retry_after=answer.retry_after())
        if not told.own:
            return Temporary(f"{said}, and not in its own words (a proxy or a block?)", retry_after=_wait(answer))
        return _refusal(status, told, said)


def _told(answer: HttpAnswer) -> Told:
    """``{message, code, type, help?}``."""
    try:
        data = read_json(answer.body)
    except Unreadable:
        return Told()
    if not isinstance(data, Mapping) or not isinstance(data.get("code"), str) or "message" not in data:
        return Told()
    return Told(
        own=True,
        code=clean(data["code"]) or "",
        kind=clean(data.get("type")) or "",
        text=clean(data["message"], 2000) or "",
    )


def _refusal(status: int, told: Told, said: str) -> Permanent:
    named = _FIELD.match(told.code)
    field = named.group(1) if named else None
    # A wrong address is answered 404 as well ("bad URL", request_failed): that says nothing about the id.
    if status == 404 and told.code.endswith("_not_found"):
        return UnknownId(said, field=field)
    if status == 409:
        return Exists(said, field=field)
    return Denied(said) if _KEYS.search(told.text) else Permanent(said, field=field)


def _wait(answer: HttpAnswer) -> float | None:
    """Seconds that Cashfree asks us to wait: its own header first."""
    own = answer.headers.get("x-ratelimit-retry", "")
    if own.isascii() and own.isdigit():
        return min(float(own), _LONGEST_WAIT)
    return answer.retry_after()
