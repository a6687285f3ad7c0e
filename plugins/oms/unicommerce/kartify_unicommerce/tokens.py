"""The access token of one account, in memory, renewed by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from kartify.plugin import Client, Denied, HttpAnswer, PartnerError, Permanent, Temporary, Throttled
from kartify_unicommerce.settings import UnicommerceSettings
from kartify_unicommerce.wire import table, text

EARLY: Final = 60.0
UNTOLD_LIFETIME: Final = 600.0
WAIT: Final = 20.0  # for another thread's renewal


class Tokens:
    """``bearer`` gives the token; ``stale`` is one that Uniware just refused. User and password travel in the query,
    as Uniware wants it, so no address of this module may reach a message."""

    def __init__(self, settings: UnicommerceSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._token = self._refresh = ""
        self._renew_at: datetime | None = None

    def bearer(self, client: Client, stale: str = "") -> str:
        if not self._lock.acquire(timeout=WAIT):
            raise Temporary("Uniware's token is still being renewed", sent=False)
        try:
            fresh = self._renew_at is not None and self._now() < self._renew_at
            if not fresh or self._token == stale:
                self._renew(client, refused=bool(stale))
            return self._token
        finally:
            self._lock.release()

    def forget(self) -> None:
        """The next call logs in anew."""
        self._renew_at = None
        self._refresh = ""

    def given(self) -> tuple[str, ...]:
        """What must stand in no message, besides the account's own secrets."""
        return tuple(token for token in (self._token, self._refresh) if token)

    def _renew(self, client: Client, *, refused: bool) -> None:
        """With the refresh token where the old one simply ended; else, and when that is refused, with the password."""
        refresh = "" if refused else self._refresh
        self._token, self._refresh, self._renew_at = "", "", None
        body = self._refreshed(client, refresh) if refresh else None
        if body is None:
            body = _read(self._ask(client, {
                "grant_type": "password", "client_id": self._settings.client_id, "username": self._settings.username,
                "password": self._settings.secret("password") or "",
            }))
        token, lifetime = text(body.get("access_token")), _lifetime(body.get("expires_in"))
        if not token or not token.isascii() or not token.isprintable():
            raise Temporary("Uniware's log-in answered without a token", sent=False)
        early = min(EARLY, lifetime / 2)
        self._token, self._refresh = token, text(body.get("refresh_token"))
        self._renew_at = self._now() + timedelta(seconds=lifetime - early)

    def _refreshed(self, client: Client, refresh: str) -> Mapping[str, Any] | None:
        """None where Uniware does not take the refresh token any more: it ends 30 days after the log-in."""
        answer = self._ask(client, {
            "grant_type": "refresh_token", "client_id": self._settings.client_id, "refresh_token": refresh,
        })
        return None if answer.status in (400, 401) else _read(answer)

    def _ask(self, client: Client, query: Mapping[str, str]) -> HttpAnswer:
        try:
            return client.request("GET", f"{self._settings.api_base}/oauth/token", params=query)
        except Temporary as problem:
            # Whatever became of the log-in, the call it is for never left.
            raise Temporary(f"the log-in at Uniware failed: {problem}", sent=False) from None


def _read(answer: HttpAnswer) -> Mapping[str, Any]:
    if answer.status in (400, 401):
        raise Denied(f"Uniware refuses user or password ({answer.status}): set them anew on the account")
    if answer.status == 403:
        raise Throttled("Uniware refuses the log-in (403): too many calls, or our address is not on its list")
    try:
        return table(answer.raise_for_status().json())
    except Throttled:
        raise
    except Permanent:
        raise Permanent(f"Uniware's log-in answered {answer.status}: check the tenant's address") from None
    except PartnerError as problem:
        raise Temporary(
            f"the log-in at Uniware failed: {problem}", sent=False, retry_after=answer.retry_after()
        ) from None


def _lifetime(value: Any) -> float:
    known = isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 < value < 10**8
    return float(value) if known else UNTOLD_LIFETIME
