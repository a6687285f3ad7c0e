"""Stripe's objects as they come: lenient where versions differ, strict where it is money.

An object that is not expanded comes as its id alone: it is then one without a status, which says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kartify.plugin import Unreadable
from kartify_stripe import ids

_CURRENCY = re.compile(r"[A-Za-z]{3}\Z")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LAST = 4_102_444_800  # the year 2100


def clean(value: Any, limit: int = 200) -> str | None:
    """Text that a database and a page can take: no control characters, no half characters, not too long."""
    if not isinstance(value, str):
        return None
    return (value if value.isprintable() else _UNPRINTABLE.sub("", value))[:limit]


def _word(value: Any) -> str:
    return clean(value) or ""


def _text(value: Any) -> str | None:
    return clean(value) or None


def _id(value: Any) -> str:
    return value if ids.is_id(value) else ""


def _minor(value: Any) -> Any:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("expected an integer of the smallest unit")
    return value


def _currency(value: Any) -> str | None:
    return value.upper() if isinstance(value, str) and _CURRENCY.match(value) else None


def _moment(value: Any) -> datetime | None:
    """Seconds since 1970; 0 and what is none of them is no moment."""
    good = isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LAST
    return datetime.fromtimestamp(value, UTC) if good else None


def _expandable(value: Any) -> Any:
    if isinstance(value, str):
        return {"id": value} if ids.is_id(value) else None
    return value if isinstance(value, Mapping) else None


def _object(value: Any) -> Any:
    return value if isinstance(value, Mapping) else None


def _mapping(value: Any) -> dict[str, str]:
    pairs = value.items() if isinstance(value, Mapping) else ()
    return {name: text for name, text in pairs if isinstance(name, str) and isinstance(text, str)}


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


Word = Annotated[str, BeforeValidator(_word)]
Text = Annotated[str | None, BeforeValidator(_text)]
Id = Annotated[str, BeforeValidator(_id)]
Minor = Annotated[int, BeforeValidator(_minor)]
Currency = Annotated[str | None, BeforeValidator(_currency)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Metadata = Annotated[dict[str, str], BeforeValidator(_mapping)]
Flag = Annotated[bool | None, BeforeValidator(_flag)]


class Entity(BaseModel):
    """``livemode``: whether it is of the world where real money moves."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    id: Id = ""
    object: Word = ""
    livemode: Flag = None


class Named(Entity):
    metadata: Metadata = Field(default_factory=dict)

    @property
    def reference(self) -> str | None:
        """Ours, which our server gave it."""
        return ids.reference(self.metadata.get(ids.REFERENCE))


class Charge(Named):
    """One attempt."""

    payment_intent: Annotated[Entity | None, BeforeValidator(_expandable)] = None
    status: Word = ""
    amount_refunded: Minor = 0
    refunded: Flag = None
    disputed: Flag = None
    captured: Flag = None
    paid: Flag = None
    failure_message: Text = None
    created: Moment = None
    payment_method_details: Annotated[Mapping[str, Any] | None, BeforeValidator(_object)] = None

    @property
    def method(self) -> str | None:
        return _text((self.payment_method_details or {}).get("type"))

    @property
    def capture_before(self) -> datetime | None:
        """When held money goes back by itself, where the method tells."""
        details = self.payment_method_details or {}
        inner = details.get(self.method or "")
        return _moment(inner.get("capture_before")) if isinstance(inner, Mapping) else None

    @property
    def tells_more(self) -> bool:
        """Whether refunds or disputes have to be asked for."""
        return bool(self.amount_refunded or self.refunded or self.disputed)


class Refusal(Entity):
    code: Text = None
    decline_code: Text = None
    message: Text = None


class Intent(Named):
    status: Word = ""
    amount_capturable: Minor = 0
    amount_received: Minor = 0
    currency: Currency = None
    capture_method: Word = ""
    latest_charge: Annotated[Charge | None, BeforeValidator(_expandable)] = None
    last_payment_error: Annotated[Refusal | None, BeforeValidator(_object)] = None
    cancellation_reason: Text = None
    canceled_at: Moment = None
    created: Moment = None


class Session(Named):
    """``payment_intent`` is none until the customer confirmed."""

    mode: Word = ""
    status: Word = ""
    payment_status: Word = ""
    payment_intent: Annotated[Intent | None, BeforeValidator(_expandable)] = None
    amount_total: Minor = 0
    currency: Currency = None
    url: Annotated[str | None, BeforeValidator(lambda value: clean(value, 4000) or None)] = None
    expires_at: Moment = None
    created: Moment = None


class Refund(Named):
    payment_intent: Annotated[Entity | None, BeforeValidator(_expandable)] = None
    status: Word = ""
    amount: Minor = 0
    currency: Currency = None
    failure_reason: Text = None


class Evidence(Entity):
    due_by: Moment = None


class Dispute(Entity):
    payment_intent: Annotated[Entity | None, BeforeValidator(_expandable)] = None
    status: Word = ""
    reason: Text = None
    amount: Minor = 0
    currency: Currency = None
    evidence_details: Annotated[Evidence | None, BeforeValidator(_object)] = None


class Rows(Entity):
    data: tuple[Any, ...]
    has_more: bool


class Carried(BaseModel):
    object: Annotated[Mapping[str, Any], BeforeValidator(lambda value: _object(value) or {})]


class Event(Entity):
    """``account``: the connected account that it is about, where it is not one's own."""

    type: Word = ""
    created: Moment = None
    account: Text = None
    data: Carried


Kind = TypeVar("Kind", bound=Entity)


def read(kind: type[Kind], data: Any) -> Kind:
    """Raises ``Unreadable`` naming the fields, never their values."""
    try:
        return kind.model_validate(data)
    except (ValidationError, RecursionError) as problem:
        raise Unreadable(f"not a Stripe {kind.__name__.lower()}: {_fields(problem)}") from None


def _fields(problem: ValidationError | RecursionError) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    errors = problem.errors(include_input=False, include_url=False, include_context=False)[:5]
    return ", ".join(_word(".".join(map(str, error["loc"]))) + f" ({error['msg']})" for error in errors)
