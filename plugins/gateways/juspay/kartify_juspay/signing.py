"""What proves a message: Basic auth of a webhook, and the signature of the browser's return.

Neither proves money. Basic auth says nothing about the body; the signature covers the parameters of the return, that is
the order's id and status, and no amount.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from urllib.parse import quote, quote_plus, unquote

from kartify.plugin import Inbound, NoSecret, Proof, Refused
from kartify_juspay.settings import JuspaySettings

Pairs = Sequence[tuple[str, str]]
SIGNATURE, ALGORITHM = "signature", "signature_algorithm"
HMAC_SHA256 = "HMAC-SHA256"
# A header given twice reaches us joined by a comma: it fails here.
_BASIC = re.compile(r"[Bb]asic ([A-Za-z0-9+/]{4,400}={0,2})\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=\Z")


def token(user: str, password: str) -> str:
    """User and password as Basic auth writes them."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def verify(message: Inbound, settings: JuspaySettings) -> Proof:
    """Raises ``Refused``, or ``NoSecret``."""
    current = settings.secret("webhook_password")
    if current is None:
        raise NoSecret("no webhook user and password are set for this Juspay account")
    found = _BASIC.match(message.header("authorization"))
    if found is None:
        raise Refused("the webhook brings no user and password")
    if _same(found[1], token(settings.webhook_user, current)):
        return Proof(secret="current")
    previous = settings.secret("webhook_password_previous")
    if previous is not None and _same(found[1], token(settings.webhook_user, previous)):
        return Proof(secret="previous")
    raise Refused("the webhook's user and password are not the ones that are set")


def check_return(pairs: Pairs, key: str) -> None:
    """Raises ``Refused`` unless the parameters were signed with the Response Key. Which blanks Juspay signs (``%20`` or
    ``+``) its kits do not agree on: both spell the same parameters, so either counts."""
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Refused("a parameter of the return is given twice")
    if given.get(ALGORITHM) != HMAC_SHA256:
        raise Refused(f"the return is not signed with {HMAC_SHA256}")
    signature = _signature(given.get(SIGNATURE, ""))
    if not _BASE64.match(signature):
        raise Refused("the signature of the return is not one of HMAC-SHA256")
    spelt = [_same(signature, sign(pairs, key, encode=encode)) for encode in (_rfc3986, quote_plus)]
    if not any(spelt):
        raise Refused("the signature of the return is not Juspay's")


def sign(pairs: Pairs, key: str, *, encode: Callable[[str], str] | None = None) -> str:
    """Base64 of the HMAC over the sorted, encoded, joined and once more encoded parameters, the signature's own two
    aside."""
    one = encode or _rfc3986
    encoded = sorted((one(name), one(value)) for name, value in pairs if name not in (SIGNATURE, ALGORITHM))
    text = one("&".join(f"{name}={value}" for name, value in encoded))
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _rfc3986(text: str) -> str:
    return quote(text, safe="")


def _signature(given: str) -> str:
    """It comes encoded once more than the rest; a plus that was not encoded has become a blank."""
    return (unquote(given) if "%" in given else given).replace(" ", "+")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
