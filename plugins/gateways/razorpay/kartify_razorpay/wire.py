"""Razorpay's entities as they come: lenient where the API varies, strict where it is money.

Unknown fields are ignored. An amount is an integer of the smallest unit, or the same as text; a decimal is refused,
since it might be a sum in rupees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kartify.plugin import Unreadable

_DIGITS = re.compile(r"[0-9]{1,16}\Z")
_LARGEST = 9_000_000_000_000_000
_LATEST = 32_503_680_000  # the year 3000
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_ID = r"^[A-Za-z0-9_]{1,64}$"
ORDER = "order_"


def _whole(value: Any) -> Any:
    if isinstance(value, str) and _DIGITS.match(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise ValueError("expected a whole number of the smallest unit")
    return value


def _whole_or_zero(value: Any) -> Any:
    return 0 if value is None or value == "" else _whole(value)


def clean(value: Any, limit: int = 200) -> str | None:
    """Text that a database and a page can take: no control characters, no half characters, not too long."""
    if not isinstance(value, str):
        return None
    return (value if value.isprintable() else _UNPRINTABLE.sub("", value))[:limit]


def _text(value: Any) -> str | None:
    return clean(value)


def _word(value: Any) -> str:
    return clean(value) or ""


def _notes(value: Any) -> dict[str, str]:
    """``notes`` is an empty list when there are none, and an object otherwise."""
    pairs = value.items() if isinstance(value, Mapping) else ()
    return {str(clean(name)): _word(str(text)) for name, text in pairs if isinstance(text, str | int)}


def _flag(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower())
    return bool(value) if isinstance(value, bool | int) else None


def _moment(value: Any) -> datetime | None:
    """Unix seconds, as number or text; anything else is no moment."""
    if isinstance(value, str) and _DIGITS.match(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _LATEST:
        return None
    return datetime.fromtimestamp(value, UTC)


def _order_id(value: Any) -> Any:
    """Payment link events name the order without its prefix."""
    return ORDER + value if isinstance(value, str) and value and not value.startswith(ORDER) else value or None


Minor = Annotated[int, BeforeValidator(_whole)]
MinorOrZero = Annotated[int, BeforeValidator(_whole_or_zero)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Id = Annotated[str, Field(pattern=_ID)]
OrderId = Annotated[Id | None, BeforeValidator(_order_id)]
Text = Annotated[str | None, BeforeValidator(_text)]
Word = Annotated[str, BeforeValidator(_word)]
Notes = Annotated[dict[str, str], BeforeValidator(_notes)]
Flag = Annotated[bool | None, BeforeValidator(_flag)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]


class Entity(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Payment(Entity):
    id: Id
    amount: Minor
    currency: Currency
    status: Word
    order_id: OrderId = None
    captured: Flag = None
    amount_refunded: MinorOrZero = 0
    refund_status: Text = None
    method: Text = None
    notes: Notes = Field(default_factory=dict)
    error_description: Text = None
    error_reason: Text = None
    created_at: Moment = None


class Payments(Entity):
    count: MinorOrZero = 0
    items: tuple[Payment, ...] = ()


class Order(Entity):
    id: OrderId
    amount: Minor
    currency: Currency
    status: Word
    amount_paid: MinorOrZero = 0
    amount_due: MinorOrZero = 0
    receipt: Text = None
    offer_id: Text = None
    notes: Notes = Field(default_factory=dict)
    payments: Payments | None = None


class Orders(Entity):
    items: tuple[Order, ...] = ()


class Refund(Entity):
    id: Id
    amount: Minor
    status: Word
    payment_id: Text = None
    receipt: Text = None
    notes: Notes = Field(default_factory=dict)


class Refunds(Entity):
    items: tuple[Refund, ...] = ()


class DisputeEntity(Entity):
    id: Id
    amount: Minor
    currency: Currency
    status: Word
    amount_deducted: MinorOrZero = 0
    reason_code: Text = None
    respond_by: Moment = None


class PaymentLink(Entity):
    id: Id
    reference_id: Text = None
    order_id: OrderId = None
    notes: Notes = Field(default_factory=dict)


def _entity(value: Any) -> Any:
    return value.get("entity") if isinstance(value, Mapping) else None


class Payload(Entity):
    payment: Annotated[Payment | None, BeforeValidator(_entity)] = None
    order: Annotated[Order | None, BeforeValidator(_entity)] = None
    refund: Annotated[Refund | None, BeforeValidator(_entity)] = None
    dispute: Annotated[DisputeEntity | None, BeforeValidator(_entity)] = None
    payment_link: Annotated[PaymentLink | None, BeforeValidator(_entity)] = None


class Event(Entity):
    event: Word
    account_id: Text = None
    payload: Payload
    created_at: Moment = None


Kind = TypeVar("Kind", bound=Entity)


def read(kind: type[Kind], data: Any) -> Kind:
    """Raises ``Unreadable`` naming the fields, never their values."""
    try:
        return kind.model_validate(data)
    except (ValidationError, RecursionError) as problem:
        raise Unreadable(f"not a Razorpay {kind.__name__.lower()}: {_fields(problem)}") from None


def _fields(problem: ValidationError | RecursionError) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    errors = problem.errors(include_input=False, include_url=False, include_context=False)[:5]
    return ", ".join(_word(".".join(map(str, error["loc"]))) + f" ({error['msg']})" for error in errors)
