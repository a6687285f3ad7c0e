"""What the parts of the stand-in share: who the merchant is, what is on the billing page, and what one row says."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from kartify.plugin import to_major
from kartify.simulation import Book, Charge, Session, State
from kartify_ccavenue.moments import write_moment

LEFT_AFTER: Final = timedelta(minutes=15)
WORDS: Final[dict[State, str]] = {
    "captured": "Shipped", "authorized": "Successful", "pending": "Awaited", "failed": "Unsuccessful",
    "voided": "Cancelled",
}
# Marks of what goes out as a number: JSON has no decimals of its own, and a float has no place near money.
_NUMBER: Final = re.compile(r'"~([0-9.]+)~"')


class Wrong(Exception):
    """What CCAvenue refuses, by its code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass
class Arrival:
    """A form that was posted: CCAvenue gives each a number of its own."""

    id: str
    session: Session
    at: datetime


@dataclass
class Desk:
    merchant_id: str
    access_code: str
    working_key: str
    api_access_code: str
    api_working_key: str
    book: Book
    arrivals: dict[str, Arrival] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(114012345001))

    def arrive(self, session: Session) -> Arrival:
        """Another submission, for the same order too."""
        made = Arrival(str(next(self.numbers)), session, self.book.now())
        self.arrivals[made.id] = made
        session.data.setdefault("arrivals", []).append(made.id)
        return made

    def take(self, session: Session) -> Arrival:
        """The submission that is paid now: the last one still on the page, else a new one."""
        waiting: list[str] = session.data.setdefault("arrivals", [])
        if waiting:
            return self.arrivals.pop(waiting.pop())
        return Arrival(str(next(self.numbers)), session, self.book.now())

    def of_order(self, order: str) -> list[Charge | Arrival]:
        """Every submission of an order, oldest first."""
        session = self.book.sessions.get(order)
        if session is None:
            return []
        waiting = [self.arrivals[one] for one in session.data.get("arrivals", ())]
        return sorted([*self.book.charges_of(order), *waiting], key=lambda one: (ordered_at(one), one.id))

    def by_number(self, number: str) -> Charge | Arrival | None:
        return self.book.charges.get(number) or self.arrivals.get(number)

    def everything(self) -> list[Charge | Arrival]:
        return [*self.book.charges.values(), *self.arrivals.values()]


def ordered_at(one: Charge | Arrival) -> datetime:
    """When its form was posted."""
    at: datetime = one.at if isinstance(one, Arrival) else one.data["ordered_at"]
    return at


def word(desk: Desk, one: Charge | Arrival) -> str:
    if isinstance(one, Arrival):
        return "Timeout" if desk.book.now() - one.at > LEFT_AFTER else "Initiated"
    if "word" in one.data:
        return str(one.data["word"])
    return "Refunded" if one.refunded else WORDS[one.state]


def number(text: str) -> str:
    return f"~{text}~"


def numbers_in(text: str) -> str:
    return _NUMBER.sub(r"\1", text)


def row(desk: Desk, one: Charge | Arrival) -> dict[str, Any]:
    """One transaction as status call and order look-up tell it."""
    session = one.session
    waits = isinstance(one, Arrival)
    amount = session.amount if isinstance(one, Arrival) and session else getattr(one, "amount", 0)
    currency = session.currency if session else "INR"
    captured = 0 if isinstance(one, Arrival) else one.captured
    data: dict[str, Any] = {} if isinstance(one, Arrival) else one.data
    changed = one.at if isinstance(one, Arrival) else one.updated_at
    discount = int(data.get("discount", 0))
    return {
        "reference_no": one.id,
        "order_no": session.id if session else "",
        "order_currncy": currency,
        "order_amt": number(to_major(amount, currency)),
        "order_gross_amt": number(to_major(amount + discount, currency)),
        "order_capt_amt": number(to_major(captured, currency)),
        "order_discount": number(to_major(discount, currency)),
        "order_date_time": write_moment(ordered_at(one)),
        "order_status": word(desk, one),
        "order_status_date_time": write_moment(changed),
        "order_fraud_status": str(data.get("risk", "NA")),
        "order_bank_ref_no": str(data.get("bank_ref_no", "")),
        "order_bank_response": "null" if waits else str(data.get("bank_response", "")),
        "order_card_name": "UPI",
        "order_option_type": str(data.get("option", "OPTUPI")),
        "order_gtw_id": "UPI",
        "order_fee_perc_value": number("0.0"),
        "order_fee_flat": number("0.0"),
        "order_tax": number("0.0"),
        "order_TDS": number("0.0"),
        "order_device_type": "PC",
    }
