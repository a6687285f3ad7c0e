"""Juspay's entities as they come: lenient where the API varies, strict where it is money.

Numbers and flags come as themselves or as text, amounts in rupees; unknown fields are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from kartify.plugin import Unreadable

_DECIMAL = re.compile(r"[0-9]{1,16}(\.[0-9]{1,10})?\Z")
_DIGITS = re.compile(r"[0-9]{1,9}\Z")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def clean(value: Any, limit: int = 200) -> str | None:
    """Text that a database and a page can take: no control characters, no half characters, not too long."""
    if not isinstance(value, str):
        return None
    return (value if value.isprintable() else _UNPRINTABLE.sub("", value))[:limit]


def _word(value: Any) -> str:
    return clean(value) or ""


def _text(value: Any) -> str | None:
    return clean(value) or None


def _rupees(value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, str) and _DECIMAL.match(value):
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        raise ValueError("expected a decimal number")
    return Decimal(value)


def _number(value: Any) -> int | None:
    """A status number; anything else is none."""
    if isinstance(value, str) and _DIGITS.match(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(value: Any) -> datetime | None:
    """ISO 8601 with its zone. A moment without one is none: no source says which zone it would be."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
        return read.astimezone(UTC) if read is not None and read.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _object(value: Any) -> Any:
    return value if isinstance(value, Mapping) else None


def _rows(value: Any) -> Any:
    return value if isinstance(value, list) else []


def _count(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0


Rupees = Annotated[Decimal | None, BeforeValidator(_rupees)]
Word = Annotated[str, BeforeValidator(_word)]
Text = Annotated[str | None, BeforeValidator(_text)]
Number = Annotated[int | None, BeforeValidator(_number)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Count = Annotated[int, BeforeValidator(_count)]


class Entity(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Txn(Entity):
    """One attempt. ``txn_amount`` is what the customer is charged, ``net_amount`` the same without what is added."""

    txn_id: Text = None
    txn_uuid: Text = None
    order_id: Text = None
    status: Word = ""
    txn_amount: Rupees = None
    net_amount: Rupees = None
    surcharge_amount: Rupees = None
    tax_amount: Rupees = None
    offer_deduction_amount: Rupees = None
    currency: Text = None
    error_message: Text = None
    created: Moment = None
    last_updated: Moment = None


class Answered(Entity):
    """What the gateway behind said."""

    resp_message: Text = None
    created: Moment = None


class Refund(Entity):
    unique_request_id: Text = None
    status: Word = ""
    amount: Rupees = None
    error_message: Text = None


class Links(Entity):
    web: Text = None
    expiry: Moment = None


Detail = Annotated[Txn | None, BeforeValidator(_object)]
Gateways = Annotated[Answered | None, BeforeValidator(_object)]
PaymentLinks = Annotated[Links | None, BeforeValidator(_object)]
Refunds = Annotated[tuple[Refund, ...], BeforeValidator(_rows)]


class Order(Entity):
    """``status`` is that of the successful attempt, else of the last one; no other is told of."""

    order_id: Word = ""
    status: Word = ""
    status_id: Number = None
    amount: Rupees = None
    effective_amount: Rupees = None
    currency: Text = None
    txn_id: Text = None
    txn_uuid: Text = None
    payment_method_type: Text = None
    bank_error_message: Text = None
    payment_links: PaymentLinks = None
    order_expiry: Moment = None
    offers: Count = 0
    refunds: Refunds = ()
    txn_detail: Detail = None
    payment_gateway_response: Gateways = None


class Payload(Entity):
    amount: Rupees = None


class SdkPayload(Entity):
    payload: Annotated[Payload | None, BeforeValidator(_object)] = None


class Session(Entity):
    order_id: Word = ""
    status: Word = ""
    payment_links: PaymentLinks = None
    order_expiry: Moment = None
    sdk_payload: Annotated[SdkPayload | None, BeforeValidator(_object)] = None


Kind = TypeVar("Kind", bound=Entity)


def read(kind: type[Kind], data: Any) -> Kind:
    """Raises ``Unreadable`` naming the fields, never their values."""
    try:
        return kind.model_validate(data)
    except (ValidationError, RecursionError) as problem:
        raise Unreadable(f"not a Juspay {kind.__name__.lower()}: {_fields(problem)}") from None


def _fields(problem: ValidationError | RecursionError) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    errors = problem.errors(include_input=False, include_url=False, include_context=False)[:5]
    return ", ".join(_word(".".join(map(str, error["loc"]))) + f" ({error['msg']})" for error in errors)
