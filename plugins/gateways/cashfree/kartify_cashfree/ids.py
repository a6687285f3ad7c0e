"""Ids. Refunds and captures are asked for under the *order*, and the core keeps one id for a charge: both are in it."""

from __future__ import annotations

import re
from typing import Final

from kartify.plugin import Permanent

SEPARATOR: Final = ":"  # stands in no id of Cashfree's
_ORDER: Final = re.compile(r"[A-Za-z0-9_-]{3,45}\Z")
_PAYMENT: Final = re.compile(r"[A-Za-z0-9_-]{1,34}\Z")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9]{1,20}\Z")


def order_id(value: object) -> str | None:
    """The value, where it is an order id as Cashfree takes them."""
    return value if isinstance(value, str) and _ORDER.match(value) else None


def require_order(value: str) -> str:
    """Raises ``Permanent`` for what is no order id, so that nothing steps out of its path."""
    if not _ORDER.match(value):
        raise Permanent("Cashfree's order ids are 3 to 45 of letters, digits, - and _", field="order_id")
    return value


def reference(value: object) -> str | None:
    """The value, where it can be a reference of ours."""
    return value if isinstance(value, str) and _REFERENCE.match(value) else None


def charge_id(payment: str, order: str) -> str:
    """``cf_payment_id:order_id``: at most 80 characters."""
    return f"{payment}{SEPARATOR}{order}"


def payment_of(gateway_payment_id: str) -> str:
    """Cashfree's own ``cf_payment_id``."""
    return gateway_payment_id.partition(SEPARATOR)[0]


def split(gateway_payment_id: str) -> tuple[str, str]:
    """(cf_payment_id, order_id). Raises ``Permanent`` where the order is not in it."""
    payment, _, order = gateway_payment_id.partition(SEPARATOR)
    if not _PAYMENT.match(payment) or not _ORDER.match(order):
        raise Permanent(
            "this charge's id does not name Cashfree's order (expected cf_payment_id:order_id): use its dashboard",
            field="gateway_payment_id",
        )
    return payment, order
