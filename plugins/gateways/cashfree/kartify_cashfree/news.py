"""Webhooks as they come: the parts of ``data`` that are read."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kartify_cashfree.wire import (
    Amount,
    AmountOrNone,
    Currency,
    Entity,
    ErrorDetails,
    Id,
    Moment,
    OrderId,
    Payment,
    Refund,
    Tags,
    Text,
    Word,
)


class OrderTold(Entity):
    order_id: OrderId = None
    order_amount: AmountOrNone = None
    order_currency: Currency | None = None
    order_tags: Tags = Field(default_factory=dict)


class Surcharge(Entity):
    """What the customer paid on top of the order's amount."""

    payment_surcharge_service_charge: AmountOrNone = None
    payment_surcharge_service_tax: AmountOrNone = None


class PaymentTold(Payment):
    payment_surcharge: Surcharge | None = None


class DisputeTold(Entity):
    dispute_type: Word = ""
    dispute_amount: Amount
    dispute_amount_currency: Currency | None = None
    dispute_status: Word
    respond_by: Moment = None
    reason_description: Text = None


class DisputedTold(Entity):
    """``order_details`` of a dispute."""

    order_id: OrderId = None
    cf_payment_id: Id = None
    payment_amount: AmountOrNone = None
    payment_currency: Currency | None = None


class AutoRefund(Entity):
    order_id: OrderId = None


class Data(Entity):
    order: OrderTold = Field(default_factory=OrderTold)
    payment: PaymentTold | None = None
    error_details: ErrorDetails | None = None
    payment_offers: Any = None
    refund: Refund | None = None
    auto_refund: AutoRefund | None = None
    dispute: DisputeTold | None = None
    order_details: DisputedTold = Field(default_factory=DisputedTold)


class Event(Entity):
    type: Word
    event_time: Moment = None
    data: Data
