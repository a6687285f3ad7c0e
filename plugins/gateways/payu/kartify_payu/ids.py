"""PayU's ids: ``txnid`` is ours (one attempt of an order), ``mihpayid`` is PayU's (one movement of money)."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from kartify.plugin import Permanent

LONGEST_TXNID: Final = 25
OURS: Final = re.compile(r"[A-Za-z0-9]{1,20}\Z")
# Opened by the storefront itself, it may have other letters and be longer than PayU's documents allow.
_TXNID: Final = re.compile(r"[A-Za-z0-9._-]{1,50}\Z")
_CHARGE: Final = re.compile(r"[0-9]{1,25}\Z")
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{10,40}\Z")
_TOKEN: Final = re.compile(r"[A-Za-z0-9]{10,23}\Z")


def txnid(value: object) -> str | None:
    """The value, where PayU can look it up."""
    return value if isinstance(value, str) and _TXNID.match(value) else None


def charge_id(value: object) -> str | None:
    return value if isinstance(value, str) and _CHARGE.match(value) else None


def require_txnid(value: str) -> str:
    """Raises ``Permanent`` for what can never be looked up."""
    if txnid(value) is None:
        raise Permanent("PayU looks payments up by at most 50 of letters, digits, '.', '-' and '_'", field="txnid")
    return value


def require_charge(value: str) -> str:
    """Raises ``Permanent``."""
    if charge_id(value) is None:
        raise Permanent("PayU's payment ids are at most 25 digits", field="gateway_payment_id")
    return value


def refund_token(key: str) -> str:
    """The token (at most 23 letters and digits) of a key: the key itself where it fits, else a digest of it, always
    the same. Raises ``Permanent`` for what is no key."""
    if not _KEY.match(key):
        raise Permanent("a refund key is 10 to 40 of letters, digits, - and _", field="key")
    return key if _TOKEN.match(key) else f"K{hashlib.sha256(key.encode()).hexdigest()[:22]}"


def hold_token(verb: str, charge: str) -> str:
    """Of a capture or a release there is one for a payment."""
    return f"{verb[0].upper()}{hashlib.sha256(f'{verb} {charge}'.encode()).hexdigest()[:22]}"
