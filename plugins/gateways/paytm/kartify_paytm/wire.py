"""Paytm's answers as they come: lenient where the API varies, strict where it is money.

Unknown fields are ignored. Amounts are rupees as text ("1499.00"), sometimes numbers; kept here as paise.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kartify.plugin import Invalid, Unreadable, from_major
from kartify_paytm.moments import read_moment

CURRENCY: Final = "INR"
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def clean(value: Any, limit: int = 200) -> str:
    """Text that a database and a page can take: no control characters, no half characters, not too long."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    return _UNPRINTABLE.sub("", str(value))[:limit]


def paise(value: Any) -> int:
    """Minor units of rupees. Raises ``ValueError``."""
    try:
        minor = from_major(value, CURRENCY)
    except Invalid as problem:
        raise ValueError(f"expected rupees such as 1499.00: {problem.expected}") from None
    if minor < 0:
        raise ValueError("expected rupees, not below zero")
    return minor


def _paise_or_none(value: Any) -> Any:
    return None if value is None or value == "" else paise(value)


def _paise_or_zero(value: Any) -> Any:
    return 0 if value is None or value == "" else paise(value)


def _moment(value: Any) -> datetime | None:
    return read_moment(value) if isinstance(value, str) else None


def _long(value: Any) -> str:
    return clean(value, 2000)


Word = Annotated[str, BeforeValidator(clean)]
Long = Annotated[str, BeforeValidator(_long)]
Paise = Annotated[int | None, BeforeValidator(_paise_or_none)]
PaiseOrZero = Annotated[int, BeforeValidator(_paise_or_zero)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]


class Entity(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class Result(Entity):
    """``resultStatus`` decides; the code only tells failures of ours from failures of the payment."""

    status: Word = Field(default="", alias="resultStatus")
    code: Word = Field(default="", alias="resultCode")
    # Long, since it is cut only after our secrets were masked in it: half a secret would be found by no mask.
    text: Long = Field(default="", alias="resultMsg")

    @property
    def word(self) -> str:
        return f"{self.status} {self.code}".strip()[:80]


class Answer(Entity):
    result: Result = Field(alias="resultInfo")
    mid: Word = ""
    order_id: Word = Field(default="", alias="orderId")


class Session(Answer):
    """Of Initiate Transaction."""

    token: Word = Field(default="", alias="txnToken")


class Transaction(Answer):
    """Of the order status: the last state of the order's one payment."""

    txn_id: Word = Field(default="", alias="txnId")
    txn_type: Word = Field(default="", alias="txnType")
    amount: Paise = Field(default=None, alias="txnAmount")
    refunded: PaiseOrZero = Field(default=0, alias="refundAmt")
    at: Moment = Field(default=None, alias="txnDate")
    method: Word = Field(default="", alias="paymentMode")


class Refund(Answer):
    """Of a refund, asked for or asked about."""

    ref_id: Word = Field(default="", alias="refId")
    refund_id: Word = Field(default="", alias="refundId")
    amount: Paise = Field(default=None, alias="refundAmount")


class Row(Entity):
    """A transaction in the order list. Its amount is not read: which unit it is in no source tells."""

    order_id: Word = Field(default="", validation_alias=AliasChoices("merchantOrderId", "orderId"))
    txn_id: Word = Field(default="", alias="txnId")
    status: Word = Field(default="", validation_alias=AliasChoices("orderSearchStatus", "orderStatus"))
    method: Word = Field(default="", alias="payMode")
    at: Moment = Field(default=None, alias="orderCreatedTime")


class Rows(Answer):
    orders: tuple[Row, ...] = ()


Kind = TypeVar("Kind", bound=Entity)


def read(kind: type[Kind], data: Any) -> Kind:
    """Raises ``Unreadable``, naming the fields but never their values."""
    try:
        return kind.model_validate(data)
    except (ValidationError, RecursionError) as problem:
        raise Unreadable(f"not a Paytm {kind.__name__.lower()}: {_fields(problem)}") from None


def _fields(problem: ValidationError | RecursionError) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    errors = problem.errors(include_input=False, include_url=False, include_context=False)[:5]
    return ", ".join(f"{clean('.'.join(map(str, error['loc'])))} ({error['msg']})" for error in errors)
