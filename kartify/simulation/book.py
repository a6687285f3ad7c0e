"""What a stand-in gateway knows: sessions, the charges that customers tried on them, refunds. Sums are minor units."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from kartify import clock

State = Literal["pending", "failed", "authorized", "captured", "voided"]
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Session:
    """``id`` is the gateway order id. ``data``: what this gateway keeps besides (tokens, notes, udf fields)."""

    id: str
    reference: str
    amount: int
    currency: str
    callback_url: str
    created_at: datetime
    webhook_url: str = ""
    closed: bool = False
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class Charge:
    """``session`` is None for money without a session. ``captured``: the captured sum, 0 before."""

    id: str
    session: Session | None
    amount: int
    currency: str
    state: State
    created_at: datetime
    updated_at: datetime
    method: str = "upi"
    captured: int = 0
    data: dict[str, Any] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        """What processed refunds gave back."""
        return sum(one.amount for one in self.refunds if one.state == "processed")

    @property
    def refundable(self) -> int:
        return self.captured - sum(one.amount for one in self.refunds if one.state != "failed")


@dataclass
class Refund:
    id: str
    charge: Charge
    amount: int
    key: str
    state: Literal["pending", "processed", "failed"]
    created_at: datetime
    data: dict[str, Any] = field(default_factory=dict)


class Book:
    """``offset`` shifts its clock, so that tests can make old orders. Every public method is atomic."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.offset = timedelta()
        self.sessions: dict[str, Session] = {}
        self.charges: dict[str, Charge] = {}
        self.refunds: dict[str, Refund] = {}
        self._by_session: dict[str, list[Charge]] = {}
        self._numbers = itertools.count(1)

    def now(self) -> datetime:
        return clock.now() + self.offset

    def new_id(self, prefix: str = "", length: int = 14) -> str:
        """The prefix and so many characters of [0-9A-Z], growing."""
        number, text = next(self._numbers), ""
        while number:
            number, digit = divmod(number, len(_ALPHABET))
            text = _ALPHABET[digit] + text
        return f"{prefix}{text:0>{length}}"

    def open(self, session: Session) -> Session:
        with self.lock:
            return self.sessions.setdefault(session.id, session)

    def by_reference(self, reference: str) -> Session | None:
        with self.lock:
            return next((one for one in self.sessions.values() if one.reference == reference), None)

    def charges_of(self, session_id: str) -> list[Charge]:
        """Every attempt, oldest first."""
        with self.lock:
            return list(self._by_session.get(session_id, ()))

    def attempt(self, session: Session | None, charge: Charge) -> Charge:
        """A customer's attempt, as it then stands."""
        with self.lock:
            charge.captured = charge.amount if charge.state == "captured" else 0
            self.charges[charge.id] = charge
            if session is not None:
                self._by_session.setdefault(session.id, []).append(charge)
            return charge

    def move(self, charge_id: str, state: State) -> Charge:
        """The bank or the gateway changes its mind: late authorisation, capture, release."""
        with self.lock:
            charge = self.charges[charge_id]
            charge.state, charge.updated_at = state, self.now()
            charge.captured = charge.amount if state == "captured" else charge.captured
            return charge

    def refund(self, refund: Refund) -> Refund:
        """Keeps it; the caller has checked the sum. The same key again gives the first one."""
        with self.lock:
            known = next((one for one in refund.charge.refunds if refund.key and one.key == refund.key), None)
            if known is not None:
                return known
            refund.charge.refunds.append(refund)
            refund.charge.updated_at = self.now()
            self.refunds[refund.id] = refund
            return refund

    def newest_first(self) -> list[Charge]:
        with self.lock:
            return sorted(self.charges.values(), key=lambda one: (one.created_at, one.id), reverse=True)
