"""What the API answers, for its description. The values come from ``kartify.flows.storefront.order_read``."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import orjson
from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from kartify.domain.status import Status


def json_answer(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, mimetype="application/json")


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NextStep(Answer):
    """Send the browser to ``url`` (redirect), post ``fields`` to it (form), hand ``data`` to the gateway's script
    (sdk), or nothing."""

    type: Literal["redirect", "form", "sdk", "none"]
    url: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    data: dict[str, Any] = Field(default_factory=dict)


class Payment(Answer):
    """The newest attempt. ``state``: *none* (no gateway involved), *opening* (the gateway is being asked), *unknown*
    (it did not answer: repeat the call after Retry-After), *open*, *failed* (it refused: try again or another gateway),
    *over*. ``next`` is null while it is not known yet."""

    state: Literal["none", "opening", "unknown", "open", "failed", "over"]
    next: NextStep | None
    gateway: str | None = None
    account: str | None = None
    reference: str | None = None
    gateway_order_id: str | None = None
    expires_at: datetime | None = None
    reason: str | None = None


class OrderSummary(Answer):
    number: str
    status: Status
    basis: str | None
    method: Literal["prepaid", "cod"]
    currency: str
    total: int
    due: int
    oms_order_id: str | None
    status_at: datetime
    confirmed_at: datetime
    placed_at: datetime | None
    cancel_requested: bool


class OrderAnswer(OrderSummary):
    payment: Payment
    customer: dict[str, Any]
    shipping_address: dict[str, Any] | None
    billing_address: dict[str, Any] | None
    return_url: str | None
    metadata: dict[str, Any]
    lines: list[dict[str, Any]]
    fees: list[dict[str, Any]]
    tenders: list[dict[str, Any]]
    status_url: str = Field(description="The customer's own page about this order: no login, good for a month.")


class OrderPage(Answer):
    orders: list[OrderSummary]
    next_cursor: str | None


class OmsTold(Answer):
    """``detail`` says what followed."""

    number: str
    status: Status
    detail: str


class OmsLine(Answer):
    line_id: str
    sku: str
    name: str
    quantity: int
    unit_price: int
    list_price: int | None
    discount: int
    hsn: str | None
    tax: dict[str, Any] | None
    metadata: dict[str, Any]


class OmsPayment(Answer):
    """What paid a part: a gateway's charge, a tender such as store credit, or the sum to collect at the door."""

    kind: Literal["gateway", "tender", "cod"]
    amount: int
    name: str
    gateway: str | None
    gateway_payment_id: str | None
    method: str | None
    paid_at: datetime | None


class FeedOrder(Answer):
    position: int
    acknowledged: bool
    number: str
    store: str
    currency: str
    total: int
    due: int
    method: Literal["prepaid", "cod"]
    created_at: datetime
    lines: list[OmsLine]
    fees: list[dict[str, Any]]
    payments: list[OmsPayment]
    customer: dict[str, Any]
    shipping_address: dict[str, Any] | None
    billing_address: dict[str, Any] | None
    metadata: dict[str, Any]
    oms_order_id: str | None


class Feed(Answer):
    """``next_cursor`` is to be given back for what follows; ``more``: at once."""

    orders: list[FeedOrder]
    next_cursor: str
    more: bool


class Acknowledged(Answer):
    number: str
    receipt: str
