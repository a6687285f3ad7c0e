"""Calls to PayU's server API: one address, a command each; every failure as ``Temporary`` or ``Permanent``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

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
from kartify_payu import hashing
from kartify_payu.settings import PayUSettings
from kartify_payu.wire import clean

PATH: Final = "/merchant/postservice.php"
# Without it PayU answers in PHP's own form.
AS_JSON: Final = {"form": "2"}
# PayU gives no codes here, and its words vary; "not allowed" is not among them, since that is said of refunds too.
_KEYS: Final = re.compile(
    r"\b(invalid|incorrect|wrong|empty)\s+(hash|checksum|merchant|key)\b|"
    r"\b(hash|checksum|key|merchant)\b.{0,30}\b(mismatch|invalid|incorrect|empty|inactive|not match)|"
    r"access denied|not authori[sz]ed|unauthori[sz]ed",
    re.IGNORECASE,
)
# Not of a limit of ids: that ends when fewer are asked for at once.
_SLOWER: Final = re.compile(r"\b(requests?|rate|calls?) limit\b|too many requests", re.IGNORECASE)
_HINT: Final = "check key, salt and environment: a pair belongs to test or to live"


class NoDetails(Temporary):
    """An answer that holds no payments, whatever it says."""


class Api:
    """One merchant's way to PayU through a client."""

    def __init__(self, client: Client, settings: PayUSettings, deadline: float) -> None:
        self._client = client
        self._settings = settings
        self._deadline = deadline

    def call(self, command: str, first: str, **others: str) -> Mapping[str, Any]:
        """The answer, whatever it says; ``others`` are ``var2`` and so on. Raises ``PartnerError`` for all that is
        about our call or our keys, and for what is not an answer of PayU's."""
        own = self._settings
        form = {
            "key": own.key, "command": command, "var1": first, **others,
            "hash": hashing.of_command(own.key, command, first, own.signing_salt),
        }  # fmt: skip
        answer = self._client.request(
            "POST", own.api_base + PATH, params=AS_JSON, form=form, timeout=self._deadline
        )
        if answer.status != 200:
            raise self._refusal(answer)
        return self._checked(_object(answer.body))

    def details(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        """What an answer tells by id. Raises ``PartnerError``."""
        found = told.get("transaction_details")
        if found == []:
            return {}  # PHP's empty object
        if not isinstance(found, Mapping):
            raise NoDetails(self.masked(f"PayU's answer holds no payments: {said(told) or 'without a word'}"))
        return found

    def masked(self, text: str) -> str:
        return self._settings.masked(text)[:300]

    def _checked(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        if good(told) or told.get("transaction_details") or clean(told.get("error_code"), 20):
            return told  # the word on a payment, a refund …
        text = said(told)
        if _SLOWER.search(text):
            raise Throttled(self.masked(f"PayU asks for fewer calls: {text}"))
        if _KEYS.search(text):
            raise Denied(self.masked(f"PayU says: {text}; {_HINT}"))
        if re.search(r"parameter missing", text, re.IGNORECASE):
            raise Permanent(self.masked(f"PayU says: {text}"))
        return told

    def _refusal(self, answer: HttpAnswer) -> PartnerError:
        """What a status besides 200 means: PayU's own words come with 200, so none of these is one."""
        status, wait = answer.status, answer.retry_after()
        if status == 429:
            return Throttled("PayU asks for fewer calls (429)", retry_after=wait)
        if status in (401, 403):
            return Denied(f"PayU answered {status}; {_HINT}")
        return Temporary(f"PayU answered {status}, and not in its own words (a proxy, a block?)", retry_after=wait)


def good(told: Mapping[str, Any]) -> bool:
    """Whether it says that the call succeeded: a number or a text."""
    return clean(told.get("status"), 10) == "1"


def said(told: Mapping[str, Any]) -> str:
    """Cut only after our secrets were masked in it."""
    return clean(told.get("msg"), 2000) or clean(told.get("message"), 2000)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        data = read_json(body)
    except Unreadable as problem:
        raise Temporary(f"PayU's answer cannot be read: {problem}") from None
    if not isinstance(data, Mapping) or clean(data.get("status"), 10) not in ("0", "1"):
        raise Temporary("PayU's answer is not one of its API (an error page, or cut off)")
    return data
