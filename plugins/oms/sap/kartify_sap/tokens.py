"""How kartify logs on: basic authentication, or a bearer token that one thread at a time renews."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from kartify.plugin import Client, Denied, HttpAnswer, PartnerError, Temporary, Throttled
from kartify_sap.settings import SapSettings

EARLY = 60.0
UNTOLD_LIFETIME = 600.0
WAIT = 20.0


class Logon:
    """``headers`` prove who calls; ``stale`` is a header that SAP just answered 401 to."""

    def __init__(self, settings: SapSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at: datetime | None = None

    @property
    def renews(self) -> bool:
        return self._settings.auth == "oauth"

    def headers(self, client: Client, *, stale: str = "") -> dict[str, str]:
        mine = self._settings
        key = mine.secret("api_key")
        made = {"apikey": key} if key else {}
        if mine.auth == "basic":
            pair = f"{mine.username}:{mine.secret('password') or ''}"
            basic = base64.b64encode(pair.encode()).decode()
            return {**made, **({"authorization": f"Basic {basic}"} if mine.username else {})}
        return {**made, "authorization": f"Bearer {self._bearer(client, stale)}"}

    def secrets(self) -> tuple[str, ...]:
        """What must stand in no message."""
        own = [self._settings.secret(name) for name in ("password", "client_secret", "api_key")]
        return tuple(text for text in (*own, self._token) if text)

    def _bearer(self, client: Client, stale: str) -> str:
        if not self._lock.acquire(timeout=WAIT):
            raise Temporary("SAP's access token is still being renewed", sent=False)
        try:
            fresh = self._renew_at is not None and self._now() < self._renew_at
            if not fresh or (stale and stale == f"Bearer {self._token}"):
                self._renew(client)
            return self._token
        finally:
            self._lock.release()

    def _renew(self, client: Client) -> None:
        self._token, self._renew_at = "", None
        told = _read(self._ask(client))
        token, lifetime = told.get("access_token"), _lifetime(told.get("expires_in"))
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise Temporary("SAP's token call answered without a token", sent=False)
        self._token = token
        self._renew_at = self._now() + timedelta(seconds=lifetime - min(EARLY, lifetime / 2))

    def _ask(self, client: Client) -> HttpAnswer:
        mine = self._settings
        try:
            return client.request(
                "POST", mine.token_url, form={"grant_type": "client_credentials"},
                auth=(mine.client_id, mine.secret("client_secret") or ""), timeout=mine.call_seconds,
            )
        except Temporary as problem:
            # Whatever became of the token call, the call it is for never left.
            raise Temporary(f"SAP's token call failed: {problem}", sent=False) from None


def _read(answer: HttpAnswer) -> Mapping[str, Any]:
    if 400 <= answer.status < 500 and answer.status not in (408, 425, 429):
        raise Denied(
            f"SAP's token call was refused ({answer.status}): check token_url, client_id and client_secret"
        )
    try:
        told = answer.raise_for_status().json()
    except Throttled:
        raise
    except PartnerError as problem:
        raise Temporary(f"SAP's token call failed: {problem}", sent=False, retry_after=answer.retry_after()) from None
    return told if isinstance(told, Mapping) else {}


def _lifetime(value: Any) -> float:
    """Seconds; some servers tell them as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    known = isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 < value < 10**8
    return float(value) if known else UNTOLD_LIFETIME
