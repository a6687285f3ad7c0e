"""Names at Juspay. The order's id is our reference; a charge is called by its transaction's id.

Juspay's calls go by the order, and a transaction is ``<merchant>-<order>-<number>``: the order is read from it. Where
it is not built so, the order's id is kept behind a colon.
"""

from __future__ import annotations

import re

from kartify.plugin import Permanent

_ORDER = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_TXN = re.compile(r"[A-Za-z0-9_.-]{1,140}\Z")
_BUILT = re.compile(r".+-([A-Za-z0-9_]+)-[0-9]{1,6}\Z")


def is_order(value: str | None) -> bool:
    return value is not None and bool(_ORDER.match(value))


def is_txn(value: str | None) -> bool:
    return value is not None and bool(_TXN.match(value))


def require_order(value: str) -> str:
    """An id as part of a path. Raises ``Permanent`` for what is none, so that nothing steps out of its path."""
    if not is_order(value):
        raise Permanent("this is not an order id of Juspay's", field="gateway_order_id")
    return value


def charge_of(txn_id: str, order_id: str) -> str:
    """What kartify calls a transaction of that order."""
    built = _BUILT.match(txn_id)
    return txn_id if built is not None and built[1] == order_id else f"{txn_id}:{order_id}"


def parts(charge_id: str) -> tuple[str, str]:
    """(transaction, order). Raises ``Permanent``."""
    txn_id, _, order_id = charge_id.partition(":")
    built = _BUILT.match(txn_id)
    order_id = order_id or (built[1] if built else "")
    if not (is_txn(txn_id) and is_order(order_id)):
        raise Permanent("this is not a transaction of Juspay's", field="gateway_payment_id")
    return txn_id, order_id
