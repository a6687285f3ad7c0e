"""CCAvenue's answers as they come: lenient where the API varies, strict where it is money.

Unknown fields are ignored. Amounts are rupees (major units), as numbers or as text, kept as exact decimals: minor units
are made of them where the currency is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kartify.plugin import Invalid, Unreadable, from_major
from kartify_ccavenue.moments import read_moment

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_AMOUNT: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,12})?\Z")


def clean(value: Any, limit: int = 200) -> str:
    """Text that a database and a page can take: no control characters, not too long; "null" is nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    text = _UNPRINTABLE.sub("", str(value)).strip()[:limit]
    return "" if text.lower() == "null" else text


def _amount(value: Any) -> Decimal | None:
    """Raises ``ValueError`` for what is no sum, or below zero."""
    if value is None or (isinstance(value, str) and clean(value) == ""):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("expected a sum such as 1499.00")
    text = str(value).strip()
    if not _AMOUNT.match(text):
        raise ValueError("expected a sum such as 1499.00")
    return Decimal(text)


def _long(value: Any) -> str:
    return clean(value, 2000)


def _count(value: Any) -> int | None:
    text = clean(value, 12)
    return int(text) if text.isascii() and text.isdigit() else None


def _list(value: Any) -> Any:
    return value if isinstance(value, list) else []


Word = Annotated[str, BeforeValidator(clean)]
Long = Annotated[str, BeforeValidator(_long)]
Amount = Annotated[Decimal | None, BeforeValidator(_amount)]
Count = Annotated[int | None, BeforeValidator(_count)]
Moment = Annotated[datetime | None, BeforeValidator(read_moment)]
Things = Annotated[list[Any], BeforeValidator(_list)]


class Entity(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class Answer(Entity):
    """What every answer may have. Long texts are cut only after our secrets were masked in them."""

    error_code: Word = ""
    error_desc: Long = Field(default="", validation_alias=AliasChoices("error_desc", "reason"))


class Row(Answer):
    """One transaction, of the status call or of the order look-up."""

    reference_no: Word = ""
    order_no: Word = ""
    status: Word = Field(default="", alias="order_status")
    currency: Word = Field(
        default="", validation_alias=AliasChoices("order_currncy", "order_curr", "order_currency")
    )
    amount: Amount = Field(default=None, alias="order_amt")
    gross: Amount = Field(default=None, alias="order_gross_amt")
    captured: Amount = Field(default=None, alias="order_capt_amt")
    discount: Amount = Field(default=None, alias="order_discount")
    changed_at: Moment = Field(default=None, alias="order_status_date_time")
    created_at: Moment = Field(default=None, alias="order_date_time")
    option: Word = Field(default="", alias="order_option_type")
    risk: Word = Field(default="", alias="order_fraud_status")
    bank_response: Long = Field(default="", alias="order_bank_response")
    total_records: Count = None

    def minor(self, name: str) -> int:
        """That sum in minor units of the row's currency; 0 where there is none. Raises ``Unreadable``."""
        value: Decimal | None = getattr(self, name)
        try:
            return 0 if value is None else from_major(value, self.currency)
        except Invalid as problem:
            raise Unreadable(f"{name}: {problem.expected}") from None


class Listing(Answer):
    rows: Things = Field(default_factory=list, alias="order_Status_List")
    page_count: Count = None
    total_records: Count = None


class Refund(Entity):
    amount: Amount = Field(default=None, alias="refund_amt")
    ref: Word = Field(default="", alias="refund_mer_ref_no")
    status: Word = Field(default="", alias="refund_status")


class Refunds(Answer):
    reference_no: Word = ""
    currency: Word = Field(
        default="", validation_alias=AliasChoices("order_curr", "order_currncy", "order_currency")
    )
    refunds: list[Refund] = Field(default_factory=list, alias="refund_list")


class Refunded(Answer):
    """Of a refund that was asked for: 0 is taken, 1 is refused."""

    status: Word = Field(default="", alias="refund_status")


class Failed(Answer):
    reference_no: Word = ""


class Moved(Answer):
    """Of confirmations and cancellations."""

    success_count: Count = None
    failed: list[Failed] = Field(default_factory=list, alias="failed_List")


Kind = TypeVar("Kind", bound=Entity)


def read(kind: type[Kind], data: Any) -> Kind:
    """Raises ``Unreadable``, naming the fields but never their values."""
    try:
        return kind.model_validate(data)
    except (ValidationError, RecursionError) as problem:
        raise Unreadable(f"not a CCAvenue {kind.__name__.lower()}: {_fields(problem)}") from None


def unwrapped(data: Any) -> Any:
    """Older versions put the answer into one more object, "Order_Status_Result"."""
    if isinstance(data, Mapping) and len(data) == 1:
        (name, inner), = data.items()
        if str(name).lower().endswith("_result") and isinstance(inner, Mapping):
            return inner
    return data


def _fields(problem: ValidationError | RecursionError) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    errors = problem.errors(include_input=False, include_url=False, include_context=False)[:5]
    return ", ".join(f"{clean('.'.join(map(str, error['loc'])))} ({error['msg']})" for error in errors)
