"""An order as the storefront sends it: what is taken, and the sentence for what is not."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from kartify.domain.errors import Invalid
from kartify.domain.money import LARGEST

NUMBER = r"^[A-Za-z0-9._-]{1,64}$"
MOST_METADATA = 8_192
MOST_DEPTH = 5


def _bounded(value: dict[str, Any]) -> dict[str, Any]:
    if _deeper(value, MOST_DEPTH):
        raise ValueError(f"nested deeper than {MOST_DEPTH} levels")
    if len(orjson.dumps(value)) > MOST_METADATA:
        raise ValueError(f"larger than {MOST_METADATA} bytes")
    return value


def _deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        return False
    return levels == 0 or any(_deeper(one, levels - 1) for one in inner)


Short = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=32)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Sum = Annotated[int, Field(strict=True, ge=0, le=LARGEST)]
SignedSum = Annotated[int, Field(strict=True, ge=-LARGEST, le=LARGEST)]
Metadata = Annotated[dict[str, Any], AfterValidator(_bounded)]


class Strict(BaseModel):
    """Unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Tax(Strict):
    rate: Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4)] | None = Field(
        None, description="Per cent, as text."
    )
    amount: SignedSum | None = Field(None, description="Minor units; the price includes it.")


class Line(Strict):
    line_id: Short | None = Field(None, description="Counted from 1 where it is left away.")
    sku: Text
    name: Text
    quantity: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    unit_price: Sum = Field(description="Minor units, tax included.")
    list_price: Sum | None = None
    discount: Sum = Field(0, description="Off the whole line.")
    hsn: Code | None = None
    tax: Tax | None = None
    metadata: Metadata = Field(default_factory=dict)

    @property
    def amount(self) -> int:
        return self.quantity * self.unit_price - self.discount


class Fee(Strict):
    kind: Literal["shipping", "cod_fee", "gift_wrap", "round_off", "discount"]
    amount: SignedSum = Field(description="Signed: a discount is negative.")
    tax: Tax | None = None


class Tender(Strict):
    kind: Code = Field(description="What paid a part before the gateway, such as store_credit.")
    amount: Sum
    reference: Text | None = None


class Customer(Strict):
    name: Text | None = None
    email: Text | None = None
    phone: Short | None = None


class Address(Strict):
    name: Text | None = None
    phone: Short | None = None
    line1: Text | None = None
    line2: Text | None = None
    city: Text | None = None
    state: Text | None = None
    postcode: Code | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None


class Attempt(Strict):
    """At which gateway to pay: a slug (the store's account of it) or an account id."""

    gateway: Short | None = Field(None, description="May be left away where the store has one gateway account.")
    gateway_order_id: Short | None = Field(None, description="A session that the storefront has opened itself.")


class Wish(Attempt):
    method: Literal["prepaid", "cod"]


class OrderBody(Strict):
    number: Annotated[str, StringConstraints(pattern=NUMBER)]
    currency: Currency
    total: Sum = Field(description="Sum of quantity × unit_price − discount, and of the fees.")
    lines: Annotated[list[Line], Field(min_length=1, max_length=500)]
    fees: Annotated[list[Fee], Field(max_length=50)] = Field(default_factory=list)
    tenders: Annotated[list[Tender], Field(max_length=20)] = Field(default_factory=list)
    customer: Customer
    shipping_address: Address | None = None
    billing_address: Address | None = None
    return_url: Annotated[str, StringConstraints(min_length=1, max_length=2_000)] | None = Field(
        None, description="Where the customer comes back to; of an origin allowed to the store."
    )
    payment: Wish
    oms_order_id: Short | None = Field(None, description="Where the OMS knows the order already.")
    metadata: Metadata = Field(default_factory=dict)

    @property
    def due(self) -> int:
        return self.total - sum(tender.amount for tender in self.tenders)

    def check(self) -> None:
        """What no single field can tell. Raises ``Invalid``."""
        total = sum(line.amount for line in self.lines) + sum(fee.amount for fee in self.fees)
        if total != self.total:
            raise Invalid("total", f"the lines and fees come to {total}, not {self.total}")
        if self.due < 0:
            raise Invalid("tenders", f"they come to {self.total - self.due}, more than the total of {self.total}")
        for index, line in enumerate(self.lines):
            if line.amount < 0:
                raise Invalid(f"lines.{index}.discount", "more than the line costs")
        ids = self.line_ids
        if len(set(ids)) != len(ids):
            raise Invalid("lines", "two lines have the same line_id")
        if self.payment.method == "cod" and self.payment.gateway_order_id:
            raise Invalid("payment.gateway_order_id", "cash on delivery has no session at a gateway")

    @property
    def line_ids(self) -> list[str]:
        return [line.line_id or str(position) for position, line in enumerate(self.lines, 1)]

    @property
    def digest(self) -> str:
        """The same for the same order however its JSON is written: defaults filled in, keys sorted."""
        return hashlib.sha256(orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).hexdigest()


class NumberPath(Strict):
    """An order's number in an address."""

    number: Annotated[str, StringConstraints(pattern=NUMBER)]
