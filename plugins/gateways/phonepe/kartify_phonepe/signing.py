"""What a webhook carries to show that it is PhonePe's.

``sha256``: the hash of "user:password" stands in the Authorization header, the same every time, and covers no body.
``hmac``: HMAC-SHA256 of the body, as hex or Base64; no document says which, nor in which header.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from kartify.plugin import Inbound, NoSecret, Proof, Refused
from kartify_phonepe.settings import PhonePeSettings

HEADER = "authorization"
# A header given twice reaches us joined: it fails here.
_HEX = re.compile(r"[0-9a-f]{64}\Z")
_SIGNED = re.compile(r"[0-9A-Fa-f]{64}\Z|[A-Za-z0-9+/]{43}=\Z")


def static_hash(username: str, password: str) -> str:
    return hashlib.sha256(f"{username}:{password}".encode()).hexdigest()


def verify(message: Inbound, settings: PhonePeSettings) -> Proof:
    """Raises ``Refused``, or ``NoSecret``. No part of it is a signed moment: a replay can only make us ask."""
    return _static(message, settings) if settings.webhook_auth == "sha256" else _signed(message, settings)


def _static(message: Inbound, settings: PhonePeSettings) -> Proof:
    current = settings.secret("webhook_password")
    if current is None:
        raise NoSecret("no webhook user and password are set for this PhonePe account")
    given = message.header(HEADER)
    if not _HEX.match(given):
        raise Refused("the Authorization header is not 64 lower-case hex digits")
    previous = settings.secret("webhook_password_previous")
    old_user = settings.webhook_username_previous or settings.webhook_username
    good = hmac.compare_digest(static_hash(settings.webhook_username, current), given)
    old = previous is not None and hmac.compare_digest(static_hash(old_user, previous), given)
    return _proof(good, old)


def _signed(message: Inbound, settings: PhonePeSettings) -> Proof:
    current, previous = settings.secret("webhook_secret"), settings.secret("webhook_secret_previous")
    if current is None:
        raise NoSecret("no webhook secret key is set for this PhonePe account")
    given = message.header(settings.webhook_header)
    if not _SIGNED.match(given):
        raise Refused(f"the header {settings.webhook_header} holds no signature")
    return _proof(_fits(message.body, current, given), previous is not None and _fits(message.body, previous, given))


def _fits(body: bytes, secret: str, given: str) -> bool:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    encoded = base64.b64encode(digest).decode()
    return hmac.compare_digest(digest.hex(), given.lower()) or hmac.compare_digest(encoded, given)


def _proof(current: bool, previous: bool) -> Proof:
    if not current and not previous:
        raise Refused("the webhook was not sent with this account's user and password, or secret key")
    return Proof(secret="current" if current else "previous")
