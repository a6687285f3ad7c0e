"""Stripe's webhook signature: lower-case hex of HMAC-SHA256 over the time, a dot and the raw body.

The key is the endpoint's whole secret, ``whsec_`` included. While a secret is rolled over each active one signs, so the
header may carry several; ``v0`` and other schemes prove nothing and are not looked at.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from kartify.plugin import Inbound, NoSecret, Proof, Refused
from kartify_stripe.settings import StripeSettings

HEADER: Final = "stripe-signature"
_TIME: Final = re.compile(r"t=([0-9]{9,11})\Z")
_SIGNED: Final = re.compile(r"v1=([0-9a-f]{64})\Z")
_OTHER: Final = re.compile(r"(?!(?:t|v1)=)[a-z][a-z0-9]{0,9}=[A-Za-z0-9]{1,128}\Z")
_MOST: Final = 10


def sign(timestamp: str, body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def verify(message: Inbound, settings: StripeSettings) -> Proof:
    """Raises ``Refused``, or ``NoSecret``."""
    current = settings.secret("webhook_secret")
    if current is None:
        raise NoSecret("no webhook signing secret is set for this Stripe account")
    timestamp, signatures = parts_of(message.header(HEADER))
    signed_at = datetime.fromtimestamp(int(timestamp), UTC)
    second, previous = settings.secret("webhook_secret_second"), settings.secret("webhook_secret_previous")
    for secret in filter(None, (current, second)):
        if _is(signatures, sign(timestamp, message.body, secret)):
            return Proof(secret="current", signed_at=signed_at)
    if previous is not None and _is(signatures, sign(timestamp, message.body, previous)):
        return Proof(secret="previous", signed_at=signed_at)
    raise Refused("the signature is not Stripe's")


def parts_of(header: str) -> tuple[str, Sequence[str]]:
    """(time, v1 signatures). A header given twice reaches us joined: it has two times, and fails here."""
    items = header.split(",")
    times = [found[1] for item in items if (found := _TIME.match(item))]
    signed = [found[1] for item in items if (found := _SIGNED.match(item))]
    others = [item for item in items if _OTHER.match(item)]
    if len(times) != 1 or not signed or len(items) > _MOST or len(times) + len(signed) + len(others) != len(items):
        raise Refused("the signature header is not one of a time and of v1 signatures")
    return times[0], signed


def _is(signatures: Sequence[str], wanted: str) -> bool:
    found = [hmac.compare_digest(wanted.encode(), one.encode()) for one in signatures]
    return any(found)
