"""Cashfree's webhook signature: base64 of HMAC-SHA256 over the timestamp and the raw body, nothing between them.

The key is the client secret. One page of the docs prints a dot between the two; that is PHP's way to join texts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import Final

from kartify.plugin import Inbound, NoSecret, Proof, Refused
from kartify_cashfree.settings import CashfreeSettings

SIGNATURE_HEADER: Final = "x-webhook-signature"
TIMESTAMP_HEADER: Final = "x-webhook-timestamp"
# A header given twice reaches us joined, or as something else than these characters: it fails here.
_SIGNATURE: Final = re.compile(r"[A-Za-z0-9+/]{43}=\Z")
_MILLISECONDS: Final = re.compile(r"[0-9]{13}\Z")


def sign(timestamp: str, body: bytes, secret: str) -> str:
    """``timestamp``: milliseconds since 1970, as the header has it."""
    return base64.b64encode(hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()).decode()


def verify(message: Inbound, settings: CashfreeSettings) -> Proof:
    """Raises ``Refused``, or ``NoSecret``."""
    current = settings.secret("webhook_secret") or settings.secret("client_secret")
    if current is None:
        raise NoSecret("no secret key is set for this Cashfree account")
    signature, timestamp = message.header(SIGNATURE_HEADER), message.header(TIMESTAMP_HEADER)
    if not _SIGNATURE.match(signature):
        raise Refused("the signature is not the base64 of 32 bytes")
    if not _MILLISECONDS.match(timestamp):
        raise Refused("the timestamp is not milliseconds of 13 digits")
    signed_at = datetime.fromtimestamp(int(timestamp) // 1000, UTC)
    if _is(signature, timestamp, message.body, current):
        return Proof(secret="current", signed_at=signed_at)
    previous = settings.secret("webhook_secret_previous")
    if previous is not None and _is(signature, timestamp, message.body, previous):
        return Proof(secret="previous", signed_at=signed_at)
    raise Refused("the signature is not Cashfree's")


def _is(signature: str, timestamp: str, body: bytes, secret: str) -> bool:
    return hmac.compare_digest(sign(timestamp, body, secret).encode(), signature.encode())
