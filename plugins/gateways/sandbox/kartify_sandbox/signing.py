"""The sandbox's signatures: HMAC-SHA256 in lower-case hex. Both sides make them; only ``wire`` checks them."""

from __future__ import annotations

import hashlib
import hmac

WEBHOOK_HEADER = "Sandbox-Signature"
EVENT_HEADER = "Sandbox-Event-Id"
# What a full callback signs, in this order, joined by "|"; an amountless one signs the first two.
CALLBACK_FIELDS = ("session", "charge", "status", "amount", "currency")
AMOUNTLESS_FIELDS = CALLBACK_FIELDS[:2]


def webhook_digest(secret: str, moment: str, body: bytes) -> str:
    """Over the signed moment (Unix seconds, as in the header), a dot and the exact bytes."""
    return _hex(secret, moment.encode() + b"." + body)


def webhook_header(secret: str, moment: int, body: bytes) -> str:
    return f"t={moment},v1={webhook_digest(secret, str(moment), body)}"


def callback_digest(secret: str, *values: str) -> str:
    return _hex(secret, "|".join(values).encode(errors="surrogatepass"))


def _hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
