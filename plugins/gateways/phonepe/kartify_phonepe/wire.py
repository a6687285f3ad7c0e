"""PhonePe's answers as they come: lenient where the API varies, strict where it is money.

Unknown fields and words are no error. Amounts are whole paise, as number or text; a decimal is refused, since it might
be a sum in rupees. Moments of orders are epoch milliseconds, those of tokens epoch seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from kartify.plugin import Unreadable

_DIGITS = re.compile(r"[0-9]{1,16}\Z")
_LARGEST = 9_000_000_000_000_000
_SECONDS_UNTIL = 100_000_000_000  # less can only be seconds: as milliseconds it would be 1973
_LATEST = 32_503_680_000_000  # the year 3000
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
ID = re.compile(r"[A-Za-z0-9_-]{1,63}\Z")


def _whole(value: Any) -> Any:
    if isinstance(value, str) and _DIGITS.match(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise ValueError("expected a whole number of paise")
    return value


def _whole_or_none(value: Any) -> Any:
    return None if value is None or value == "" else _whole(value)


def clean(value: Any, limit: int = 200) -> str | None:
    """Text that a database and a page can take: no control characters, no half characters, not too long."""
    if not isinstance(value, str):
        return None
    return (value if value.isprintable() else _UNPRINTABLE.sub("", value))[:limit]


def _word(value: Any) -> str:
    return clean(value) or ""


def _moment(value: Any) -> datetime | None:
    """Epoch milliseconds, as number or text; anything else is no moment."""
    if isinstance(value, str) and _DIGITS.match(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _LATEST:
        return None
    milliseconds = value * 1000 if value < _SECONDS_UNTIL else value
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)


def _udf(value: Any) -> dict[str, str]:
    pairs = value.items() if isinstance(value, Mapping) else ()
    return {str(clean(name)): _word(text) for name, text in pairs if isinstance(text, str)}


def _list(value: Any) -> Any:
    return value or ()


def _currency(value: Any) -> Any:
    """Older answers name none: PhonePe takes rupees only."""
    return value or "INR"


Paise = Annotated[int, BeforeValidator(_whole)]
PaiseOrNone = Annotated[int | None, BeforeValidator(_whole_or_none)]
Id = Annotated[str, Field(pattern=ID.pattern.replace(r"\Z", "$"))]
Word = Annotated[str, BeforeValidator(_word)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Udf = Annotated[dict[str, str], BeforeValidator(_udf)]
Currency = Annotated[str, BeforeValidator(_currency), Field(pattern=r"^[A-Z]{3}$")]


class Shape(BaseModel):
    model_config = ConfigDict(
        extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class Attempt(Shape):
    """One try of a customer. ``payable_amount``: what the customer pays, a fee of PhonePe's included."""

    transaction_id: Id
    state: Word
    amount: Paise
    payable_amount: PaiseOrNone = None
    payment_mode: Word = ""
    timestamp: Moment = None
    error_code: Word = ""
    detailed_error_code: Word = ""


class Context(Shape):
    """Why an order failed, in words."""

    error_code: Word = ""
    description: Word = ""


class Order(Shape):
    """The answer of both status calls: an order with its attempts."""

    order_id: Word = ""
    state: Word
    amount: Paise
    currency: Currency = "INR"
    merchant_id: Word = ""
    merchant_order_id: Word = ""
    expire_at: Moment = None
    meta_info: Udf = {}
    payment_details: Annotated[tuple[Attempt, ...], BeforeValidator(_list)] = ()
    error_code: Word = ""
    detailed_error_code: Word = ""
    error_context: Context | None = None


class Paid(Shape):
    """The answer to a new order."""

    order_id: Id
    redirect_url: str
    state: Word = ""
    expire_at: Moment = None


class Refunded(Shape):
    """The answer to a refund and to its status."""

    refund_id: Word = ""
    merchant_refund_id: Word = ""
    original_merchant_order_id: Word = ""
    amount: Paise
    state: Word


class OAuth(BaseModel):
    """A token: its field names are in snake case, its moments in seconds."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    access_token: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,8000}$", repr=False)]
    issued_at: PaiseOrNone = None
    expires_at: PaiseOrNone = None


Kind = TypeVar("Kind", bound=BaseModel)


def read(kind: type[Kind], data: Any) -> Kind:
    """Raises ``Unreadable`` naming the field, never its value."""
    try:
        return kind.model_validate(data)
    except ValidationError as problem:
        names = {".".join(str(part) for part in error["loc"]) or "the whole" for error in problem.errors()}
        raise Unreadable(f"unexpected form of {', '.join(sorted(names))}") from None
