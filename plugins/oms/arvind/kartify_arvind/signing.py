"""The signature of both directions: what is signed, and the check. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kartify.plugin import Refused

VERSION: Final = "v1="
# Seconds that clocks may differ.
SKEW: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One request: ``target`` is path and query exactly as sent."""

    method: str
    target: str
    body: bytes
    timestamp: str
    nonce: str

    def text(self) -> bytes:
        digest = hashlib.sha256(self.body).hexdigest()
        return "\n".join([self.timestamp, self.nonce, self.method.upper(), self.target, digest]).encode()

    def by(self, secret: str) -> str:
        return VERSION + hmac.new(secret.encode(), self.text(), hashlib.sha256).hexdigest()


def body_signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Without telling by its time how far they agree."""
    return hmac.compare_digest(one.encode(), other.encode())


def check_fresh(timestamp: str, now: float) -> None:
    """Raises ``Refused``."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise Refused("the timestamp is no count of seconds")
    if abs(now - int(timestamp)) > SKEW:
        raise Refused("the timestamp is too far from our clock: check the clock of the OMS")


def check_signature(given: str, right: Iterable[str]) -> None:
    """Raises ``Refused`` unless it is one of the right ones."""
    if not given or not any(same(given, one) for one in right):
        raise Refused("the signature is not right")
