"""PayU's answers as they come: numbers where one expects text, text where one expects numbers, rupees with a point."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from kartify.plugin import Invalid, Unreadable, from_major

CURRENCY: Final = "INR"
NOT_FOUND: Final = "not found"
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One entry of verify_payment or check_payment; sums are paise. ``net`` is what the customer paid, None where PayU
    does not say."""

    txnid: str
    mihpayid: str
    status: str
    unmapped: str
    amount: int | None
    net: int | None
    fee: int
    discount: int
    mode: str | None
    added: str
    detail: str | None

    @property
    def unknown(self) -> bool:
        """PayU has no such transaction: an answer, not an error."""
        return NOT_FOUND in (self.status, self.mihpayid.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One entry of check_action_status: a capture, a refund or a cancel."""

    request_id: str
    kind: str
    token: str
    status: str
    amount: int


def text(value: Any, limit: int = 200) -> str:
    """Text that a database and a page can take; numbers are written."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    return _UNPRINTABLE.sub("", str(value))[:limit]


def word(value: Any) -> str:
    return text(value, 60).strip().lower()


def rupees(value: Any, name: str) -> int | None:
    """Paise of "1499.00" or 1499; None where nothing is told. Raises ``Unreadable``."""
    if value is None or value == "" or value == "-":
        return None
    try:
        found = from_major(value, CURRENCY, name)
    except (Invalid, TypeError, ValueError):
        raise Unreadable(f"{name} is no sum in rupees") from None
    if found < 0:
        raise Unreadable(f"{name} is negative")
    return found


def transaction(value: Any, txnid: str) -> Transaction:
    """Raises ``Unreadable``."""
    row = mapping(value, "a transaction")
    named = text(row.get("txnid")) or txnid
    if txnid and named != txnid:
        raise Unreadable("an answer about another transaction")
    amounts = {rupees(row.get(name), name) for name in ("amt", "transaction_amount", "amount")} - {None}
    if len(amounts) > 1:
        raise Unreadable("the answer names several sums for one transaction")
    said = text(row.get("error_Message")) or text(row.get("field9"))
    return Transaction(
        txnid=named,
        mihpayid=text(row.get("mihpayid"), 40),
        status=word(row.get("status")),
        unmapped=word(row.get("unmappedstatus")),
        amount=next(iter(amounts), None),
        net=rupees(row.get("net_amount_debit"), "net_amount_debit"),
        fee=rupees(row.get("additional_charges"), "additional_charges")
        or rupees(row.get("additionalCharges"), "additionalCharges") or 0,
        discount=rupees(row.get("disc"), "disc") or rupees(row.get("discount"), "discount") or 0,
        mode=text(row.get("mode"), 30) or None,
        added=text(row.get("addedon"), 30),
        detail=said or None,
    )


def actions(value: Any) -> tuple[Action, ...]:
    """Of ``transaction_details``: by charge, then by request. Raises ``Unreadable``."""
    found = []
    for charge, rows in mapping(value, "the actions").items():
        if isinstance(rows, str) and rows.strip().lower() in (NOT_FOUND, "no action status found"):
            continue
        for request_id, row in mapping(rows, f"the actions of {text(charge, 40)}").items():
            found.append(_action(mapping(row, "an action"), str(request_id)))
    return tuple(found)


def _action(row: Mapping[str, Any], request_id: str) -> Action:
    amount = rupees(row.get("amt"), "amt")
    if amount is None or not word(row.get("action")):
        raise Unreadable("an action without sum or kind")
    return Action(
        request_id=text(row.get("request_id"), 40) or text(request_id, 40), kind=word(row.get("action")),
        token=text(row.get("token"), 60), status=word(row.get("status")), amount=amount,
    )


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Unreadable(f"{what}: expected an object")
    return value
