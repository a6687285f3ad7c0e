"""Calls to Juspay: the API key as Basic user, one deadline a call, and every failure as ``Temporary`` or
``Permanent``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

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
from kartify_juspay.settings import SECRETS, JuspaySettings
from kartify_juspay.signing import token
from kartify_juspay.wire import Entity, clean, read

_KEYS = re.compile(
    r"access.?denied|unauthori[sz]ed|unauthenticated|bad.?origin|\bapi.?key\b|\bmerchant.?(id|account)\b", re.IGNORECASE
)
_NO_ORDER = re.compile(
    r"\border\w*\b.{0,60}(not.?found|not exist|n't exist)"
    r"|(no such|not.?found|could not find)\W+(\w+\W+){0,3}order",
    re.IGNORECASE,
)
_ABSENT = frozenset({"NOT_FOUND", "RESOURCE_NOT_FOUND"})
_FIELD = re.compile(
    r"order_id|amount|currency|customer_phone|customer_email|customer_id|return_url|payment_page_client_id"
    r"|unique_request_id|txn_uuid",
    re.IGNORECASE,
)
_BUSY = frozenset({"DUPLICATE_REQUEST", "INTERNAL_SERVER_ERROR"})

Kind = TypeVar("Kind", bound=Entity)


class Said(Permanent):
    """Juspay refused, in its own words. ``code`` is its word for why."""

    def __init__(self, message: str, *, code: str, field: str | None = None) -> None:
        super().__init__(message, field=field)
        self.code = code


class UnknownOrder(Said):
    """Juspay says that it has no such order."""


class Envelope(NamedTuple):
    """An error in Juspay's own form. ``codes`` are all its words for why: it has one of its own and an older one."""

    status: str
    codes: tuple[str, ...]
    text: str

    @property
    def words(self) -> str:
        return " ".join((self.status, *self.codes, self.text))


class Api:
    """One account's way to Juspay through a client. ``routing`` is the same on every call of an order."""

    def __init__(self, client: Client, settings: JuspaySettings, deadline: float, *, routing: str) -> None:
        self._client = client
        self._settings = settings
        self._deadline = deadline
        self._headers = {
            "x-merchantid": settings.merchant_id, "x-routing-id": routing, "version": settings.api_version,
            "accept": "application/json",
        }  # fmt: skip

    def get(self, kind: type[Kind], path: str) -> Kind:
        return self._read(kind, self._send("GET", path))

    def post(self, kind: type[Kind], path: str, body: Mapping[str, Any]) -> Kind:
        return self._read(kind, self._send("POST", path, json=dict(body)))

    def post_form(self, kind: type[Kind], path: str, form: Mapping[str, str]) -> Kind:
        return self._read(kind, self._send("POST", path, form=dict(form)))

    def _send(self, method: str, path: str, **given: Any) -> HttpAnswer:
        answer = self._client.request(
            method, self._settings.base + path, auth=(self._settings.secret("api_key") or "", ""),
            headers=self._headers, timeout=self._deadline, **given,
        )  # fmt: skip
        if not 200 <= answer.status < 300:
            raise self._problem(answer)
        return answer

    def _read(self, kind: type[Kind], answer: HttpAnswer) -> Kind:
        try:
            return read(kind, answer.json())
        except Unreadable as problem:
            raise Temporary(f"Juspay's answer cannot be read: {problem}") from None

    def _problem(self, answer: HttpAnswer) -> PartnerError:
        status, wait, said = answer.status, answer.retry_after(), _envelope(answer)
        text = self._masked(f"Juspay answered {status}" + (f": {said.text or said.codes[0]}" if said else ""))[:300]
        if status == 429:
            return Throttled(text, retry_after=wait)
        if status in (401, 403):
            return Denied(f"{text}. Compare merchant id, API key and environment, and Juspay's list of our addresses")
        if said is None and status < 500:
            return Temporary(f"{text}, and not in its own words (a proxy or a block?)", retry_after=wait)
        if said is None or status >= 500 or status in (408, 409, 425) or _BUSY & set(said.codes):
            return Temporary(text, retry_after=wait)
        return self._refusal(status, said, text)

    def _refusal(self, status: int, said: Envelope, text: str) -> PartnerError:
        code, named = said.codes[0], _FIELD.search(said.text)
        field = named[0].lower() if named else None
        # A sentence about an order may name the merchant as well: that is not about keys.
        if _NO_ORDER.search(said.text):
            return UnknownOrder(text, code=code, field=field)
        if _KEYS.search(said.words):
            return Denied(text)
        absent = status == 404 and _ABSENT & {said.status.upper(), *map(str.upper, said.codes)}
        return (UnknownOrder if absent else Said)(text, code=code, field=field)

    def _masked(self, text: str) -> str:
        for secret in filter(None, map(self._settings.secret, SECRETS)):
            text = text.replace(token(secret, ""), "***")
        return self._settings.masked(text)


def _envelope(answer: HttpAnswer) -> Envelope | None:
    """None when the body is not Juspay's own."""
    try:
        data = read_json(answer.body)
    except Unreadable:
        return None
    if not isinstance(data, Mapping):
        return None
    info = data.get("error_info")
    info = info if isinstance(info, Mapping) else {}
    codes = tuple(filter(None, (clean(data.get("error_code")), clean(info.get("code")))))
    status = clean(data.get("status")) or ""
    texts = (data.get("error_message"), info.get("developer_message"), info.get("user_message"))
    text = next(filter(None, (clean(one, 2000) for one in texts)), "")
    return Envelope(status, codes or (status,), text) if codes or status or text else None
