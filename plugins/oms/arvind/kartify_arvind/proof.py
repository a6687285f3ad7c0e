"""How our own calls prove themselves; tokens are fetched by one thread at a time and kept in memory only."""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from kartify.plugin import Client, Denied, HttpAnswer, Temporary, Throttled
from kartify_arvind.settings import ArvindSettings
from kartify_arvind.signing import Signed

# A token is renewed so many seconds before its end.
EARLY: Final = 30.0
_DEFAULT_LIFE: Final = 600.0
_SHORT, _LONG = 6, 12


@dataclass(frozen=True, slots=True)
class Token:
    text: str = field(repr=False)
    ends: float


class Prover:
    """Headers for one account's calls."""

    def __init__(self, settings: ArvindSettings, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._clock = settings, clock
        self._lock = threading.Lock()
        self._token: Token | None = None

    def headers(self, client: Client, method: str, url: str, body: bytes) -> dict[str, str]:
        """Raises as ``token`` does."""
        contract = self._settings.contract
        match contract.auth:
            case "hmac":
                return self._signature(method, url, body)
            case "api_key":
                return {contract.api_key_header: self._secret("api_key")}
            case "bearer":
                return {"Authorization": f"Bearer {self._secret('bearer_token')}"}
            case "basic":
                return {"Authorization": _basic(contract.basic_user, self._secret("basic_password"))}
            case _:
                return {"Authorization": f"Bearer {self.token(client)}"}

    @property
    def renews(self) -> bool:
        return self._settings.contract.auth == "oauth_client_credentials"

    def forget(self, headers: dict[str, str]) -> None:
        """The token of these headers is over; a newer one that another thread fetched stays."""
        with self._lock:
            if self._token and headers.get("Authorization") == f"Bearer {self._token.text}":
                self._token = None

    def struck(self, answer: HttpAnswer, proof: dict[str, str]) -> HttpAnswer:
        """The answer without our secrets, should the OMS repeat one: its words are shown to people."""
        settings = self._settings
        held = [value.get_secret_value() for name in type(settings).model_fields
                if isinstance(value := getattr(settings, name), SecretStr)]
        # A key's id or a timestamp may stand in an honest answer.
        shown = [text for value in proof.values() if len(text := value.rpartition(" ")[2]) >= _LONG]
        body = answer.body
        for text in [*shown, *(one for one in held if len(one) >= _SHORT)]:
            body = body.replace(text.encode(), b"***")
        return answer if body is answer.body else replace(answer, body=body)

    def token(self, client: Client) -> str:
        """Raises ``Denied``, ``Throttled`` and ``Temporary``: of the order nothing was sent yet."""
        with self._lock:
            if self._token is None or self._token.ends <= self._clock():
                self._token = self._fetch(client)
            return self._token.text

    def _fetch(self, client: Client) -> Token:
        contract = self._settings.contract
        secret = self._secret("oauth_client_secret")
        form = {"grant_type": "client_credentials"}
        form |= {"scope": contract.oauth_scope} if contract.oauth_scope else {}
        basic = contract.oauth_form == "basic"
        form |= {} if basic else {"client_id": contract.oauth_client_id, "client_secret": secret}
        path = contract.oauth_path
        url = path if "://" in path else self._settings.api_base + path
        try:
            answer = client.request(
                "POST", url, form=form, auth=(contract.oauth_client_id, secret) if basic else None,
                headers={"Accept": "application/json"},
            )
            return self._read(answer)
        except Throttled:
            raise
        except Temporary as problem:
            text = f"no token of the OMS could be had: {problem}"
            raise Temporary(text, sent=False, retry_after=problem.retry_after) from None

    def _read(self, answer: HttpAnswer) -> Token:
        if answer.status in (400, 401, 403):
            raise Denied(f"The OMS gives no token ({answer.status}): check client id and client secret, then resume.")
        told: Any = answer.raise_for_status().json()
        text = told.get("access_token") if isinstance(told, dict) else None
        if not isinstance(text, str) or not text or not text.isascii() or not text.isprintable():
            raise Temporary("the answer holds no token")
        try:
            life = min(float(told.get("expires_in", _DEFAULT_LIFE)), 86_400.0)
        except (TypeError, ValueError):
            life = _DEFAULT_LIFE
        return Token(text, self._clock() + max(life - EARLY, 1.0))

    def _signature(self, method: str, url: str, body: bytes) -> dict[str, str]:
        contract = self._settings.contract
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        signed = Signed(
            method=method, target=target, body=body, timestamp=str(int(self._clock())), nonce=secrets.token_hex(16)
        )
        prefix = contract.hmac_header_prefix
        return {
            f"{prefix}Key": contract.hmac_key_id, f"{prefix}Timestamp": signed.timestamp,
            f"{prefix}Nonce": signed.nonce, f"{prefix}Signature": signed.by(self._secret("hmac_secret")),
        }

    def _secret(self, name: str) -> str:
        return self._settings.secret(name) or ""


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
