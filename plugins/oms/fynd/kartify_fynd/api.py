"""Signed calls to FYND's platform API, with the token, one renewal, and every answer told as an error that says
whether trying again helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from kartify.plugin import Client, Denied, HttpAnswer, Permanent, Temporary
from kartify_fynd.settings import FyndSettings
from kartify_fynd.signing import signed
from kartify_fynd.tokens import Tokens
from kartify_fynd.wire import dump, message


@dataclass(frozen=True, slots=True)
class _Sending:
    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Api:
    """One account's way to FYND; used by many threads."""

    def __init__(self, settings: FyndSettings, now: Callable[[], datetime], *, timeout: float) -> None:
        self._settings = settings
        self._now = now
        self._timeout = timeout
        self._tokens = Tokens(settings, now)

    def get(self, client: Client, path: str, *, params: Mapping[str, str]) -> HttpAnswer:
        return self._call(client, _Sending("GET", f"{path}?{urlencode(params, quote_via=quote)}"))

    def send(
        self, client: Client, method: str, *, path: str, json: Any, headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        kind = {"content-type": "application/json"}
        return self._call(client, _Sending(method, path, dump(json), {**kind, **(headers or {})}))

    def words(self, answer: HttpAnswer) -> str:
        """FYND's message with our secrets struck out, should it repeat one."""
        return self.clean(message(answer))

    def clean(self, text: str) -> str:
        for secret in self._tokens.secrets():
            text = text.replace(secret, "•••")
        return text

    def checked(self, answer: HttpAnswer, what: str) -> HttpAnswer:
        """The answer where it is a 200 or 201. Raises what the rest means; FYND's words are in the message."""
        status = answer.status
        if status in (200, 201):
            return answer
        if status in (401, 403):
            why = "the token" if status == 401 else "the client's rights, the company or the cluster"
            raise Denied(f"FYND refused {what} ({status}, {self.words(answer)}): check {why}")
        if 400 <= status < 500 and status not in (408, 425, 429):
            raise Permanent(f"FYND refused {what}: {self.words(answer)}")
        if status < 400:
            raise Temporary(f"FYND answered {what} with {status}, which it does not document")
        answer.raise_for_status()
        raise Temporary(f"FYND answered {what} with {status}")

    def _call(self, client: Client, sending: _Sending) -> HttpAnswer:
        token = self._tokens.bearer(client, timeout=self._timeout)
        answer = self._signed(client, sending, token=token)
        if answer.status != 401:
            return answer
        return self._signed(client, sending, token=self._tokens.bearer(client, token, timeout=self._timeout))

    def _signed(self, client: Client, sending: _Sending, *, token: str) -> HttpAnswer:
        url = f"{self._settings.api_base}{sending.path}"
        headers = {**sending.headers, "authorization": f"Bearer {token}"}
        own = signed(sending.method, url, body=sending.body, when=self._now(), headers=headers)
        return client.request(
            sending.method, url, headers=own, body=sending.body or None, timeout=self._timeout
        )
