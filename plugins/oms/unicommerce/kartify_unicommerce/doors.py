"""Who knocks: Unicommerce's log-in at kartify, and the token that it shows afterwards. Pure.

A token is an end and a signature over it, so nothing is stored, and a new password ends every token
that the old one gave.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from kartify.plugin import Inbound, NoSecret, Refused, Unreadable, read_json
from kartify_unicommerce.settings import UnicommerceSettings
from kartify_unicommerce.wire import dump, table, text

LOGINS: Final = ("/authToken", "/oauth/token")
_TOKEN: Final = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})\Z")


def is_login(path: str) -> bool:
    return path.endswith(LOGINS)


def prove(settings: UnicommerceSettings, message: Inbound, at: datetime) -> None:
    """Raises ``Refused``, or ``NoSecret`` where nobody can log in."""
    if not settings.inbound_username or not settings.secret("inbound_password"):
        raise NoSecret("inbound_username and inbound_password are not set")
    if is_login(message.path):
        _prove_login(settings, message, at)
        return
    shown = message.header("apikey") or message.header("authorization")
    given = shown.removeprefix("Bearer ").removeprefix("bearer ").strip()
    if not any(_is_token(settings, password, given, at) for password in _passwords(settings, at)):
        raise Refused("the token is not one that we gave, or it has ended: log in again")


def token(settings: UnicommerceSettings, at: datetime) -> str:
    password = settings.secret("inbound_password") or ""
    end = int((at + timedelta(hours=settings.token_hours)).timestamp())
    return f"{end}.{_sign(settings, password, end)}"


def welcome(settings: UnicommerceSettings, at: datetime) -> bytes:
    """The answer to a log-in, under each name that Unicommerce's pages give to the token."""
    given = token(settings, at)
    return dump({"status": "SUCCESS", "accessToken": given, "access_token": given, "token": given})


def _is_token(settings: UnicommerceSettings, password: str, given: str, at: datetime) -> bool:
    match = _TOKEN.fullmatch(given)
    if match is None or int(match[1]) <= at.timestamp():
        return False
    return hmac.compare_digest(_sign(settings, password, int(match[1])), match[2])


def _sign(settings: UnicommerceSettings, password: str, end: int) -> str:
    said = f"kartify-unicommerce\n{settings.identity()}\n{settings.inbound_username}\n{end}"
    return hmac.new(password.encode(), said.encode(), hashlib.sha256).hexdigest()


def _passwords(settings: UnicommerceSettings, at: datetime) -> Iterator[str]:
    """The retired one counts until its end, so that it can be changed at both ends in peace."""
    yield settings.secret("inbound_password") or ""
    until, old = settings.webhook_secret_previous_until, settings.secret("inbound_password_previous")
    if old and until is not None and at < (until if until.tzinfo else until.replace(tzinfo=at.tzinfo)):
        yield old


def _prove_login(settings: UnicommerceSettings, message: Inbound, at: datetime) -> None:
    user, password = _given(message)
    known = hmac.compare_digest(user.encode(), settings.inbound_username.encode())
    fits = [hmac.compare_digest(password.encode(), one.encode()) for one in _passwords(settings, at)]
    if not known or not any(fits) or not password:
        raise Refused("user or password is wrong: FAILED")


def _given(message: Inbound) -> tuple[str, str]:
    """In the query, as Basic, or in a body of JSON: Unicommerce's pages show all three."""
    shown = message.header("authorization")
    if shown[:6].lower() == "basic ":
        try:
            user, _, password = base64.b64decode(shown[6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return user, password
    told: Any = message.params()
    if message.body and not told:
        try:
            told = table(read_json(message.body))
        except Unreadable:
            return "", ""
    return _word(told.get("username")), _word(told.get("password"))


def _word(value: Any) -> str:
    return value if isinstance(value, str) and text(value) else ""
