"""Calls to Stripe: bearer key, pinned version, forms with bracket names, and every failure as ``Temporary`` or
``Permanent``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, TypeVar

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
from kartify_stripe.settings import StripeSettings
from kartify_stripe.wire import Entity, Rows, clean, read

Kind = TypeVar("Kind", bound=Entity)
Params = Sequence[tuple[str, str]]
MOST: Final = 100
# An id of the other world: "a similar object exists in live mode, but a test mode key was used".
_OTHER_WORLD: Final = re.compile(r"similar object exists in (live|test) mode", re.IGNORECASE)
_LOCK: Final = "lock_timeout"
_LOCK_PAUSE: Final = 2.0
_REPLAYED: Final = "idempotent-replayed"


class Said(Permanent):
    """Stripe refused, in its own words. ``code`` is its word for why."""

    def __init__(self, message: str, *, code: str, field: str | None = None) -> None:
        super().__init__(message, field=field)
        self.code = code


class UnknownId(Said):
    """Stripe says that it has no such object."""


class Kept(Said):
    """The idempotency key gives no new answer: it was used with other parameters, or keeps an answer that failed."""


class Envelope(NamedTuple):
    """An error in Stripe's own form."""

    type: str
    code: str
    text: str
    param: str | None


class Api:
    """One account's way to Stripe through a client."""

    def __init__(self, client: Client, settings: StripeSettings, deadline: float) -> None:
        self._client = client
        self._settings = settings
        self._deadline = deadline

    def get(self, kind: type[Kind], path: str, params: Params = ()) -> Kind:
        return self._entity(kind, self._send("GET", path, params=list(params)))

    def post(self, kind: type[Kind], path: str, form: Mapping[str, str], *, key: str | None = None) -> Kind:
        """``key``: the same key again gives the answer of the first call, for a day."""
        return self._entity(kind, self._send("POST", path, form=dict(form), key=key))

    def rows(self, path: str, params: Params) -> Rows:
        """One page, newest first; its rows are still to be read."""
        return self._read(Rows, self._send("GET", path, params=list(params)))

    def all(self, kind: type[Kind], path: str, params: Params) -> list[Kind]:
        """Every row of a short list."""
        found: list[Kind] = []
        cursor: Params = ()
        for _ in range(MOST):
            page = self.rows(path, [*params, ("limit", str(MOST)), *cursor])
            with reading():
                found += [read(kind, row) for row in page.data]
            if not page.has_more or not page.data:
                return found
            cursor = (("starting_after", found[-1].id),)
        raise Temporary("Stripe's list does not end")

    def _send(self, method: str, path: str, *, key: str | None = None, **given: Any) -> HttpAnswer:
        headers = {
            "authorization": f"Bearer {self._settings.secret('secret_key')}", "accept": "application/json",
            "stripe-version": self._settings.api_version, **({"idempotency-key": key} if key else {}),
        }  # fmt: skip
        answer = self._client.request(
            method, f"{self._settings.api_base}{path}", headers=headers, timeout=self._deadline, **given
        )
        if not 200 <= answer.status < 300:
            raise self._problem(answer)
        return answer

    def _read(self, kind: type[Kind], answer: HttpAnswer) -> Kind:
        with reading():
            return read(kind, answer.json())

    def _entity(self, kind: type[Kind], answer: HttpAnswer) -> Kind:
        found = self._read(kind, answer)
        if not found.id:
            raise Temporary(f"Stripe's answer names no {kind.__name__.lower()}")
        if found.livemode not in (None, self._settings.livemode):
            raise Denied("Stripe's answer is of the other mode: live and test must not be mixed")
        return found

    def _problem(self, answer: HttpAnswer) -> PartnerError:
        status, wait, said = answer.status, answer.retry_after(), _envelope(answer)
        text = self._text(answer, said)
        if status == 429 and said is not None and said.code == _LOCK:
            return Temporary(text, sent=False, retry_after=wait or _LOCK_PAUSE)
        if status == 429:
            return Throttled(text, retry_after=wait)
        if status in (401, 403):
            return Denied(f"{text}. Compare the secret key, its rights and its mode")
        if status >= 500 and answer.headers.get(_REPLAYED, "").lower() == "true":
            return Kept(f"{text}; it keeps this failure for a day", code="replayed")
        if said is None and status < 500:
            return Temporary(f"{text}, and not in its own words (a proxy or a block?)", retry_after=wait)
        if said is None or status >= 500 or status in (408, 409, 425):
            return Temporary(text, retry_after=wait)
        return _refusal(said, text)

    def _text(self, answer: HttpAnswer, said: Envelope | None) -> str:
        number = clean(answer.headers.get("request-id"), 60)
        told = f": {said.text or said.code or said.type}" if said else ""
        text = f"Stripe answered {answer.status}{f' ({number})' if number else ''}{told}"
        return self._settings.masked(text)[:300]


def _refusal(said: Envelope, text: str) -> PartnerError:
    if _OTHER_WORLD.search(said.text):
        return Denied(f"{text}. Live and test must not be mixed")
    if said.type == "idempotency_error":
        return Kept(text, code=said.type)
    kind = UnknownId if said.code == "resource_missing" else Said
    return kind(text, code=said.code or said.type, field=said.param)


def _envelope(answer: HttpAnswer) -> Envelope | None:
    """None when the body is not Stripe's own."""
    try:
        data = read_json(answer.body)
    except Unreadable:
        return None
    error = data.get("error") if isinstance(data, Mapping) else None
    if not isinstance(error, Mapping):
        return None
    kind, code = clean(error.get("type")) or "", clean(error.get("code")) or ""
    text, param = clean(error.get("message"), 2000) or "", clean(error.get("param"), 80) or None
    return Envelope(kind, code, text, param) if kind or code or text else None


@contextmanager
def reading() -> Iterator[None]:
    """What cannot be read of an answer is no fact, and may be readable later."""
    try:
        yield
    except Unreadable as problem:
        raise Temporary(f"Stripe's answer cannot be read: {problem}") from None
