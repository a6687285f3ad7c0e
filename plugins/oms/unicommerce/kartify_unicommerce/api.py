"""Calls to one tenant, with the token and one renewal, and every answer told as an error that says what to do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kartify.plugin import (
    Client,
    Denied,
    HttpAnswer,
    Permanent,
    Temporary,
    Throttled,
    Unreadable,
    read_json,
)
from kartify_unicommerce.settings import UnicommerceSettings
from kartify_unicommerce.tokens import Tokens
from kartify_unicommerce.wire import dump, line, marks, table, words, wrong_field

BASE: Final = "/services/rest/v1/oms"
# Uniware says 403 to who may not, and to who asks too often: the first ones only slow us down.
MOST_403: Final = 5
PAUSE_403: Final = 10.0
# A second one, since somebody else's log-in may end the token that was just given.
RENEWALS: Final = 2
_BAD_TOKEN: Final = frozenset({"INVALID_TOKEN", "100209"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What Uniware answered. Without ``successful`` the rest says why not."""

    successful: bool
    body: Mapping[str, Any]
    words: str
    marks: frozenset[str]
    field: str


class Api:
    """One account's way to Uniware; used by many threads."""

    def __init__(self, settings: UnicommerceSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._tokens = Tokens(settings, now)
        self._lock = threading.Lock()
        self._forbidden = 0

    def call(self, client: Client, path: str, body: Mapping[str, Any], *, facility: bool = False) -> Told:
        """Yes or no of Uniware's own: everything else is raised."""
        if not self._settings.asks:
            raise Denied("This account has no user and password of Uniware: set them, or do it there by hand.")
        token = self._tokens.bearer(client)
        answer = self._sent(client, path, body, token=token, facility=facility)
        for _ in range(RENEWALS):
            if not _token_is_bad(answer):
                break
            token = self._tokens.bearer(client, token)
            answer = self._sent(client, path, body, token=token, facility=facility)
        return self._read(answer, path.rpartition("/")[2])

    def clean(self, said: str) -> str:
        """Short, on one line, and without our secrets, should Uniware repeat one."""
        said = self._settings.masked(said)
        for secret in self._tokens.given():
            said = said.replace(secret, "***")
        return line(said)

    def _sent(
        self, client: Client, path: str, body: Mapping[str, Any], *, token: str, facility: bool
    ) -> HttpAnswer:
        headers = {"authorization": f"bearer {token}", "content-type": "application/json"}
        if facility and self._settings.facility:
            headers["facility"] = self._settings.facility
        url = f"{self._settings.api_base}{BASE}/{path}"
        return client.request("POST", url, headers=headers, body=dump(body))

    def _read(self, answer: HttpAnswer, what: str) -> Told:
        if answer.status == 403:
            raise self._refusal()
        if answer.status != 429:
            self._allowed()
        if answer.status == 401 or _token_is_bad(answer):
            raise Denied(f"Uniware refuses a fresh token at {what}: check the user's rights and the tenant's address")
        if answer.status in (408, 425, 429) or answer.status >= 500:
            answer.raise_for_status()
        told = _body(answer)
        if told is not None and isinstance(told.get("successful"), bool):
            said = self.clean(words(told))
            return Told(successful=told["successful"] and answer.status < 300, body=told, words=said,
                        marks=marks(told), field=self.clean(wrong_field(told)))
        if 400 <= answer.status < 500:
            raise Permanent(f"Uniware refused {what} ({answer.status}): {self.clean(words(told))}")
        raise Temporary(f"Uniware's answer to {what} ({answer.status}) cannot be read")

    def _refusal(self) -> Permanent | Temporary:
        with self._lock:
            self._forbidden += 1
            times = self._forbidden
        if times == MOST_403:
            # It may be the token after all: the next call gets a new one.
            self._tokens.forget()
        if times > MOST_403:
            return Denied(
                f"Uniware has refused {times} calls in a row (403): check the user's rights, the facility "
                "and whether Uniware has our address on its list, then resume the account."
            )
        return Throttled("Uniware answered 403: too many calls, or a missing right", retry_after=PAUSE_403)

    def _allowed(self) -> None:
        with self._lock:
            self._forbidden = 0


def _body(answer: HttpAnswer) -> Mapping[str, Any] | None:
    try:
        return table(read_json(answer.body))
    except Unreadable:
        return None


def _token_is_bad(answer: HttpAnswer) -> bool:
    if answer.status == 401:
        return True
    return answer.status in (200, 400) and b"INVALID_TOKEN" in answer.body and bool(_BAD_TOKEN & marks(_body(answer)))
