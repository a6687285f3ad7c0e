"""Calls of the sandbox's API: every answer is checked, every error says whether trying again helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from kartify.plugin import Client, HttpAnswer, Permanent, Temporary, Unreadable
from kartify_sandbox import wire
from kartify_sandbox.settings import SandboxSettings

T = TypeVar("T")
PAGE = 100


class Declined(Permanent):
    """The sandbox said no, with one of its codes."""

    def __init__(self, code: str, message: str, *, field: str | None) -> None:
        super().__init__(f"the sandbox refused: {message} ({code})", field=field)
        self.code = code


@dataclass(frozen=True, slots=True)
class Calls:
    """One account's calls. ``client`` is borrowed."""

    settings: SandboxSettings
    client: Client

    def get(self, path: str, read: Callable[[Any], T], *, params: Mapping[str, str] | None = None) -> T:
        return self._call("GET", path, read, params=params)

    def post(self, path: str, read: Callable[[Any], T], *, body: Mapping[str, Any], key: str | None = None) -> T:
        return self._call("POST", path, read, json=body, headers={"Idempotency-Key": key} if key else {})

    def pages(self, since: datetime, until: datetime, *, limit: int) -> Iterator[list[wire.Session]]:
        """Sessions made in a span of time, newest first, ``limit`` pages at most."""
        params = {"from": _seconds(since), "to": _seconds(until), "limit": str(PAGE)}
        cursor: str | None = None
        for _ in range(limit):
            found, following = self.get(
                "/v1/sessions", wire.read_page, params=params | ({"cursor": cursor} if cursor else {})
            )
            yield found
            if following is None or following == cursor:
                return
            cursor = following

    def _call(
        self,
        method: str,
        path: str,
        read: Callable[[Any], T],
        *,
        headers: Mapping[str, str] | None = None,
        **given: Any,
    ) -> T:
        answer = self.client.request(
            method,
            self.settings.api_base.rstrip("/") + path,
            headers={"Authorization": f"Bearer {self.settings.secret('key_secret')}", **(headers or {})},
            **given,
        )
        body = self._checked(answer)
        try:
            return read(body)
        except Unreadable as problem:
            raise Temporary(f"the sandbox's answer cannot be read: {problem}") from None


    def _checked(self, answer: HttpAnswer) -> Any:
        """The JSON of a 2xx answer. An answer that is no 2xx and not the sandbox's own error says nothing about the
        payment: an HTML 404 may come from a proxy."""
        if 200 <= answer.status < 300:
            return answer.json()
        if answer.status in (401, 403, 408, 425, 429) or answer.status >= 500:
            answer.raise_for_status()
        body = answer.json()
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict) or not isinstance(error.get("code"), str):
            raise Temporary(f"the sandbox answered {answer.status} without a reason")
        field = error.get("field")
        message = self.settings.masked(str(error.get("message", "no reason given")))[:200]
        code = self.settings.masked(error["code"])[:60]
        raise Declined(code, message, field=self.settings.masked(field)[:100] if isinstance(field, str) else None)


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def several(read: Callable[[Any], T]) -> Callable[[Any], Sequence[T]]:
    """Reads every row of an answer that is a list without pages."""

    def read_rows(body: Any) -> Sequence[T]:
        return [read(row) for row in wire.rows(wire.mapping(body, "list").get("data"), "data")]

    return read_rows
