"""PayU's two names of a payment: ``txnid`` is ours (one visit of the page), ``mihpayid`` is PayU's (one charge)."""

from __future__ import annotations

import re
from typing import Final

from kartify.plugin import Permanent

_TXN: Final = re.compile(r"[A-Za-z0-9_-]{1,25}\Z")
_CHARGE: Final = re.compile(r"[0-9]{1,30}\Z")


def txn_id(value: object) -> str | None:
    return value if isinstance(value, str) and _TXN.match(value) else None


def require_txn(value: str) -> str:
    """Raises ``Permanent``."""
    found = txn_id(value)
    if found is None:
        raise Permanent("PayU takes transaction ids of at most 25 letters and digits", field="txnid")
    return found


def charge_id(value: object) -> str | None:
    return value if isinstance(value, str) and _CHARGE.match(value) else None


def require_charge(value: str) -> str:
    """Raises ``Permanent``."""
    found = charge_id(value)
    if found is None:
        raise Permanent("a charge at PayU is named by its mihpayid, a number", field="gateway_payment_id")
    return found
