"""CSRF tokens and the cookies that belong to them: a session is in one caller's hands at a time."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from kartify.plugin import HttpAnswer, Temporary

# Several Set-Cookie headers arrive as one, joined by commas; a date's comma is followed by no name and equals sign.
_NEXT = re.compile(r",\s*(?=[^;,=\s]+=)")
IDLE = 4
WAIT = 20.0


class Session:
    """What SAP knows a caller by: the token of its changes, and the cookies without which it is worth nothing."""

    def __init__(self) -> None:
        self.token = ""
        self._cookies: dict[str, str] = {}

    def cookies(self) -> dict[str, str]:
        """The header that gives them back; nothing while there are none."""
        text = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {"cookie": text} if text else {}

    def keep(self, headers: Mapping[str, str], now: datetime) -> None:
        """Takes what an answer sets, and forgets what it ends."""
        for one in _NEXT.split(headers.get("set-cookie", "")):
            pair, *attributes = (part.strip() for part in one.split(";"))
            name, equals, value = pair.partition("=")
            if not equals or not name or not _is_header(pair):
                continue
            if _is_over(attributes, now):
                self._cookies.pop(name, None)
            else:
                self._cookies[name] = value

    def forget(self) -> None:
        """The session is over: the next change fetches a token of a new one."""
        self.token = ""
        self._cookies.clear()

    def secrets(self) -> tuple[str, ...]:
        return tuple(value for value in (self.token, *self._cookies.values()) if len(value) > 7)


class Sessions:
    """The sessions of one account in one process. ``renew`` fetches a token: one thread at a time does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Session] = []
        self._renewing = threading.Lock()

    @contextmanager
    def borrow(self) -> Iterator[Session]:
        """A session for one call and what belongs to it; one that somebody else has is never handed out."""
        with self._lock:
            session = self._idle.pop() if self._idle else Session()
        try:
            yield session
        finally:
            with self._lock:
                if len(self._idle) < IDLE:
                    self._idle.append(session)

    def renew(self, session: Session, fetch: Callable[[], HttpAnswer]) -> HttpAnswer:
        """Fetches the token of this session, whose cookies ``fetch`` has kept. Raises ``Temporary(sent=False)``: the
        change it is for never left."""
        if not self._renewing.acquire(timeout=WAIT):
            raise Temporary("SAP's CSRF token is still being fetched by another call", sent=False)
        try:
            answer = fetch()
        finally:
            self._renewing.release()
        token = answer.headers.get("x-csrf-token", "")
        session.token = token if _is_header(token) and token.lower() != "required" else ""
        return answer


def wants_token(answer: HttpAnswer) -> bool:
    """A refusal for want of a valid token, and not for want of rights."""
    return answer.status == 403 and answer.headers.get("x-csrf-token", "").lower() == "required"


def _is_header(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _is_over(attributes: list[str], now: datetime) -> bool:
    told = {name.strip().lower(): value.strip() for name, _, value in (one.partition("=") for one in attributes)}
    if re.fullmatch(r"-?[0-9]+", told.get("max-age", "")):
        return int(told["max-age"]) <= 0
    try:
        ends = parsedate_to_datetime(told["expires"])
    except (KeyError, ValueError):
        return False
    return (ends if ends.tzinfo else ends.replace(tzinfo=UTC)) <= now
