"""Ids. A refund needs the transaction *and* its order, and the core keeps one id for a charge: so both are in it."""

from __future__ import annotations

import re
from typing import Final

from kartify.plugin import Permanent

SEPARATOR: Final = ":"
LONGEST: Final = 80
_TRANSACTION: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_ORDER: Final = re.compile(r"[A-Za-z0-9@._-]{1,50}\Z")


def order_id(value: object) -> str | None:
    """The value, where it is an order id as Paytm takes them."""
    return value if isinstance(value, str) and _ORDER.match(value) else None


def charge_id(transaction: object, order: str) -> str | None:
    """"TXNID:ORDERID"; None without a transaction. Where that is too long for the core (an order id of a shop's own
    making), the transaction alone: such a charge is refunded in Paytm's dashboard."""
    if not isinstance(transaction, str) or not _TRANSACTION.match(transaction):
        return None
    both = f"{transaction}{SEPARATOR}{order}"
    return both if len(both) <= LONGEST else transaction


def transaction_of(gateway_payment_id: str) -> str:
    return gateway_payment_id.partition(SEPARATOR)[0]


def split(gateway_payment_id: str) -> tuple[str, str]:
    """(transaction, order). Raises ``Permanent`` where the order is not in it."""
    transaction, _, order = gateway_payment_id.partition(SEPARATOR)
    if not _TRANSACTION.match(transaction) or not _ORDER.match(order):
        raise Permanent(
            "this charge's id does not name Paytm's order (expected TXNID:ORDERID): use Paytm's dashboard for it",
            field="gateway_payment_id",
        )
    return transaction, order


def require_order(value: str) -> str:
    """Raises ``Permanent`` for what Paytm takes for no order id."""
    if not _ORDER.match(value):
        raise Permanent("Paytm's order ids are at most 50 of letters, digits, @ . _ -", field="orderId")
    return value
