"""For the tests of a plugin: a client that answers what it was given, a real client, and one address for stand-ins.

In a plugin's ``tests/conftest.py``: ``from kartify.testing.partners import canned, client, door`` makes them fixtures.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from kartify.http import HttpClient
from kartify.plugin import HttpAnswer
from kartify.testing.serve import serving


class CannedClient:
    """Answers what it was given, in order, and keeps what it was asked; an exception among the answers is raised."""

    def __init__(self, *answers: HttpAnswer | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def request(self, method: str, url: str, **given: Any) -> HttpAnswer:
        self.asked.append((method, url, given))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()


def canned_by(
    kind: type[CannedClient] = CannedClient, *, written: Callable[[Any], bytes] = _json
) -> Callable[..., Any]:
    """Makes clients from (status, body), (status, body, headers), an exception, or a plain body, which is a 200.

    ``written``: how the partner writes a body that is no bytes.
    """

    def answer(one: Any) -> HttpAnswer | Exception:
        if isinstance(one, Exception):
            return one
        status, body, *more = one if isinstance(one, tuple) else (200, one)
        headers: Mapping[str, str] = more[0] if more else {}
        return HttpAnswer(status=status, headers=dict(headers), body=body if isinstance(body, bytes) else written(body))

    return lambda *answers: kind(*(answer(one) for one in answers))


@pytest.fixture
def canned() -> Callable[..., CannedClient]:
    return canned_by()


@pytest.fixture(scope="session")
def client() -> Iterator[HttpClient]:
    """The one that the core calls with."""
    made = HttpClient(deadline=3)
    yield made
    made.close()


class Door:
    """One address for all tests, since a server takes longer than a test; who answers there is new for each."""

    def __init__(self) -> None:
        self.app: Any = None
        self.url = ""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.app(environ, start_response)


@pytest.fixture(scope="session")
def door() -> Iterator[Door]:
    made = Door()
    with serving(made) as url:
        made.url = url
        yield made
