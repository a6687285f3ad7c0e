"""Razorpay's signatures: lower-case hex of HMAC-SHA256."""

from __future__ import annotations

import hashlib
import hmac
import re

from kartify.plugin import Inbound, NoSecret, Proof, Refused
from kartify_razorpay.settings import RazorpaySettings

SIGNATURE_HEADER = "x-razorpay-signature"
# A header given twice reaches us joined, or as something else than 64 digits: it fails here.
_HEX = re.compile(r"[0-9a-f]{64}\Z")


def sign(message: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def check(message: bytes, signature: str, secret: str) -> None:
    """Raises ``Refused`` unless ``signature`` is the one of ``message``."""
    if not _HEX.match(signature):
        raise Refused("the signature is not 64 lower-case hex digits")
    if not hmac.compare_digest(sign(message, secret).encode(), signature.encode()):
        raise Refused("the signature is not Razorpay's")


def verify(message: Inbound, settings: RazorpaySettings) -> Proof:
    """Raises ``Refused``, or ``NoSecret``. Nothing of the scheme is a signed moment: replays die on the event key."""
    current = settings.secret("webhook_secret")
    if current is None:
        raise NoSecret("no webhook secret is set for this Razorpay account")
    signature = message.header(SIGNATURE_HEADER)
    try:
        check(message.body, signature, current)
    except Refused:
        previous = settings.secret("webhook_secret_previous")
        if previous is None:
            raise
        check(message.body, signature, previous)
        return Proof(secret="previous")
    return Proof(secret="current")
