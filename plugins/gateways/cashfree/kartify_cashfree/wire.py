"""Cashfree's entities as they come: lenient where the API varies, strict where it is money.

Unknown fields are ignored. An amount is a JSON number of rupees (as ``Decimal`` or int), or the same as text, and never
a float. Ids are text since 2023-08-01, and still numbers in some webhooks. Times without a zone are India's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kartify.plugin import Invalid, Unreadable, from_major

INDIA: Final = timezone(timedelta(hours=5, minutes=30))
_DECIMAL: Final = re.compile(r"[0-9]{1,16}(\.[0-9]{1,6})?\Z")
_MOST: Final = 10**13
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def clean(value: Any, limit: int = 200) -> str | None:
    """Text that a database and a page can take: no control characters, no half characters, not too long."""
    if not isinstance(value, str):
        return None
    return (value if value.isprintable() else _UNPRINTABLE.sub("", value))[:limit]


def _amount(value: Any) -> Any:
    if isinstance(value, str) and _DECIMAL.match(value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= _MOST:
        raise ValueError("expected an amount in rupees")
    return Decimal(value)


def amount_or_none(value: Any) -> Any:
    return None if value is None or value == "" else _amount(value)


def _id(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**30:
        return str(value)
    return None if value == "" else value


def _word(value: Any) -> str:
    return clean(value) or ""


def _flag(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def moment(value: Any) -> datetime | None:
    """ISO 8601 in UTC; a time without a zone is India's, anything else is no moment."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return None
    try:
        read = datetime.fromisoformat(value)
        aware = read if read.tzinfo else read.replace(tzinfo=INDIA)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _tags(value: Any) -> dict[str, str]:
    pairs = value.items() if isinstance(value, Mapping) else ()
    return {str(clean(name)): _word(text) for name, text in pairs if isinstance(text, str)}


Amount = Annotated[Decimal, BeforeValidator(_amount)]
AmountOrNone = Annotated[Decimal | None, BeforeValidator(amount_or_none)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Id = Annotated[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,34}$")] | None, BeforeValidator(_id)]
OrderId = Annotated[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,45}$")] | None, BeforeValidator(_id)]
Text = Annotated[str | None, BeforeValidator(clean)]
Word = Annotated[str, BeforeValidator(_word)]
Flag = Annotated[bool | None, BeforeValidator(_flag)]
Moment = Annotated[datetime | None, BeforeValidator(moment)]
Tags = Annotated[dict[str, str], BeforeValidator(_tags)]


class Entity(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Order(Entity):
    order_id: OrderId
    order_amount: Amount
    order_currency: Currency
    order_status: Word
    payment_session_id: Text = None
    order_expiry_time: Moment = None
    order_tags: Tags = Field(default_factory=dict)


class Authorization(Entity):
    """What was done with held money. ``action``: CAPTURE or VOID; ``status``: SUCCESS or PENDING."""

    action: Word = ""
    status: Word = ""
    captured_amount: AmountOrNone = None
    end_time: Moment = None
    action_time: Moment = None


class ErrorDetails(Entity):
    error_description: Text = None
    error_reason: Text = None


class Payment(Entity):
    """An attempt. ``payment_currency`` may be missing: then it is the order's."""

    cf_payment_id: Id = None
    payment_status: Word
    payment_amount: AmountOrNone = None
    payment_currency: Currency | None = None
    order_id: OrderId = None
    order_amount: AmountOrNone = None
    order_currency: Currency | None = None
    is_captured: Flag = None
    authorization: Authorization | None = None
    payment_group: Text = None
    payment_message: Text = None
    payment_time: Moment = None
    payment_completion_time: Moment = None
    error_details: ErrorDetails | None = None


class Refund(Entity):
    cf_refund_id: Id = None
    cf_payment_id: Id = None
    refund_id: Text = None
    order_id: OrderId = None
    refund_amount: Amount
    refund_currency: Currency | None = None
    refund_status: Word
    refund_type: Text = None


Kind = TypeVar("Kind", bound=Entity)


def read(kind: type[Kind], data: Any) -> Kind:
    """Raises ``Unreadable`` naming the fields, never their values."""
    try:
        return kind.model_validate(data)
    except (ValidationError, RecursionError) as problem:
        raise Unreadable(f"not a Cashfree {kind.__name__.lower()}: {_fields(problem)}") from None


def _fields(problem: ValidationError | RecursionError) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    errors = problem.errors(include_input=False, include_url=False, include_context=False)[:5]
    return ", ".join(_word(".".join(map(str, error["loc"]))) + f" ({error['msg']})" for error in errors)


def minor(amount: Decimal, currency: str) -> int:
    """Minor units. Raises ``Unreadable`` for more decimals than the currency has."""
    try:
        return from_major(amount, currency)
    except Invalid as problem:
        raise Unreadable(f"an amount that is none: {problem}") from None
