"""The server's records. Frozen: who holds one holds a snapshot, and ``Bank`` replaces it by a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

ChargeStatus = Literal[
    "pending", "failed", "authorized", "voided", "captured", "partially_refunded", "refunded", "disputed"
]
Kind = Literal["captured", "authorized", "failed", "pending"]
Capture = Literal["auto", "manual"]


class Rejected(Exception):
    """A call that cannot be done: the HTTP status, our code, a sentence, and the field to mend."""

    def __init__(self, status: int, code: str, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.field = status, code, field

    def envelope(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": str(self), "field": self.field}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    id: str
    status: Literal["open", "won", "lost"]
    amount: int
    deadline: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """``key`` is None where the refund was made at the sandbox itself, past the shop."""

    id: str
    charge: str
    amount: int
    currency: str
    status: Literal["pending", "processed", "failed"]
    created_at: int
    key: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"object": "refund", **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    id: str
    session: str
    reference: str
    status: ChargeStatus
    amount: int
    currency: str
    method: str
    created_at: int
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    fee: int = 0
    discount: int = 0
    authorized_at: int | None = None
    captured_at: int | None = None
    failed_at: int | None = None
    voided_at: int | None = None
    release_at: int | None = None
    failure: Mapping[str, str] | None = None
    dispute: Dispute | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"object": "charge", **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a shop asks for when it opens a session."""

    reference: str
    amount: int
    currency: str
    callback_url: str
    webhook_url: str
    callback_method: Literal["get", "post"] = "get"
    capture: Capture = "auto"
    order_number: str = ""
    description: str = ""
    customer: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    id: str
    wanted: Wanted
    pay_url: str
    status: Literal["open", "paid", "closed", "expired"]
    created_at: int
    expires_at: int
    charges: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Without its charges: those are put in by who holds them."""
        own = {"id": self.id, "object": "session", "status": self.status, "pay_url": self.pay_url}
        times = {"created_at": self.created_at, "expires_at": self.expires_at}
        return own | asdict(self.wanted) | times


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, as its webhook tells it: the exact bytes, the same in every try."""

    id: str
    type: str
    session: str
    charge: str | None
    url: str
    body: bytes
