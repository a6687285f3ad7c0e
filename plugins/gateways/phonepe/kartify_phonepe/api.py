"""Calls to PhonePe: the token, one deadline for both, and every failure as ``Temporary`` or ``Permanent``."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kartify.plugin import Client, HttpAnswer, PartnerError, Permanent, Temporary, Unreadable
from kartify_phonepe.problems import is_refusal, problem_of
from kartify_phonepe.settings import PhonePeSettings
from kartify_phonepe.tokens import Token, TokenBook
from kartify_phonepe.wire import ID, Kind, OAuth, read

TOKEN_SECONDS = 5.0
JSON: Final = {"accept": "application/json", "content-type": "application/json"}
_LEAST = 0.05  # seconds
_SHORTEST_TOKEN, _LONGEST_TOKEN, _USUAL_TOKEN = 30, 86_400, 600


class Api:
    """One account's way to PhonePe through a client, for one question."""

    def __init__(self, client: Client, settings: PhonePeSettings, tokens: TokenBook, deadline: float) -> None:
        self._client = client
        self._settings = settings
        self._tokens = tokens
        self._until = time.monotonic() + deadline

    def get(self, kind: type[Kind], path: str, params: Sequence[tuple[str, str]] = ()) -> Kind:
        return self._read(kind, self._send("GET", path, params=params))

    def post(self, kind: type[Kind], path: str, body: Mapping[str, Any]) -> Kind:
        return self._read(kind, self._send("POST", path, json=dict(body)))

    def _send(self, method: str, path: str, **given: Any) -> HttpAnswer:
        token = self._tokens.get(self._fetch)
        answer = self._call(method, path, token, given)
        if answer.status == 401:
            # A refused token did nothing, so the call may be repeated: once.
            token = self._tokens.replace(token, self._fetch)
            answer = self._call(method, path, token, given)
        if is_refusal(answer):
            raise self._masked(problem_of(answer, self._settings), token)
        return answer

    def _call(self, method: str, path: str, token: str, given: Mapping[str, Any]) -> HttpAnswer:
        # With a content type even where nothing is sent: the documents and the official SDK do so.
        headers = {**JSON, "authorization": f"O-Bearer {token}"}
        if self._settings.partner:
            headers["x-merchant-id"] = self._settings.merchant_id
        url = self._settings.api_base + path
        return self._client.request(method, url, headers=headers, timeout=self._left(), **given)

    def _fetch(self) -> Token:
        """Raises ``Denied`` for credentials that are refused; ``Temporary`` says that nothing was sent: the call that
        needs the token has not been made."""
        try:
            return self._fetched()
        except Temporary as problem:
            problem.sent = False
            raise

    def _fetched(self) -> Token:
        own = self._settings
        form = {
            "client_id": own.client_id,
            "client_version": str(own.client_version),
            "client_secret": own.client_secret.get_secret_value(),
            "grant_type": "client_credentials",
        }
        answer = self._client.request(
            "POST", own.token_url, form=form, headers={"accept": "application/json"},
            timeout=min(TOKEN_SECONDS, self._left()),
        )
        if is_refusal(answer):
            raise problem_of(answer, own)
        told = self._read(OAuth, answer)
        return Token(text=told.access_token, seconds=_seconds(told))

    def _read(self, kind: type[Kind], answer: HttpAnswer) -> Kind:
        try:
            return read(kind, answer.json())
        except Unreadable as problem:
            raise Temporary(f"PhonePe's answer cannot be read: {problem}") from None

    def _left(self) -> float:
        """Raises ``Temporary`` where it is too late for another call: what was asked for has not been done."""
        left = self._until - time.monotonic()
        if left < _LEAST:
            raise Temporary("PhonePe was too slow: no time is left for the call itself", sent=False)
        return left

    def _masked(self, problem: PartnerError, token: str) -> PartnerError:
        if token in str(problem):
            problem.args = (str(problem).replace(token, "***"),)
        return problem


def _seconds(told: OAuth) -> float:
    """How long a token is good, by PhonePe's own two moments: our clock does not matter."""
    if told.expires_at is None or told.issued_at is None:
        return _USUAL_TOKEN
    return max(_SHORTEST_TOKEN, min(_LONGEST_TOKEN, told.expires_at - told.issued_at))


def segment(value: str, field: str) -> str:
    """An id as part of a path. Raises ``Permanent`` for what is no id, so that nothing steps out of its path."""
    if not ID.match(value):
        raise Permanent("this is not an id that PhonePe can have", field=field)
    return value
