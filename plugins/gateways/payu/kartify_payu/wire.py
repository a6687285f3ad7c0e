"""PayU's answers as they come: lenient where the API varies, strict where it is money.

Unknown fields are ignored. Amounts are rupees, as numbers or as text, kept as exact decimals until they are paise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kartify.plugin import Invalid, Unreadable, from_major
from kartify_payu.moments import read_moment

CURRENCY: Final = "INR"
NOT_FOUND: Final = "Not Found"
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_AMOUNT: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,30})?\Z")
_PAISA, _NOISE = Decimal("0.01"), Decimal("0.0001")
_EXACT: Final = 2**53


def clean(value: Any, limit: int = 200) -> str:
    """Text that a database and a page can take: no control characters, not too long."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    return _UNPRINTABLE.sub("", str(value)).strip()[:limit]


def _amount(value: Any) -> Decimal | None:
    """Raises ``ValueError`` for what is no sum, or below zero."""
    if value is None or (isinstance(value, str) and clean(value) in ("", "-")):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("expected a sum such as 1499.00")
    text = str(value).strip()
    if not _AMOUNT.match(text):
        raise ValueError("expected a sum such as 1499.00")
    return Decimal(text)


def _exact_id(value: Any) -> str:
    """As text. A number beyond what a double holds has been seen with its last digits rounded: that is no id."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _EXACT:
        return str(value)
    return clean(value, 60) if isinstance(value, str) else ""


Word = Annotated[str, BeforeValidator(clean)]
Id = Annotated[str, BeforeValidator(_exact_id)]
Amount = Annotated[Decimal | None, BeforeValidator(_amount)]
Moment = Annotated[datetime | None, BeforeValidator(read_moment)]


class Entity(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    def minor(self, name: str) -> int | None:
        """That sum in paise. Raises ``Unreadable``."""
        value: Decimal | None = getattr(self, name)
        try:
            return None if value is None else from_major(value, CURRENCY)
        except Invalid as problem:
            raise Unreadable(f"{name}: {problem.expected}") from None


class Entry(Entity):
    """One payment, as the look-up by our id or by PayU's tells it."""

    mihpayid: Id = ""
    txnid: Word = ""
    status: Word = ""
    state: Word = Field(default="", alias="unmappedstatus")
    amount: Amount = Field(default=None, validation_alias=AliasChoices("amt", "transaction_amount", "amount"))
    fee: Amount = Field(default=None, validation_alias=AliasChoices("additional_charges", "additionalCharges"))
    discount: Amount = Field(default=None, validation_alias=AliasChoices("disc", "discount"))
    net: Amount = Field(default=None, alias="net_amount_debit")
    mode: Word = ""
    added_at: Moment = Field(default=None, alias="addedon")
    error: Word = Field(default="", alias="error_code")
    message: Word = Field(default="", validation_alias=AliasChoices("error_Message", "error_message"))
    note: Word = Field(default="", alias="field9")

    @property
    def unknown(self) -> bool:
        return self.status == NOT_FOUND and self.mihpayid in ("", NOT_FOUND)

    def net_minor(self) -> int | None:
        """A number that PHP may have written with noise far behind the point. Raises ``Unreadable``."""
        if self.net is None:
            return None
        rounded = self.net.quantize(_PAISA, rounding=ROUND_HALF_EVEN)
        close = abs(self.net - rounded) < _NOISE
        return self.model_copy(update={"net": rounded if close else self.net}).minor("net")


class Action(Entity):
    """A capture, a refund or a cancellation that somebody asked for."""

    mihpayid: Word = ""
    request_id: Word = ""
    amount: Amount = Field(default=None, alias="amt")
    action: Word = ""
    token: Word = ""
    status: Word = ""

    @property
    def kind(self) -> str:
        return self.action.lower()

    @property
    def word(self) -> str:
        """Both SUCCESS and success stand in PayU's documents, and blanks beside underscores."""
        return self.status.lower().replace("_", " ")


Kind = TypeVar("Kind", bound=Entity)


def read(kind: type[Kind], data: Any) -> Kind:
    """Raises ``Unreadable``, naming the fields but never their values."""
    if not isinstance(data, Mapping):
        raise Unreadable(f"not a PayU {kind.__name__.lower()}")
    try:
        return kind.model_validate(data)
    except (ValidationError, RecursionError) as problem:
        raise Unreadable(f"not a PayU {kind.__name__.lower()}: {_fields(problem)}") from None


def _fields(problem: ValidationError | RecursionError) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    errors = problem.errors(include_input=False, include_url=False, include_context=False)[:5]
    return ", ".join(f"{clean('.'.join(map(str, error['loc'])))} ({error['msg']})" for error in errors)
