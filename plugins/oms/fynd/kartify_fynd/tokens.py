"""The access token of one account, in memory, renewed by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from kartify.plugin import Client, Denied, HttpAnswer, PartnerError, Permanent, Temporary, Throttled
from kartify_fynd.settings import FyndSettings
from kartify_fynd.signing import signed
from kartify_fynd.wire import dump, table, text

EARLY: Final = 120.0
UNTOLD_LIFETIME: Final = 600.0  # where FYND does not tell one
WAIT: Final = 20.0  # for another thread's renewal


class Tokens:
    """``bearer`` gives the token; ``stale`` is one that FYND just answered 401 to."""

    def __init__(self, settings: FyndSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at: datetime | None = None

    def bearer(self, client: Client, stale: str = "", *, timeout: float) -> str:
        if not self._lock.acquire(timeout=WAIT):
            raise Temporary("FYND's token is still being renewed", sent=False)
        try:
            fresh = self._renew_at is not None and self._now() < self._renew_at
            if not fresh or self._token == stale:
                self._renew(client, timeout)
            return self._token
        finally:
            self._lock.release()

    def secrets(self) -> tuple[str, ...]:
        """What must stand in no message."""
        own = self._settings.secret("client_secret") or ""
        return tuple(secret for secret in (own, self._token) if secret)

    def _renew(self, client: Client, timeout: float) -> None:
        self._token, self._renew_at = "", None
        body = _read(self._ask(client, timeout))
        token, lifetime = text(body.get("access_token")), _lifetime(body.get("expires_in"))
        if not token or not token.isascii() or not token.isprintable():
            raise Temporary("FYND's token call answered without a token", sent=False)
        # Half the life of a token that lives shorter than the margin.
        early = min(EARLY, lifetime / 2)
        self._token, self._renew_at = token, self._now() + timedelta(seconds=lifetime - early)

    def _ask(self, client: Client, timeout: float) -> HttpAnswer:
        mine = self._settings
        url = f"{mine.api_base}/service/panel/authentication/v1.0/company/{mine.company_id}/oauth/token"
        keys = {"client_id": mine.client_id, "client_secret": mine.secret("client_secret") or ""}
        given = {"grant_type": "client_credentials", **(keys if mine.token_form == "body" else {})}
        body = dump(given)
        headers = signed("POST", url, body=body, when=self._now(), headers={"content-type": "application/json"})
        auth = (keys["client_id"], keys["client_secret"]) if mine.token_form == "basic" else None
        try:
            return client.request("POST", url, headers=headers, body=body, auth=auth, timeout=timeout)
        except Temporary as problem:
            # Whatever became of the token call, the call it is for never left.
            raise Temporary(f"FYND's token call failed: {problem}", sent=False) from None


def _read(answer: HttpAnswer) -> Any:
    if answer.status in (400, 401, 403):
        raise Denied(f"FYND refused the client id or secret ({answer.status})")
    try:
        return table(answer.raise_for_status().json())
    except Throttled:
        raise
    except Permanent:
        raise Permanent(f"FYND's token call answered {answer.status}: check the address and the company") from None
    except PartnerError as problem:
        raise Temporary(f"FYND's token call failed: {problem}", sent=False, retry_after=answer.retry_after()) from None


def _lifetime(value: Any) -> float:
    known = isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 < value < 10**8
    return float(value) if known else UNTOLD_LIFETIME
