"""The browser's return: nothing in it is signed, so it only says which payment to ask about."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from kartify.plugin import Callback, CallbackKey, Inbound, PaymentRef, Refused, Unreadable

# Our own parameter on the address that PhonePe sends the browser back to.
REFERENCE = "kartify_reference"
# Only the storefront knows what PhonePe's iframe told it; it may pass the word on under this name.
RESULT = "kartify_result"
_REFERENCE = re.compile(r"[A-Za-z0-9]{1,20}\Z")


def return_url(callback_url: str, reference: str) -> str:
    return f"{callback_url}{'&' if '?' in callback_url else '?'}{urlencode({REFERENCE: reference})}"


def callback_key(message: Inbound) -> CallbackKey:
    """Raises ``Unreadable``."""
    return CallbackKey(reference=_reference(message))


def read_callback(message: Inbound, payment: PaymentRef) -> Callback:
    """Raises ``Refused`` when it is about another payment. CONCLUDED means nothing; leaving is no proof either."""
    if _reference(message) != payment.reference:
        raise Refused("the return is about another payment")
    left = _fields(message).get(RESULT) == "USER_CANCEL"
    return Callback(proved=False, outcome="cancelled" if left else "unknown")


def _reference(message: Inbound) -> str:
    given = _fields(message).get(REFERENCE, "")
    if not _REFERENCE.match(given):
        raise Unreadable("the return names no payment of ours")
    return given


def _fields(message: Inbound) -> dict[str, str]:
    form = message.form() if message.method.upper() == "POST" else {}
    return {**form, **message.params()}
