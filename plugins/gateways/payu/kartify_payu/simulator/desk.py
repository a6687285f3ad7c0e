"""What the parts of the stand-in share: who the merchant is, its numbers, and PayU's words for a payment."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from kartify.plugin import to_major
from kartify.simulation import Book, Charge, State
from kartify_payu.moments import write_moment

# The word that the customer is told, and the finer one.
WORDS: Final[Mapping[State, tuple[str, str]]] = {
    "captured": ("success", "captured"), "authorized": ("success", "auth"), "pending": ("pending", "in progress"),
    "failed": ("failure", "failed"),
    # What a released payment is called is not published; the list of actions tells.
    "voided": ("success", "auth"),
}
Taken = Literal["pending", "processed", "failed"]


class Wrong(Exception):
    """What PayU answers instead."""

    def __init__(self, msg: str, **more: Any) -> None:
        super().__init__(msg)
        self.body = {"status": 0, "msg": msg, **more}


@dataclass
class Desk:
    key: str
    salt: str
    book: Book
    # What a refund, a capture or a release that is asked for becomes at once.
    takes: Taken = "pending"
    holds_take: Taken = "processed"
    # A page of the look-up; whatever is more is refused. None: as many as are asked for.
    most_ids: int | None = None
    payments: Iterator[int] = field(default_factory=lambda: itertools.count(403993715537000001))
    requests: Iterator[int] = field(default_factory=lambda: itertools.count(135254341))

    def words(self, charge: Charge) -> tuple[str, str]:
        """Some other words, where a test wants them."""
        status, state = WORDS[charge.state]
        return str(charge.data.get("status", status)), str(charge.data.get("unmappedstatus", state))

    def shown(self, txnid: str) -> Charge | None:
        """One payment of a txnid: the one that succeeded, else the last that was tried."""
        tried = self.book.charges_of(txnid)
        good = [one for one in tried if one.state in ("captured", "authorized", "voided")]
        found = good or tried
        return found[-1] if found else None


def rupees(minor: int) -> str:
    return to_major(minor, "INR")


def entry(desk: Desk, charge: Charge) -> dict[str, Any]:
    """One payment as the look-up tells it."""
    status, state = desk.words(charge)
    session, good = charge.session, status == "success"
    fee, discount = int(charge.data.get("fee", 0)), int(charge.data.get("discount", 0))
    values = session.data.get("values", {}) if session else {}
    return {
        "mihpayid": charge.id,
        "request_id": "",
        "bank_ref_num": str(charge.data.get("bank_ref_num", "")) if good else "",
        "amt": rupees(charge.amount),
        "transaction_amount": rupees(charge.amount),
        "txnid": session.id if session else "",
        "additional_charges": rupees(fee),
        "productinfo": values.get("productinfo", ""),
        "firstname": values.get("firstname", ""),
        "bankcode": "UPI",
        **{name: values.get(name, "") for name in ("udf1", "udf2", "udf3", "udf4", "udf5")},
        "field2": "",
        "field9": "Transaction Completed Successfully" if good else "",
        "error_code": "E000" if good else "E308",
        "addedon": write_moment(charge.created_at),
        "payment_source": "payu",
        "card_type": None,
        "error_Message": "NO ERROR" if good else "Bank was unable to authenticate.",
        # A number, which needs no decimals.
        "net_amount_debit": number(charge.amount - discount + fee) if good else 0,
        "disc": rupees(discount),
        "mode": "UPI",
        "PG_TYPE": "UPI-PG",
        "card_no": "",
        "status": status,
        "unmappedstatus": state,
        "Merchant_UTR": None,
        "Settled_At": "0000-00-00 00:00:00",
    }


def number(minor: int) -> str:
    """Marked, to be written as a number: JSON has no decimals of its own, and a float has no place near money."""
    text = rupees(minor)
    return f"~{text.rstrip('0').rstrip('.') if '.' in text else text}~"
