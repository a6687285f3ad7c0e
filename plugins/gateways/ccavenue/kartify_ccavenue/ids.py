"""Ids: the order's is our reference, a charge's is CCAvenue's ``tracking_id``, in the API called ``reference_no``."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from kartify.plugin import Permanent

# The billing page takes more, but by more than this an order can never be looked up.
_ORDER: Final = re.compile(r"[A-Za-z0-9_-]{1,30}\Z")
_CHARGE: Final = re.compile(r"[0-9]{1,25}\Z")
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{10,40}\Z")
_REFUND: Final = re.compile(r"[A-Za-z0-9]{10,30}\Z")
OURS: Final = re.compile(r"[A-Za-z0-9]{1,20}\Z")


def order_id(value: object) -> str | None:
    """The value, where it is an order number as CCAvenue can look it up."""
    return value if isinstance(value, str) and _ORDER.match(value) else None


def charge_id(value: object) -> str | None:
    return value if isinstance(value, str) and _CHARGE.match(value) else None


def require_order(value: str) -> str:
    """Raises ``Permanent`` for what can never be looked up."""
    if order_id(value) is None:
        raise Permanent("CCAvenue looks orders up by at most 30 of letters, digits, - and _", field="order_id")
    return value


def require_charge(value: str) -> str:
    """Raises ``Permanent``."""
    if charge_id(value) is None:
        raise Permanent("CCAvenue's reference numbers are at most 25 digits", field="gateway_payment_id")
    return value


def refund_ref(key: str) -> str:
    """``refund_ref_no`` (30 letters and digits) of a key: the key itself where it fits, else a digest of it, always
    the same. Raises ``Permanent`` for what is no key."""
    if not _KEY.match(key):
        raise Permanent("a refund key is 10 to 40 of letters, digits, - and _", field="key")
    return key if _REFUND.match(key) else f"KF{hashlib.sha256(key.encode()).hexdigest()[:28].upper()}"
