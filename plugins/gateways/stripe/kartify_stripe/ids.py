"""Names at Stripe. A payment is a Checkout session, or an intent where the shop's own page made one; its charge is
called by the *intent*, which every event of it names and which is paid once, however often it was tried."""

from __future__ import annotations

import re
from typing import Final

from kartify.plugin import Permanent

REFERENCE: Final = "kartify_reference"
ORDER: Final = "kartify_order"
CAPTURE: Final = "kartify_capture"
REFUND: Final = "kartify_refund"
_ID: Final = re.compile(r"[A-Za-z0-9_]{4,80}\Z")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9]{1,20}\Z")


def is_id(value: object) -> bool:
    return isinstance(value, str) and bool(_ID.match(value))


def is_intent(value: str) -> bool:
    """Whether a payment's id names an intent rather than a session."""
    return value.startswith("pi_")


def require(value: str, field: str) -> str:
    """An id as part of a path. Raises ``Permanent`` for what is none, so that nothing steps out of its path."""
    if not is_id(value):
        raise Permanent("this is not an id of Stripe's", field=field)
    return value


def reference(value: object) -> str | None:
    """The value, where it can be a reference of ours."""
    return value if isinstance(value, str) and _REFERENCE.match(value) else None
